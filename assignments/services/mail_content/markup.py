"""HTML of strangers as a list of its visible parts, each with the elements around it.

A parser of the HTML standard copies formatting elements and walks up the open ones for
each tag: 100,000 nested elements keep it busy for minutes. This reader never copies,
closes what it must, and flattens what is nested deeper than DEEPEST, so that its time
grows with the length of the text alone. All words stay, and what it leaves unread is
counted.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from html.entities import html5 as entities

from assignments.services.mail_content.characters import without_invisible
from assignments.services.mail_content.elements import (
    BLOCKS,
    CELLS,
    DROPPED,
    IGNORED,
    ITEMS,
    RAW,
    TABLE_PARTS,
    VOID,
    Element,
)

DEEPEST = 100
MOST_TAGS = 15_000
MOST_PARTS = 15_000
MOST_CHARACTERS = 150_000
MOST_ATTRIBUTES = 64

_NAME = r"</?([a-zA-Z][^\s/>]*+)"
# A value in quotation marks may hold ">"; they count only behind "=".
_TAG = re.compile(_NAME + r"((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?)*+)>", re.DOTALL)
_TAG_NAME = re.compile(_NAME)
_SIMPLE_TAG = re.compile(_NAME + r"([^>]*+)>", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s/>=]++)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+")
# "Ana <ana@client.example>": not every converter escapes it.
_ADDRESS = re.compile(r"https?:|mailto:|[^\s@:]++@")
_ENTITY = re.compile(r"&(?:#\d{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n){2,}+")
_SPACE = re.compile(r"\s+")
_ANY_TAG = re.compile(r"<[^<>]*>")
_NEWLINES = re.compile(r"\r\n?")
# What stays open around a new row, cell or section of a table.
_KEPT_OPEN = {
    "td": TABLE_PARTS,
    "th": TABLE_PARTS,
    "tr": TABLE_PARTS[:-1],
    **dict.fromkeys(TABLE_PARTS[1:-1], TABLE_PARTS[:1]),
}


@dataclass(slots=True, eq=False)
class VisiblePart:
    """Something visible of a mail: a text, a picture, a line break or a rule."""

    kind: str  # text, image, break, rule; edge: of an empty block
    element: Element
    text: str = ""  # of a picture its description


@dataclass(slots=True)
class VisibleParts:
    """The visible parts in reading order, and how many characters were not read."""

    parts: list[VisiblePart] = field(default_factory=list)
    characters_cut: int = 0


def read_markup(body: str) -> VisibleParts:
    """Return the visible parts of the HTML `body` in reading order, with bounds on
    their number and length; counts the characters that were not read.
    """
    return _Reader(_NEWLINES.sub("\n", body)).read()


def resolved(text: str) -> str:
    """Return `text` with its HTML entities resolved once; those without a semicolon or
    with an unknown name stay.
    """
    return _ENTITY.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return unescape(entity[0]) if name[0] == "#" or name in entities else entity[0]


def text_length(markup: str) -> int:
    """Return how many characters of `markup` are outside of tags."""
    return len(_ANY_TAG.sub("", markup))


def split_lines(text: str, *, most: int) -> tuple[list[str], int]:
    """Return the first lines of `text`, half of `most` at most and at least one, and
    how many characters are left over. Several blank lines in a row count as one.
    """
    text = _BLANK_LINES.sub("\n\n", text)
    lines = text.split("\n", max(most // 2, 1))
    rest = lines.pop() if len(lines) > max(most // 2, 1) else ""
    return lines, len(rest)


class _Reader:
    def __init__(self, body: str) -> None:
        self.body = body
        self.result = VisibleParts()
        self.root = Element(tag="div", parent=None)
        self.open = [self.root]
        self.open_tags: Counter[str] = Counter()
        self.flattened: Counter[str] = Counter()
        self.never_closed: set[str] = set()
        self.last_end = body.rfind(">")
        self.tag_pattern = _TAG
        self.characters = 0

    def read(self) -> VisibleParts:
        at = 0
        for _ in range(MOST_TAGS):
            start = self.body.find("<", at)
            if start < 0 or start > self.last_end:
                start = len(self.body)
            end = self._add_text(at, start)
            if end < start or end == len(self.body):
                at = end
                break
            at = self._read_tag(start)
        self.result.characters_cut += text_length(self.body[at:])
        return self.result

    def _read_tag(self, start: int) -> int:
        """Take in the tag, comment or skipped element that begins at `start`; return
        where it ends.

        A "<" that begins none, and an address in angle brackets, is taken as text.
        """
        following = self.body[start + 1 : start + 2]
        if following in {"!", "?"}:
            return self._end_of_comment(start)
        tag = self._match_tag(start)
        if tag is None or _ADDRESS.match(tag[1]):
            end = tag.end() if tag else start + 1
            self._add_text(start, end)
            return end
        name = tag[1].lower()
        if following == "/":
            self._end(name)
        elif name in RAW:
            return self._end_of_raw(name, tag.end())
        else:
            self._start(name, tag[2])
        return tag.end()

    def _match_tag(self, start: int) -> re.Match[str] | None:
        tag = self.tag_pattern.match(self.body, start)
        if tag or not _TAG_NAME.match(self.body, start):
            return tag
        # An attribute's value never ends: from here on each ">" ends a tag, since
        # looking for its end again at each tag would take quadratic time.
        self.tag_pattern = _SIMPLE_TAG
        return _SIMPLE_TAG.match(self.body, start)

    def _end_of_comment(self, start: int) -> int:
        if self.body.startswith("<!--", start) and "--" not in self.never_closed:
            end = self.body.find("-->", start + 2)
            if end >= 0:
                return end + 3
            self.never_closed.add("--")
        return self.body.find(">", start) + 1

    def _end_of_raw(self, name: str, at: int) -> int:
        """Return where an element ends whose content is no markup and begins at `at`.

        If it is never closed, that is the end of the body, and its text counts as cut.
        """
        closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(
            self.body, at
        )
        end = self.body.find(">", closing.end()) if closing else -1
        if end < 0:
            self.result.characters_cut += text_length(self.body[at:])
        return end + 1 or len(self.body)

    def _start(self, name: str, attributes: str) -> None:
        if name in IGNORED:
            return
        self._make_room(name)
        if name == "br":
            self._add("break")
        elif name == "hr":
            self._add("rule")
        elif name == "img":
            image = Element.read(name, _attributes(attributes), self.open[-1])
            if not image.is_dropped:
                self._add("image", image.attributes.get("alt", ""))
        elif name not in VOID:
            self._push(name, _attributes(attributes))

    def _make_room(self, name: str) -> None:
        """Close the open elements that cannot hold an element called `name`; open the
        row or cell of a table that it has to be in.
        """
        if name in BLOCKS and self.open_tags["p"]:
            self._close_until({"p"}, within=CELLS | {"table"})
        if name in ITEMS:
            self._close_until(ITEMS[name], within={"table", "ul", "ol", "dl", "select"})
        elif name in _KEPT_OPEN:
            self._close_rows(_KEPT_OPEN[name])
        elif self.open[-1].tag in TABLE_PARTS and name not in VOID - {
            "br",
            "hr",
            "img",
        }:
            self._open_cell()
        if name == "a":
            self._close_until({"a"}, within=BLOCKS | CELLS)

    def _close_rows(self, keep: tuple[str, ...]) -> None:
        if self.open_tags["table"]:
            while self.open[-1].tag not in keep:
                self._pop()
        if keep == TABLE_PARTS and self.open[-1].tag in TABLE_PARTS[:-1]:
            self._push("tr", {})

    def _open_cell(self) -> None:
        if self.open[-1].tag != "tr":
            self._push("tr", {})
        self._push("td", {})

    def _close_until(
        self, tags: set[str], *, within: set[str] | frozenset[str]
    ) -> None:
        """Close the innermost open element of these tags and all within it; do nothing
        if one of `within` lies inside of it.
        """
        for place in range(len(self.open) - 1, 0, -1):
            tag = self.open[place].tag
            if tag in tags:
                self._pop_to(place)
                return
            if tag in within:
                return

    def _push(self, name: str, attributes: dict[str, str]) -> None:
        # A table leaves room for its section, row and cell.
        if len(self.open) >= (DEEPEST - 3 if name == "table" else DEEPEST):
            self.flattened[name] += 1
            if name in BLOCKS:
                self._add("break")
            return
        element = Element.read(name, attributes, self.open[-1])
        element.first_part = len(self.result.parts)
        self.open.append(element)
        self.open_tags[name] += 1

    def _end(self, name: str) -> None:
        if self.flattened[name]:
            self.flattened[name] -= 1
            if name in BLOCKS:
                self._add("break")
        elif name == "br":
            self._add("break")
        elif self.open_tags[name]:
            self._close_until({name}, within=_walls_of(name))

    def _pop_to(self, place: int) -> None:
        while len(self.open) > place:
            self._pop()

    def _pop(self) -> None:
        element = self.open.pop()
        self.open_tags[element.tag] -= 1
        if element.is_dropped:
            # Only now: an element that is never closed does not swallow the mail.
            dropped = self.result.parts[element.first_part :]
            self.characters -= sum(len(part.text) for part in dropped)
            del self.result.parts[element.first_part :]
        elif element.first_part == len(self.result.parts) and element.ends_lines:
            self.result.parts.append(VisiblePart(kind="edge", element=element))
        element.end_part = len(self.result.parts)

    def _add(self, kind: str, text: str = "") -> None:
        if self.open[-1].tag in TABLE_PARTS:
            self._open_cell()
        self.characters += len(text)
        self.result.parts.append(
            VisiblePart(kind=kind, element=self.open[-1], text=text)
        )

    def _add_text(self, start: int, end: int) -> int:
        """Add the text between `start` and `end`, as far as the limit of characters
        allows; return where it stopped. Text too small to be read is left out.
        """
        end = min(end, start + MOST_CHARACTERS - self.characters)
        raw = self.body[start:end]
        if self.open[-1].is_tiny or not raw:
            return end
        text = without_invisible(unescape(raw))
        if self.open[-1].keeps_lines:
            self._add_lines(text)
        elif self.open[-1].tag not in TABLE_PARTS or not text.isspace():
            is_blank_line = text.isspace() and "\xa0" in text
            self._add("text", "\xa0" if is_blank_line else _SPACE.sub(" ", text))
        return end

    def _add_lines(self, text: str) -> None:
        lines, cut = split_lines(text, most=MOST_PARTS - len(self.result.parts))
        self.result.characters_cut += cut
        for count, line in enumerate(lines):
            if count:
                self._add("break")
            self._add("text", line)


def _walls_of(name: str) -> frozenset[str]:
    """Return the tags of open elements beyond which an end tag called `name` closes
    nothing.
    """
    if name == "table":
        return frozenset()
    if name in CELLS or name in TABLE_PARTS:
        return frozenset({"table"})
    if name in BLOCKS or name in ITEMS or name in DROPPED:
        return CELLS | {"table"}
    return BLOCKS | CELLS


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for count, attribute in enumerate(_ATTRIBUTE.finditer(source)):
        if count == MOST_ATTRIBUTES:
            break
        value = (attribute[2] or "").strip("\"'")
        found.setdefault(attribute[1].lower(), resolved(value))
    return found
