"""The lines a reader sees of a mail, each with the element it begins in."""

from collections.abc import Iterator
from dataclasses import dataclass

from assignments.services.mail_content.elements import BLOCKS, CELLS, Element
from assignments.services.mail_content.markup import VisiblePart


@dataclass(slots=True)
class Gap:
    """The space between two lines without words or pictures of its own."""

    has_blank: bool = False
    has_rule: bool = False  # a line drawn from side to side
    has_border: bool = False  # the next line's box has a border above
    begins_old: bool = False  # an empty element that programs put above old mails


@dataclass(slots=True)
class MailLine:
    """One line with words or a picture; `first` and `end` are places of its parts."""

    first: int
    end: int
    text: str
    element: Element
    above: Gap


def lines_of(parts: list[VisiblePart]) -> list[MailLine]:
    """Return the lines with words or a picture, in reading order.

    Blank lines and rules become the gap above the next line; behind the last one they
    are left out.
    """
    lines: list[MailLine] = []
    gap, first = Gap(), 0
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else None
        if following and not _ends_line(part, following):
            continue
        line = _line(parts, first, place + 1, gap)
        _note(line or part, gap, before=lines[-1] if lines else None)
        if line:
            lines.append(line)
            gap = Gap()
            gap.has_rule = part.kind == "rule"
        first = place + 1
    return lines


def _line(parts: list[VisiblePart], first: int, end: int, gap: Gap) -> MailLine | None:
    pieces: list[str] = []
    element = None
    for place in range(first, end):
        part = parts[place]
        if part.kind not in {"text", "image"}:
            continue
        if part.kind == "image":
            element = element or part.element
            continue
        if pieces and _is_cell_between(parts[place - 1].element, part.element):
            pieces.append(" ")
        pieces.append(part.text)
        if element is None and not part.text.isspace():
            element = part.element
    if element is None:
        return None
    return MailLine(first, end, " ".join("".join(pieces).split()), element, gap)


def _note(at: MailLine | VisiblePart, gap: Gap, *, before: MailLine | None) -> None:
    if isinstance(at, MailLine):
        above = before.element if before else None
        gap.has_border = any(
            element.has_rule_above for element in _entered(above, at.element)
        )
        return
    gap.has_rule |= at.kind == "rule"
    gap.has_blank |= at.kind == "break" or "\xa0" in at.text
    gap.begins_old |= at.element.begin is not None


def _entered(before: Element | None, element: Element) -> Iterator[Element]:
    at: Element | None = element
    while before is not at and at is not None:
        if before is not None and before.depth > at.depth:
            before = before.parent
        else:
            yield at
            at = at.parent


def elements_between(one: Element, other: Element) -> Iterator[Element]:
    """Yield the elements around only one of the two, themselves included; none if they
    are the same.
    """
    left: Element | None = one
    right: Element | None = other
    while left is not right:
        if left is not None and (right is None or left.depth >= right.depth):
            yield left
            left = left.parent
        elif right is not None:
            yield right
            right = right.parent


def common_element(one: Element, other: Element) -> Element:
    """Return the innermost element that is or holds both."""
    common = one
    for element in elements_between(one, other):
        if element.depth <= common.depth and element.parent:
            common = element.parent
    return common


def is_block_between(one: Element, other: Element) -> bool:
    return one is not other and any(
        element.tag in BLOCKS for element in elements_between(one, other)
    )


def _is_cell_between(one: Element, other: Element) -> bool:
    return one is not other and any(
        element.tag in CELLS for element in elements_between(one, other)
    )


def _ends_line(part: VisiblePart, following: VisiblePart) -> bool:
    return (
        part.kind in {"break", "rule", "edge"}
        or following.kind in {"rule", "edge"}
        or is_block_between(part.element, following.element)
    )
