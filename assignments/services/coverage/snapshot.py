"""Reads everything that leads are planned from, with a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from assignments.models import (
    Assignment,
    Coverage,
    CoveredLead,
    CoveringMember,
    Hold,
    Lead,
)
from assignments.models.assignment import Cause, State
from assignments.services.access import active_members
from assignments.services.coverage.decisions import (
    CoverageSnapshot,
    HoldSnapshot,
    LeadSnapshot,
    MoveKind,
    PendingChange,
    Snapshot,
)
from assignments.services.coverage.rotation import (
    CoverageRotation,
    CoverageScope,
    RotationCandidate,
    is_open_lead,
    topic_of,
)

BEGUN = (Coverage.State.STARTING, Coverage.State.ACTIVE)


def take_snapshot(at: datetime) -> Snapshot:
    """Return the ids of members active, away and free (active, not away) at `at`.

    `coverages` are the starting and active ones and all with a standing hold, by id.
    """
    standing = Hold.objects.standing().filter(coverage=OuterRef("pk"))
    rows = Coverage.objects.filter(Q(state__in=BEGUN) | Exists(standing))
    coverages = rows.prefetch_related(
        "campaigns", "categories", "coverers__campaigns", "coverers__categories"
    )
    active = frozenset(active_members().values_list("pk", flat=True))
    away = frozenset(Coverage.objects.away_at(at).values_list("member", flat=True))
    return Snapshot(
        active=active,
        away=away,
        free=active - away,
        coverages={
            coverage.pk: _coverage_facts(coverage, at) for coverage in coverages
        },
    )


def leads_to_decide(
    office: Snapshot, *, coverage_id: int | None = None
) -> QuerySet[Lead]:
    """Return the present leads that may need a decision.

    Those are the leads owned by members with a running coverage, and those with
    standing holds; with `coverage_id` only by this coverage.
    """
    running = [
        coverage.member_id
        for coverage in office.coverages.values()
        if coverage.is_running and coverage_id in {None, coverage.pk}
    ]
    held = Hold.objects.standing()
    if coverage_id is not None:
        held = held.filter(coverage=coverage_id)
    return Lead.objects.present().filter(
        Q(owner__in=running) | Q(pk__in=held.values("lead"))
    )


def lead_snapshots(leads: QuerySet[Lead]) -> list[LeadSnapshot]:
    """Return these leads as snapshots, in the order of their map ids.

    Standing holds come oldest first; completed and cancelled coverages are left out of
    `start_sets` and `pins`.
    """
    rows = list(leads.select_related("category").order_by("map_id"))
    ids = Lead.objects.filter(pk__in=leads.order_by().values("pk")).values("pk")
    pending = _pending_by_lead(ids)
    holds = _holds_by_lead(ids)
    starts, pins = _starts_and_pins(ids)
    return [
        LeadSnapshot(
            pk=lead.pk,
            owner_id=lead.owner_id,
            topic=topic_of(lead),
            is_open=is_open_lead(lead),
            pending=pending.get(lead.pk),
            holds=tuple(holds[lead.pk]),
            start_sets=frozenset(starts[lead.pk]),
            pins=frozenset(pins[lead.pk]),
        )
        for lead in rows
    ]


def rotation_from_coverers(
    coverers: Iterable[CoveringMember], fallback_id: int | None
) -> CoverageRotation:
    """Return the rotation of coverers not replaced, in order, with saved credits.

    Their campaigns and categories are best prefetched.
    """
    present = [coverer for coverer in coverers if coverer.replaced_at is None]
    candidates = tuple(
        RotationCandidate(
            member_id=coverer.member_id,
            share=coverer.share,
            campaigns=frozenset(campaign.pk for campaign in coverer.campaigns.all()),
            categories=frozenset(category.pk for category in coverer.categories.all()),
        )
        for coverer in present
    )
    credit = {coverer.member_id: coverer.credit for coverer in present}
    return CoverageRotation(candidates, fallback_id, credit)


def _coverage_facts(row: Coverage, at: datetime) -> CoverageSnapshot:
    is_running = row.state in BEGUN and at < row.ends_at
    return CoverageSnapshot(
        pk=row.pk,
        member_id=row.member_id,
        is_running=is_running,
        is_over=row.is_over or (row.state in BEGUN and not is_running),
        scope=CoverageScope.of(row),
        covers_arrivals=row.arrivals == Coverage.Arrivals.COVER,
        is_kept=row.on_return == Coverage.OnReturn.KEEP,
        rotation=rotation_from_coverers(row.coverers.all(), row.fallback_id),
    )


type LeadIds = QuerySet[Lead, Any]


def _pending_by_lead(ids: LeadIds) -> dict[int, PendingChange]:
    """Return the newest pending row of each lead that has one, by lead id.

    It is a plan if it is the lead's only one, waits, and a coverage made it in a batch.
    """
    rows = Assignment.objects.pending().filter(lead__in=ids).order_by("pk")
    pending: dict[int, PendingChange] = {}
    for row in rows.only("lead", "to", "state", "cause", "batch"):
        is_plan = (
            row.lead_id not in pending
            and row.state == State.WAITING
            and row.is_of_coverage
            and row.is_plan
        )
        pending[row.lead_id] = PendingChange(
            pk=row.pk, to_id=row.to_id, is_plan=is_plan
        )
    return pending


def _holds_by_lead(ids: LeadIds) -> dict[int, list[HoldSnapshot]]:
    holds: dict[int, list[HoldSnapshot]] = defaultdict(list)
    rows = Hold.objects.standing().filter(lead__in=ids)
    for hold in rows.select_related("move", "coverage").order_by("pk"):
        holds[hold.lead_id].append(
            HoldSnapshot(
                pk=hold.pk,
                coverage_id=hold.coverage_id,
                origin_id=hold.origin_id,
                to_id=hold.to_id,
                is_live=hold.state == Hold.State.LIVE,
                move_id=hold.move_id,
                refused=_refused_kind(hold),
                change_to=hold.change_to_id,
            )
        )
    return holds


def _refused_kind(hold: Hold) -> MoveKind | None:
    """Return START or RETURN, by cause, if the hold's move was refused; else None.

    None too for a return that a person asked for before the coverage was returning
    (docs/design/coverage-rules.md, rule 14).
    """
    move, returning_at = hold.move, hold.coverage.returning_at
    if move is None or move.state != State.REFUSED:
        return None
    if move.cause != Cause.COVERAGE_RETURN:
        return MoveKind.START
    is_early = returning_at is None or move.created_at < returning_at
    return None if is_early and not move.is_plan else MoveKind.RETURN


def _starts_and_pins(
    ids: LeadIds,
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Return two dicts of sets of coverage ids by lead id: start sets, then pins.

    Start sets are of coverages that took the lead at their start, pins of those it is
    kept out of. Completed and cancelled coverages are left out; a lead without any
    reads as an empty set.
    """
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
