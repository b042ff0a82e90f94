"""Plans: proposed assignments with their reasons, before anything is written.

Pure functions; `assignments.services.ledger.batch.apply_plan` carries a plan out as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from assignments.models import Lead, Member
from assignments.models.assignment import AUTOMATIC, Cause, Urgency


@dataclass(frozen=True, slots=True)
class Proposal:
    """Give this lead to that member, and why. `to_id` None: skip it, and why."""

    lead_id: int
    to_id: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    cause: Cause
    reason: str
    proposals: tuple[Proposal, ...]

    @property
    def is_automatic(self) -> bool:
        return self.cause in AUTOMATIC

    @property
    def urgency(self) -> Urgency:
        return URGENCY_OF[self.cause]


URGENCY_OF = {
    Cause.MANUAL: Urgency.CLICK,
    Cause.UNDO: Urgency.CLICK,
    Cause.COVERAGE_RETURN: Urgency.COVERAGE_RETURN,
    Cause.COVERAGE_START: Urgency.COVERAGE_START,
    Cause.BULK: Urgency.BULK,
    Cause.REBALANCE: Urgency.BULK,
    Cause.ROUTING: Urgency.RULE,
}


def plan_for_one_member(
    leads: Iterable[Lead], to: Member, *, reason: str, cause: Cause = Cause.BULK
) -> Plan:
    """All these leads to one member."""
    return Plan(
        cause=cause,
        reason=reason,
        proposals=tuple(Proposal(lead.pk, to.pk, reason) for lead in leads),
    )
