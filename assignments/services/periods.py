"""Days and times as people type them, and the moments in UTC that they stand for."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats

MIDNIGHT = time()
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


def absence_window(
    first_day: date,
    last_day: date,
    first_time: time | None,
    last_time: time | None,
    zone: str,
) -> tuple[datetime, datetime]:
    """Return the moments in UTC at which an absence starts and ends (half open).

    Without a first time it starts at midnight of the zone; without a last time it ends
    at the midnight after the last day. A time that the clocks skip counts as much later
    as they jump (02:30 as 03:30); of a time that comes twice the first counts. The
    order of the two is not checked.
    """
    ends_on = last_day if last_time else last_day + timedelta(days=1)
    starts_at = _moment(first_day, first_time or MIDNIGHT, zone)
    return starts_at, _moment(ends_on, last_time or MIDNIGHT, zone)


def clock_change(day: date, at: time, zone: str) -> str:
    """Return a sentence if this local time comes twice or never on that day, else "".

    It says which moment counts, as in `absence_window`.
    """
    first = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return ""
    counted = in_zone(first.astimezone(UTC), zone)
    if counted.replace(tzinfo=None) != first.replace(tzinfo=None):
        return (
            f"{at:%H:%M} does not exist on {short_day(day)}: the clocks are put forward. "
            f"It counts as {counted:%H:%M}."
        )
    return (
        f"{at:%H:%M} comes twice on {short_day(day)}: the clocks are put back. "
        f"The first one counts, {first:%H:%M %Z}."
    )


def clock_time(moment: datetime) -> str:
    """Return the time of day of a local moment: `14:00`, or `02:30 CEST` if it repeats."""
    is_repeated = moment.utcoffset() != moment.replace(fold=1 - moment.fold).utcoffset()
    return f"{moment:%H:%M %Z}" if is_repeated else f"{moment:%H:%M}"


def begins_a_day(moment: datetime) -> bool:
    """Return whether a local moment lies in the first minute of its day.

    That is 00:00, or a later minute where the clocks skip midnight.
    """
    minute = moment.replace(second=0, microsecond=0)
    before = (minute.astimezone(UTC) - datetime.resolution).astimezone(moment.tzinfo)
    return before.date() != minute.date()


def in_zone(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


def minute_of(local: datetime) -> time:
    """Return the time of day without seconds."""
    return local.time().replace(second=0, microsecond=0)


def short_day(day: date) -> str:
    """Return `day` without its year, in the active language: `Fri 15 May`."""
    return formats.date_format(day, "D j M")


def _moment(day: date, at: time, zone: str) -> datetime:
    moment = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def moment_from(text: str) -> datetime | None:
    """Return the moment of an ISO 8601 text in UTC, else None.

    None if it cannot be read, has no UTC offset, or its year is not from 1901 to 2199.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        return None
    return moment.astimezone(UTC)
