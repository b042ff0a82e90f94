"""What happens to a plan between its preview and the ledger."""

from datetime import timedelta

import pytest

from assignments.models import (
    Assignment,
    Batch,
    CoveredLead,
    Lead,
    Member,
    SavedPlan,
)
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.bulk import plans, write_plan
from assignments.services.bulk.batch_actions import cancel_batch
from assignments.services.ledger.assign import assign_lead
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
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
LATER = MONDAY + timedelta(minutes=1)


def confirm(plan: SavedPlan) -> dict[int, Assignment]:
    batch = plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)
    return {row.lead_id: row for row in batch.assignments.all()}


class TestWhatChangedSinceThePreview:
    def outcome(self, plan: SavedPlan) -> str:
        (row,) = confirm(plan).values()
        assert row.state == State.SKIPPED
        return row.outcome

    def test_another_owner_is_a_change(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        Lead.objects.update(owner=make_member("Cem"))

        assert self.outcome(plan) == (
            "It has moved since the preview: it is with Cem now."
        )

    def test_an_owner_where_nobody_was(self, ben):
        plan = make_plan([make_lead()], ben)
        Lead.objects.update(owner=make_member("Cem"))

        assert "it is with Cem now" in self.outcome(plan)

    def test_a_member_who_was_deactivated(self, ana, ben):
        plan = make_plan([make_lead(owner=ana)], ben)
        ben.is_active = False
        ben.save()

        assert self.outcome(plan) == "Ben has been deactivated since the preview."

    @pytest.mark.parametrize("strategy", ["member", "least_busy"])
    def test_a_member_who_went_away(self, ana, ben, strategy):
        plan = make_plan([make_lead(owner=ana)], ben, strategy=strategy)
        make_absence(ben)

        assert self.outcome(plan) == (
            "Ben is away until Fri 15 May, 09:00, since the preview."
        )

    def test_no_change_if_the_member_was_known_to_be_away(self, ana, ben):
        make_absence(ben)
        plan = make_plan([make_lead(owner=ana)], ben)

        (row,) = confirm(plan).values()

        assert row.state == State.WAITING

    def test_a_lead_that_is_gone(self, ana, ben):
        plan = make_plan([make_lead(owner=ana)], ben)
        Lead.objects.update(gone_at=MONDAY)

        assert self.outcome(plan) == "Smartlead no longer has this lead."

    def test_a_decision_of_somebody_else(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        make_assignment(lead, make_member("Cem"))

        assert self.outcome(plan) == (
            "Another decision came first: it is on its way to Cem."
        )

    def test_the_same_decision_of_somebody_else(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        make_assignment(lead, ben)

        assert self.outcome(plan) == "It is already on its way to Ben."

    def test_the_row_that_waits_counts_and_not_the_one_it_follows(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        sending = make_assignment(
            lead, ben, cause=Cause.ROUTING, actor=None,
            state=State.SENDING, token="t", lease_until=MONDAY,
        )  # fmt: skip
        make_assignment(lead, make_member("Cem"), after=sending, expected=ben)

        assert self.outcome(plan) == (
            "Another decision came first: it is on its way to Cem."
        )

    def test_a_lead_that_somebody_hands_back_to_who_was_away(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        make_assignment(lead, make_member("Cem"), cause=Cause.COVERAGE_RETURN)

        assert "Another decision came first" in self.outcome(plan)

    def test_what_somebody_also_asked_for_by_itself(self, ana, ben):
        lead = make_lead(owner=ana)
        plan = make_plan([lead], ben)
        row = make_assignment(lead, make_member("Cem"), cause=Cause.ROUTING, actor=None)
        assign_lead(lead=lead, to=row.to, actor=make_manager(), at=MONDAY)

        assert "Another decision came first" in self.outcome(plan)

    def test_the_right_to_move_it(self, ana, ben):
        theo = make_user("Theo Lead")
        team = make_team(leads=(theo,))
        for member in (ana, ben):
            member.team = team
            member.save()
        plan = make_plan([make_lead(owner=ana)], ben, actor=theo)
        ana.team = make_team("South")
        ana.save()

        assert "belongs to another team" in self.outcome(plan)


def test_a_waiting_automatic_change_is_replaced(ana, ben):
    lead = make_lead(owner=ana)
    plan = make_plan([lead], ben)
    waiting = make_assignment(
        lead, ana, cause=Cause.ROUTING, actor=None, expected=None, urgency=Urgency.RULE
    )

    row = confirm(plan)[lead.pk]

    waiting.refresh_from_db()
    assert (waiting.state, row.state) == (State.CANCELLED, State.WAITING)
    assert row.expected is None


def test_what_a_rule_wants_as_well_is_decided_all_the_same(ana, ben):
    lead = make_lead(owner=ana)
    plan = make_plan([lead], ben)
    rules = make_assignment(
        lead, ben, cause=Cause.ROUTING, actor=None, urgency=Urgency.RULE
    )

    row = confirm(plan)[lead.pk]

    rules.refresh_from_db()
    assert (rules.state, row.state) == (State.CANCELLED, State.WAITING)


def test_an_automatic_change_that_is_being_sent_is_followed(ana, ben):
    lead, cem = make_lead(owner=ana), make_member("Cem")
    plan = make_plan([lead], ben)
    sending = make_assignment(
        lead, cem, cause=Cause.ROUTING, actor=None,
        state=State.SENDING, token="t", lease_until=MONDAY, urgency=Urgency.RULE,
    )  # fmt: skip

    row = confirm(plan)[lead.pk]

    assert (row.after, row.expected) == (sending, cem)


class TestInChunks:
    @pytest.fixture(autouse=True)
    def _chunks_of_two(self, monkeypatch):
        monkeypatch.setattr(write_plan, "CHUNK", 2)

    @pytest.fixture
    def plan(self, ana, ben) -> SavedPlan:
        return make_plan([make_lead(owner=ana) for _ in range(5)], ben)

    def write_all(self) -> None:
        for plan in write_plan.unwritten_plans():
            while write_plan.write_chunk(plan=plan, at=LATER):
                pass

    def test_the_rest_follows_by_itself(self, plan, queued):
        plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)
        assert Assignment.objects.count() < 5

        self.write_all()

        assert Assignment.objects.waiting().count() == 5
        assert write_plan.unwritten_plans() == []

    def test_a_chunk_that_fails_is_written_later_as_a_whole(self, plan, monkeypatch):
        plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)
        with monkeypatch.context() as patch:
            patch.setattr(SavedPlan, "save", None)
            with pytest.raises(TypeError):
                write_plan.write_chunk(plan=plan, at=LATER)

        self.write_all()

        assert Assignment.objects.count() == 5

    def test_a_decision_made_meanwhile_is_not_overruled(self, plan, ana):
        plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)
        lead = Lead.objects.filter(assignments=None).first()
        theo, cem = make_manager("Theo Boss"), make_member("Cem")
        row = assign_lead(lead=lead, to=cem, actor=theo, at=LATER)
        Assignment.objects.filter(pk=row.pk).update(state="done", finished_at=LATER)

        self.write_all()

        newest = lead.assignments.order_by("-pk")[0]
        assert newest.state == State.SKIPPED
        assert newest.outcome == "Theo Boss decided later: it goes to Cem."

    def test_a_decision_that_the_lead_stays_is_not_overruled(self, plan, ana):
        plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)
        lead = Lead.objects.filter(assignments=None).first()
        make_assignment(
            lead, make_member("Cem"), cause=Cause.ROUTING, actor=None, urgency=5
        )
        theo = make_manager("Theo Boss")
        assign_lead(lead=lead, to=ana, actor=theo, at=LATER)

        self.write_all()

        newest = lead.assignments.order_by("-pk")[0]
        assert newest.outcome == "Theo Boss decided later: it goes to Ana."

    def test_rows_written_after_the_cancel_are_cancelled(self, plan):
        batch = plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)

        cancelled = cancel_batch(batch=batch, actor=plan.actor, at=LATER)
        self.write_all()

        states = set(batch.assignments.values_list("state", flat=True))
        assert (cancelled, states) == (5, {State.CANCELLED})
        assert batch.assignments.count() == 5


def test_a_chunk_asks_no_more_for_many_leads_than_for_one(ana, ben):
    leads = [make_lead(owner=ana) for _ in range(31)]
    one, many = (
        make_plan(some, ben, note="Hello {lead}") for some in (leads[:2], leads[2:])
    )

    assert queries_of(lambda: confirm(many)) == queries_of(lambda: confirm(one))


def test_naming_the_holder_keeps_the_lead_out_of_their_coverage(ana, ben):
    lead = make_lead(owner=ana)
    coverage = make_coverage(ana, ben, state="active")
    start = make_batch_of_coverage()
    taking = make_assignment(
        lead,
        ben,
        cause=Cause.COVERAGE_START,
        actor=None,
        batch=start,
        urgency=Urgency.COVERAGE_START,
    )
    make_hold(coverage, lead, state="taking", taken_at=None, move=taking)

    row = confirm(make_plan([lead], ana))[lead.pk]

    assert row.outcome == "Ana keeps it: the waiting change was cancelled."
    assert CoveredLead.objects.get(coverage=coverage, lead=lead).pinned_by == row


def test_a_member_who_left_the_team_since_the_preview_gets_nothing(ana, ben):
    tia = make_user("Tia")
    team = make_team(leads=(tia,))
    Member.objects.update(team=team)
    lead = make_lead(owner=ana)
    plan = make_plan([lead], ben, actor=tia)
    Member.objects.filter(pk=ben.pk).update(team=None)

    row = confirm(plan)[lead.pk]

    assert row.state == State.SKIPPED
    assert row.outcome == "Ben is no longer in a team of Tia."


def make_batch_of_coverage() -> Batch:
    return Batch.objects.create(
        cause=Cause.COVERAGE_START, reason="Ana is away.", created_at=MONDAY
    )
