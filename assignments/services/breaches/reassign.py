"""A breach may give the lead to somebody else, or suggest it: as its target says.

Whom: the owner's team, least busy; never who let it slip, nobody away or full. A lead
about which somebody decided since it fell due is left alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from assignments.models import Assignment, Breach, Hold, Lead, SlaTarget, Suggestion
from assignments.models.assignment import COVERAGE_CAUSES, PERSONAL, Cause
from assignments.services.bulk.strategies import Choice, LeastBusy, Offer
from assignments.services.ledger.batch import apply_plan
from assignments.services.ledger.planning import Plan, Proposal
from assignments.services.periods import short_day
from assignments.services.routing.choose import Office, candidate, office_at
from assignments.services.routing.data import Seat
from assignments.services.routing.suggestions import already_suggested
from assignments.services.sla.policy import Book

AtBreach = SlaTarget.AtBreach


@dataclass(frozen=True, slots=True)
class Mended:
    breach: Breach
    member_id: int
    reason: str


def mend(
    breaches: Sequence[Breach], leads: Mapping[int, Lead], book: Book, *, at: datetime
) -> dict[int, str]:
    """What became of each lead beside telling, in words. The caller holds the locks."""
    wanted: dict[str, list[Breach]] = defaultdict(list)
    for breach in breaches:
        wanted[_act(leads[breach.lead_id], book)].append(breach)
    acting = wanted[AtBreach.SUGGEST] + wanted[AtBreach.REASSIGN]
    if not acting:
        return {}
    alone = _left_alone(acting)
    office = office_at(at)
    slipped = _who_let_slip(acting)
    placed = {
        act: [
            one
            for breach in wanted[act]
            if breach.lead_id not in alone
            and (one := _choose(breach, office, slipped[breach.lead_id]))
        ]
        for act in (AtBreach.SUGGEST, AtBreach.REASSIGN)
    }
    _suggest(placed[AtBreach.SUGGEST], at)
    _give(placed[AtBreach.REASSIGN], at)
    words = {AtBreach.SUGGEST: "suggested for", AtBreach.REASSIGN: "given to"}
    return {
        one.breach.lead_id: f"{words[act]} {office.members[one.member_id]}"
        for act, some in placed.items()
        for one in some
    }


def _act(lead: Lead, book: Book) -> str:
    target = book.target_for(campaign_id=lead.campaign_id, category_id=lead.category_id)
    return target.at_breach if target else AtBreach.TELL


def _left_alone(breaches: Sequence[Breach]) -> set[int]:
    """On their way already, held in a coverage, suggested, or decided about by now."""
    due = {one.lead_id: one.due_at for one in breaches}
    rows = Assignment.objects.filter(lead__in=due)
    alone = set(rows.pending().values_list("lead_id", flat=True))
    standing = Hold.objects.standing().filter(lead__in=due)
    alone |= set(standing.values_list("lead_id", flat=True))
    alone |= already_suggested() & due.keys()
    by_people = Q(cause__in=(*PERSONAL, Cause.OUTSIDE)) | Q(
        cause__in=COVERAGE_CAUSES, batch=None
    )
    first = min(due.values())
    # Decided before, and come true since: a person's doing all the same.
    since = Q(created_at__gte=first) | Q(finished_at__gte=first)
    made = rows.filter(by_people & since).values_list(
        "lead_id", Coalesce("finished_at", "created_at")
    )
    return alone | {lead for lead, at in made if at >= due[lead]}


def _who_let_slip(breaches: Sequence[Breach]) -> dict[int, set[int]]:
    """Whoever let a reply of this lead slip before, too."""
    found: dict[int, set[int]] = defaultdict(set)
    before = Breach.objects.filter(lead__in=[one.lead_id for one in breaches])
    for lead_id, owner_id in before.values_list("lead_id", "owner_id"):
        if owner_id is not None:
            found[lead_id].add(owner_id)
    return found


def _choose(breach: Breach, office: Office, slipped: set[int]) -> Mended | None:
    owner = office.members.get(breach.owner_id or 0)
    if owner is None or owner.team_id is None:
        return None
    pool = [
        candidate(Seat(member_id=member.pk), office)
        for member in office.members.values()
        if member.team_id == owner.team_id and member.pk not in slipped
    ]
    office.tally.lift(owner.pk, is_open=True)
    choice = LeastBusy(pool).choose(Offer((), owner.pk), office.tally)
    if choice.member_id is None:
        office.tally.put_back(owner.pk, is_open=True)
        return None
    office.tally.give(choice.member_id, is_open=True)
    return Mended(breach, choice.member_id, _reason(breach, f"{owner}", choice))


def _reason(breach: Breach, owner: str, choice: Choice) -> str:
    due = timezone.localtime(breach.due_at)
    slip = f"{owner} had until {short_day(due)}, {due:%H:%M %Z} to answer"
    return f"{slip}. Instead {choice.sentence}"[:500]


def _suggest(placed: Sequence[Mended], at: datetime) -> None:
    Suggestion.objects.bulk_create(
        Suggestion(
            breach=one.breach,
            lead_id=one.breach.lead_id,
            member_id=one.member_id,
            owner_id=one.breach.owner_id,
            reason=one.reason,
            created_at=at,
        )
        for one in placed
    )


def _give(placed: Sequence[Mended], at: datetime) -> None:
    if not placed:
        return
    count = len(placed)
    leads = "1 lead" if count == 1 else f"{count} leads"
    plan = Plan(
        cause=Cause.ROUTING,
        reason=f"Overdue answers: {leads} given to somebody else of the team.",
        proposals=tuple(
            Proposal(one.breach.lead_id, one.member_id, one.reason) for one in placed
        ),
    )
    apply_plan(plan, actor=None, at=at)
