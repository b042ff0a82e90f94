"""A worker paused so long that its slot ran out makes no call and loses nothing."""

import time

import pytest

from assignments.models import Account, Assignment, Lead
from assignments.models.assignment import State
from assignments.sandbox.faults import FaultKind
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.ledger.assign import assign_lead
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import make_manager


@pytest.fixture
def paused_turn(office, monkeypatch):
    """One turn of a worker that sleeps between taking its slot and its call."""

    def turn() -> None:
        budget = office.desk.budget
        with monkeypatch.context() as patch:
            patch.setattr(budget, "_monotonic", lambda: time.monotonic() - 100)
            Dispatcher(office.desk).take_turn(office.clock())

    return turn


def click(office: DispatchHarness, note: str = "") -> Assignment:
    return assign_lead(
        lead=office.lead(),
        to=office.members[1],
        actor=make_manager(),
        at=office.clock(),
        note=note,
    )


def test_a_row_that_should_have_been_read_waits_again(office, paused_turn):
    row = click(office)

    paused_turn()

    assert state_of(row) == State.WAITING
    assert office.world.call_log.calls() == []


def test_a_row_that_should_have_been_settled_is_settled_by_the_next(
    office, paused_turn
):
    row = click(office)
    office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")
    office.dispatch()
    office.clock.advance(61)

    paused_turn()
    assert state_of(row) == State.SENDING
    office.dispatch()

    assert state_of(row) == State.DONE


def test_a_note_that_should_have_been_settled_is_settled_by_the_next(
    office, paused_turn
):
    row = click(office, note="Please call back.")
    office.world.faults.next(FaultKind.LOST_ANSWER, call="note")
    office.dispatch()
    office.clock.advance(61)

    paused_turn()
    office.dispatch()

    assert state_of(row.notes.get()) == "done"
    assert len(office.notes(row.lead)) == 1


def test_a_recheck_is_done_by_the_next(office, paused_turn):
    lead = office.lead()
    Lead.objects.filter(pk=lead.pk).update(recheck_at=office.clock())

    paused_turn()
    office.dispatch()

    assert Lead.objects.get(pk=lead.pk).recheck_at is None


def test_a_probe_that_was_not_sent_changes_no_outage(office, paused_turn):
    Account.objects.update_or_create(
        pk=1,
        defaults={
            "outage_since": office.clock(),
            "probe_at": office.clock(),
            "outage_kind": "unavailable",
        },
    )

    paused_turn()

    assert Account.objects.get().outage_kind == "unavailable"
