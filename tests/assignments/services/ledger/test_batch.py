import pytest

from assignments.models import Assignment, Lead, Member
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.errors import NotAllowed
from assignments.services.ledger.batch import (
    Plan,
    Proposal,
    apply_plan,
    plan_for_one_member,
)
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


class TestPending:
    """What a person's plan stands on when a change of the lead is under way."""

    @pytest.fixture
    def people(self) -> list[Member]:
        return [make_member(name) for name in ("Ana", "Ben", "Cem", "Dee")]

    @pytest.fixture
    def lead(self, people) -> Lead:
        return make_lead(owner=people[0])

    @pytest.fixture
    def sending(self, lead, people) -> Assignment:
        return make_assignment(
            lead, people[1], state=State.SENDING, token="ours", lease_until=MONDAY
        )

    def test_on_top_of_a_sending_row_it_stands_after_it(self, lead, people, sending):
        (row,) = apply([lead], people[2])

        assert (row.state, row.after) == (State.WAITING, sending)
        assert row.expected == people[1]

    def test_an_automatic_one_leaves_a_sending_row_alone(self, lead, people, sending):
        (row,) = apply([lead], people[2], cause=Cause.ROUTING)

        assert row.state == State.SKIPPED

    def test_it_expects_whom_the_replaced_row_expected(self, lead, people):
        make_assignment(lead, people[1])
        Lead.objects.update(owner=people[3])

        (row,) = apply([lead], people[2])

        assert row.expected == people[0]

    def test_naming_whom_the_replaced_row_expected_only_cancels_it(self, lead, people):
        waiting = make_assignment(lead, people[1])

        (row,) = apply([lead], people[0])

        waiting.refresh_from_db()
        assert (waiting.state, row.state) == (State.CANCELLED, State.SKIPPED)
        assert row.outcome == "Ana keeps it: the waiting change was cancelled."


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
