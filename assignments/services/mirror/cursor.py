"""Reading a list that moves while it is read, without gaps.

A list of the inbox is sorted by reply time, newest first. Its pages are cut by time:
the next one ends where the last row was, so that no row moving about can push another
one past us. An offset is used only inside one timestamp, or, with pages that overlap,
where the list cannot be cut by time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Self

from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
PAGE = 20
OVERLAP = 3
TICK = timedelta(milliseconds=1)  # Smartlead's times have no finer grain


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """A position in a list; everything newer than `until` has been read."""

    until: datetime | None = None
    offset: int = 0
    by_time: bool = True

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        until = raw.get("until")
        return cls(
            until=datetime.fromisoformat(until) if until else None,
            offset=raw.get("offset", 0),
            by_time=raw.get("by_time", True),
        )

    def to_json(self) -> dict[str, Any]:
        until = self.until.isoformat() if self.until else None
        return {"until": until, "offset": self.offset, "by_time": self.by_time}

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """Return the time range to ask for, from BEGINNING to `until`; None if `until`
        is None.
        """
        return (BEGINNING, self.until) if self.until else None

    def after(
        self, page: ListPage[LeadRow], *, floor: datetime | None
    ) -> "ListPosition | None":
        """Return the position of the page after `page`; None at the end of the list, or
        if the list is sorted and the last row is older than `floor`.

        The next page ends a millisecond after the last row's reply time. If that is not
        before `until`, it has the same `until` and a larger offset, overlapping by 3
        rows; so has each page of a list read by offset. A list that is not sorted, has
        no reply times or ignores the time range is begun anew by offset (BY_OFFSET).
        """
        times = [row.last_reply_at for row in page.rows if row.last_reply_at]
        is_sorted = _descend(times)
        if page.is_last or (floor and is_sorted and times and times[-1] < floor):
            return None
        if not self.by_time:
            return replace(self, offset=self.offset + page.returned - OVERLAP)
        if not times or not is_sorted or self._is_ignored(times):
            return BY_OFFSET
        end = times[-1] + TICK
        if self.until is not None and end >= self.until:
            return replace(self, offset=self.offset + page.returned - OVERLAP)
        return ListPosition(until=end)

    def _is_ignored(self, times: Sequence[datetime]) -> bool:
        """Return True if the first row is later than `until`, so that Smartlead ignored
        the time range.
        """
        return self.until is not None and times[0] > self.until


BY_OFFSET = ListPosition(by_time=False)


def _descend(times: Sequence[datetime]) -> bool:
    return all(newer >= older for newer, older in pairwise(times))
