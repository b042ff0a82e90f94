"""Write what was decided for the leads of one coverage, in one transaction.

The caller holds the locks: the coverage, then its leads in the order of their map ids.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import F

from assignments.models import Assignment, Coverage, Hold, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services.coverage.decisions import (
    Decision,
    MoveKind,
    PlannedMove,
    Snapshot,
)
from assignments.services.ledger import holds, transitions
from assignments.services.ledger.batch import AutomaticPlan, Proposal, apply_plan

type Decisions = Mapping[int, Decision]
DECIDED_AGAIN = "It was decided again before it was sent."


def apply_decisions(
    coverage: Coverage,
    decisions: Decisions,
    office: Snapshot,
    *,
    at: datetime,
    actor: User | None,
) -> int:
    """Write the decisions, given by lead id; return how many moves wait to be sent.

    In order: plans to forget are cancelled, holds ended or reassigned, holds of adopted
    leads created, one batch of returns and one of starts written with their holds, and
    the coverage's rotation credits saved. Skipped moves do not count. `actor` is None
    for the clock.
    """
    _cancel_plans(decisions, at)
    _end_holds(decisions, at)
    _reassign_holds(decisions)
    _create_adopted_holds(decisions, at)
    moves = {pk: decision.move for pk, decision in decisions.items() if decision.move}
    rows: dict[int, Assignment] = {}
    for kind, cause in CAUSES.items():
        chosen = {pk: move for pk, move in moves.items() if move.kind is kind}
        rows |= _write_batch(coverage, chosen, cause, at=at, actor=actor)
    _create_holds(rows, moves, office, at)
    _link_moves(rows, moves)
    _save_credits(coverage, office)
    return len(rows)


CAUSES = {MoveKind.RETURN: Cause.COVERAGE_RETURN, MoveKind.START: Cause.COVERAGE_START}


def _cancel_plans(decisions: Decisions, at: datetime) -> None:
    rows = [decision.forget for decision in decisions.values() if decision.forget]
    if rows:
        transitions.cancel_waiting(rows, outcome=DECIDED_AGAIN, at=at)


def _end_holds(decisions: Decisions, at: datetime) -> None:
    for outcome in Hold.Outcome:
        ended = [
            pk
            for decision in decisions.values()
            for pk, hold_outcome in decision.ends
            if hold_outcome == outcome
        ]
        if ended:
            Hold.objects.standing().filter(pk__in=ended).update(
                state=Hold.State.ENDED, outcome=outcome, ended_at=at, change_to=None
            )


def _reassign_holds(decisions: Decisions) -> None:
    """Set the new `to` of the holds in `hands_on`, and clear an equal `change_to`."""
    changed = [
        Hold(pk=pk, to_id=to_id)
        for decision in decisions.values()
        for pk, to_id in decision.hands_on
    ]
    Hold.objects.bulk_update(changed, ["to"], batch_size=200)
    changes = Hold.objects.filter(pk__in=[hold.pk for hold in changed])
    changes.filter(change_to=F("to")).update(change_to=None)


def _create_adopted_holds(decisions: Decisions, at: datetime) -> None:
    """Create a live hold, to its present owner, for each lead that a coverage adopts."""
    adopted = {
        pk: decision.adopts for pk, decision in decisions.items() if decision.adopts
    }
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


def _write_batch(
    coverage: Coverage,
    moves: Mapping[int, PlannedMove],
    cause: Cause,
    *,
    at: datetime,
    actor: User | None,
) -> dict[int, Assignment]:
    """Write one batch of rows and have it sent; return its waiting rows by lead id.

    Skipped rows are left out. Without moves nothing is written.
    """
    if not moves:
        return {}
    members = Member.objects.in_bulk({move.to_id for move in moves.values()})
    proposals = tuple(
        Proposal(pk, move.to_id, _reason(coverage, move, members[move.to_id]))
        for pk, move in moves.items()
    )
    plan = AutomaticPlan(
        cause=cause,
        reason=_summary(coverage, cause),
        subject=_subject(coverage, cause),
        proposals=proposals,
    )
    batch = apply_plan(plan, actor=actor, at=at)
    return {row.lead_id: row for row in batch.assignments.filter(state=State.WAITING)}


def _reason(coverage: Coverage, move: PlannedMove, to: Member) -> str:
    if move.kind is MoveKind.RETURN:
        return holds.coverage_return_reason(coverage)
    return holds.coverage_start_reason(coverage, to, move.why)


def _summary(coverage: Coverage, cause: Cause) -> str:
    if cause == Cause.COVERAGE_RETURN:
        return holds.coverage_return_reason(coverage)
    return holds.coverage_start_summary(coverage)


def _subject(coverage: Coverage, cause: Cause) -> str:
    """Return "Ana away", or "Ana back", to begin the name of the batch."""
    is_return = cause == Cause.COVERAGE_RETURN
    return f"{coverage.member} {'back' if is_return else 'away'}"


def _create_holds(
    rows: Mapping[int, Assignment],
    moves: Mapping[int, PlannedMove],
    office: Snapshot,
    at: datetime,
) -> None:
    """Create a planned hold for each of `rows` whose move has `takes_from`, its origin.

    It is an arrival if the lead is in no start set.
    """
    in_start_sets = _leads_in_start_sets(rows, moves)
    Hold.objects.bulk_create(
        [
            Hold(
                coverage_id=moves[pk].coverage_id,
                lead_id=pk,
                origin_id=origin_id,
                to_id=moves[pk].to_id,
                move=row,
                is_arrival=pk not in in_start_sets,
                created_at=at,
            )
            for pk, row in rows.items()
            if (origin_id := moves[pk].takes_from) is not None
        ],
        batch_size=500,
    )


def _leads_in_start_sets(
    rows: Mapping[int, Assignment], moves: Mapping[int, PlannedMove]
) -> set[int]:
    """Return the ids of leads in `rows` in a start set of a coverage of `moves`."""
    coverages = {move.coverage_id for move in moves.values()}
    leads = Lead.objects.filter(
        covered_by__coverage__in=coverages,
        covered_by__is_start_set=True,
    )
    return set(leads.values_list("pk", flat=True)) & set(rows)


def _link_moves(
    rows: Mapping[int, Assignment], moves: Mapping[int, PlannedMove]
) -> None:
    """Set `move` of each hold that a move changes (`hold_id`) to the row of that move."""
    moved = [
        Hold(pk=move.hold_id, move=rows[pk])
        for pk, move in moves.items()
        if pk in rows and move.hold_id is not None
    ]
    Hold.objects.bulk_update(moved, ["move"], batch_size=200)


def _save_credits(coverage: Coverage, office: Snapshot) -> None:
    new_credits = office.coverages[coverage.pk].rotation.credits
    changed = [
        coverer
        for coverer in coverage.coverers.all()
        if new_credits.get(coverer.member_id, coverer.credit) != coverer.credit
    ]
    for coverer in changed:
        coverer.credit = new_credits[coverer.member_id]
        coverer.save(update_fields=["credit"])
