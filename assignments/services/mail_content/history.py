"""Sections of a mail: lines that are its writer's own, and lines that repeat an old
mail.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assignments.services.mail_content.elements import Element
from assignments.services.mail_content.heads import (
    Head,
    find_head,
    is_forward_title,
    label_of,
    sentence_heads,
    value_of,
)
from assignments.services.mail_content.lines import (
    MailLine,
    common_element,
    elements_between,
)

_MOST_HEADS = 100
_WRAPPED_AT = 68  # characters, at the least
_LONGEST_REST = 30
_MOST_SECTIONS = 200  # each opens again the elements it lies in


@dataclass(slots=True)
class MailSection:
    """Lines in a row that are all own or all old."""

    lines: list[MailLine] = field(default_factory=list)
    is_old: bool = False
    is_forward: bool = False

    @property
    def sender(self) -> str:
        """Return the value of the first "from" label in the first 20 lines, or the line
        below it if the label has none.

        "" without such a label, or if it is empty and nothing stands below it.
        """
        for place, line in enumerate(self.lines[:20]):
            if label_of(line.text) == "from":
                below = self.lines[place + 1 : place + 2]
                return value_of(line.text) or "".join(line.text for line in below)
        return ""

    @property
    def text(self) -> str:
        return "\n".join(_spaced(self.lines)).strip()


def sections_of(lines: list[MailLine]) -> list[MailSection]:
    """Return the lines as sections, by turns own and old, in reading order; at most
    200, the last of which takes all later lines.

    Old ones with the title of a forwarded mail in their first three lines are forwards.
    """
    old = _Old(lines)
    old.mark_quotations()
    old.mark_wrappers()
    old.mark_heads()
    sections: list[MailSection] = []
    for line, is_old in zip(lines, old.marks, strict=True):
        is_other = not sections or sections[-1].is_old != is_old
        if is_other and len(sections) < _MOST_SECTIONS:
            sections.append(MailSection(is_old=is_old))
        sections[-1].lines.append(line)
    for section in sections:
        section.is_forward = section.is_old and any(
            is_forward_title(line.text) for line in section.lines[:3]
        )
    return sections


class _Old:
    """Marks which lines are old."""

    def __init__(self, lines: list[MailLine]) -> None:
        self.lines = lines
        self.marks = [False] * len(lines)

    def mark_quotations(self) -> None:
        for place, line in enumerate(self.lines):
            self.marks[place] = bool(line.element.quote) or line.text.startswith(">")
        for place in range(1, len(self.lines) - 1):
            self.marks[place] |= self._is_rest_of_quoted(place)

    def _is_rest_of_quoted(self, place: int) -> bool:
        """Return True if a line of at most 30 characters, begun in lower case, stands
        without a blank between two ">" lines, and the first has at least 68 and ends
        without a mark: a program has wrapped that one.
        """
        before, line, after = self.lines[place - 1 : place + 2]
        if not (before.text.startswith(">") and after.text.startswith(">")):
            return False
        if line.above.has_blank or after.above.has_blank:
            return False
        is_long = len(before.text) >= _WRAPPED_AT and before.text[-1] not in ".!?:;…"
        return is_long and len(line.text) <= _LONGEST_REST and line.text[0].islower()

    def mark_wrappers(self) -> None:
        """Mark what stands above the first quotation of a wrapper, or all of it if it
        has none or begins with the title of a forwarded mail.

        Answers between the quotations, and below them, are own.
        """
        wrapped: dict[Element, list[int]] = {}
        for place, line in enumerate(self.lines):
            if line.element.wrapper:
                wrapped.setdefault(line.element.wrapper, []).append(place)
        for places in wrapped.values():
            quoted = next((place for place in places if self.marks[place]), None)
            top = [self.lines[place].text for place in places[:3]]
            if quoted is None or any(map(is_forward_title, top)):
                quoted = places[-1] + 1
            for place in places:
                self.marks[place] |= place < quoted

    def mark_heads(self) -> None:
        sentences = sentence_heads(self.lines, self.marks)
        place = heads = 0
        while place < len(self.lines) and heads < _MOST_HEADS:
            head = None
            if not self.marks[place]:
                head = self._head_at(place) or sentences.get(place)
            if head is None:
                place += 1
                continue
            heads += 1
            end = head.end
            if end == len(self.lines) or not self.marks[end]:
                end = self._end_of_old_mail(place, head.end)
            self.marks[place:end] = [True] * (end - place)
            place = end

    def _head_at(self, place: int) -> Head | None:
        line = self.lines[place]
        if line.element.head:
            end = place + 1
            while end < len(self.lines) and self._is_same_head(place, end):
                end += 1
            return Head(end)
        head = find_head(self.lines, place)
        if head is None and (line.element.begin or line.above.begins_old):
            return Head(place + 1)
        return head

    def _is_same_head(self, place: int, other: int) -> bool:
        return self.lines[other].element.head is self.lines[place].element.head

    def _end_of_old_mail(self, place: int, end: int) -> int:
        """Return where the old mail ends whose head reaches from `place` to `end`: with
        the innermost element that holds it, the last own line above it, and what
        follows the head; with the last line if that is not closed, or nothing above
        is own.
        """
        own = next((at for at in range(place - 1, -1, -1) if not self.marks[at]), None)
        if own is None:
            return len(self.lines)
        holder = common_element(self.lines[own].element, self.lines[place].element)
        last = self.lines[-1].first
        while holder.parent and not _holds(holder, self.lines, end):
            holder = holder.parent
        if holder.parent is None or not 0 <= holder.end_part <= last:
            return len(self.lines)
        return next(
            at
            for at in range(end, len(self.lines))
            if not _holds(holder, self.lines, at)
        )


def _holds(holder: Element, lines: Sequence[MailLine], place: int) -> bool:
    if place >= len(lines):
        return False
    return holder.first_part <= lines[place].first and (
        holder.end_part < 0 or lines[place].first < holder.end_part
    )


def _spaced(lines: Sequence[MailLine]) -> Iterator[str]:
    """Yield the texts of lines that have one, with "" before each that follows a blank
    or begins a paragraph.
    """
    before: MailLine | None = None
    for line in lines:
        if not line.text:
            continue
        if before and (line.above.has_blank or _is_new_paragraph(before, line)):
            yield ""
        yield line.text
        before = line


def _is_new_paragraph(before: MailLine, line: MailLine) -> bool:
    return before.element is not line.element and any(
        element.tag == "p" and not element.attributes.get("class", "").startswith("Mso")
        for element in elements_between(before.element, line.element)
    )
