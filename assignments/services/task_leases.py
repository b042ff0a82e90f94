"""Single flight for tasks that django-q2 may start twice: a seat, a token, a time."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from assignments.models import Heartbeat, Seat


@dataclass(frozen=True, slots=True)
class Taken:
    name: str
    token: str


def take_seat(names: tuple[str, ...], *, at: datetime, until: datetime) -> Taken | None:
    """Sit down on the first free seat until then; None when all are taken."""
    for name in names:
        _make(name)
        token = secrets.token_hex(16)
        free = Seat.objects.filter(Q(until=None) | Q(until__lte=at), name=name)
        if free.update(token=token, until=until):
            return Taken(name, token)
    return None


def leave_seat(seat: Taken) -> None:
    Seat.objects.filter(name=seat.name, token=seat.token).update(token="", until=None)


def beat(name: str, *, at: datetime, detail: str = "") -> None:
    """A sign of life of a long-running part."""
    Heartbeat.objects.update_or_create(
        name=name, defaults={"beat_at": at, "detail": detail[:300]}
    )


def _make(name: str) -> None:
    if Seat.objects.filter(name=name).exists():
        return
    try:
        with transaction.atomic():
            Seat.objects.create(name=name)
    except IntegrityError:
        return  # somebody else has just made it
