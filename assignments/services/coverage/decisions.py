"""What is known of a lead and of who is there, and what can be decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from assignments.models import Hold
from assignments.services.coverage.rotation import Rotation, Scope, Topic

Outcome = Hold.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFacts:
    pk: int
    member_id: int
    is_running: bool
    is_over: bool
    scope: Scope
    covers_arrivals: bool
    is_kept: bool
    rotation: Rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFacts:
    """A standing hold. `refused`: its last move was, and as what."""

    pk: int
    coverage_id: int
    origin_id: int
    to_id: int
    is_live: bool = True
    move_id: int | None = None
    refused: "Kind | None" = None
    change_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The change of this lead that has not come to its end."""

    pk: int
    to_id: int | None
    # Planned by a coverage and not sent yet: it may still be thought over.
    is_plan: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    pk: int
    owner_id: int | None
    topic: Topic
    is_open: bool
    pending: Waiting | None = None
    holds: tuple[HoldFacts, ...] = ()
    # Coverages in whose start set it is, and those it is pinned out of.
    start_sets: frozenset[int] = frozenset()
    pins: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who is there, and what runs, at the moment of the tick."""

    free: frozenset[int]
    away: frozenset[int]
    active: frozenset[int]
    coverages: Mapping[int, CoverageFacts]

    def running_for(self, member_id: int) -> CoverageFacts | None:
        for coverage in self.coverages.values():
            if coverage.member_id == member_id and coverage.is_running:
                return coverage
        return None


class Kind(Enum):
    START = "start"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Give the lead to a member, for one coverage.

    `takes_from`: a new hold of the coverage is made, with this origin. `hold_id`: the
    hold that the move changes: returned, dealt again, or carried over into the new one.
    """

    kind: Kind
    coverage_id: int
    to_id: int
    why: str = ""
    takes_from: int | None = None
    hold_id: int | None = None

    def is_same(self, other: "Move") -> bool:
        return replace(self, why="") == replace(other, why="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to happen with one lead now.

    `ends`, `hands_on` (hold, its new `to`) and `adopts` (coverage, origin) need no move.
    """

    ends: tuple[tuple[int, Outcome], ...] = ()
    hands_on: tuple[tuple[int, int], ...] = ()
    adopts: tuple[int, int] | None = None
    move: Move | None = None
    forget: int | None = None
    # The coverage that found nobody free.
    unplaced: int | None = None
    acting: int | None = None

    @property
    def is_nothing(self) -> bool:
        return not (
            self.ends or self.hands_on or self.adopts or self.move or self.forget
        )


NOTHING = Decision()
