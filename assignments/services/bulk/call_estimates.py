"""Estimates of how many calls to Smartlead a plan needs and how long they take."""

from dataclasses import dataclass
from math import ceil
from typing import Self

from django.conf import settings

from assignments.services.mirror import list_verification
from assignments.services.mirror.cursor import PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEstimate:
    """The calls for a number of changes of owner, each with a note or without.

    Each lead is read before it is written, so that nobody's change is overwritten: by
    itself, or PAGE leads per call (`by_page`) once member lists are proven reliable.
    """

    writes: int
    notes: int = 0
    by_page: bool = False

    @classmethod
    def of(cls, writes: int, *, with_notes: bool = False) -> Self:
        """Return the estimate for so many changes, with one note each if `with_notes`.

        Leads are read by page if member lists are proven now.
        """
        return cls(
            writes=writes,
            notes=writes if with_notes else 0,
            by_page=list_verification.are_lists_proven(),
        )

    @property
    def reads(self) -> int:
        return ceil(self.writes / PAGE) if self.by_page else self.writes

    @property
    def calls(self) -> int:
        return self.writes + self.reads + self.notes

    @property
    def duration(self) -> str:
        """Return how long the calls take, e.g. "about 1 second" or "about 3 minutes".

        In seconds below 90 seconds and minutes below 90 minutes, both rounded up; else
        in hours, with one decimal unless that is 0.
        """
        seconds = self.calls * 60 / calls_per_minute()
        if seconds < 90:
            return f"about {max(1, ceil(seconds))} second{'' if seconds <= 1 else 's'}"
        minutes = minutes_for(self.calls)
        if minutes < 90:
            return f"about {minutes} minutes"
        return f"about {minutes / 60:.1f} hours".replace(".0 ", " ")


def calls_per_minute() -> int:
    """Return how many calls a minute the longest window of the rate limit allows.

    One call per window is left to people's clicks, unless it has only one. Rounded
    down, but at least 1.
    """
    count, seconds = max(settings.SMARTLEAD_RATE_LIMITS, key=lambda limit: limit[1])
    return max(1, int(max(1, count - 1) * 60 / seconds))


def minutes_for(calls: int) -> int:
    """Return how long that many calls take, in minutes, rounded up."""
    return ceil(calls / calls_per_minute())
