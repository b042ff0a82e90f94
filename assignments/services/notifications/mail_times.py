"""When somebody may be mailed: quiet hours and the moment of the digest, in their zone.

Asked each minute of the moment as it is, so that a day on which the clocks change needs
no rule of its own.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def is_quiet(
    at: datetime, *, begin: time | None, end: time | None, zone: ZoneInfo
) -> bool:
    """Whether the clock on the wall is within quiet hours; they may go over midnight."""
    if begin is None or end is None or begin == end:
        return False
    now = at.astimezone(zone).time()
    if begin < end:
        return begin <= now < end
    return now >= begin or now < end


def last_digest(at: datetime, *, digest_at: time, zone: ZoneInfo) -> datetime:
    """The newest moment of the digest that is not after `at`."""
    today = at.astimezone(zone).date()
    moment = datetime.combine(today, digest_at, tzinfo=zone)
    if moment <= at:
        return moment
    return datetime.combine(today - timedelta(days=1), digest_at, tzinfo=zone)
