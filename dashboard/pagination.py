"""Keyset paging: a page begins after a row, not after a number of rows.

A cursor is signed together with the filter it belongs to, so that one of another filter
is noticed instead of showing the wrong leads.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.core import signing
from django.db.models import Model, Q, QuerySet

PAGE_SIZE = 50


class BadCursor(ValueError):
    """The cursor fits no page; the text is a sentence for the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The row to continue from, as the values it is sorted by; `back`: towards the top."""

    values: tuple[Any, ...]
    back: bool = False

    def encoded(self, scope: str) -> str:
        plain = [_plain(value) for value in self.values]
        return signing.dumps([int(self.back), *plain], salt=f"page {scope}")

    @classmethod
    def decoded(cls, text: str, scope: str) -> Self:
        try:
            back, *values = signing.loads(text, salt=f"page {scope}")
        except signing.BadSignature:
            raise BadCursor(
                "This page of the list belongs to another filter. Start at the top."
            ) from None
        return cls(back=bool(back), values=tuple(_rich(value) for value in values))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": value.astimezone(UTC).isoformat()}
    return value


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["at"])
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order by two columns that an index holds, both going the same way."""

    first: str
    key: str
    descending: bool

    def applied(self, rows: QuerySet[Any], *, back: bool = False) -> QuerySet[Any]:
        sign = "-" if self.descending != back else ""
        return rows.order_by(f"{sign}{self.first}", f"{sign}{self.key}")

    def beyond(self, values: Sequence[Any], *, back: bool) -> Q:
        first, key = values
        beyond = "lt" if self.descending != back else "gt"
        # The first condition alone is what lets the index find the place.
        return Q(**{f"{self.first}__{beyond}e": first}) & (
            Q(**{f"{self.first}__{beyond}": first})
            | Q(**{f"{self.key}__{beyond}": key})
        )

    def values_of(self, row: Model) -> tuple[Any, ...]:
        return (getattr(row, self.first), getattr(row, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[Row: Model]:
    rows: list[Row]
    earlier: Cursor | None
    later: Cursor | None


def page_of[Row: Model](
    rows: QuerySet[Row], *, order: Order, after: Cursor | None, size: int = PAGE_SIZE
) -> Page[Row]:
    back = after is not None and after.back
    if after:
        rows = rows.filter(order.beyond(after.values, back=back))
    found = list(order.applied(rows, back=back)[: size + 1])
    return cut_page(found, after=after, place=order.values_of, size=size)


def in_chunks[Row: Model](
    rows: QuerySet[Row], *, order: Order, size: int
) -> Iterator[Row]:
    """Yield all rows in `order`, which replaces an order of their own.

    Each query reads `size` rows, from behind the last one of the query before.
    """
    left = rows
    while found := list(order.applied(left)[:size]):
        yield from found
        if len(found) < size:
            return
        left = rows.filter(order.beyond(order.values_of(found[-1]), back=False))


def cut_page[Row: Model](
    found: list[Row],
    *,
    after: Cursor | None,
    place: Callable[[Row], tuple[Any, ...]],
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """Return a page of the first `size` rows of `found`, in the order of the list.

    `found` was read from the cursor on in its direction, with one row too many if more
    follow. `place` returns the cursor values of a row. A page reached by a cursor
    always leads back (`earlier`, or `later` if the cursor goes back); the other end
    leads on only if more rows follow. An empty page has neither.
    """
    more, found = len(found) > size, found[:size]
    back = after is not None and after.back
    if back:
        found.reverse()
    if not found:
        return Page(rows=[], earlier=None, later=None)
    first, last = place(found[0]), place(found[-1])
    has_earlier, has_later = (more, True) if back else (after is not None, more)
    return Page(
        rows=found,
        earlier=Cursor(values=first, back=True) if has_earlier else None,
        later=Cursor(values=last) if has_later else None,
    )


def page_of_groups[Row: Model, Key](
    groups: Sequence[Key],
    *,
    rows_of: Callable[[Key], QuerySet[Row]],
    order: Callable[[Key], Order],
    group_of: Callable[[Row], Key],
    after: Cursor | None,
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """Return a page of a list in groups (of ids or numbers), each in its own order.

    `rows_of` returns the rows of a group, `group_of` the group of a row; groups are
    queried one by one until the page is full. Cursors hold the group and the values of
    its order. Raises BadCursor if the cursor's group is not in `groups`.
    """
    back = after is not None and after.back
    found: list[Row] = []
    for group, place in _groups_from(groups, after):
        rows = rows_of(group)
        if place:
            rows = rows.filter(order(group).beyond(place, back=back))
        found += order(group).applied(rows, back=back)[: size + 1 - len(found)]
        if len(found) > size:
            break
    return cut_page(
        found,
        after=after,
        place=lambda row: (group_of(row), *order(group_of(row)).values_of(row)),
        size=size,
    )


def _groups_from[Key](
    groups: Sequence[Key], after: Cursor | None
) -> Iterator[tuple[Key, tuple[Any, ...] | None]]:
    """Yield (group, None) for all groups, or those from the cursor on in its direction.

    The cursor's own group comes first, with the cursor's other values instead of None.
    Raises BadCursor if that group is not in `groups`.
    """
    ordered = list(reversed(groups)) if after and after.back else list(groups)
    if after is None:
        yield from ((group, None) for group in ordered)
        return
    group, *place = after.values
    if group not in ordered:
        raise BadCursor("Where this page began is gone. Start at the top.")
    yield group, tuple(place)
    yield from ((rest, None) for rest in ordered[ordered.index(group) + 1 :])
