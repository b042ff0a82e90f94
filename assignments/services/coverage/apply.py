"""Carrying out what was decided for the leads of one coverage, in one transaction.

The caller holds the locks: the coverage, then its leads in order.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import F

from assignments.models import Assignment, Coverage, Hold, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services.coverage.decisions import Decision, Kind, Move, Office
from assignments.services.ledger import holds, transitions
from assignments.services.ledger.batch import Plan, Proposal, apply_plan

type Decisions = Mapping[int, Decision]
FORGOTTEN = "It was decided again before it was sent."


def carry_out(
    coverage: Coverage,
    decisions: Decisions,
    office: Office,
    *,
    at: datetime,
    actor: User | None,
) -> int:
    """Write plans, holds and the rotation; returns how many leads are to move."""
    _forget(decisions, at)
    _end(decisions, at)
    _hand_on(decisions)
    _adopt(decisions, at)
    moves = {pk: one.move for pk, one in decisions.items() if one.move}
    rows: dict[int, Assignment] = {}
    for kind, cause in CAUSES.items():
        chosen = {pk: move for pk, move in moves.items() if move.kind is kind}
        rows |= _apply(coverage, chosen, cause, at=at, actor=actor)
    _take(rows, moves, office, at)
    _point_holds(rows, moves)
    _save_rotation(coverage, office)
    return len(rows)


CAUSES = {Kind.RETURN: Cause.COVERAGE_RETURN, Kind.START: Cause.COVERAGE_START}


def _forget(decisions: Decisions, at: datetime) -> None:
    rows = [one.forget for one in decisions.values() if one.forget]
    if rows:
        transitions.cancel_waiting(rows, outcome=FORGOTTEN, at=at)


def _end(decisions: Decisions, at: datetime) -> None:
    for outcome in Hold.Outcome:
        ended = [
            pk
            for one in decisions.values()
            for pk, found in one.ends
            if found == outcome
        ]
        if ended:
            Hold.objects.standing().filter(pk__in=ended).update(
                state=Hold.State.ENDED, outcome=outcome, ended_at=at, change_to=None
            )


def _hand_on(decisions: Decisions) -> None:
    """Lent to whoever has it now: to a keeper, or to a new coverer who had it on loan."""
    changed = [
        Hold(pk=pk, to_id=to_id)
        for one in decisions.values()
        for pk, to_id in one.hands_on
    ]
    Hold.objects.bulk_update(changed, ["to"], batch_size=200)
    changes = Hold.objects.filter(pk__in=[hold.pk for hold in changed])
    changes.filter(change_to=F("to")).update(change_to=None)


def _adopt(decisions: Decisions, at: datetime) -> None:
    """Carried over, and the present holder keeps it: a hold without a move."""
    adopted = {pk: one.adopts for pk, one in decisions.items() if one.adopts}
    owners = dict(Lead.objects.filter(pk__in=adopted).values_list("pk", "owner"))
    Hold.objects.bulk_create(
        [
            Hold(
                coverage_id=coverage_id,
                lead_id=pk,
                origin_id=origin_id,
                to_id=owners[pk],
                state=Hold.State.LIVE,
                created_at=at,
                taken_at=at,
            )
            for pk, (coverage_id, origin_id) in adopted.items()
        ],
        batch_size=500,
    )


def _apply(
    coverage: Coverage,
    moves: Mapping[int, Move],
    cause: Cause,
    *,
    at: datetime,
    actor: User | None,
) -> dict[int, Assignment]:
    """One batch. Returns the rows that wait now, by lead."""
    if not moves:
        return {}
    members = Member.objects.in_bulk({move.to_id for move in moves.values()})
    proposals = tuple(
        Proposal(pk, move.to_id, _reason(coverage, move, members[move.to_id]))
        for pk, move in moves.items()
    )
    plan = Plan(cause=cause, reason=_summary(coverage, cause), proposals=proposals)
    batch = apply_plan(plan, actor=actor, at=at)
    return {row.lead_id: row for row in batch.assignments.filter(state=State.WAITING)}


def _reason(coverage: Coverage, move: Move, to: Member) -> str:
    if move.kind is Kind.RETURN:
        return holds.return_reason(coverage)
    return holds.start_reason(coverage, to, move.why)


def _summary(coverage: Coverage, cause: Cause) -> str:
    if cause == Cause.COVERAGE_RETURN:
        return holds.return_reason(coverage)
    return holds.summary(coverage)


def _take(
    rows: Mapping[int, Assignment],
    moves: Mapping[int, Move],
    office: Office,
    at: datetime,
) -> None:
    """A new hold for each lead that a coverage takes; live once its move came true."""
    starts = _start_sets(rows, moves)
    Hold.objects.bulk_create(
        [
            Hold(
                coverage_id=moves[pk].coverage_id,
                lead_id=pk,
                origin_id=origin_id,
                to_id=moves[pk].to_id,
                move=row,
                is_arrival=pk not in starts,
                created_at=at,
            )
            for pk, row in rows.items()
            if (origin_id := moves[pk].takes_from) is not None
        ],
        batch_size=500,
    )


def _start_sets(rows: Mapping[int, Assignment], moves: Mapping[int, Move]) -> set[int]:
    coverages = {move.coverage_id for move in moves.values()}
    found = Lead.objects.filter(
        covered_by__coverage__in=coverages,
        covered_by__is_start_set=True,
    )
    return set(found.values_list("pk", flat=True)) & set(rows)


def _point_holds(rows: Mapping[int, Assignment], moves: Mapping[int, Move]) -> None:
    """Holds that the moves change wait for their end."""
    moved = [
        Hold(pk=move.hold_id, move=rows[pk])
        for pk, move in moves.items()
        if pk in rows and move.hold_id is not None
    ]
    Hold.objects.bulk_update(moved, ["move"], batch_size=200)


def _save_rotation(coverage: Coverage, office: Office) -> None:
    owed = office.coverages[coverage.pk].rotation.credits
    changed = [
        coverer
        for coverer in coverage.coverers.all()
        if owed.get(coverer.member_id, coverer.credit) != coverer.credit
    ]
    for coverer in changed:
        coverer.credit = owed[coverer.member_id]
        coverer.save(update_fields=["credit"])
