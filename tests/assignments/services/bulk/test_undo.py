"""Undo of a batch: exactly what has not moved since goes back."""

from datetime import timedelta

import pytest

from assignments.models import Assignment, Batch, Lead, Member
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.bulk import write_plan
from assignments.services.bulk.plans import confirm_plan
from assignments.services.bulk.undo import UndoPreview, preview_undo, undo_batch
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.ledger.assign import assign_lead
from tests.dashboard.pages import queries_of
from tests.dispatch_harness import open_dispatch_harness
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
    make_plan,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def batch(ana, ben) -> Batch:
    return sent(make_batch([make_lead(owner=ana) for _ in range(4)], ben))


def test_what_somebody_asked_for_by_itself_is_not_undone(ana, ben):
    batch = make_batch([make_lead(owner=ana) for _ in range(3)], ben)
    for row in batch.assignments.order_by("pk")[:2]:
        assign_lead(lead=row.lead, to=ben, actor=make_manager(), at=MONDAY)
    done = batch.assignments.order_by("pk")[0]
    sent_one = Assignment.objects.filter(pk=done.pk)
    sent_one.update(state=State.DONE, finished_at=MONDAY)
    Lead.objects.filter(pk=done.lead_id).update(owner=ben)

    undo = look(batch)

    assert (undo.back, undo.unsent) == ([], 1)
    assert {left.why for left in undo.changed} == {
        "Somebody also asked for this lead by itself: it stays as asked."
    }
    assert len(undo.changed) == 2


def sent(batch: Batch) -> Batch:
    """As if the dispatcher had told Smartlead about every row."""
    for row in batch.assignments.waiting():
        Lead.objects.filter(pk=row.lead_id).update(owner=row.to)
    batch.assignments.waiting().update(state=State.DONE, finished_at=MONDAY)
    return batch


def rows_of(batch: Batch) -> list[Assignment]:
    return list(batch.assignments.order_by("pk"))


def look(batch: Batch) -> UndoPreview:
    return preview_undo(batch=batch, actor=batch.actor, at=LATER)


def undo(batch: Batch) -> Batch:
    return undo_batch(batch=batch, actor=batch.actor, at=LATER)


def test_unchanged_leads_go_back_to_who_had_them(batch, ana):
    made = undo(batch)

    rows = rows_of(made)
    assert (made.cause, made.reverses) == (Cause.UNDO, batch)
    assert {row.to for row in rows} == {ana}
    assert {row.state for row in rows} == {State.WAITING}
    assert {row.urgency for row in rows} == {Urgency.BULK}
    assert [row.reverses for row in rows] == rows_of(batch)
    assert rows[0].reason == "Sara Klein undid “4 leads → Ben 4”."


def test_leads_that_changed_since_are_listed_and_left(batch, ben, cem):
    by_hand, outside, waiting, _ = (row.lead for row in rows_of(batch))
    done = {"state": State.DONE, "finished_at": MONDAY, "expected": ben}
    make_assignment(by_hand, cem, actor=make_manager("Theo Boss"), **done)
    make_assignment(outside, cem, cause=Cause.OUTSIDE, actor=None, **done)
    make_assignment(waiting, cem)
    Lead.objects.filter(pk__in=[by_hand.pk, outside.pk]).update(owner=cem)

    seen = look(batch)
    made = undo(batch)

    assert [left.why for left in seen.changed] == [
        "It has moved since: Theo Boss gave it to Cem.",
        "It has moved since: in Smartlead, to Cem.",
        "A later decision is on its way: to Cem.",
    ]
    assert [row.reverses for row in rows_of(made)] == rows_of(batch)[3:]
    assert [row.pk for row in seen.back] == [rows_of(batch)[3].pk]


def test_a_lead_that_came_back_to_the_same_member_has_changed_as_well(batch, ben):
    (row, *_) = rows_of(batch)
    make_assignment(row.lead, ben, state=State.DONE, finished_at=MONDAY)

    seen = look(batch)

    assert [left.row.pk for left in seen.changed] == [row.pk]


def test_leads_that_nobody_had_are_listed_apart(ben):
    batch = sent(make_batch([make_lead()], ben))

    seen = look(batch)

    assert [left.why for left in seen.nobodys] == [
        "Nobody had it before, and Smartlead cannot take an owner away."
    ]
    with pytest.raises(AssignmentRefused, match="Nothing of this batch can go back"):
        undo(batch)


def test_who_has_been_deactivated_gets_nothing_back(batch, ana):
    ana.is_active = False
    ana.save()

    seen = look(batch)

    assert {left.why for left in seen.changed} == {
        "Ana, who had it before, has been deactivated and gets nothing until "
        "activated again."
    }


class TestWhoIsAwayByNow:
    def test_is_warned_of_and_gets_them_back(self, batch, ana):
        absence = make_absence(ana)

        assert look(batch).away == [absence]
        assert {row.state for row in rows_of(undo(batch))} == {State.WAITING}

    def test_gets_nothing_if_the_page_did_not_warn(self, batch, ana):
        make_absence(ana)

        made = undo_batch(
            batch=batch, actor=batch.actor, at=LATER, although_away=frozenset()
        )

        assert {row.outcome for row in rows_of(made)} == {
            "Ana is away until Fri 15 May, 09:00, since the preview."
        }


class TestUndoByATeamLead:
    @pytest.fixture
    def batch(self, ana, ben) -> Batch:
        theo, dora = make_user("Theo Lead"), make_member("Dora")
        Member.objects.update(team=make_team(leads=(theo,)))
        leads = [make_lead(owner=ana), make_lead(owner=ben)]
        return sent(make_batch(leads, dora, actor=theo))

    def test_who_left_the_team_since_gets_nothing_back(self, batch, ana):
        Member.objects.filter(pk=ana.pk).update(team=None)

        seen = look(batch)

        assert [left.why for left in seen.changed] == [
            "Ana, who had it before, is in no team of Theo Lead."
        ]
        assert len(seen.back) == 1

    def test_who_leaves_the_team_before_the_writing_gets_nothing_back(
        self, batch, monkeypatch
    ):
        monkeypatch.setattr(write_plan, "CHUNK", 1)
        made = undo(batch)
        (first,) = rows_of(made)
        Member.objects.filter(name__in=("Ana", "Ben")).exclude(pk=first.to_id).update(
            team=None
        )

        while write_plan.write_chunk(plan=made.plan, at=LATER):
            pass

        _, second = rows_of(made)
        assert second.state == State.SKIPPED


def test_a_lead_of_a_coverage_that_is_over_is_not_given_to_who_covered(ana, ben, cem):
    coverage = make_coverage(ana, ben, state="completed")
    lead = make_lead(owner=ben)
    batch = sent(make_batch([lead], cem))
    taken_out = batch.assignments.get()
    make_hold(coverage, lead, outcome="moved", ended_by=taken_out)

    undo = look(batch)

    assert not undo.back
    assert [left.why for left in undo.changed] == [
        "It was covered for Ana, and that is over by now. Assign it to somebody."
    ]


def test_cancelling_what_is_not_written_yet_is_something_to_undo(
    ana, ben, cem, monkeypatch
):
    monkeypatch.setattr(write_plan, "CHUNK", 1)
    plan = make_plan([make_lead(owner=ana), make_lead(owner=ana)], ben)
    Lead.objects.update(owner=cem)
    batch = confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)

    assert undo_batch(batch=batch, actor=batch.actor, at=LATER) == batch


def test_what_waits_is_cancelled_without_a_call(ana, ben):
    batch = make_batch([make_lead(owner=ana) for _ in range(2)], ben)

    made = undo(batch)

    assert made == batch
    assert {row.state for row in rows_of(batch)} == {State.CANCELLED}


def test_what_is_being_sent_is_followed_by_its_undo(ana, ben):
    batch = make_batch([make_lead(owner=ana)], ben)
    batch.assignments.update(state=State.SENDING, token="t", lease_until=LATER)

    (row,) = rows_of(undo(batch))

    assert (row.to, row.expected, row.after) == (ana, ben, rows_of(batch)[0])


def test_the_undo_has_its_own_undo(batch, ana, ben):
    back = sent(undo(batch))

    again = undo(back)

    assert {row.to for row in rows_of(again)} == {ben}


def test_a_second_undo_finds_nothing_left(batch):
    undo(batch)

    with pytest.raises(AssignmentRefused, match="Nothing of this batch can go back"):
        undo(batch)


def test_a_team_lead_undoes_nobody_elses_batch(batch):
    theo = make_user("Theo Lead")
    make_team(leads=(theo,))

    with pytest.raises(NotAllowed):
        undo_batch(batch=batch, actor=theo, at=LATER)


def test_asks_no_more_for_many_leads_than_for_one(batch, ana, ben):
    one = sent(make_batch([make_lead(owner=ana)], ben))

    few, many = (queries_of(lambda it=it: look(it)) for it in (one, batch))

    assert many == few


def test_after_an_hour_of_other_work_smartlead_has_what_was_before(world):
    with open_dispatch_harness(world) as office:
        ana, ben, cem, *_ = office.members
        leads = [office.lead(0, number=number) for number in range(4)]
        batch = make_batch(leads, ben)
        office.dispatch()
        world.assign_outside(leads[0].pk, cem.pk)
        at = office.clock.advance(3600)

        made = undo_batch(batch=batch, actor=batch.actor, at=at)
        office.dispatch()

        owners = [world.owners()[lead.pk] for lead in leads]
        assert owners == [cem.pk, ana.pk, ana.pk, ana.pk]
        states = sorted(made.assignments.values_list("state", flat=True))
        assert states == ["done", "done", "done", "overtaken"]
