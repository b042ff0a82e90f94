"""The facts from which leads are decided, read with a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from assignments.models import (
    Assignment,
    Coverage,
    CoveredLead,
    Coverer,
    Hold,
    Lead,
    Member,
)
from assignments.models.assignment import Cause, State
from assignments.services.coverage.decisions import (
    CoverageFacts,
    HoldFacts,
    Kind,
    LeadFacts,
    Office,
    Waiting,
)
from assignments.services.coverage.rotation import (
    Candidate,
    Rotation,
    Scope,
    is_open,
    topic_of,
)

BEGUN = (Coverage.State.STARTING, Coverage.State.ACTIVE)


def office_at(at: datetime) -> Office:
    """Who is away and who is free at this moment, and every coverage that matters."""
    standing = Hold.objects.standing().filter(coverage=OuterRef("pk"))
    rows = Coverage.objects.filter(Q(state__in=BEGUN) | Exists(standing))
    found = rows.prefetch_related(
        "campaigns", "categories", "coverers__campaigns", "coverers__categories"
    )
    active = frozenset(
        Member.objects.filter(is_active=True).values_list("pk", flat=True)
    )
    away = frozenset(Coverage.objects.away_at(at).values_list("member", flat=True))
    return Office(
        active=active,
        away=away,
        free=active - away,
        coverages={one.pk: _coverage(one, at) for one in found},
    )


def leads_at(office: Office, *, coverage_id: int | None = None) -> QuerySet[Lead]:
    """Leads that there may be something to decide about; of one coverage, or of all."""
    running = [
        one.member_id
        for one in office.coverages.values()
        if one.is_running and coverage_id in {None, one.pk}
    ]
    held = Hold.objects.standing()
    if coverage_id is not None:
        held = held.filter(coverage=coverage_id)
    return Lead.objects.present().filter(
        Q(owner__in=running) | Q(pk__in=held.values("lead"))
    )


def facts_of(leads: QuerySet[Lead]) -> list[LeadFacts]:
    """In the order of their map ids. The leads come as they are locked, or not."""
    found = list(leads.select_related("category").order_by("map_id"))
    ids = Lead.objects.filter(pk__in=leads.order_by().values("pk")).values("pk")
    pending = _pending(ids)
    holds = _holds(ids)
    starts, pins = _covered(ids)
    return [
        LeadFacts(
            pk=lead.pk,
            owner_id=lead.owner_id,
            topic=topic_of(lead),
            is_open=is_open(lead),
            pending=pending.get(lead.pk),
            holds=tuple(holds[lead.pk]),
            start_sets=frozenset(starts[lead.pk]),
            pins=frozenset(pins[lead.pk]),
        )
        for lead in found
    ]


def rotation_of(coverers: Iterable[Coverer], fallback_id: int | None) -> Rotation:
    """Reads the prefetched campaigns and categories of those who still cover."""
    there = [one for one in coverers if one.replaced_at is None]
    candidates = tuple(
        Candidate(
            member_id=one.member_id,
            share=one.share,
            campaigns=frozenset(campaign.pk for campaign in one.campaigns.all()),
            categories=frozenset(category.pk for category in one.categories.all()),
        )
        for one in there
    )
    credit = {one.member_id: one.credit for one in there}
    return Rotation(candidates, fallback_id, credit)


def _coverage(row: Coverage, at: datetime) -> CoverageFacts:
    is_running = row.state in BEGUN and at < row.ends_at
    return CoverageFacts(
        pk=row.pk,
        member_id=row.member_id,
        is_running=is_running,
        is_over=row.is_over or (row.state in BEGUN and not is_running),
        scope=Scope.of(row),
        covers_arrivals=row.arrivals == Coverage.Arrivals.COVER,
        is_kept=row.on_return == Coverage.OnReturn.KEEP,
        rotation=rotation_of(row.coverers.all(), row.fallback_id),
    )


type Ids = QuerySet[Lead, Any]


def _pending(ids: Ids) -> dict[int, Waiting]:
    """The newest pending row of each lead; one that is sent is nobody's to rethink."""
    rows = Assignment.objects.pending().filter(lead__in=ids).order_by("pk")
    found: dict[int, Waiting] = {}
    for row in rows.only("lead", "to", "state", "cause", "batch"):
        is_plan = (
            row.lead_id not in found
            and row.state == State.WAITING
            and row.is_of_coverage
            and row.is_plan
        )
        found[row.lead_id] = Waiting(pk=row.pk, to_id=row.to_id, is_plan=is_plan)
    return found


def _holds(ids: Ids) -> dict[int, list[HoldFacts]]:
    found: dict[int, list[HoldFacts]] = defaultdict(list)
    rows = Hold.objects.standing().filter(lead__in=ids)
    for hold in rows.select_related("move", "coverage").order_by("pk"):
        found[hold.lead_id].append(
            HoldFacts(
                pk=hold.pk,
                coverage_id=hold.coverage_id,
                origin_id=hold.origin_id,
                to_id=hold.to_id,
                is_live=hold.state == Hold.State.LIVE,
                move_id=hold.move_id,
                refused=_refused(hold),
                change_to=hold.change_to_id,
            )
        )
    return found


def _refused(hold: Hold) -> Kind | None:
    """As what its last move was refused.

    What a person handed back before the end counts as if nobody had asked (rule 14).
    """
    move, over_at = hold.move, hold.coverage.returning_at
    if move is None or move.state != State.REFUSED:
        return None
    if move.cause != Cause.COVERAGE_RETURN:
        return Kind.START
    is_early = over_at is None or move.created_at < over_at
    return None if is_early and not move.is_plan else Kind.RETURN


def _covered(
    ids: Ids,
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    starts: dict[int, set[int]] = defaultdict(set)
    pins: dict[int, set[int]] = defaultdict(set)
    rows = CoveredLead.objects.filter(lead__in=ids).exclude(
        coverage__state__in=(Coverage.State.COMPLETED, Coverage.State.CANCELLED)
    )
    for covered in rows:
        if covered.is_start_set:
            starts[covered.lead_id].add(covered.coverage_id)
        if covered.pinned_at:
            pins[covered.lead_id].add(covered.coverage_id)
    return starts, pins
