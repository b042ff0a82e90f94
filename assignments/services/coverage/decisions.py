"""Data from which leads are planned, and the decision about one lead."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

from assignments.models import Hold
from assignments.services.coverage.rotation import (
    CoverageRotation,
    CoverageScope,
    LeadTopic,
)

Outcome = Hold.Outcome


class MoveKind(Enum):
    START = "start"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageSnapshot:
    """A coverage at the moment of the snapshot.

    `is_over` also where its end has passed and the state does not say so yet;
    `is_kept`: covering members keep the leads.
    """

    pk: int
    member_id: int
    is_running: bool
    is_over: bool
    scope: CoverageScope
    covers_arrivals: bool
    is_kept: bool
    rotation: CoverageRotation


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSnapshot:
    """A standing hold. `refused`: the kind of its last move, if Smartlead refused that.

    `change_to`: the member named by a change of coverer, until the lead has moved.
    """

    pk: int
    coverage_id: int
    origin_id: int
    to_id: int
    is_live: bool = True
    move_id: int | None = None
    refused: MoveKind | None = None
    change_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingChange:
    """The pending assignment of a lead.

    `is_plan`: planned by a coverage and not sent yet, so that it may be decided again.
    """

    pk: int
    to_id: int | None
    is_plan: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSnapshot:
    """A lead with its standing holds, oldest first.

    `start_sets`: ids of coverages that took it at their start; `pins`: of those it is
    kept out of.
    """

    pk: int
    owner_id: int | None
    topic: LeadTopic
    is_open: bool
    pending: PendingChange | None = None
    holds: tuple[HoldSnapshot, ...] = ()
    start_sets: frozenset[int] = frozenset()
    pins: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Members who are active, away, and free (active, not away); coverages by id."""

    free: frozenset[int]
    away: frozenset[int]
    active: frozenset[int]
    coverages: Mapping[int, CoverageSnapshot]

    def running_for(self, member_id: int) -> CoverageSnapshot | None:
        """Return the first running coverage of this absent member (id), or None."""
        for coverage in self.coverages.values():
            if coverage.member_id == member_id and coverage.is_running:
                return coverage
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMove:
    """Give the lead to a member, for one coverage.

    `takes_from`: a new hold of the coverage is made, with this origin. `hold_id`: the
    hold that the move changes, which is returned, dealt again or carried over to the
    new one. `why` is half a sentence: “covers half of the leads”.
    """

    kind: MoveKind
    coverage_id: int
    to_id: int
    why: str = ""
    takes_from: int | None = None
    hold_id: int | None = None

    def is_same(self, other: Self) -> bool:
        """Return whether both moves are equal in all but `why`."""
        return replace(self, why="") == replace(other, why="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Changes to make to one lead now.

    `ends` are holds with their outcomes, `hands_on` holds with a new `to`, `adopts` the
    coverage and the origin of a new hold: none of them needs a move. `forget` is a plan
    to cancel, `unplaced` the coverage that found nobody free, `acting` the one to act.
    """

    ends: tuple[tuple[int, Outcome], ...] = ()
    hands_on: tuple[tuple[int, int], ...] = ()
    adopts: tuple[int, int] | None = None
    move: PlannedMove | None = None
    forget: int | None = None
    unplaced: int | None = None
    acting: int | None = None

    @property
    def is_nothing(self) -> bool:
        """Return whether nothing is to be written.

        That is without `ends`, `hands_on`, `adopts`, `move` and `forget`; `unplaced`
        and `acting` do not count.
        """
        return not (
            self.ends or self.hands_on or self.adopts or self.move or self.forget
        )


NO_DECISION = Decision()
