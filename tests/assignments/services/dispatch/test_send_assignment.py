from types import SimpleNamespace

import pytest

from assignments.models import Account, Assignment
from assignments.models.assignment import Cause, State
from assignments.sandbox.faults import FaultKind
from assignments.services.dispatch import send_assignment
from assignments.services.dispatch.context import step_reached
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.undo import undo_assignment
from tests.dispatch_harness import DispatchHarness, state_of
from tests.factories import (
    make_absence,
    make_assignment,
    make_batch,
    make_lead,
    make_manager,
    make_member,
)


def assign(office: DispatchHarness, lead, to: int, **fields) -> Assignment:
    actor = fields.pop("actor", None) or make_manager()
    return assign_lead(
        lead=lead, to=office.members[to], actor=actor, at=office.clock(), **fields
    )


class TestSend:
    def test_a_click_reads_the_lead_and_then_writes_its_owner(self, office):
        lead = office.lead()

        row = assign(office, lead, 1)
        office.dispatch()

        assert state_of(row) == State.DONE
        assert office.world.owner(lead.pk) == office.members[1].pk
        kinds = [call.kind for call in office.world.call_log.calls()]
        assert kinds == ["thread", "owner"]

    def test_a_click_after_a_fresh_read_is_one_call(self, office):
        lead = office.lead()
        assign(office, lead, 1)
        office.dispatch()

        assign(office, lead, 2)
        office.dispatch()

        assert [call.kind for call in office.world.call_log.calls()][2:] == ["owner"]

    def test_a_read_older_than_ten_seconds_is_not_enough_for_a_click(self, office):
        lead = office.lead()
        assign(office, lead, 1)
        office.dispatch()
        office.clock.advance(10)

        assign(office, lead, 2)
        office.dispatch()

        kinds = [call.kind for call in office.world.call_log.calls()]
        assert kinds == ["thread", "owner", "thread", "owner"]

    def test_an_owner_changed_in_smartlead_is_left_alone_and_said(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.assign_outside(lead.pk, office.members[3].pk)

        office.dispatch()

        assert state_of(row) == State.OVERTAKEN
        assert row.found == office.members[3]
        assert office.writes() == []
        lead.refresh_from_db()
        assert lead.owner == office.members[3]

    def test_an_owner_changed_in_smartlead_becomes_a_row_of_the_history(self, office):
        lead = office.lead()
        assign(office, lead, 1)
        office.world.assign_outside(lead.pk, office.members[3].pk)

        office.dispatch()

        seen = lead.assignments.get(cause=Cause.OUTSIDE)
        assert (seen.expected, seen.to) == (office.members[0], office.members[3])

    def test_never_sent_and_already_true_is_somebody_elses_doing(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.assign_outside(lead.pk, office.members[1].pk)

        office.dispatch()

        assert state_of(row) == State.OVERTAKEN

    def test_a_lead_that_smartlead_lost_is_refused(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.delete_lead(lead.pk)

        office.dispatch()

        assert state_of(row) == State.REFUSED
        assert row.outcome == "Smartlead no longer has this lead."

    def test_the_apis_own_sentence_is_kept(self, office):
        lead = office.lead()
        stranger = make_member("Nia New", id=99)

        row = assign_lead(
            lead=lead, to=stranger, actor=make_manager(), at=office.clock()
        )
        office.dispatch()

        assert state_of(row) == State.REFUSED
        assert "Team member not found with ID 99" in row.outcome

    def test_a_member_deactivated_meanwhile_is_not_given_the_lead(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        type(office.members[1]).objects.filter(pk=office.members[1].pk).update(
            is_active=False
        )

        office.dispatch()

        assert state_of(row) == State.REFUSED
        assert office.writes() == []

    def test_a_batch_sends_nothing_to_a_member_who_went_away_since(self, office):
        ben = office.members[1]
        batch = make_batch([office.lead()], ben, at=office.clock.now)
        make_absence(ben, at=office.clock.now)

        office.dispatch()

        row = batch.assignments.get()
        assert (row.state, office.writes()) == ("skipped", [])
        assert row.outcome.endswith("since the preview. It was not sent.")

    def test_a_rule_decides_again_about_who_went_away_since(self, office):
        ben = office.members[1]
        batch = make_batch([office.lead()], ben, at=office.clock.now)
        batch.assignments.update(cause=Cause.ROUTING, actor=None)
        make_absence(ben, at=office.clock.now)

        office.dispatch()

        row = batch.assignments.get()
        assert (row.state, row.was_outdated) == ("cancelled", True)

    def test_a_batch_sends_to_a_member_chosen_although_away(self, office):
        ben = office.members[1]
        make_absence(ben, at=office.clock.now)
        batch = make_batch([office.lead()], ben, at=office.clock.now)

        office.dispatch()

        assert batch.assignments.get().state == "done"

    def test_nothing_is_written_while_all_writes_are_paused(self, office):
        row = assign(office, office.lead(), 1)
        Account.objects.update(paused_at=office.clock())

        office.dispatch()

        assert state_of(row) == State.WAITING
        assert office.world.call_log.calls() == []

    def test_an_unknown_owner_is_found_out_before_it_is_replaced(self, office):
        lead = office.lead()
        type(lead).objects.filter(pk=lead.pk).update(
            owner=None, owner_known_at=None, owner_sure_at=None
        )

        row = assign(office, lead, 1)
        office.dispatch()

        assert state_of(row) == State.DONE
        assert row.expected == office.members[0]


class TestFaults:
    @pytest.mark.parametrize(
        "kind",
        [
            FaultKind.TOO_MANY,
            FaultKind.ERROR,
            FaultKind.BAD_GATEWAY,
            FaultKind.UNAVAILABLE,
        ],
    )
    def test_a_fault_of_smartlead_never_refuses_the_row(self, office, kind):
        row = assign(office, office.lead(), 1)
        office.world.faults.next(kind, call="owner")

        office.dispatch()

        assert state_of(row) in {State.WAITING, State.SENDING, State.DONE}

    @pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.BAD_GATEWAY])
    def test_a_5xx_is_settled_by_reading_and_tried_again(self, office, kind):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.faults.next(kind, call="owner")

        office.dispatch()
        assert state_of(row) == State.SENDING
        office.settle()
        office.settle()

        assert state_of(row) == State.DONE
        assert office.world.owner(lead.pk) == office.members[1].pk

    def test_a_lost_answer_is_settled_by_reading_and_not_sent_twice(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")

        office.dispatch()
        office.settle()

        assert state_of(row) == State.DONE
        assert len(office.writes()) == 1
        assert not lead.assignments.filter(cause=Cause.OUTSIDE).exists()

    def test_nothing_is_settled_before_a_hung_write_can_have_landed(self, office):
        row = assign(office, office.lead(), 1)
        office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")

        office.dispatch()
        office.clock.advance(55)
        office.dispatch()

        assert state_of(row) == State.SENDING

    def test_a_lost_answer_and_then_another_owner_is_overtaken(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")

        office.dispatch()
        office.world.assign_outside(lead.pk, office.members[4].pk)
        office.settle()

        assert state_of(row) == State.OVERTAKEN
        assert office.world.owner(lead.pk) == office.members[4].pk

    @pytest.mark.parametrize("kind", [FaultKind.EMPTY, FaultKind.PLAIN_TEXT])
    def test_an_unclear_yes_is_settled_at_once_by_reading(self, office, kind):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.faults.next(kind, call="owner")

        office.dispatch()

        assert state_of(row) == State.DONE
        assert len(office.writes()) == 1

    def test_an_empty_answer_to_a_read_does_not_lose_the_lead(self, office):
        row = assign(office, office.lead(), 1)
        office.world.faults.next(FaultKind.EMPTY, call="thread")

        office.dispatch()
        office.settle()

        assert state_of(row) == State.DONE

    def test_a_wrong_key_refuses_nothing_and_is_said_once(self, office):
        row = assign(office, office.lead(), 1)
        office.world.keys.clear()

        office.dispatch()

        assert state_of(row) == State.WAITING
        account = Account.objects.get()
        assert account.outage_kind == "key"
        assert account.probe_at is not None

    def test_once_the_key_is_corrected_it_is_sent(self, office):
        row = assign(office, office.lead(), 1)
        keys = dict(office.world.keys)
        office.world.keys.clear()
        office.dispatch()

        office.world.keys.update(keys)
        office.settle()

        assert state_of(row) == State.DONE
        assert Account.objects.get().outage_since is None


class TestFollowers:
    def sending(self, office, lead) -> Assignment:
        row = assign(office, lead, 1)
        office.world.faults.next(FaultKind.LOST_ANSWER, call="owner")
        office.dispatch()
        assert state_of(row) == State.SENDING
        return row

    def test_a_decision_on_top_of_a_done_one_expects_its_target(self, office):
        lead = office.lead()
        self.sending(office, lead)

        follower = assign(office, lead, 2)
        office.settle()

        assert state_of(follower) == State.DONE
        assert follower.expected == office.members[1]
        assert office.world.owner(lead.pk) == office.members[2].pk

    def test_a_decision_on_top_of_one_that_never_landed_replaces_it(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)
        office.world.faults.next(FaultKind.HANG_THEN_DROP, call="owner", seconds=0)
        office.dispatch()

        follower = assign(office, lead, 2)
        office.settle()

        assert state_of(row) == State.CANCELLED
        assert state_of(follower) == State.DONE
        assert [member for _, member in office.writes()][-1] == office.members[2].pk

    def test_a_decision_on_top_of_an_overtaken_one_is_overtaken_too(self, office):
        lead = office.lead()
        self.sending(office, lead)

        follower = assign(office, lead, 2)
        office.world.assign_outside(lead.pk, office.members[5].pk)
        office.settle()

        assert state_of(follower) == State.OVERTAKEN
        assert office.world.owner(lead.pk) == office.members[5].pk

    def test_going_back_on_a_sending_change_writes_it_back(self, office):
        lead = office.lead()
        row = self.sending(office, lead)

        sara = make_manager()
        undone = undo_assignment(assignment=row, actor=sara, at=office.clock())
        office.settle()

        assert state_of(undone) == State.DONE
        assert office.world.owner(lead.pk) == office.members[0].pk


class TestClaims:
    def test_a_claim_that_died_before_its_stamp_was_never_sent(self, office):
        row = assign(office, office.lead(), 1)
        Assignment.objects.filter(pk=row.pk).update(
            state=State.SENDING, token="dead", lease_until=office.clock.advance(60)
        )

        office.clock.advance(1)
        office.dispatch()

        assert state_of(row) == State.DONE

    def test_a_worker_that_lost_its_claim_writes_nothing(self, office):
        lead = office.lead()
        row = assign(office, lead, 1)

        def steal(step, **_):
            if step == "answered":
                Assignment.objects.filter(pk=row.pk).update(token="another")

        step_reached.connect(steal, weak=False)
        try:
            office.dispatch()
        finally:
            step_reached.disconnect(steal)

        assert state_of(row) == State.SENDING
        assert row.token == "another"

    def test_a_worker_paused_after_its_stamp_does_not_send(self, office, monkeypatch):
        lead = office.lead()
        row = assign(office, lead, 1)
        # By the monotonic clock, the moment to start by lies long ago.
        long_ago = SimpleNamespace(monotonic=lambda: -1e6)
        monkeypatch.setattr(send_assignment, "time", long_ago)

        dispatcher = Dispatcher(office.desk)
        for _ in range(4):
            dispatcher.take_turn(office.clock())

        assert office.writes() == []
        assert (state_of(row), row.sends) == (State.WAITING, 0)


def test_a_lead_of_another_database_is_not_written(office):
    row = make_assignment(make_lead(owner=office.members[0]), office.members[1])
    Account.objects.update(fingerprint="somebody else", base_url="http://sandbox.test")

    office.dispatch()

    assert state_of(row) == State.WAITING
