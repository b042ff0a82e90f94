"""Arithmetic of working time. Pure.

Working hours are wall-clock time in the calendar's zone. So an hour that the clocks skip
is no working time, and one that they repeat is worked twice.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# No deadline is looked for beyond this.
HORIZON = timedelta(days=3 * 366)

type Span = tuple[int, int]  # minutes of a day: from, up to; the last one is 24:00
type Week = tuple[tuple[Span, ...], ...]  # Monday first


@dataclass(frozen=True)
class WorkingCalendar:
    """Somebody's working hours: a week of wall-clock time in a zone, and days off."""

    zone: ZoneInfo
    week: Week
    off: Container[date] = frozenset()

    @cached_property
    def is_empty(self) -> bool:
        return not any(self.week)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """Return the working hours of a date, in minutes of the day; empty on a day
        off.
        """
        spans = self.week[day.weekday()]
        return () if spans and day in self.off else spans


def add_working_time(
    start: datetime, left: timedelta, calendar: WorkingCalendar
) -> datetime | None:
    """Return the moment (UTC) at which `left` of working time has passed since `start`.

    With `left` 0: the next moment of working time. None if that is not within HORIZON,
    as with an empty calendar.
    """
    for begin, end in _working(start, start + HORIZON, calendar):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    return None


def working_time_between(
    start: datetime, end: datetime, calendar: WorkingCalendar
) -> timedelta:
    """Return how much of the period from `start` to `end` is working time; 0 if `end`
    is not after `start`.
    """
    pieces = _working(start, end, calendar)
    return sum((later - earlier for earlier, later in pieces), timedelta())


def _working(
    start: datetime, end: datetime, calendar: WorkingCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the begin and end (UTC) of each piece of working time in the period, in
    order.

    A span is cut where a day from `start`, or an UTC offset, ends.
    """
    if calendar.is_empty:
        return
    for begin, until, offset in _constant_offsets(start, end, calendar.zone):
        for opens, closes in _wall_spans(begin + offset, until + offset, calendar):
            yield opens - offset, closes - offset


def _constant_offsets(
    start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield begin, end (UTC) and UTC offset of pieces that make up the period, in
    order.

    Each is at most a day long and has one offset.
    """
    here, end = start.astimezone(UTC), end.astimezone(UTC)
    while here < end:
        there = min(here + DAY, end)
        offset = _offset(here, zone)
        if _offset(there, zone) != offset:
            there = min(there, _offset_change(here, there, zone))
        yield here, there, offset
        here = there


def _offset_change(here: datetime, there: datetime, zone: ZoneInfo) -> datetime:
    """Return the first whole second after `here` at which the zone's UTC offset is
    another than at `here`. `there` has another one already.
    """
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


def _wall_spans(
    here: datetime, there: datetime, calendar: WorkingCalendar
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the working spans between two moments of wall time, cut to these, in order.

    Wall time is written as UTC.
    """
    midnight = datetime.combine(here.date(), time(), tzinfo=UTC)
    while midnight < there:
        for opens, closes in calendar.spans_on(midnight.date()):
            begin = max(here, midnight + timedelta(minutes=opens))
            end = min(there, midnight + timedelta(minutes=closes))
            if begin < end:
                yield begin, end
        midnight += DAY
