"""Leases, under which background tasks run once at a time, and heartbeats.

django-q2 may start a task twice: the second finds the lease taken.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from assignments.models import Heartbeat, TaskLease


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


def record_heartbeat(name: str, *, at: datetime, detail: str = "") -> None:
    """Store `at` and `detail`, cut to 300 characters, as the last heartbeat of `name`."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": at, "detail": detail[:300]}
    )


def _make_row(name: str) -> None:
    if TaskLease.objects.filter(name=name).exists():
        return
    try:
        with transaction.atomic():
            TaskLease.objects.create(name=name)
    except IntegrityError:
        return  # somebody else has just made it
