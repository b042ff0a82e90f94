"""Claims: who may work on a row, until when, and what becomes of those left behind."""

from datetime import datetime, timedelta

import pytest

from assignments.models import Assignment, Note
from assignments.models.assignment import State, Urgency
from assignments.services.account import current_account
from assignments.services.dispatch import queue
from assignments.services.dispatch.queue import DispatchClaim, DispatchJob
from tests.dispatch_harness import state_of
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def row() -> Assignment:
    return make_assignment(make_lead(owner=make_member("Ana")), make_member("Ben"))


@pytest.fixture
def note(row) -> Note:
    Assignment.objects.filter(pk=row.pk).update(state=State.DONE, finished_at=MONDAY)
    return row.notes.create(
        lead=row.lead, text="Hello.", reference="H-1", created_at=MONDAY
    )


def claim(at: datetime = MONDAY) -> DispatchClaim | None:
    return queue.claim_next(current_account(), at)


def abandon(thing: Assignment | Note, **fields) -> None:
    """Its worker has died; the lease ends a minute after MONDAY."""
    values = {"state": "sending", "token": "dead", "lease_until": MONDAY + MINUTE}
    type(thing).objects.filter(pk=thing.pk).update(**(values | fields))


class TestClaim:
    def test_it_has_a_token_of_its_own_and_a_lease_of_a_minute(self, row):
        taken = claim()

        assert taken is not None
        assert (taken.job, taken.lease_until) == (DispatchJob.SEND, MONDAY + MINUTE)
        row.refresh_from_db()
        assert (row.state, row.token) == (State.SENDING, taken.token)

    def test_two_claims_never_have_the_same_token(self, row):
        first = claim()
        abandon(row, token=first.token)
        queue.requeue_expired_claims(MONDAY + MINUTE)

        second = claim(MONDAY + MINUTE)

        assert second.token != first.token

    def test_nobody_claims_what_is_claimed(self, row):
        claim()

        assert claim(MONDAY + MINUTE / 2) is None

    def test_what_waits_for_its_time_is_left_alone_until_then(self, row):
        Assignment.objects.update(not_before=MONDAY + MINUTE)

        assert claim() is None
        assert claim(MONDAY + MINUTE) is not None

    def test_a_follower_waits_for_the_end_of_the_row_before_it(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY + 9 * MINUTE)
        make_assignment(row.lead, make_member("Cem"), expected=row.to, after=row)

        assert claim(MONDAY + 2 * MINUTE) is None


class TestAbandoned:
    def test_a_claim_without_a_stamp_waits_again_when_its_lease_is_over(self, row):
        abandon(row)

        queue.requeue_expired_claims(MONDAY + MINUTE / 2)
        assert state_of(row) == State.SENDING
        queue.requeue_expired_claims(MONDAY + MINUTE)
        assert state_of(row) == State.WAITING

    def test_one_with_a_stamp_may_have_been_sent_and_does_not(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY + MINUTE)

        queue.requeue_expired_claims(MONDAY + 9 * MINUTE)

        assert state_of(row) == State.SENDING

    def test_it_is_settled_when_lease_and_quiet_are_over(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY + 2 * MINUTE)

        assert claim(MONDAY + MINUTE) is None
        assert claim(MONDAY + 2 * MINUTE).job == DispatchJob.SETTLE

    def test_the_lease_is_waited_for_even_when_the_quiet_is_over(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY)

        assert claim(MONDAY + MINUTE / 2) is None

    def test_whoever_settles_has_a_claim_of_its_own(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY)

        taken = claim(MONDAY + MINUTE)

        row.refresh_from_db()
        assert row.token == taken.token != "dead"

    def test_a_note_without_a_stamp_waits_again_when_its_lease_is_over(self, note):
        abandon(note)

        queue.requeue_expired_claims(MONDAY + MINUTE / 2)
        assert state_of(note) == "sending"
        queue.requeue_expired_claims(MONDAY + MINUTE)
        assert state_of(note) == "waiting"

    def test_the_lease_of_a_note_is_waited_for_even_when_the_quiet_is_over(self, note):
        abandon(note, sent_at=MONDAY, settle_at=MONDAY)

        assert not queue.is_anything_due(current_account(), MONDAY + MINUTE / 2)
        assert claim(MONDAY + MINUTE).job == DispatchJob.SETTLE_NOTE

    def test_a_note_with_a_stamp_is_settled_after_the_quiet(self, note):
        abandon(note, sent_at=MONDAY, settle_at=MONDAY + 2 * MINUTE)

        queue.requeue_expired_claims(MONDAY + MINUTE)
        assert claim(MONDAY + MINUTE) is None
        assert claim(MONDAY + 2 * MINUTE).job == DispatchJob.SETTLE_NOTE


class TestNotes:
    def test_a_note_waits_until_its_assignment_is_done(self, row):
        row.notes.create(
            lead=row.lead, text="Hello.", reference="H-1", created_at=MONDAY
        )

        assert claim().job == DispatchJob.SEND
        assert claim() is None

    def test_a_note_that_failed_waits_for_its_time(self, note):
        Note.objects.update(not_before=MONDAY + MINUTE)

        assert claim() is None
        assert claim(MONDAY + MINUTE).job == DispatchJob.SEND_NOTE

    def test_the_notes_of_a_lead_go_out_one_after_the_other(self, note):
        Note.objects.update(not_before=MONDAY + MINUTE)
        note.assignment.notes.create(
            lead=note.lead,
            text="And this.",
            kind=Note.Kind.START,
            reference="H-2",
            created_at=MONDAY,
        )

        assert claim() is None


class TestRace:
    """Two workers have seen the same thing due, and one was faster."""

    @pytest.fixture
    def slower(self, monkeypatch):
        """Claims what was due before the other one claimed it."""

        def remember(at: datetime):
            seen = list(queue._by_urgency(current_account(), at))
            monkeypatch.setattr(queue, "_by_urgency", lambda *_: iter(seen))

        return remember

    def test_an_assignment_is_sent_by_one(self, row, slower):
        slower(MONDAY)

        assert claim().job == DispatchJob.SEND
        assert claim() is None

    def test_an_assignment_is_settled_by_one(self, row, slower):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY)
        slower(MONDAY + MINUTE)

        assert claim(MONDAY + MINUTE).job == DispatchJob.SETTLE
        assert claim(MONDAY + MINUTE) is None

    def test_a_note_is_sent_by_one(self, note, slower):
        slower(MONDAY)

        assert claim().job == DispatchJob.SEND_NOTE
        assert claim() is None

    def test_a_note_is_settled_by_one(self, note, slower):
        abandon(note, sent_at=MONDAY, settle_at=MONDAY)
        slower(MONDAY + MINUTE)

        assert claim(MONDAY + MINUTE).job == DispatchJob.SETTLE_NOTE
        assert claim(MONDAY + MINUTE) is None

    def test_a_recheck_is_claimed_by_one(self, slower):
        make_lead(recheck_at=MONDAY)
        slower(MONDAY)

        assert claim().job == DispatchJob.RECHECK
        assert claim() is None


def test_a_recheck_whose_worker_died_is_taken_by_another():
    make_lead(recheck_at=MONDAY)
    claim()

    assert claim(MONDAY + MINUTE).job == DispatchJob.RECHECK


class TestUrgency:
    def test_coverage_goes_before_notes_and_notes_before_bulk(self, row, note):
        bulk, back = (
            make_assignment(make_lead(owner=row.expected), row.to, urgency=urgency)
            for urgency in (Urgency.BULK, Urgency.COVERAGE_RETURN)
        )

        claims = [claim() for _ in range(3)]

        assert [taken.pk for taken in claims] == [back.pk, note.pk, bulk.pk]


class TestNextMoment:
    def test_it_is_when_the_first_row_falls_due(self, row):
        Assignment.objects.update(not_before=MONDAY + MINUTE)

        assert queue.next_due_at(MONDAY) == MONDAY + MINUTE

    def test_a_row_to_settle_is_due_when_lease_and_quiet_are_over(self, row):
        abandon(row, sent_at=MONDAY, settle_at=MONDAY + 2 * MINUTE)

        assert queue.next_due_at(MONDAY) == MONDAY + 2 * MINUTE

    def test_with_nothing_ahead_there_is_none(self):
        assert queue.next_due_at(MONDAY) is None
