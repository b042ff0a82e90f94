"""What becomes of an automatic plan when it is written."""

import pytest

from assignments.models import Assignment, Lead, Member
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.ledger.batch import AutomaticPlan, Proposal, apply_plan
from tests.factories import (
    MONDAY,
    automatic_plan,
    make_assignment,
    make_lead,
    make_member,
)

pytestmark = pytest.mark.django_db


def apply(leads: list[Lead], to: Member) -> list[Assignment]:
    batch = apply_plan(automatic_plan(leads, to), actor=None, at=MONDAY)
    return list(batch.assignments.order_by("pk"))


def test_a_plan_becomes_one_row_per_lead():
    ana, ben = make_member("Ana"), make_member("Ben")

    rows = apply([make_lead(owner=ana) for _ in range(3)], ben)

    assert [row.state for row in rows] == [State.WAITING] * 3
    assert {row.urgency for row in rows} == {Urgency.RULE}
    assert {row.expected for row in rows} == {ana}


def test_a_lead_already_theirs_is_skipped_with_a_sentence():
    ben = make_member("Ben")

    (row,) = apply([make_lead(owner=ben)], ben)

    assert (row.state, row.outcome) == (State.SKIPPED, "Ben already has it.")


@pytest.mark.parametrize("state", [State.WAITING, State.SENDING])
def test_a_pending_decision_is_left_alone(state):
    ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
    lead = make_lead(owner=ana)
    lease = {"token": "ours", "lease_until": MONDAY} if state == State.SENDING else {}
    pending = make_assignment(lead, cem, state=state, **lease)

    (row,) = apply([lead], ben)

    pending.refresh_from_db()
    assert (pending.state, row.state) == (state, State.SKIPPED)
    assert row.outcome == "It is already on its way to Cem."


@pytest.mark.parametrize(
    ("is_active", "gone_at", "why"),
    [
        (False, None, "Ben has been deactivated."),
        (True, MONDAY, "Smartlead no longer has this lead."),
    ],
)
def test_what_cannot_be_is_skipped_with_a_sentence(is_active, gone_at, why):
    lead = make_lead(owner=make_member("Ana"), gone_at=gone_at)

    (row,) = apply([lead], make_member("Ben", is_active=is_active))

    assert (row.state, row.outcome) == (State.SKIPPED, why)


def test_a_proposal_without_a_member_is_skipped_with_its_reason():
    plan = AutomaticPlan(
        cause=Cause.ROUTING,
        reason="Rule 1.",
        proposals=(Proposal(make_lead().pk, None, "Everybody is away."),),
    )

    batch = apply_plan(plan, actor=None, at=MONDAY)

    assert batch.assignments.get().outcome == "Everybody is away."


def test_a_thousand_leads_cost_no_more_queries_than_two(django_assert_max_num_queries):
    ana, ben = make_member("Ana"), make_member("Ben")
    leads = [make_lead(owner=ana) for _ in range(100)]

    with django_assert_max_num_queries(9):
        apply(leads, ben)
