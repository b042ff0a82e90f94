"""From days as they are typed to the moments that count, and back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats

MIDNIGHT = time()


def window(
    first_day: date,
    last_day: date,
    first_time: time | None,
    last_time: time | None,
    zone: str,
) -> tuple[datetime, datetime]:
    """The moments an absence starts and ends, half open, in UTC.

    Without a last time it ends with the last day, at the next midnight of the zone. A
    time that the clocks skip counts from the moment when they do; of a time that comes
    twice the first counts.
    """
    ends_on = last_day if last_time else last_day + timedelta(days=1)
    starts_at = _moment(first_day, first_time or MIDNIGHT, zone)
    return starts_at, _moment(ends_on, last_time or MIDNIGHT, zone)


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


def spoken(day: date) -> str:
    """As our sentences say a day: Fri 15 May."""
    return formats.date_format(day, "D j M")


def _moment(day: date, at: time, zone: str) -> datetime:
    moment = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)
