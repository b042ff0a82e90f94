"""Markup for a page from the lines of a mail: old mail folded, nothing that runs."""

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape

from assignments.services.mail_content.elements import (
    BLOCKS,
    CELLS,
    TABLE_PARTS,
    Element,
)
from assignments.services.mail_content.history import MailSection
from assignments.services.mail_content.lines import (
    MailLine,
    common_element,
    is_block_between,
)
from assignments.services.mail_content.markup import VisiblePart

SCHEMES = {"http", "https", "mailto"}
_FOLD = "<details><summary>Quoted text</summary><blockquote>"
_UNFOLD = "</blockquote></details>"
_SHOWN_AS = {
    **dict.fromkeys(BLOCKS, "div"),
    **{
        tag: tag
        for tag in (
            "a", "b", "blockquote", "code", "em", "i", "li", "ol", "p", "pre", "s",
            "span", "strong", "sub", "sup", "u", "ul", *TABLE_PARTS, *CELLS,
        )
    },
    "del": "s",
    "hr": "",
    "ins": "u",
    "strike": "s",
}  # fmt: skip
_TAGS = {*_SHOWN_AS.values(), "br", "hr", "details", "summary"} - {""}
_OWN_DIRECTION = {"blockquote", "div", "li", "p", "pre", "td", "th"}
_SPANS = {"colspan", "rowspan"}
_ATTRIBUTES = {
    "a": {"href"},
    **{tag: {"dir"} for tag in _OWN_DIRECTION},
    **{tag: {"dir", *_SPANS} for tag in CELLS},
}
_NO_CONTENT_OF_THEIR_OWN = {*TABLE_PARTS, "ul", "ol"}


def page_markup(
    parts: Sequence[VisiblePart],
    sections: Sequence[MailSection],
    *,
    unfolded: bool = False,
) -> str:
    """Return the sections as sanitised HTML, old ones folded into `<details>`.

    With `unfolded`, forwarded mails are shown openly. Pictures become their
    descriptions.
    """
    page = _Page(parts)
    for section in sections:
        page.add_section(section, is_folded=_is_folded(section, unfolded=unfolded))
    return _sanitised("".join(page.markup))


def _is_folded(section: MailSection, *, unfolded: bool) -> bool:
    return section.is_old and not (unfolded and section.is_forward)


def _sanitised(markup: str) -> str:
    """Return `markup` with nothing but the allowed tags, attributes and schemes of
    links, which open in a new tab.
    """
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    """Return the attribute's value, None if it may not stay.

    A link must be http, https or mailto: a relative one would point into Handoff
    itself. A span has one or two digits, `dir` one of its words; others stay.
    """
    if attribute == "href":
        leads_out = _scheme(value) in SCHEMES and not {"<", ">"} & set(value)
        return value if leads_out else None
    if attribute in _SPANS:
        return value if value.isdecimal() and len(value) < 3 else None
    if attribute == "dir":
        return value if value in {"auto", "ltr", "rtl"} else None
    return value


@lru_cache(maxsize=1_000)  # each address is looked at several times
def _scheme(address: str) -> str:
    try:
        return urlsplit(address.strip()).scheme
    except ValueError:
        return ""


class _Page:
    """Writes lines with the elements around them, each opened and closed in order."""

    def __init__(self, parts: Sequence[VisiblePart]) -> None:
        self.parts = parts
        self.markup: list[str] = []
        self.path: list[Element] = []

    def add_section(self, section: MailSection, *, is_folded: bool) -> None:
        if is_folded:
            self.markup.append(_FOLD)
        before: MailLine | None = None
        for line in section.lines:
            if before:
                self._separate(before, line)
            for part in self.parts[line.first : line.end]:
                self._add_part(part)
            before = line
        self._close_to(0)
        if is_folded:
            self.markup.append(_UNFOLD)

    def _add_part(self, part: VisiblePart) -> None:
        if part.kind == "text":
            self._move_to(part.element)
            self.markup.append(escape(part.text))
        elif part.kind == "image":
            self._move_to(part.element)
            name = escape(part.text)
            self.markup.append(f"<span>[image{f': {name}' if name else ''}]</span>")

    def _separate(self, before: MailLine, line: MailLine) -> None:
        last = self.parts[before.end - 1].element
        first = self.parts[line.first].element
        breaks = line.above.has_blank + (not is_block_between(last, first))
        if not (breaks or line.above.has_rule):
            return
        common = common_element(last, first)
        while common.parent and common.tag in _NO_CONTENT_OF_THEIR_OWN:
            common = common.parent
        self._move_to(common)
        self.markup.append("<hr>" if line.above.has_rule else "<br>" * breaks)

    def _move_to(self, target: Element) -> None:
        entered: list[Element] = []
        element: Element | None = target
        while element and not self._is_open(element):
            entered.append(element)
            element = element.parent
        self._close_to(element.depth + 1 if element else 0)
        for element in reversed(entered):
            self.path.append(element)
            self.markup.append(_opening(element))

    def _is_open(self, element: Element) -> bool:
        return len(self.path) > element.depth and self.path[element.depth] is element

    def _close_to(self, depth: int) -> None:
        while len(self.path) > depth:
            tag = _shown_tag(self.path.pop())
            self.markup.append(f"</{tag}>" if tag else "")


def _shown_tag(element: Element) -> str:
    tag, parent = element.tag, element.parent
    if tag == "a":
        return "a" if _href(element) else ""
    if tag in CELLS and not (parent and parent.tag == "tr"):
        return "div"
    if tag in TABLE_PARTS[1:] and not (parent and parent.tag in TABLE_PARTS):
        return "div"
    # A table keeps its form; what it holds in between is a cell.
    return _SHOWN_AS.get(tag, "")


def _href(element: Element) -> str:
    return _kept("a", "href", element.attributes.get("href", "").strip()) or ""


def _opening(element: Element) -> str:
    tag = _shown_tag(element)
    if not tag:
        return ""
    attributes = ""
    if tag == "a":
        attributes = f' href="{escape(_href(element))}"'
    elif tag in _OWN_DIRECTION:
        direction = element.attributes.get("dir", "").lower()
        direction = direction if direction in {"ltr", "rtl"} else "auto"
        attributes = f' dir="{direction}"'
    for name in _SPANS & element.attributes.keys() if tag in CELLS else ():
        value = _kept(tag, name, element.attributes[name])
        attributes += f' {name}="{value}"' if value else ""
    return f"<{tag}{attributes}>"
