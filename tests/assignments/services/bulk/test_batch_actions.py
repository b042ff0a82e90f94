"""Pause, resume, cancel and retry a batch."""

from datetime import timedelta

import pytest

from assignments.models import Account, Assignment, Batch, Lead, SavedPlan
from assignments.models.assignment import Cause, State
from assignments.services.bulk import batch_actions
from assignments.services.bulk.undo import undo_batch
from assignments.services.dispatch import queue
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.transitions import requeue
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_batch,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=1)


@pytest.fixture
def batch():
    ana, ben = make_member("Ana"), make_member("Ben")
    leads = [make_lead(owner=ana) for _ in range(3)]
    return make_batch(leads, ben, note="For {owner}", reason="Fewer hands.")


def states(batch) -> list[str]:
    return sorted(batch.assignments.values_list("state", flat=True))


def refuse(*rows: Assignment) -> None:
    ids = [row.pk for row in rows]
    Assignment.objects.filter(pk__in=ids).update(
        state=State.REFUSED, finished_at=MONDAY, outcome="Lead is archived."
    )


def test_a_paused_batch_sends_nothing_until_it_is_resumed(batch):
    account = Account()
    batch_actions.pause_batch(batch=batch, actor=batch.actor, at=LATER)
    assert not queue.is_anything_due(account, LATER)

    batch_actions.resume_batch(batch=batch, actor=batch.actor)
    assert queue.is_anything_due(account, LATER)


def test_a_batch_of_which_nothing_is_left_is_not_paused(batch):
    batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

    with pytest.raises(AssignmentRefused, match="Nothing of this batch is left"):
        batch_actions.pause_batch(batch=batch, actor=batch.actor, at=LATER)

    assert not Batch.objects.exclude(paused_at=None).exists()


def test_a_click_for_the_same_member_does_not_wait_for_a_paused_batch(batch):
    batch_actions.pause_batch(batch=batch, actor=batch.actor, at=MONDAY)
    row = batch.assignments.first()

    assign_lead(lead=row.lead, to=row.to, actor=make_manager(), at=LATER)

    assert [due.pk for due in Assignment.objects.due(LATER)] == [row.pk]


def test_cancelling_ends_what_was_not_sent_and_its_notes(batch):
    first = batch.assignments.order_by("pk")[0]
    Assignment.objects.filter(pk=first.pk).update(
        state=State.SENDING, token="t", lease_until=LATER
    )

    count = batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

    assert count == 2
    assert states(batch) == ["cancelled", "cancelled", "sending"]
    cancelled = batch.assignments.filter(state=State.CANCELLED)
    assert {row.notes.get().state for row in cancelled} == {"cancelled"}
    assert cancelled[0].outcome == "Sara Klein cancelled the batch before it was sent."
    assert first.notes.get().state == "waiting"


def test_what_was_being_sent_and_not_applied_is_cancelled_with_it(batch):
    row = batch.assignments.first()
    batch.assignments.filter(pk=row.pk).update(
        state=State.SENDING, token="t", lease_until=MONDAY
    )
    batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=MONDAY)

    requeue(row, token="t", at=MONDAY)

    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert row.outcome.endswith("cancelled the batch, and it had not been applied.")


class TestAskedForByItself:
    @pytest.fixture
    def asked(self, batch) -> Assignment:
        row = batch.assignments.order_by("pk")[0]
        return assign_lead(lead=row.lead, to=row.to, actor=make_manager(), at=MONDAY)

    def test_a_click_outlives_the_batch_that_it_joined(self, batch, asked):
        count = batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

        asked.refresh_from_db()
        assert (count, asked.state) == (2, State.WAITING)
        assert asked.notes.get().state == "waiting"

    def test_a_click_outlives_the_batch_when_the_send_was_not_applied(
        self, batch, asked
    ):
        Assignment.objects.filter(pk=asked.pk).update(
            state=State.SENDING, token="t", lease_until=MONDAY
        )
        batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

        requeue(asked, token="t", at=LATER)

        asked.refresh_from_db()
        assert asked.state == State.WAITING

    def test_a_click_during_the_send_outlives_the_batch(self, batch):
        row = batch.assignments.order_by("pk")[0]
        batch.assignments.filter(pk=row.pk).update(
            state=State.SENDING, token="t", lease_until=MONDAY
        )
        assign_lead(lead=row.lead, to=row.to, actor=make_manager(), at=MONDAY)
        batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

        requeue(row, token="t", at=LATER)

        row.refresh_from_db()
        assert row.state == State.WAITING


def test_a_hold_that_was_to_move_with_a_row_no_longer_waits_for_it(batch):
    lead = Lead.objects.get(pk=batch.assignments.earliest("pk").lead_id)
    coverage = make_coverage(lead.owner, make_member("Cem"), state="active")
    hold = make_hold(coverage, lead, move=batch.assignments.earliest("pk"))

    batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

    hold.refresh_from_db()
    assert hold.move is None


def test_cancelling_twice_changes_nothing_more(batch):
    batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

    assert batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER) == 0


def test_where_nothing_was_left_to_cancel_nobody_has_cancelled_it(batch):
    batch.assignments.update(state=State.DONE, finished_at=MONDAY)

    batch_actions.cancel_batch(batch=batch, actor=batch.actor, at=LATER)

    assert SavedPlan.objects.get(batch=batch).cancelled_at is None


class TestRetrying:
    def test_refused_rows_are_sent_again_with_reason_and_note(self, batch):
        first, second, _ = batch.assignments.order_by("pk")
        refuse(first, second)

        again = batch_actions.retry_refused(batch=batch, actor=batch.actor, at=LATER)

        assert {row.lead for row in again.assignments.all()} == {
            first.lead,
            second.lead,
        }
        assert states(again) == ["waiting", "waiting"]
        assert again.reason == "Fewer hands."
        assert {row.notes.get().text for row in again.assignments.all()} == {"For Ben"}

    def test_members_chosen_although_away_still_get_leads(self):
        ben = make_member("Ben")
        make_absence(ben)
        batch = make_batch([make_lead(owner=make_member("Ana"))], ben)
        batch.assignments.update(state=State.REFUSED, finished_at=MONDAY)

        made = batch_actions.retry_refused(batch=batch, actor=batch.actor, at=MONDAY)

        assert made.assignments.get().state == State.WAITING

    def test_retried_rows_of_an_undo_still_undo(self, batch):
        for row in batch.assignments.all():
            Lead.objects.filter(pk=row.lead_id).update(owner=row.to)
        batch.assignments.update(state=State.DONE, finished_at=MONDAY)
        undo = undo_batch(batch=batch, actor=batch.actor, at=LATER)
        undo.assignments.update(state=State.REFUSED, finished_at=LATER)

        made = batch_actions.retry_refused(batch=undo, actor=batch.actor, at=LATER)

        assert (made.cause, made.reverses) == (Cause.UNDO, batch)
        reversed_ones = made.assignments.values_list("reverses", flat=True)
        assert set(reversed_ones) == set(batch.assignments.values_list("pk", flat=True))

    def test_retried_rows_are_dismissed(self, batch):
        (first, *_) = batch.assignments.order_by("pk")
        refuse(first)

        batch_actions.retry_refused(batch=batch, actor=batch.actor, at=LATER)

        first.refresh_from_db()
        assert first.dismissed_at == LATER
        with pytest.raises(AssignmentRefused, match="Nothing in this batch is refused"):
            batch_actions.retry_refused(batch=batch, actor=batch.actor, at=LATER)

    def test_a_lead_that_moved_on_is_left_alone(self, batch):
        (first, *_) = batch.assignments.order_by("pk")
        refuse(first)
        Lead.objects.filter(pk=first.lead_id).update(owner=make_member("Cem"))

        again = batch_actions.retry_refused(batch=batch, actor=batch.actor, at=LATER)

        assert "it is with Cem now" in again.assignments.get().outcome

    def test_a_lead_that_a_person_gave_away_and_back_is_left_alone(self, batch):
        (first, *_) = batch.assignments.order_by("pk")
        refuse(first)
        make_assignment(
            first.lead, first.lead.owner, expected=make_member("Cem"),
            state=State.DONE, created_at=LATER, finished_at=LATER,
        )  # fmt: skip

        again = batch_actions.retry_refused(batch=batch, actor=batch.actor, at=LATER)

        assert again.assignments.get().outcome == (
            "Sara Klein decided later: it goes to Ana."
        )

    def test_an_undo_that_is_tried_again_does_not_overrule_a_later_owner(self, batch):
        lead = Lead.objects.get(pk=batch.assignments.earliest("pk").lead_id)
        batch.assignments.update(state=State.DONE, finished_at=MONDAY)
        Lead.objects.update(owner=batch.assignments.earliest("pk").to)
        undo = undo_batch(batch=batch, actor=batch.actor, at=LATER)
        refuse(undo.assignments.get(lead=lead))
        Lead.objects.update(owner=make_member("Cem"))
        make_assignment(
            lead, make_member("Dan"), cause=Cause.ROUTING, actor=None, urgency=5
        )

        again = batch_actions.retry_refused(batch=undo, actor=batch.actor, at=LATER)

        assert "it is with Cem now" in again.assignments.get().outcome


class TestWhoMay:
    def test_another_sales_manager_may_control_a_batch(self, batch):
        batch_actions.pause_batch(batch=batch, actor=make_manager(), at=LATER)

    def test_a_team_lead_may_control_only_their_own(self, batch):
        theo = make_user("Theo Lead")
        make_team(leads=(theo,))

        with pytest.raises(NotAllowed, match="Sara Klein made this batch"):
            batch_actions.pause_batch(batch=batch, actor=theo, at=LATER)

    def test_a_member_may_control_none(self, batch):
        with pytest.raises(NotAllowed, match="Only a team lead or a sales manager"):
            batch_actions.cancel_batch(batch=batch, actor=make_user(), at=LATER)

    def test_nobody_may_control_a_batch_of_a_clock_or_rule(self, batch):
        batch.cause = Cause.COVERAGE_START
        batch.save()

        with pytest.raises(NotAllowed, match="Handoff made this batch by itself"):
            batch_actions.cancel_batch(batch=batch, actor=make_manager(), at=LATER)
