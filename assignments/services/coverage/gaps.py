"""When nobody covers: the parts of an absence in which all who could are away too."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

type Window = tuple[datetime, datetime]

INSTANT = timedelta(microseconds=1)


def uncovered(window: Window, absences: Sequence[Sequence[Window]]) -> list[Window]:
    """Where in this window nobody is at work; per candidate, when they are away.

    Without candidates that is all of it.
    """
    left = [window]
    for away in absences:
        left = [piece for one in left for piece in _common(one, away)]
    return left


def days_of(windows: Iterable[Window], zone: tzinfo) -> list[date]:
    """The days that these windows touch, as seen in a zone."""
    days: set[date] = set()
    for starts_at, ends_at in windows:
        day = starts_at.astimezone(zone).date()
        last = (ends_at - INSTANT).astimezone(zone).date()
        while day <= last:
            days.add(day)
            day += timedelta(days=1)
    return sorted(days)


def _common(window: Window, others: Sequence[Window]) -> list[Window]:
    starts_at, ends_at = window
    common = (
        (max(starts_at, first), min(ends_at, last)) for first, last in sorted(others)
    )
    return [(first, last) for first, last in common if first < last]
