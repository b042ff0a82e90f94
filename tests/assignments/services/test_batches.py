import pytest

from assignments.models import Assignment
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.batches import apply_plan
from assignments.services.planning import Plan, Proposal, plan_for_one_member
from assignments.services.refusals import NotAllowed
from tests.factories import (
    MONDAY,
    make_assignment,
    make_lead,
    make_manager,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db


def apply(leads, to, *, cause=Cause.BULK, actor=None) -> list[Assignment]:
    plan = plan_for_one_member(leads, to, reason="All to one.", cause=cause)
    is_personal = cause == Cause.BULK
    actor = actor or (make_manager() if is_personal else None)
    batch = apply_plan(plan, actor=actor, at=MONDAY)
    return list(batch.assignments.order_by("pk"))


def test_a_plan_becomes_one_row_per_lead():
    ana, ben = make_member("Ana"), make_member("Ben")

    rows = apply([make_lead(owner=ana) for _ in range(3)], ben)

    assert [row.state for row in rows] == [State.WAITING] * 3
    assert {row.urgency for row in rows} == {Urgency.BULK}


def test_a_lead_already_theirs_is_skipped_with_a_sentence():
    ben = make_member("Ben")

    (row,) = apply([make_lead(owner=ben)], ben)

    assert (row.state, row.outcome) == (State.SKIPPED, "Ben already has it.")


def test_a_persons_batch_replaces_what_waits():
    ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
    lead = make_lead(owner=ana)
    waiting = make_assignment(lead, cem)

    (row,) = apply([lead], ben)

    waiting.refresh_from_db()
    assert (waiting.state, row.state) == (State.CANCELLED, State.WAITING)
    assert row.expected == ana


def test_an_automatic_plan_leaves_a_persons_decision_alone():
    ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
    lead = make_lead(owner=ana)
    waiting = make_assignment(lead, cem)

    (row,) = apply([lead], ben, cause=Cause.ROUTING)

    waiting.refresh_from_db()
    assert (waiting.state, row.state) == (State.WAITING, State.SKIPPED)
    assert row.outcome == "It is already on its way to Cem."


def test_a_proposal_without_a_member_is_skipped_with_its_reason():
    plan = Plan(
        cause=Cause.ROUTING,
        reason="Rule 1.",
        proposals=(Proposal(make_lead().pk, None, "Everybody is away."),),
    )

    batch = apply_plan(plan, actor=None, at=MONDAY)

    assert batch.assignments.get().outcome == "Everybody is away."


def test_a_batch_needs_the_right_to_move_each_lead():
    ana, ben = make_member("Ana"), make_member("Ben")

    with pytest.raises(NotAllowed):
        apply([make_lead(owner=ana)], ben, actor=make_user())

    assert not Assignment.objects.exists()


def test_a_thousand_leads_cost_no_more_queries_than_two(django_assert_max_num_queries):
    ana, ben = make_member("Ana"), make_member("Ben")
    leads = [make_lead(owner=ana) for _ in range(100)]
    manager = make_manager()

    with django_assert_max_num_queries(9):
        apply(leads, ben, actor=manager)
