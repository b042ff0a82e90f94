"""From state to state: who may end a row, and what its end means for the next."""

import pytest

from assignments.models import Assignment
from assignments.models.assignment import State
from assignments.services.ledger.transitions import (
    end_gone_lead,
    finalize,
    requeue,
)
from tests.dispatch_harness import state_of
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [make_member(name) for name in ("Ana", "Ben", "Cem", "Dee")]


@pytest.fixture
def lead(people):
    return make_lead(owner=people[0])


@pytest.fixture
def row(lead, people) -> Assignment:
    """On its way from Ana to Ben, claimed by us."""
    return make_assignment(
        lead, people[1], state=State.SENDING, token="ours", lease_until=MONDAY
    )


@pytest.fixture
def follower(row, people) -> Assignment:
    """Decided meanwhile: from Ben to Cem."""
    return make_assignment(row.lead, people[2], expected=people[1], after=row)


def note_on(row: Assignment):
    return row.notes.create(
        lead=row.lead, text="Hello.", reference="H-1", created_at=MONDAY
    )


def end(row: Assignment, state: State, **more) -> bool:
    values = {"outcome": "", "at": MONDAY, "token": "ours"} | more
    return finalize(row, state=state, **values)


class TestFinish:
    def test_it_ends_a_row_and_its_claim(self, row):
        assert end(row, State.DONE)

        assert state_of(row) == State.DONE
        assert (row.token, row.lease_until, row.finished_at) == ("", None, MONDAY)

    def test_with_a_lost_claim_nothing_ends(self, row, follower):
        assert not end(row, State.OVERTAKEN, token="an older one")

        assert state_of(row) == State.SENDING
        assert state_of(follower) == State.WAITING

    def test_a_row_ends_once(self, row):
        end(row, State.DONE)

        assert not end(row, State.REFUSED, token="")
        assert state_of(row) == State.DONE

    def test_the_note_of_a_row_that_was_not_done_is_cancelled(self, row):
        note = note_on(row)

        end(row, State.REFUSED)

        assert state_of(note) == "cancelled"

    def test_the_note_of_a_done_row_waits_to_be_sent(self, row):
        note = note_on(row)

        end(row, State.DONE)

        assert state_of(note) == "waiting"


class TestFollowers:
    def test_after_a_done_row_it_expects_its_target(self, row, follower, people):
        Assignment.objects.filter(pk=follower.pk).update(expected=None)

        end(row, State.DONE)

        assert state_of(follower) == State.WAITING
        assert follower.expected == people[1]

    @pytest.mark.parametrize("state", [State.REFUSED, State.CANCELLED])
    def test_after_one_that_was_not_done_it_expects_what_that_expected(
        self, row, follower, people, state
    ):
        end(row, state)

        assert state_of(follower) == State.WAITING
        assert follower.expected == people[0]

    def test_after_one_with_an_unknown_owner_the_owner_is_unknown(self, row, follower):
        Assignment.objects.filter(pk=row.pk).update(expected=None, expected_known=False)
        row.refresh_from_db()

        end(row, State.CANCELLED)

        follower.refresh_from_db()
        assert (follower.expected, follower.expected_known) == (None, False)

    def test_after_an_overtaken_one_it_is_overtaken_by_the_same(
        self, row, follower, people
    ):
        end(row, State.OVERTAKEN, found_id=people[3].pk)

        assert state_of(follower) == State.OVERTAKEN
        assert follower.found == people[3]

    def test_a_follower_back_to_the_present_owner_is_skipped(self, row, people):
        back = make_assignment(row.lead, people[0], expected=people[1], after=row)

        end(row, State.CANCELLED)

        assert state_of(back) == State.SKIPPED


class TestRelease:
    def test_a_row_waits_again_as_if_never_claimed(self, row):
        requeue(row, token="ours", at=MONDAY, not_before=MONDAY)

        assert state_of(row) == State.WAITING
        assert (row.token, row.lease_until, row.not_before) == ("", None, MONDAY)

    def test_it_is_cancelled_if_a_newer_decision_waits(self, row, follower, people):
        requeue(row, token="ours", at=MONDAY)

        assert state_of(row) == State.CANCELLED
        assert state_of(follower) == State.WAITING
        assert follower.expected == people[0]

    @pytest.mark.parametrize("with_newer", [True, False])
    def test_with_a_lost_claim_nothing_is_released(self, row, people, with_newer):
        if with_newer:
            make_assignment(row.lead, people[2], expected=people[1], after=row)

        requeue(row, token="an older one", at=MONDAY)

        assert state_of(row) == State.SENDING


def test_what_waits_for_a_lead_that_is_gone_is_refused(lead, people):
    waiting = make_assignment(lead, people[1])

    end_gone_lead(lead, MONDAY)

    assert state_of(waiting) == State.REFUSED
    assert waiting.outcome == "Smartlead no longer has this lead."
