"""Starts, arrivals and ends of coverages: first their states, then their leads.

Leads are decided twice: unlocked, to find those that need something, then once more
with those locked. Only what still holds is written (docs/design/coverage-rules.md, rule 3).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from assignments.models import Coverage, Lead, User
from assignments.services.coverage import lifecycle
from assignments.services.coverage.apply import apply_decisions
from assignments.services.coverage.decisions import Decision, Snapshot
from assignments.services.coverage.planner import plan_lead
from assignments.services.coverage.snapshot import (
    lead_snapshots,
    leads_to_decide,
    take_snapshot,
)
from assignments.services.isolation import run_isolated
from assignments.services.ledger import preconditions

type Decisions = dict[int, Decision]


@dataclass(slots=True)
class CoverageTickReport:
    """The results of a tick: moves planned, leads not placed, coverages that failed."""

    moves: int = 0
    unplaced: int = 0
    failed: int = 0

    def __str__(self) -> str:
        text = f"{self.moves} leads of coverages planned, {self.unplaced} not placed"
        return f"{text}, {self.failed} coverages failed." if self.failed else f"{text}."


def tick(at: datetime) -> CoverageTickReport:
    """Bring all coverages up to date; return the numbers of moves, unplaced and failed.

    Missed or repeated ticks do no harm. The time is `at`, or that of the last tick if
    later. Due states are advanced, all leads planned, coverages finished, the tick
    recorded. A coverage that raises is logged, gets `failed_at` and counts as failed;
    the others go on.
    """
    at = preconditions.coverage_time(at)
    report = CoverageTickReport()
    for coverage_id in lifecycle.due_coverages(at):
        _run(partial(_advance, coverage_id, at), coverage_id, at, report)
    decisions = _decide_unlocked(at)
    for acting, leads in _by_coverage(decisions).items():
        _run(partial(_plan_locked, acting, leads, at), acting, at, report)
    unfinished = Coverage.objects.unfinished().values_list("pk", flat=True)
    report.unplaced = _count_unplaced(unfinished, decisions)
    lifecycle.finish_coverages(at)
    preconditions.record_tick(at)
    return report


@transaction.atomic
def plan_coverage(
    coverage: Coverage, at: datetime, *, actor: User | None = None
) -> None:
    """Do for one coverage what a tick does for all, and reload `coverage` in place.

    All in one transaction: exceptions are raised, and no tick is recorded. `actor` is
    stored on the batches.
    """
    at = preconditions.coverage_time(at)
    lifecycle.advance_state(coverage.pk, at)
    decisions = _decide_unlocked(at, coverage.pk)
    if leads := _by_coverage(decisions).get(coverage.pk):
        _plan_locked(coverage.pk, leads, at, actor)
    _count_unplaced([coverage.pk], decisions)
    lifecycle.finish_coverage(coverage.pk, at)
    coverage.refresh_from_db()


def _run(
    act: Callable[[], int], coverage_id: int, at: datetime, report: CoverageTickReport
) -> None:
    """Run `act` and add the number of moves that it returns to `report.moves`.

    If it raises, that is logged, `report.failed` grows and the coverage's `failed_at`
    is set to `at`; else `failed_at` is cleared.
    """
    moves = run_isolated(act, None, "Coverage %s could not be planned", coverage_id)
    coverage = Coverage.objects.filter(pk=coverage_id)
    if moves is None:
        report.failed += 1
        coverage.update(failed_at=at)
    else:
        report.moves += moves
        coverage.filter(failed_at__isnull=False).update(failed_at=None)


def _advance(coverage_id: int, at: datetime) -> int:
    lifecycle.advance_state(coverage_id, at)
    return 0


def _decide_unlocked(at: datetime, coverage_id: int | None = None) -> Decisions:
    """Return the decision about each lead to decide, by lead id, without locks.

    With `coverage_id` only about leads of that coverage.
    """
    office = take_snapshot(at)
    leads = leads_to_decide(office, coverage_id=coverage_id)
    return {lead.pk: plan_lead(lead, office) for lead in lead_snapshots(leads)}


def _by_coverage(decisions: Decisions) -> dict[int, list[int]]:
    """Return the ids of leads for which something is to be written, by acting coverage.

    Decisions without one are left out.
    """
    leads: dict[int, list[int]] = {}
    for pk, decision in decisions.items():
        if decision.acting is not None and not decision.is_nothing:
            leads.setdefault(decision.acting, []).append(pk)
    return leads


@transaction.atomic
def _plan_locked(
    coverage_id: int, ids: list[int], at: datetime, actor: User | None = None
) -> int:
    """Decide again about the leads (ids) under locks; return the number of moves.

    What this coverage is to do is written; 0 if nothing is left to do.
    """
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member").get(pk=coverage_id)
    leads = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    list(leads.order_by("map_id").values_list("pk", flat=True))
    office: Snapshot = take_snapshot(at)
    decisions = {
        lead.pk: decision
        for lead in lead_snapshots(Lead.objects.present().filter(pk__in=ids))
        if (decision := plan_lead(lead, office)).acting == coverage_id
        and not decision.is_nothing
    }
    if not decisions:
        return 0  # all was done, or no longer needed, before we had the locks
    return apply_decisions(coverage, decisions, office, at=at, actor=actor)


def _count_unplaced(coverages: Iterable[int], decisions: Decisions) -> int:
    """Save how many leads found nobody free, for each of the coverages (ids), 0 too.

    Return the number over all decisions.
    """
    counts = Counter(
        decision.unplaced for decision in decisions.values() if decision.unplaced
    )
    for pk in list(coverages):
        Coverage.objects.filter(pk=pk).exclude(unplaced=counts[pk]).update(
            unplaced=counts[pk]
        )
    return counts.total()
