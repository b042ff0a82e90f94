"""Which host runs which part of Handoff, in which version, and when it was seen last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from socket import gethostname

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from assignments import database_clock
from assignments.models import HostPart
from assignments.version import VERSION

# A part that is not seen any more is shown for so long.
FORGOTTEN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of one host at a moment."""

    row: HostPart
    is_alive: bool
    is_shared: bool  # two machines beat under its name

    @property
    def is_silent(self) -> bool:
        """Return whether it neither runs nor was told to stop."""
        return not self.is_alive and self.row.stopped_at is None

    @property
    def needs_a_look(self) -> bool:
        return self.is_silent or bool(self.clock_words)

    @property
    def state_word(self) -> str:
        if self.is_alive:
            return "alive"
        return "silent" if self.is_silent else "stopped"

    @property
    def clock_words(self) -> str:
        """Return by how much the host's clock is off (`20 s ahead of the database's`);
        empty if it is not, or the part does not run.
        """
        seconds = self.row.clock_ahead
        if not seconds or not self.is_alive:
            return ""
        direction = "ahead of" if seconds > 0 else "behind"
        return f"{abs(seconds):.0f} s {direction} the database's"


def record_start(parts: Sequence[str], *, at: datetime) -> None:
    """Note that this host has begun to run these parts."""
    for part in parts:
        _write(part, beat_at=at, started_at=at, stopped_at=None)


def record_beat(part: str, *, at: datetime) -> None:
    """Note that this host's `part` works, and if another machine works as this host."""
    others = _own_rows().filter(part=part, stopped_at=None).exclude(machine=_machine())
    others.update(shared_at=at)
    _write(part, beat_at=at, stopped_at=None)


def record_stop(parts: Sequence[str], *, at: datetime) -> None:
    """Note that this host was told to end these parts."""
    _own_rows().filter(part__in=parts).update(stopped_at=at)


def last_beat_here(part: str) -> datetime | None:
    """Return when this host's `part` was seen last; None if it never was."""
    return _own_rows().filter(part=part).values_list("beat_at", flat=True).first()


def part_states(*, at: datetime) -> list[PartState]:
    """Return the parts of all hosts that were seen within FORGOTTEN, by host and part."""
    stale = at - timedelta(seconds=settings.HEARTBEAT_STALE)
    seen = HostPart.objects.filter(beat_at__gt=at - FORGOTTEN)
    return [
        PartState(
            row=row,
            is_alive=row.stopped_at is None and row.beat_at > stale,
            is_shared=row.shared_at is not None and row.shared_at > stale,
        )
        for row in seen.order_by("host", "part")
    ]


def running_versions(states: Sequence[PartState]) -> list[str]:
    """Return the versions that run now, sorted; more than one is a mixture."""
    return sorted({state.row.version for state in states if state.is_alive})


def forget_old_parts(*, at: datetime) -> None:
    HostPart.objects.filter(beat_at__lt=at - FORGOTTEN).delete()


def _own_rows() -> QuerySet[HostPart]:
    return HostPart.objects.filter(host=settings.HOST_NAME)


def _machine() -> str:
    return gethostname()[:64]


def _write(part: str, *, beat_at: datetime, **more: datetime | None) -> None:
    values = {
        "version": VERSION,
        "machine": _machine(),
        "beat_at": beat_at,
        "clock_ahead": database_clock.seconds_ahead(),
        **more,
    }
    if _own_rows().filter(part=part).update(**values):
        return
    values = {"started_at": beat_at, **values}
    try:
        with transaction.atomic():
            HostPart.objects.create(host=settings.HOST_NAME, part=part, **values)
    except IntegrityError:  # another process of this host has just made it
        return
