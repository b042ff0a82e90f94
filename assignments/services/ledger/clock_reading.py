"""How far the clock of the coverages has come; it never runs backwards."""

from datetime import datetime

from assignments.models import Heartbeat

TICK = "tick"


def latest(at: datetime) -> datetime:
    """This moment, or that of the last tick if it was later."""
    last = last_tick()
    return max(at, last) if last else at


def last_tick() -> datetime | None:
    beat = Heartbeat.objects.filter(name=TICK).first()
    return beat.beat_at if beat else None


def advance(at: datetime) -> None:
    Heartbeat.objects.update_or_create(name=TICK, defaults={"beat_at": at})
