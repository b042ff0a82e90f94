"""Faults and behaviour of the sandbox in one run of a trial."""

from dataclasses import dataclass
from random import Random
from typing import Any

from assignments.sandbox.faults import FaultKind

HANG_SECONDS = (0.5, 1.6)  # seconds; under QUIET, so that settling by reading is safe
LAG_SECONDS = (
    0.1,
    0.4,
)  # seconds; under LIST_MAY_LAG, where the members' lists are trusted
LATE_SECONDS = 4.5  # a few land later than anybody can wait for

WRITE_FAULTS: tuple[tuple[FaultKind, float], ...] = (
    (FaultKind.ERROR, 0.02),
    (FaultKind.BAD_GATEWAY, 0.02),
    (FaultKind.UNAVAILABLE, 0.02),
    (FaultKind.LOST_ANSWER, 0.05),
    (FaultKind.APPLIED_ERROR, 0.03),
    (FaultKind.ERROR_INSIDE, 0.02),
    (FaultKind.PLAIN_TEXT, 0.02),
    (FaultKind.EMPTY, 0.03),
    (FaultKind.EMPTY_UNAPPLIED, 0.03),
    (FaultKind.HANG_THEN_APPLY, 0.05),
    (FaultKind.HANG_THEN_DROP, 0.02),
    (FaultKind.APPLY_THEN_HANG, 0.03),
    (FaultKind.DRIP_BODY, 0.02),
    (FaultKind.DRIP_HEADERS, 0.02),
    (FaultKind.TOO_MANY_BARE, 0.02),
)
READ_FAULTS: tuple[tuple[FaultKind, float], ...] = (
    (FaultKind.ERROR, 0.02),
    (FaultKind.EMPTY, 0.01),
    (FaultKind.HANG_THEN_DROP, 0.01),
    (FaultKind.TOO_MANY_BARE, 0.01),
    (FaultKind.PLAIN_TEXT, 0.01),
)
LIST_FAULTS: tuple[tuple[FaultKind, float], ...] = (
    (FaultKind.STALE, 0.3),
    (FaultKind.MALFORMED, 0.1),
    (FaultKind.ABSENT_OWNER, 0.1),
    (FaultKind.MOVING, 0.1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConditions:
    shape: str
    errors: str
    notes: str
    assigned_me: str
    faults: list[dict[str, Any]]

    @property
    def flags(self) -> list[str]:
        named = {
            "shape": self.shape,
            "errors": self.errors,
            "notes": self.notes,
            "assigned-me": self.assigned_me,
        }
        return [word for name, value in named.items() for word in (f"--{name}", value)]


def random_conditions(rng: Random) -> SandboxConditions:
    """Draw most of the faults; in one run of three, notes cannot be read back.

    In two of three the lists of members can be verified; no list lags far there.
    """
    assigned_me = rng.choice(("override", "override", "self"))
    shape = rng.choice(("flat", "flat", "documented"))
    # A spoilt row of the documented shape says that nobody owns the lead: it lies.
    lists = LIST_FAULTS if shape == "flat" else (*LIST_FAULTS[:1], *LIST_FAULTS[2:])
    return SandboxConditions(
        shape=shape,
        errors=rng.choice(("joi", "documented")),
        notes=rng.choice(("readable", "readable", "missing")),
        assigned_me=assigned_me,
        faults=[
            *_random_faults(rng, "owner", WRITE_FAULTS),
            *_random_faults(rng, "note", WRITE_FAULTS),
            *_random_faults(rng, "thread", READ_FAULTS),
            *_random_faults(rng, "notes", READ_FAULTS),
            *_random_faults(
                rng,
                "list",
                lists,
                LAG_SECONDS if assigned_me == "override" else HANG_SECONDS,
            ),
            _fault(FaultKind.TOO_MANY, "owner", seconds=1.0, times=1, chance=0.05),
            _fault(
                FaultKind.HANG_THEN_APPLY,
                "write",
                seconds=LATE_SECONDS,
                times=2,
                chance=0.01,
            ),
        ],
    )


def _random_faults(
    rng: Random,
    call: str,
    faults: tuple[tuple[FaultKind, float], ...],
    seconds: tuple[float, float] = HANG_SECONDS,
) -> list[dict[str, Any]]:
    return [
        _fault(kind, call, seconds=rng.uniform(*seconds), times=None, chance=chance)
        for kind, chance in faults
        if rng.random() < 0.8
    ]


def _fault(
    kind: FaultKind, call: str, *, seconds: float, times: int | None, chance: float
) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "call": call,
        "seconds": seconds,
        "times": times,
        "chance": chance,
    }
