"""Starts, sweeps and ends: the states first, then lead by lead (coverage rules, 3).

Decisions are made twice: unlocked, to see which leads there is something to do about,
then once more with those leads locked. Only what still holds is carried out.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from assignments.models import Coverage, Lead, User
from assignments.services.coverage import lifecycle
from assignments.services.coverage.apply import carry_out
from assignments.services.coverage.decisions import Decision, Office
from assignments.services.coverage.planner import decide
from assignments.services.coverage.snapshot import facts_of, leads_at, office_at
from assignments.services.isolation import run_isolated
from assignments.services.ledger import clock_reading

type Decisions = dict[int, Decision]


@dataclass(slots=True)
class Report:
    """What a tick did."""

    moves: int = 0
    unplaced: int = 0
    failed: int = 0

    def __str__(self) -> str:
        text = f"{self.moves} leads of coverages planned, {self.unplaced} not placed"
        return f"{text}, {self.failed} coverages failed." if self.failed else f"{text}."


def tick(at: datetime) -> Report:
    """All coverages, as of now: late, doubled and missed ticks come to the same."""
    at = clock_reading.latest(at)
    report = Report()
    for coverage_id in lifecycle.due(at):
        _run(partial(_advance, coverage_id, at), coverage_id, at, report)
    found = _look(at)
    for acting, leads in _by_coverage(found).items():
        _run(partial(_plan, acting, leads, at), acting, at, report)
    every = Coverage.objects.unfinished().values_list("pk", flat=True)
    report.unplaced = _count_unplaced(every, found)
    lifecycle.finish_all(at)
    clock_reading.advance(at)
    return report


@transaction.atomic
def plan_now(coverage: Coverage, at: datetime, *, actor: User | None = None) -> None:
    """What a tick would do, for this one coverage."""
    at = clock_reading.latest(at)
    lifecycle.advance(coverage.pk, at)
    found = _look(at, coverage.pk)
    if leads := _by_coverage(found).get(coverage.pk):
        _plan(coverage.pk, leads, at, actor)
    _count_unplaced([coverage.pk], found)
    lifecycle.finish(coverage.pk, at)
    coverage.refresh_from_db()


def _run(
    act: Callable[[], int], coverage_id: int, at: datetime, report: Report
) -> None:
    """Run `act`, which returns a number of moves, and add its result to `report`.

    If it raises, that is logged and `failed_at` of the coverage set, else cleared.
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
    lifecycle.advance(coverage_id, at)
    return 0


def _look(at: datetime, coverage_id: int | None = None) -> Decisions:
    """Decide without locks: most leads need nothing."""
    office = office_at(at)
    leads = leads_at(office, coverage_id=coverage_id)
    return {lead.pk: decide(lead, office) for lead in facts_of(leads)}


def _by_coverage(found: Decisions) -> dict[int, list[int]]:
    """The leads to act on, under the coverage that acts."""
    leads: dict[int, list[int]] = {}
    for pk, decision in found.items():
        if decision.acting is not None and not decision.is_nothing:
            leads.setdefault(decision.acting, []).append(pk)
    return leads


@transaction.atomic
def _plan(
    coverage_id: int, ids: list[int], at: datetime, actor: User | None = None
) -> int:
    """Look again with the leads locked, and carry out what is still this coverage's."""
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member").get(pk=coverage_id)
    leads = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    list(leads.order_by("map_id").values_list("pk", flat=True))
    office: Office = office_at(at)
    decisions = {
        lead.pk: decision
        for lead in facts_of(Lead.objects.present().filter(pk__in=ids))
        if (decision := decide(lead, office)).acting == coverage_id
        and not decision.is_nothing
    }
    if not decisions:
        return 0  # it all came true, or to nothing, before we had the leads
    return carry_out(coverage, decisions, office, at=at, actor=actor)


def _count_unplaced(coverages: Iterable[int], found: Decisions) -> int:
    """Leads that nobody was free to take: shown until somebody is."""
    counts = Counter(one.unplaced for one in found.values() if one.unplaced)
    for pk in list(coverages):
        Coverage.objects.filter(pk=pk).exclude(unplaced=counts[pk]).update(
            unplaced=counts[pk]
        )
    return counts.total()
