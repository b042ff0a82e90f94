"""Leases, under which background tasks run once at a time, and heartbeats.

django-q2 may start a task twice: the second finds the lease taken. A lease is short, and
renewed while its task runs, so that the work of a host that dies is soon taken over.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from django.conf import settings
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    connection,
    transaction,
)
from django.db.models import Q

from assignments.models import Heartbeat, TaskLease

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that this process holds. `token` keeps it from releasing that of the next."""

    name: str
    token: str


def acquire_lease(
    names: tuple[str, ...], *, at: datetime, until: datetime
) -> Lease | None:
    """Take the first of these leases that is free at `at`, until `until`.

    Return it, or None if all are taken. Rows of names that are missing are created.
    """
    for name in names:
        _make_row(name)
        token = secrets.token_hex(16)
        free = TaskLease.objects.filter(Q(until=None) | Q(until__lte=at), name=name)
        if free.update(token=token, until=until):
            return Lease(name, token)
    return None


def release_lease(lease: Lease) -> None:
    """Make the lease free; do nothing if somebody else has taken it since."""
    TaskLease.objects.filter(name=lease.name, token=lease.token).update(
        token="", until=None
    )


@contextmanager
def renewing(
    lease: Lease, *, latest: datetime, clock: Callable[[], datetime]
) -> Iterator[None]:
    """Renew the lease for the length of the block, from a thread of its own.

    Each time it is prolonged to TASK_LEASE seconds from then, never beyond `latest`. A
    lease that somebody else has taken since is left alone.
    """
    is_over = Event()

    def renew() -> None:
        try:
            renew_until(is_over, lease, latest=latest, clock=clock)
        finally:
            connection.close()  # that of this thread

    thread = Thread(target=renew, name=f"lease {lease.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def renew_until(
    is_over: Event, lease: Lease, *, latest: datetime, clock: Callable[[], datetime]
) -> None:
    """Renew the lease four times each TASK_LEASE seconds until `is_over` is set, or
    somebody else has taken it.
    """
    while not is_over.wait(settings.TASK_LEASE / 4):
        until = min(clock() + timedelta(seconds=settings.TASK_LEASE), latest)
        if not _prolong(lease, until):
            return


def free_abandoned_leases(*, at: datetime) -> int:
    """Free the leases that ended before `at` without being given up: their process died.

    Return how many these were. Of several callers each lease is counted by one.
    """
    return (
        TaskLease.objects.filter(until__lte=at)
        .exclude(token="")
        .update(token="", until=None)
    )


def record_heartbeat(name: str, *, at: datetime, detail: str = "") -> None:
    """Store `at` and `detail`, cut to 300 characters, as the last heartbeat of `name`."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": at, "detail": detail[:300]}
    )


def _prolong(lease: Lease, until: datetime) -> bool:
    """Return whether the lease may be prolonged again: False if it is no longer ours."""
    try:
        rows = TaskLease.objects.filter(name=lease.name, token=lease.token)
        return bool(rows.update(until=until))
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The lease %s was not prolonged: %s", lease.name, error)
        connection.close()
        return True


def _make_row(name: str) -> None:
    if TaskLease.objects.filter(name=name).exists():
        return
    try:
        with transaction.atomic():
            TaskLease.objects.create(name=name)
    except IntegrityError:
        return  # somebody else has just made it
