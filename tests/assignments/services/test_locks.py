"""Whoever decides or records anything about a lead locks it first.

On PostgreSQL only: SQLite has one writer at a time by nature.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause, State
from assignments.services.account import current_account
from assignments.services.dispatch import queue
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.batch import apply_plan
from assignments.services.ledger.ownership import (
    OwnerObservation,
    observe_owner,
    record_owner_write,
)
from assignments.services.ledger.undo import undo_assignment
from tests.factories import (
    MONDAY,
    automatic_plan,
    make_assignment,
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
A_MOMENT = 0.3


@pytest.fixture
def lead() -> Lead:
    return make_lead(owner=make_member("Ana"))


def while_locked(
    lead: Lead, act: Callable[[], object], *, meanwhile: Callable[[], object]
) -> None:
    """The act begins, and must wait to see what whoever has the lock does meanwhile."""
    with transaction.atomic():
        Lead.objects.select_for_update().get(pk=lead.pk)
        thread = in_a_thread(act)
        thread.join(A_MOMENT)
        meanwhile()
    thread.join(10)
    assert not thread.is_alive()


def in_a_thread(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_click_sees_the_click_that_was_faster(lead, ben, cem):
    sara = make_manager()

    while_locked(
        lead,
        lambda: assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY),
        meanwhile=lambda: make_assignment(lead, cem, actor=sara),
    )

    states = lead.assignments.order_by("pk").values_list("to", "state")
    assert list(states) == [(cem.pk, State.CANCELLED), (ben.pk, State.WAITING)]


def test_an_undo_sees_that_it_was_sent_meanwhile(lead, ben):
    sara, row = make_manager(), make_assignment(lead, ben)

    while_locked(
        lead,
        lambda: undo_assignment(assignment=row, actor=sara, at=MONDAY),
        meanwhile=lambda: claim_for_another(row),
    )

    undone = lead.assignments.get(cause=Cause.UNDO)
    assert (undone.state, undone.after) == (State.WAITING, row)


def test_a_plan_sees_the_click_that_was_faster(lead, ben, cem):
    plan = automatic_plan([lead], ben)

    while_locked(
        lead,
        lambda: apply_plan(plan, actor=None, at=MONDAY),
        meanwhile=lambda: make_assignment(lead, cem),
    )

    assert lead.assignments.get(cause=Cause.ROUTING).state == State.SKIPPED


def test_a_plan_locks_its_leads_in_order(lead, ben):
    """So that two plans never wait for each other."""
    last = make_lead(owner=lead.owner, map_id=9_000_002)
    first = make_lead(owner=lead.owner, map_id=9_000_001)
    plan = automatic_plan([last, first], ben)

    while_locked(
        first,
        lambda: apply_plan(plan, actor=None, at=MONDAY),
        meanwhile=lambda: Lead.objects.select_for_update(nowait=True).get(pk=last.pk),
    )

    assert Assignment.objects.waiting().count() == 2


def test_a_sighting_sees_a_write_that_was_answered_meanwhile(lead, ben, cem):
    sighting = OwnerObservation(owner_id=ben.pk, known=True, asked_at=MONDAY, by="get")

    def observe() -> None:
        with transaction.atomic():
            observe_owner(map_id=lead.pk, sighting=sighting, at=MONDAY)

    def write() -> None:
        later = MONDAY + timedelta(seconds=5)
        record_owner_write(lead, owner_id=cem.pk, sure_at=later, answered_at=later)

    while_locked(lead, observe, meanwhile=write)

    lead.refresh_from_db()
    assert lead.owner == cem


def test_a_claim_passes_over_a_lead_that_somebody_is_deciding_about(lead, ben):
    make_assignment(lead, ben)
    other = make_assignment(make_lead(owner=lead.owner), ben)
    taken = []

    with transaction.atomic():
        Lead.objects.select_for_update().get(pk=lead.pk)
        in_a_thread(
            lambda: taken.append(queue.claim_next(current_account(), MONDAY))
        ).join(10)

    assert [claim.pk for claim in taken] == [other.pk]


def test_requeuing_a_dead_claim_sees_a_stamp_that_came_at_last(lead, ben):
    row = make_assignment(lead, ben)
    claim_for_another(row)

    while_locked(
        lead,
        lambda: queue.requeue_expired_claims(MONDAY + timedelta(minutes=1)),
        meanwhile=lambda: Assignment.objects.update(sent_at=MONDAY, settle_at=MONDAY),
    )

    assert Assignment.objects.get().state == State.SENDING


def claim_for_another(row: Assignment) -> None:
    Assignment.objects.filter(pk=row.pk).update(
        state=State.SENDING, token="another's", lease_until=MONDAY
    )
