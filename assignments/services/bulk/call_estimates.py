"""What a plan costs: calls to Smartlead, and how long they take within its limit."""

from dataclasses import dataclass
from math import ceil
from typing import Self

from django.conf import settings

from assignments.services.mirror import list_verification
from assignments.services.mirror.cursor import PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Each lead is read before it is written, so that nobody's change is overwritten:

    by itself, or twenty a call where the lists of members have proven themselves.
    """

    writes: int
    notes: int = 0
    by_page: bool = False

    @classmethod
    def of(cls, writes: int, *, with_notes: bool = False) -> Self:
        return cls(
            writes=writes,
            notes=writes if with_notes else 0,
            by_page=list_verification.is_proven(),
        )

    @property
    def reads(self) -> int:
        return ceil(self.writes / PAGE) if self.by_page else self.writes

    @property
    def calls(self) -> int:
        return self.writes + self.reads + self.notes

    @property
    def seconds(self) -> float:
        return self.calls / pace()

    @property
    def duration(self) -> str:
        return duration(self.seconds)


def pace() -> float:
    """Calls a second that the longest window of the limit allows."""
    calls, seconds = max(settings.SMARTLEAD_RATE_LIMITS, key=lambda limit: limit[1])
    return float(calls / seconds)


def a_minute() -> int:
    return round(pace() * 60)


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, ceil(seconds))} second{'' if seconds <= 1 else 's'}"
    minutes = ceil(seconds / 60)
    if minutes < 90:
        return f"about {minutes} minutes"
    return f"about {minutes / 60:.1f} hours".replace(".0 ", " ")
