"""Arithmetic of working time, without a database.

A calendar is read off the clock on the wall: a moment is working time if the wall, in the
calendar's zone, then shows an hour of the week on a day that is not off. So an hour that
the clocks skip is nobody's, and one that they repeat is worked twice.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# Further ahead nothing is looked for: who works an hour a month has no such targets.
HORIZON = timedelta(days=3 * 366)

type Span = tuple[int, int]  # minutes of a day: from, up to; the last one is 24:00
type Week = tuple[tuple[Span, ...], ...]  # Monday first


@dataclass(frozen=True)
class Calendar:
    """When somebody works: a week on the wall of their zone, and days off."""

    zone: ZoneInfo
    week: Week
    off: Container[date] = frozenset()

    @cached_property
    def is_empty(self) -> bool:
        return not any(self.week)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        spans = self.week[day.weekday()]
        return () if spans and day in self.off else spans


def moment_after(
    start: datetime, left: timedelta, calendar: Calendar
) -> datetime | None:
    """When so much working time has passed; None if it never does."""
    for begin, end in _working(start, start + HORIZON, calendar):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    return None


def worked(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of this period is working time."""
    pieces = _working(start, end, calendar)
    return sum((later - earlier for earlier, later in pieces), timedelta())


def _working(
    start: datetime, end: datetime, calendar: Calendar
) -> Iterator[tuple[datetime, datetime]]:
    """The pieces of the period that are working time, one after the other, in UTC."""
    if calendar.is_empty:
        return
    for begin, until, offset in _steady(start, end, calendar.zone):
        here, there = begin + offset, until + offset
        for opens, closes in _on_the_wall(here, there, calendar):
            yield opens - offset, closes - offset


def _steady(
    start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The period in pieces of at most a day, in which the clocks are not changed."""
    here, end = start.astimezone(UTC), end.astimezone(UTC)
    while here < end:
        there = min(here + DAY, end)
        offset = _offset(here, zone)
        if _offset(there, zone) != offset:
            there = min(there, _change(here, there, zone))
        yield here, there, offset
        here = there


def _change(here: datetime, there: datetime, zone: ZoneInfo) -> datetime:
    """The first second at which the clocks show another offset than at the start."""
    before = _offset(here, zone)
    while there - here > SECOND:
        middle = (here + (there - here) / 2).replace(microsecond=0)
        middle = max(middle, here.replace(microsecond=0) + SECOND)
        if _offset(middle, zone) == before:
            here = middle
        else:
            there = middle
    return there.replace(microsecond=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _on_the_wall(
    here: datetime, there: datetime, calendar: Calendar
) -> Iterator[tuple[datetime, datetime]]:
    """The same in wall time, which runs evenly here; midnights are those of the wall."""
    midnight = datetime.combine(here.date(), time(), tzinfo=UTC)
    while midnight < there:
        for opens, closes in calendar.spans_on(midnight.date()):
            begin = max(here, midnight + timedelta(minutes=opens))
            end = min(there, midnight + timedelta(minutes=closes))
            if begin < end:
                yield begin, end
        midnight += DAY
