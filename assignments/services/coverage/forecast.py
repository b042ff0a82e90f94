"""What the planner will decide when a draft starts: its own walk, at that moment.

Looks at where each lead will be by then (coverage rules, 7 and 24): changes on their way
have come true, and coverages that are over by then have given back what they held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from assignments.models import Assignment, Coverage, Hold, Lead
from assignments.models.lead import LeadQuerySet
from assignments.services.coverage.decisions import (
    CoverageFacts,
    Decision,
    HoldFacts,
    Kind,
    LeadFacts,
    Office,
)
from assignments.services.coverage.drafts import Draft
from assignments.services.coverage.planner import decide
from assignments.services.coverage.rotation import Candidate, Rotation, Scope
from assignments.services.coverage.snapshot import facts_of, office_at

DRAFT = 0  # in the place of the id of a coverage that is not saved
COLUMNS = ("owner", "campaign", "category__is_closing", "last_reply_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """A lead, and who would cover it. One that stays needs no call, and no note."""

    lead_id: int
    to: int
    why: str
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    dealt: Sequence[Dealt]
    unplaced: int

    @property
    def moves(self) -> int:
        return sum(not one.stays for one in self.dealt)


def outlook(draft: Draft, starts_at: datetime) -> Outlook:
    office = _office(draft, starts_at)
    ended = _ended_before(starts_at)
    found: list[Dealt] = []
    unplaced = 0
    for lead in facts_of(_leads(draft).only(*COLUMNS)):
        by_then = _wanted(_by_then(lead, office, ended), draft, office)
        decision = decide(by_then, office)
        unplaced += decision.unplaced == DRAFT
        if dealt := _dealt(by_then, decision):
            found.append(dealt)
    return Outlook(dealt=found, unplaced=unplaced)


def with_or_coming(member_id: int) -> LeadQuerySet:
    """Leads that are with a member, or will be when what is on its way has arrived."""
    pending = Assignment.objects.pending()
    leaving = pending.exclude(to=member_id).values("lead")
    coming = pending.filter(to=member_id).values("lead")
    theirs = Q(owner=member_id) & ~Q(pk__in=leaving)
    return Lead.objects.present().filter(theirs | Q(pk__in=coming))


def _leads(draft: Draft) -> QuerySet[Lead]:
    """With the member, on their way there, or lent by or to them: all who may matter."""
    member = draft.member
    coming = Assignment.objects.pending().filter(to=member).values("lead")
    lent = Hold.objects.standing().filter(Q(origin=member) | Q(to=member))
    return Lead.objects.present().filter(
        Q(owner=member) | Q(pk__in=coming) | Q(pk__in=lent.values("lead"))
    )


def _office(draft: Draft, starts_at: datetime) -> Office:
    there = office_at(starts_at)
    away = there.away | {draft.member.pk}
    ours = CoverageFacts(
        pk=DRAFT,
        member_id=draft.member.pk,
        is_running=True,
        is_over=False,
        scope=Scope(
            is_all=draft.scope == Coverage.Scope.ALL,
            campaigns=frozenset(draft.campaigns),
            categories=frozenset(draft.categories),
        ),
        covers_arrivals=draft.arrivals == Coverage.Arrivals.COVER,
        is_kept=draft.on_return == Coverage.OnReturn.KEEP,
        rotation=rotation_of(draft),
    )
    return replace(
        there,
        away=away,
        free=there.active - away,
        coverages={DRAFT: ours, **there.coverages},
    )


def rotation_of(draft: Draft) -> Rotation:
    candidates = (
        Candidate(
            member_id=one.member.pk,
            share=one.share,
            campaigns=frozenset(one.campaigns),
            categories=frozenset(one.categories),
        )
        for one in draft.coverers
    )
    return Rotation.fresh(candidates, draft.fallback.pk if draft.fallback else None)


def _ended_before(starts_at: datetime) -> set[int]:
    """Coverages that will have given everything back when the draft starts."""
    holding = Coverage.objects.unfinished().filter(
        Q(ends_at__lt=starts_at) | Q(state=Coverage.State.RETURNING)
    )
    return set(holding.values_list("pk", flat=True))


def _by_then(lead: LeadFacts, office: Office, ended: set[int]) -> LeadFacts:
    arrived = _arrived(lead)
    chain = list(arrived.holds)
    while (place := _first_of(chain, ended)) is not None:
        hold = chain[place]
        if _is_kept(hold, office.coverages):
            del chain[place]
            if place:
                chain[place - 1] = replace(chain[place - 1], to_id=hold.to_id)
            continue
        del chain[place:]
        arrived = replace(arrived, owner_id=hold.origin_id)
    return replace(arrived, holds=tuple(chain))


def _arrived(lead: LeadFacts) -> LeadFacts:
    """With its pending change done, if there is one."""
    live = [hold for hold in lead.holds if hold.is_live]
    row = lead.pending
    if row is None or row.to_id is None:
        return replace(lead, pending=None, holds=tuple(live))
    taking = [one for one in lead.holds if not one.is_live and one.move_id == row.pk]
    back = next((n for n, one in enumerate(live) if one.origin_id == row.to_id), None)
    chain = live if back is None else live[:back]
    holds = [*chain, *(replace(hold, is_live=True, to_id=row.to_id) for hold in taking)]
    return replace(lead, owner_id=row.to_id, pending=None, holds=tuple(holds))


def _first_of(chain: Sequence[HoldFacts], ended: set[int]) -> int | None:
    places = (n for n, hold in enumerate(chain) if hold.coverage_id in ended)
    return next(places, None)


def _is_kept(hold: HoldFacts, coverages: Mapping[int, CoverageFacts]) -> bool:
    coverage = coverages.get(hold.coverage_id)
    return coverage is not None and coverage.is_kept


def _wanted(lead: LeadFacts, draft: Draft, office: Office) -> LeadFacts:
    """In the start set, if it matches when the coverage begins (rule 13)."""
    scope = office.coverages[DRAFT].scope
    is_theirs = lead.owner_id == draft.member.pk
    if is_theirs and scope.takes(lead.topic, is_open=lead.is_open):
        return replace(lead, start_sets=lead.start_sets | {DRAFT})
    return lead


def _dealt(lead: LeadFacts, decision: Decision) -> Dealt | None:
    move = decision.move
    if move and move.kind is Kind.START and move.coverage_id == DRAFT:
        return Dealt(lead_id=lead.pk, to=move.to_id, why=move.why)
    if decision.adopts and decision.adopts[0] == DRAFT and lead.owner_id is not None:
        why = "has it already and keeps it"
        return Dealt(lead_id=lead.pk, to=lead.owner_id, why=why, stays=True)
    return None
