"""The time by the clock of the database, which all hosts share.

Leases, claims, the age of a read and the budget of calls are compared between hosts, so
they must not depend on how well each host keeps time. With SQLite there is one host, and
its clock is the clock.
"""

import time
from datetime import UTC, datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

LOOK_EVERY = 10.0  # seconds between two looks at the database's clock


class _HostClock:
    """Lead of this host's clock over the database's, in seconds, as last measured.

    `ahead` changes only for a difference above CLOCK_TOLERANCE: smaller ones may be the
    time that the question was on its way, and a time that goes back by them would put
    events of one process in the wrong order.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self.look_at = 0.0  # monotonic seconds
        self.lock = Lock()

    def look_if_due(self) -> None:
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            return
        with self.lock:
            if time.monotonic() < self.look_at:
                return
            self.look_at = time.monotonic() + LOOK_EVERY
        try:
            seen = _seconds_ahead()
        except (DatabaseError, InterfaceError):
            return  # whoever needs the database next says so
        if abs(seen - self.ahead) > settings.CLOCK_TOLERANCE:
            self.ahead = seen


_host_clock = _HostClock()


def now() -> datetime:
    """Return the time (UTC) by the database's clock.

    Asks PostgreSQL at most every LOOK_EVERY seconds, and never inside a transaction.
    """
    _host_clock.look_if_due()
    return timezone.now() - timedelta(seconds=_host_clock.ahead)


def seconds() -> float:
    """Return `now()` as seconds since 1970."""
    _host_clock.look_if_due()
    return time.time() - _host_clock.ahead


def seconds_ahead() -> float:
    """Return by how many seconds this host's clock is ahead of the database's.

    Negative: it is behind. 0 up to CLOCK_TOLERANCE.
    """
    _host_clock.look_if_due()
    return _host_clock.ahead


def _seconds_ahead() -> float:
    asked_at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        told: datetime = cursor.fetchone()[0]
    halfway = asked_at + (timezone.now() - asked_at) / 2
    return (halfway - told.astimezone(UTC)).total_seconds()
