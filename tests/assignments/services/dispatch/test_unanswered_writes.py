"""What became of a write that nobody saw answered (docs/design/design.md, rule 5)."""

import pytest

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause, State
from assignments.sandbox.faults import FaultKind
from assignments.services.ledger.assign import assign_lead
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import make_manager


@pytest.fixture
def unanswered(office) -> Assignment:
    """Written, but the answer was lost."""
    return write(office, FaultKind.LOST_ANSWER)


def write(office: DispatchHarness, fault: FaultKind) -> Assignment:
    row = assign_lead(
        lead=office.lead(),
        to=office.members[1],
        actor=make_manager(),
        at=office.clock(),
    )
    office.world.faults.next(fault, call="owner", seconds=0)
    office.dispatch()
    assert state_of(row) == State.SENDING
    return row


def reads(office: DispatchHarness) -> int:
    return len(office.world.call_log.calls(kind="thread"))


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.APPLIED_ERROR])
def test_what_arrived_is_done_and_not_written_twice(office, kind):
    row = write(office, kind)

    office.settle()

    assert state_of(row) == State.DONE
    assert len(office.writes()) == 1


def test_a_write_that_arrived_is_no_outside_change(office, unanswered):
    office.settle()

    assert not Assignment.objects.filter(cause=Cause.OUTSIDE).exists()


def test_what_did_not_arrive_is_written_again(office):
    row = write(office, FaultKind.HANG_THEN_DROP)

    office.settle()
    office.settle()

    assert state_of(row) == State.DONE
    assert len(office.writes()) == 2


@pytest.mark.parametrize("seen_by", ["us", "the mirror"])
def test_a_write_that_lands_after_settling_is_done_and_not_repeated(office, seen_by):
    row = write(office, FaultKind.HANG_THEN_DROP)
    office.settle()
    assert state_of(row) == State.WAITING

    office.world.assign_outside(row.lead_id, row.to_id)
    if seen_by == "the mirror":
        now = office.clock()
        Lead.objects.update(owner=row.to, owner_known_at=now, owner_sure_at=now)
        Assignment.objects.update(not_before=None)
    else:
        office.clock.advance(11)
    office.dispatch()

    assert state_of(row) == State.DONE
    assert len(office.writes()) == 1
    assert not Assignment.objects.filter(cause=Cause.OUTSIDE).exists()


def test_what_somebody_else_has_changed_since_is_left_alone(office):
    row = write(office, FaultKind.HANG_THEN_DROP)
    office.world.assign_outside(row.lead_id, office.members[4].pk)

    office.settle()
    office.settle()

    assert (state_of(row), row.found) == (State.OVERTAKEN, office.members[4])
    assert office.world.owner(row.lead_id) == office.members[4].pk


def test_a_lead_that_is_gone_by_then_is_refused(office, unanswered):
    office.world.delete_lead(unanswered.lead_id)

    office.settle()

    assert state_of(unanswered) == State.REFUSED
    assert unanswered.outcome == "Smartlead no longer has this lead."


class TestFailedRead:
    @pytest.mark.parametrize(
        "kind", [FaultKind.ERROR, FaultKind.UNAVAILABLE, FaultKind.EMPTY]
    )
    def test_it_settles_nothing(self, office, unanswered, kind):
        office.world.faults.next(kind, call="thread")

        office.settle()
        assert state_of(unanswered) == State.SENDING
        office.settle()

        assert state_of(unanswered) == State.DONE
        assert len(office.writes()) == 1

    def test_the_next_one_comes_a_while_later(self, office, unanswered):
        office.world.faults.next(FaultKind.ERROR, call="thread")
        office.settle()
        before = reads(office)

        office.clock.advance(15)
        office.dispatch()
        assert reads(office) == before
        office.clock.advance(10)
        office.dispatch()

        assert reads(office) == before + 1


def test_a_worker_that_lost_its_claim_settles_nothing(office, unanswered, at_step):
    claims = Assignment.objects.filter(pk=unanswered.pk)
    at_step("read", lambda: claims.update(token="another's"))

    office.settle()

    assert (state_of(unanswered), unanswered.token) == (State.SENDING, "another's")
