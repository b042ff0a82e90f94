"""Forecast of a draft: what the planner will decide at the moment it starts.

It looks at where each lead will be by then (docs/design/coverage-rules.md, rules 7 and
24): pending changes have come true, and coverages that are over by then have given back
what they held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from assignments.models import Assignment, Coverage, Hold, Lead
from assignments.models.lead import LeadQuerySet
from assignments.services.coverage.decisions import (
    CoverageSnapshot,
    Decision,
    HoldSnapshot,
    LeadSnapshot,
    MoveKind,
    Snapshot,
)
from assignments.services.coverage.drafts import CoverageDraft
from assignments.services.coverage.planner import plan_lead
from assignments.services.coverage.rotation import (
    CoverageRotation,
    CoverageScope,
    LeadTopic,
    RotationCandidate,
)
from assignments.services.coverage.snapshot import lead_snapshots, take_snapshot
from assignments.services.sight import Sight

DRAFT_ID = 0  # in the place of the id of a coverage that is not saved
LEAD_COLUMNS = ("owner", "campaign", "category__is_closing", "last_reply_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLead:
    """A lead and the member who would cover it.

    `stays`: they own it already, so that it needs no call and no note.
    """

    lead_id: int
    to: int
    why: str
    topic: LeadTopic
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The leads that would be covered, and the ids of those that find nobody free."""

    dealt: Sequence[ForecastLead]
    unplaced_ids: Sequence[int]

    @property
    def unplaced(self) -> int:
        return len(self.unplaced_ids)

    @property
    def moves(self) -> int:
        return sum(not lead.stays for lead in self.dealt)

    def seen_with(self, sight: Sight) -> "Forecast":
        """Return the forecast of the leads that are seen."""
        if sight.sees_all:
            return self
        ids = [*(lead.lead_id for lead in self.dealt), *self.unplaced_ids]
        leads = Lead.objects.filter(sight.leads(), pk__in=ids).order_by()
        seen = set(leads.values_list("pk", flat=True))
        return Forecast(
            dealt=[lead for lead in self.dealt if lead.lead_id in seen],
            unplaced_ids=[pk for pk in self.unplaced_ids if pk in seen],
        )


def forecast(draft: CoverageDraft, starts_at: datetime) -> Forecast:
    """Return what would happen to each lead if the draft started at `starts_at`.

    Leads are planned in the order of map ids, each as it will be by then; nothing is
    written. `dealt` holds those the draft would move or adopt, `unplaced` counts those
    nobody is free for; leads that it leaves alone appear nowhere.
    """
    office = _snapshot(draft, starts_at)
    ended = _ended_before(starts_at)
    covered: list[ForecastLead] = []
    unplaced: list[int] = []
    for lead in lead_snapshots(_leads(draft).only(*LEAD_COLUMNS)):
        at_start = _in_start_set(_lead_at_start(lead, office, ended), draft, office)
        decision = plan_lead(at_start, office)
        if decision.unplaced == DRAFT_ID:
            unplaced.append(lead.pk)
        if dealt := _covered_lead(at_start, decision):
            covered.append(dealt)
    return Forecast(dealt=covered, unplaced_ids=unplaced)


def owned_or_arriving_leads(member_id: int) -> LeadQuerySet:
    """Return present leads that will be the member's once all pending changes are done.

    Those are owned ones without a pending row to another or nobody, and ones with a
    pending row to the member (id).
    """
    pending = Assignment.objects.pending()
    leaving = pending.exclude(to=member_id).values("lead")
    coming = pending.filter(to=member_id).values("lead")
    theirs = Q(owner=member_id) & ~Q(pk__in=leaving)
    return Lead.objects.present().filter(theirs | Q(pk__in=coming))


def _leads(draft: CoverageDraft) -> QuerySet[Lead]:
    """Return the present leads that the draft may touch.

    Those its member owns, is to get by a pending row, or has in a standing hold as
    origin or `to`.
    """
    member = draft.member
    coming = Assignment.objects.pending().filter(to=member).values("lead")
    lent = Hold.objects.standing().filter(Q(origin=member) | Q(to=member))
    return Lead.objects.present().filter(
        Q(owner=member) | Q(pk__in=coming) | Q(pk__in=lent.values("lead"))
    )


def _snapshot(draft: CoverageDraft, starts_at: datetime) -> Snapshot:
    snapshot = take_snapshot(starts_at)
    away = snapshot.away | {draft.member.pk}
    draft_facts = CoverageSnapshot(
        pk=DRAFT_ID,
        member_id=draft.member.pk,
        is_running=True,
        is_over=False,
        scope=CoverageScope(
            is_all=draft.scope == Coverage.Scope.ALL,
            campaigns=frozenset(draft.campaigns),
            categories=frozenset(draft.categories),
        ),
        covers_arrivals=draft.arrivals == Coverage.Arrivals.COVER,
        is_kept=draft.on_return == Coverage.OnReturn.KEEP,
        rotation=rotation_from_draft(draft),
    )
    return replace(
        snapshot,
        away=away,
        free=snapshot.active - away,
        coverages={DRAFT_ID: draft_facts, **snapshot.coverages},
    )


def rotation_from_draft(draft: CoverageDraft) -> CoverageRotation:
    """Return a rotation of the draft's coverers and fallback, without credits."""
    candidates = (
        RotationCandidate(
            member_id=coverer.member.pk,
            share=coverer.share,
            campaigns=frozenset(coverer.campaigns),
            categories=frozenset(coverer.categories),
        )
        for coverer in draft.coverers
    )
    return CoverageRotation.fresh(
        candidates, draft.fallback.pk if draft.fallback else None
    )


def _ended_before(starts_at: datetime) -> set[int]:
    """Return the ids of coverages that end before `starts_at` or are returning.

    Completed and cancelled ones are left out.
    """
    ended = Coverage.objects.unfinished().filter(
        Q(ends_at__lt=starts_at) | Q(state=Coverage.State.RETURNING)
    )
    return set(ended.values_list("pk", flat=True))


def _lead_at_start(
    lead: LeadSnapshot, office: Snapshot, ended: set[int]
) -> LeadSnapshot:
    """Return the lead as it will be when the draft starts.

    Its pending assignment is done. Each hold of a coverage in `ended` is removed,
    lowest first: a kept one passes its `to` to the hold beneath; another gives the lead
    to its origin and removes the holds above.
    """
    arrived = _with_pending_done(lead)
    chain = list(arrived.holds)
    while (index := _lowest_ended(chain, ended)) is not None:
        hold = chain[index]
        if _is_kept(hold, office.coverages):
            del chain[index]
            if index:
                chain[index - 1] = replace(chain[index - 1], to_id=hold.to_id)
            continue
        del chain[index:]
        arrived = replace(arrived, owner_id=hold.origin_id)
    return replace(arrived, holds=tuple(chain))


def _with_pending_done(lead: LeadSnapshot) -> LeadSnapshot:
    """Return the lead as it will be once its pending assignment is done.

    Planned holds of that row become live, others go; if the receiver is the origin of a
    live hold, that hold and those above go. Without a pending row, or with one to
    nobody, the owner stays and only the planned holds go.
    """
    live = [hold for hold in lead.holds if hold.is_live]
    row = lead.pending
    if row is None or row.to_id is None:
        return replace(lead, pending=None, holds=tuple(live))
    taking = [
        hold for hold in lead.holds if not hold.is_live and hold.move_id == row.pk
    ]
    return_index = next(
        (index for index, hold in enumerate(live) if hold.origin_id == row.to_id), None
    )
    chain = live if return_index is None else live[:return_index]
    holds = [*chain, *(replace(hold, is_live=True, to_id=row.to_id) for hold in taking)]
    return replace(lead, owner_id=row.to_id, pending=None, holds=tuple(holds))


def _lowest_ended(chain: Sequence[HoldSnapshot], ended: set[int]) -> int | None:
    """Return the index of the first hold of a coverage in `ended`, or None."""
    indexes = (index for index, hold in enumerate(chain) if hold.coverage_id in ended)
    return next(indexes, None)


def _is_kept(hold: HoldSnapshot, coverages: Mapping[int, CoverageSnapshot]) -> bool:
    coverage = coverages.get(hold.coverage_id)
    return coverage is not None and coverage.is_kept


def _in_start_set(
    lead: LeadSnapshot, draft: CoverageDraft, office: Snapshot
) -> LeadSnapshot:
    """Return the lead with DRAFT_ID in its start sets if it matches, else unchanged.

    It matches if the draft's member owns it and the draft's scope takes it. See
    docs/design/coverage-rules.md, rule 13.
    """
    scope = office.coverages[DRAFT_ID].scope
    is_theirs = lead.owner_id == draft.member.pk
    if is_theirs and scope.takes(lead.topic, is_open=lead.is_open):
        return replace(lead, start_sets=lead.start_sets | {DRAFT_ID})
    return lead


def _covered_lead(lead: LeadSnapshot, decision: Decision) -> ForecastLead | None:
    """Return the lead with who covers it for the draft, or None if nobody does.

    That is the receiver of a start for the draft, or the present owner (`stays`) if the
    draft adopts the lead.
    """
    move = decision.move
    if move and move.kind is MoveKind.START and move.coverage_id == DRAFT_ID:
        return ForecastLead(
            lead_id=lead.pk, to=move.to_id, why=move.why, topic=lead.topic
        )
    if decision.adopts and decision.adopts[0] == DRAFT_ID and lead.owner_id is not None:
        why = "has it already and keeps it"
        return ForecastLead(
            lead_id=lead.pk, to=lead.owner_id, why=why, topic=lead.topic, stays=True
        )
    return None
