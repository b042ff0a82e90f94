"""Whoever decides or records anything about a lead locks it first.

On PostgreSQL only: SQLite has one writer at a time by nature.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause, State
from assignments.services import queue
from assignments.services.account import current
from assignments.services.assigning import assign_lead, undo_assignment
from assignments.services.batches import apply_plan
from assignments.services.ownership import Sighting, observe_owner
from assignments.services.planning import plan_for_one_member
from tests.factories import (
    MONDAY,
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


@pytest.fixture
def ben():
    return make_member("Ben")


@contextmanager
def locked(lead: Lead) -> Iterator[None]:
    with transaction.atomic():
        Lead.objects.select_for_update().get(pk=lead.pk)
        yield


def in_a_thread(act: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waits_for(lead: Lead, act: Callable[[], object]) -> bool:
    """Whether the act waits until the lead is free, and is done then."""
    with locked(lead):
        thread = in_a_thread(act)
        thread.join(A_MOMENT)
        waited = thread.is_alive()
    thread.join(10)
    return waited and not thread.is_alive()


def test_a_click_waits_for_the_lead(lead, ben):
    sara = make_manager()

    assert waits_for(
        lead, lambda: assign_lead(lead=lead, to=ben, actor=sara, at=MONDAY)
    )
    assert lead.assignments.count() == 1


def test_an_undo_waits_for_the_lead(lead, ben):
    sara, row = make_manager(), make_assignment(lead, ben)

    assert waits_for(
        lead, lambda: undo_assignment(assignment=row, actor=sara, at=MONDAY)
    )


def test_a_plan_waits_for_its_leads(lead, ben):
    plan = plan_for_one_member([lead], ben, reason="Many.", cause=Cause.ROUTING)

    assert waits_for(lead, lambda: apply_plan(plan, actor=None, at=MONDAY))


def test_a_sighting_waits_for_the_lead(lead, ben):
    sighting = Sighting(owner_id=ben.pk, known=True, asked_at=MONDAY, by="get")

    def observe() -> None:
        with transaction.atomic():
            observe_owner(map_id=lead.pk, sighting=sighting, at=MONDAY)

    assert waits_for(lead, observe)


def test_a_claim_passes_over_a_lead_that_somebody_is_deciding_about(lead, ben):
    make_assignment(lead, ben)
    other = make_assignment(make_lead(owner=lead.owner), ben)
    taken = []

    with locked(lead):
        in_a_thread(lambda: taken.append(queue.claim_next(current(), MONDAY))).join(10)

    assert [claim.pk for claim in taken] == [other.pk]


def test_freeing_a_dead_claim_waits_for_the_lead(lead, ben):
    make_assignment(lead, ben, state=State.SENDING, token="dead", lease_until=MONDAY)

    assert waits_for(lead, lambda: queue.free_unsent(MONDAY + timedelta(minutes=1)))
    assert Assignment.objects.get().state == State.WAITING
