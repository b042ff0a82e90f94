"""Reassignment of leads whose answer is overdue, or a suggestion, as the target says.

The lead goes to the least busy member of the owner's team: never to one who was late with
it before, is away or at their cap. Leads about which somebody decided since they fell due
are left alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce

from assignments.models import (
    Assignment,
    Breach,
    Hold,
    Lead,
    Member,
    SlaTarget,
    Suggestion,
)
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Cause
from assignments.services.bulk.strategies import LeadToAssign, LeastBusy, MemberChoice
from assignments.services.ledger.batch import AutomaticPlan, Proposal, apply_plan
from assignments.services.periods import clock_time, short_day
from assignments.services.routing.choose import (
    RoutingContext,
    pool_member,
    routing_context,
)
from assignments.services.routing.data import RulePoolMember
from assignments.services.routing.suggestions import suggested_lead_ids
from assignments.services.sla.policy import SlaPolicy

AtBreach = SlaTarget.AtBreach

DONE = {AtBreach.SUGGEST: "suggested for", AtBreach.REASSIGN: "given to"}


@dataclass(frozen=True, slots=True)
class MissedAnswer:
    """An overdue answer: its owner, and until when, in the time of their hours."""

    owner: Member
    due: datetime

    @property
    def sentence(self) -> str:
        day = short_day(self.due)
        return f"{self.owner} had until {day}, {clock_time(self.due)} to answer."


@dataclass(frozen=True, slots=True)
class Reassignment:
    """A breach with the choice of the member who gets its lead."""

    breach: Breach
    member_id: int
    missed: MissedAnswer
    choice: MemberChoice

    @property
    def suggestion(self) -> str:
        """Return the reason of a suggestion, at most 500 characters."""
        suggested = f"Suggested instead is {self.choice.suggestion}"
        return f"{self.missed.sentence} {suggested}"[:500]

    @property
    def reason(self) -> str:
        """Return the reason of a change, at most 500 characters."""
        return f"{self.missed.sentence} Given instead to {self.choice.sentence}"[:500]


def reassign_breached(
    breaches: Sequence[Breach],
    leads: Mapping[int, Lead],
    policy: SlaPolicy,
    *,
    at: datetime,
) -> dict[int, str]:
    """Reassign leads or suggest it, as targets say; return what was done, by lead id:
    words such as "given to Ana", only for leads with which something was done. The
    caller holds the locks of leads and routing.
    """
    wanted: dict[str, list[Breach]] = defaultdict(list)
    for breach in breaches:
        wanted[_action_at_breach(leads[breach.lead_id], policy)].append(breach)
    acting = wanted[AtBreach.SUGGEST] + wanted[AtBreach.REASSIGN]
    if not acting:
        return {}
    excluded, late_owners = _excluded_leads(acting), _late_owners(acting)
    context = routing_context(at)
    placed = {
        action: [
            done
            for breach in wanted[action]
            if breach.lead_id not in excluded
            and (done := _choose(breach, context, late_owners[breach.lead_id], policy))
        ]
        for action in (AtBreach.SUGGEST, AtBreach.REASSIGN)
    }
    _suggest(placed[AtBreach.SUGGEST], at)
    _assign(placed[AtBreach.REASSIGN], at)
    return {
        done.breach.lead_id: f"{DONE[action]} {context.members[done.member_id]}"
        for action, reassignments in placed.items()
        for done in reassignments
    }


def _action_at_breach(lead: Lead, policy: SlaPolicy) -> str:
    target = policy.target_for(
        campaign_id=lead.campaign_id, category_id=lead.category_id
    )
    return target.at_breach if target else AtBreach.TELL


def _excluded_leads(breaches: Sequence[Breach]) -> set[int]:
    """Return the ids of leads that must not be reassigned.

    They have a pending change, a standing hold or an open suggestion; or since they
    fell due a person decided about them, here, in Smartlead or for one lead of a
    coverage.
    """
    due = {breach.lead_id: breach.due_at for breach in breaches}
    rows = Assignment.objects.filter(lead__in=due)
    excluded = set(rows.pending().values_list("lead_id", flat=True))
    standing = Hold.objects.standing().filter(lead__in=due)
    excluded |= set(standing.values_list("lead_id", flat=True))
    excluded |= suggested_lead_ids() & due.keys()
    by_people = Q(cause__in=(*PERSONAL, Cause.OUTSIDE)) | Q(
        cause__in=COVERAGE_CAUSES, batch=None
    )
    first = min(due.values())
    # Changes decided before but finished since count as well.
    since = Q(created_at__gte=first) | Q(finished_at__gte=first)
    made = rows.filter(by_people & since).values_list(
        "lead_id", Coalesce("finished_at", "created_at")
    )
    return excluded | {lead for lead, at in made if at >= due[lead]}


def _late_owners(breaches: Sequence[Breach]) -> dict[int, set[int]]:
    """Return, by lead id, the ids of the owners in all recorded breaches of these
    leads, these and earlier ones; an empty set for any other lead.
    """
    by_lead: dict[int, set[int]] = defaultdict(set)
    recorded = Breach.objects.filter(lead__in=[breach.lead_id for breach in breaches])
    for lead_id, owner_id in recorded.values_list("lead_id", "owner_id"):
        if owner_id is not None:
            by_lead[lead_id].add(owner_id)
    return by_lead


def _choose(
    breach: Breach, context: RoutingContext, late: set[int], policy: SlaPolicy
) -> Reassignment | None:
    """Return the choice of the least busy free member of the owner's team, or None.

    Members in `late` are left out. None also without an owner or a team. The context
    counts the lead for the chosen member.
    """
    owner = context.members.get(breach.owner_id or 0)
    if owner is None or owner.team_id is None:
        return None
    pool = [
        pool_member(RulePoolMember(member_id=member.pk), context)
        for member in context.members.values()
        if member.team_id == owner.team_id and member.pk not in late
    ]
    context.tally.lift(owner.pk, is_open=True)
    choice = LeastBusy(pool).choose(LeadToAssign((), owner.pk), context.tally)
    if choice.member_id is None:
        context.tally.put_back(owner.pk, is_open=True)
        return None
    context.tally.give(choice.member_id, is_open=True)
    due = breach.due_at.astimezone(policy.calendar_of(owner.pk).zone)
    missed = MissedAnswer(owner, due)
    return Reassignment(breach, choice.member_id, missed, choice)


def _suggest(placed: Sequence[Reassignment], at: datetime) -> None:
    Suggestion.objects.bulk_create(
        Suggestion(
            breach=reassignment.breach,
            lead_id=reassignment.breach.lead_id,
            member_id=reassignment.member_id,
            owner_id=reassignment.breach.owner_id,
            reason=reassignment.suggestion,
            created_at=at,
        )
        for reassignment in placed
    )


def _assign(placed: Sequence[Reassignment], at: datetime) -> None:
    if not placed:
        return
    count = len(placed)
    leads = "1 lead" if count == 1 else f"{count} leads"
    plan = AutomaticPlan(
        cause=Cause.ROUTING,
        reason=f"Overdue answers: {leads} given to somebody else of the team.",
        subject="Overdue answers",
        proposals=tuple(
            Proposal(r.breach.lead_id, r.member_id, r.reason) for r in placed
        ),
    )
    apply_plan(plan, actor=None, at=at)
