"""Leads before holds, and nobody waits for a coverage with a lead in hand.

On PostgreSQL only: SQLite has one writer at a time by nature.
"""

import pytest
from django.db import connection

from assignments.models import Coverage, Hold
from assignments.models.assignment import Cause, State
from assignments.services.coverage import acts, holds, running
from assignments.services.ledger import finish
from assignments.services.ownership import record_write
from tests.assignments.services.coverage.planning import DAY, HOUR, plan
from tests.assignments.services.test_locks import while_locked
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
    running.tick(MONDAY)
    row = lead.assignments.get()

    def come_true() -> None:
        finish(row, state=State.DONE, outcome="", at=MONDAY + HOUR)
        record_write(lead, owner_id=ben.pk, sure_at=MONDAY, answered_at=MONDAY + HOUR)

    while_locked(
        lead,
        lambda: acts.change_coverer(
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
        holds.settle(seen, at=MONDAY)

    while_locked(lead, lambda: running.tick(MONDAY + HOUR), meanwhile=give_to_cem)

    coverage.refresh_from_db()
    assert (coverage.state, coverage.failed_at) == (Coverage.State.COMPLETED, None)
