"""Leads before holds, and nobody waits for a coverage with a lead in hand.

On PostgreSQL only: SQLite has one writer at a time by nature.
"""

import pytest
from django.db import connection, transaction

from assignments.models import Coverage, Hold
from assignments.models.assignment import Cause, State
from assignments.services.coverage import actions, tick
from assignments.services.coverage.drafts import draft_from
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger import holds
from assignments.services.ledger.ownership import record_owner_write
from assignments.services.ledger.transitions import finalize
from tests.assignments.services.coverage.scenario import DAY, HOUR, plan
from tests.assignments.services.test_locks import A_MOMENT, in_a_thread, while_locked
from tests.factories import (
    MONDAY,
    make_assignment,
    make_hold,
    make_lead,
    make_manager,
    make_member,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="needs PostgreSQL",
    ),
]


def test_a_change_of_coverer_waits_for_a_lead_that_is_just_handed_over():
    ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
    lead = make_lead(owner=ana)
    coverage = plan(ana, ben, starts_at=MONDAY, ends_at=MONDAY + DAY)
    tick.tick(MONDAY)
    row = lead.assignments.get()

    def come_true() -> None:
        finalize(row, state=State.DONE, outcome="", at=MONDAY + HOUR)
        record_owner_write(
            lead, owner_id=ben.pk, sure_at=MONDAY, answered_at=MONDAY + HOUR
        )

    while_locked(
        lead,
        lambda: actions.change_coverer(
            coverage=coverage, old=ben, new=cem, actor=make_manager(), at=MONDAY + HOUR
        ),
        meanwhile=come_true,
    )

    row.refresh_from_db()
    hold = Hold.objects.get(lead=lead)
    assert (row.state, hold.state) == (State.DONE, Hold.State.LIVE)
    assert (hold.change_to, hold.move.to) == (cem, cem)


def test_the_last_lead_moved_by_hand_does_not_wait_for_the_clock_that_waits_for_it():
    ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
    lead = make_lead(owner=ben)
    coverage = plan(
        ana, ben, starts_at=MONDAY - DAY, ends_at=MONDAY,
        state=Coverage.State.RETURNING, began_at=MONDAY - DAY, returning_at=MONDAY,
    )  # fmt: skip
    make_hold(coverage, lead, to=ben)

    def give_to_cem() -> None:
        seen = make_assignment(
            lead, cem, cause=Cause.OUTSIDE, actor=None, state=State.DONE,
            finished_at=MONDAY,
        )  # fmt: skip
        holds.apply_final_state(seen, at=MONDAY)

    while_locked(lead, lambda: tick.tick(MONDAY + HOUR), meanwhile=give_to_cem)

    coverage.refresh_from_db()
    assert (coverage.state, coverage.failed_at) == (Coverage.State.COMPLETED, None)


def test_of_two_proposals_for_the_same_days_confirmed_at_once_one_is_refused():
    ana, ben = (make_member(name) for name in ("Ana", "Ben"))
    sara = make_manager()
    first, second = (
        plan(
            ana, ben, starts_at=MONDAY + DAY, ends_at=MONDAY + 2 * DAY, state="proposed"
        )
        for _ in range(2)
    )
    told: list[str] = []

    def confirm_second() -> None:
        try:
            actions.confirm(coverage=second, actor=sara, at=MONDAY)
        except AssignmentRefused as refused:
            told.append(str(refused))

    with transaction.atomic():
        actions.confirm(coverage=first, actor=sara, at=MONDAY)
        thread = in_a_thread(confirm_second)
        thread.join(A_MOMENT)
    thread.join(10)

    assert "already away" in told[0]


def test_a_lead_that_two_hand_back_at_once_is_handed_back_once():
    ana, ben = (make_member(name) for name in ("Ana", "Ben"))
    sara = make_manager()
    lead = make_lead(owner=ben)
    coverage = plan(ana, ben, state=Coverage.State.ACTIVE, began_at=MONDAY)
    make_hold(coverage, lead, to=ben)

    def hand_back() -> None:
        actions.hand_back(coverage=coverage, lead=lead, actor=sara, at=MONDAY)

    while_locked(lead, hand_back, meanwhile=hand_back)

    assert lead.assignments.count() == 1
    assert coverage.events.count() == 1


def test_it_is_not_planned_anew_once_the_clock_has_begun_it():
    ana, ben = (make_member(name) for name in ("Ana", "Ben"))
    sara = make_manager()
    coverage = plan(ana, ben, starts_at=MONDAY)
    told: list[str] = []

    def change() -> None:
        try:
            actions.change_scheduled(
                coverage=coverage, draft=draft_from(coverage), actor=sara, at=MONDAY
            )
        except Stale as stale:
            told.append(str(stale))

    with transaction.atomic():
        tick.tick(MONDAY)
        thread = in_a_thread(change)
        thread.join(A_MOMENT)
    thread.join(10)

    assert "has started" in told[0]
