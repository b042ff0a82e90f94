"""Which leads move when a team is levelled, and that the plan is like any other."""

from datetime import timedelta

import pytest

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause
from assignments.services.bulk import plans
from assignments.services.bulk.rebalance import plan_rebalance, rebalance_targets
from assignments.services.errors import AssignmentRefused, NotAllowed
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def quiet(owner, days: int = 20, **fields) -> Lead:
    """An open lead without a mail either way for so many days."""
    touched = MONDAY - days * DAY
    said = {"last_reply_at": touched, "last_sent_at": touched} | fields
    return make_lead(owner=owner, **said)


def shares(members, manager, **said):
    return rebalance_targets(members=members, actor=manager, at=MONDAY, **said)


def planned(members, manager, *, with_live: bool = False):
    return plan_rebalance(
        shares=shares(members, manager, with_live=with_live),
        actor=manager,
        at=MONDAY,
        with_live=with_live,
        query="",
    )


def moved(plan) -> dict[int, int | None]:
    return {entry.lead_id: entry.to_id for entry in plan.entries()}


def test_the_leads_that_were_untouched_longest_go(ana, ben, manager):
    leads = [quiet(ana, days) for days in (10, 40, 20, 30)]

    plan = planned([ana, ben], manager)

    assert moved(plan) == {leads[1].pk: ben.pk, leads[3].pk: ben.pk}
    assert {entry.reason for entry in plan.entries()} == {
        "To level the load: Ana goes from 4 open leads to 2, Ben from 0 to 2."
    }


def test_live_conversations_stay_unless_asked(ana, ben, manager):
    quiet(ana, answer_owed=True)
    quiet(ana, last_reply_at=MONDAY - 6 * DAY)
    quiet(ana, last_sent_at=MONDAY - 6 * DAY)
    (share, _) = shares([ana, ben], manager)

    assert (share.before, share.after, share.kinds) == (3, 3, {"live": 3})
    assert len(moved(planned([ana, ben], manager, with_live=True))) == 1


def test_held_and_moving_leads_never_go(ana, ben, manager):
    make_hold(make_coverage(ben, ana, state="active"), quiet(ana))
    make_assignment(quiet(ana), make_member("Cem Kaya"))
    quiet(ana), quiet(ana)
    (share, _) = shares([ana, ben], manager, with_live=True)

    assert share.kinds == {"held": 1, "on_the_way": 1, "movable": 2}
    assert (share.before, share.after) == (3, 2)


def test_only_open_leads_count_and_go(ana, ben, manager):
    quiet(ana, category=make_category(is_closing=True))
    quiet(ana, last_reply_at=None)
    quiet(ana, gone_at=MONDAY)

    assert [share.before for share in shares([ana, ben], manager)] == [0, 0]
    with pytest.raises(AssignmentRefused, match="as level as it gets"):
        planned([ana, ben], manager)


def test_confirmed_it_is_a_batch_of_its_own_cause(ana, ben, manager):
    lead = quiet(ana, days=30)
    quiet(ana)
    plan = planned([ana, ben], manager)

    batch = plans.confirm_plan(plan=plan, actor=manager, at=MONDAY)

    row = Assignment.objects.get()
    assert (row.lead, row.to, row.cause) == (lead, ben, Cause.REBALANCE)
    assert batch.reason == "Sara Klein levelled the load of the team: 1 lead."


def test_two_plans_do_not_fill_somebody_twice(ana, ben, manager):
    type(ben).objects.filter(pk=ben.pk).update(capacity=1)
    ben.refresh_from_db()
    cem = make_member("Cem Kaya")
    for owner in (ana, ana, cem, cem):
        quiet(owner)
    first, second = planned([ana, ben], manager), planned([cem, ben], manager)
    plans.confirm_plan(plan=first, actor=manager, at=MONDAY)

    plans.confirm_plan(plan=second, actor=manager, at=MONDAY)

    assert Assignment.objects.waiting().filter(to=ben).count() == 1


def test_a_team_lead_levels_the_own_teams_only(ana, ben):
    theo = make_user("Theo Brandt")
    make_member("Theo Brandt", user=theo, team=make_team())
    ana.team = make_team(leads=(theo,))
    ana.save()
    quiet(ben), quiet(ben)

    (_, share) = shares([ana, ben], theo)

    assert (share.is_theirs, share.after) == (False, 2)
    with pytest.raises(NotAllowed):
        shares([ana, ben], make_user("Mo Member"))


def test_more_leads_and_members_ask_no_more_of_the_database(ana, ben, manager):
    quiet(ana)
    one = queries_of(lambda: shares([ana, ben], manager))
    others = [make_member(f"Member {number}") for number in range(5)]
    for other in others:
        quiet(other)

    assert queries_of(lambda: shares([ana, ben, *others], manager)) == one


class TestSinceThePreview:
    """A lead that came alive, or was taken for an absence, stays where it is."""

    @pytest.fixture
    def lead(self, ana) -> Lead:
        quiet(ana)
        return quiet(ana, days=30)

    def outcome(self, plan, manager) -> tuple[str, str]:
        at = MONDAY + timedelta(hours=1)
        plans.confirm_plan(plan=plan, actor=manager, at=at)
        row = Assignment.objects.get()
        return row.state, row.outcome

    def test_a_reply_keeps_it(self, ana, ben, manager, lead):
        plan = planned([ana, ben], manager)
        replied = MONDAY + timedelta(minutes=5)
        Lead.objects.filter(pk=lead.pk).update(last_reply_at=replied, answer_owed=True)

        state, outcome = self.outcome(plan, manager)

        assert (state, "the conversation is live" in outcome) == ("skipped", True)

    def test_a_reply_keeps_nothing_where_live_ones_move(self, ana, ben, manager, lead):
        plan = planned([ana, ben], manager, with_live=True)
        Lead.objects.filter(pk=lead.pk).update(answer_owed=True)

        assert self.outcome(plan, manager) == ("waiting", "")

    def test_a_coverage_keeps_it(self, ana, ben, manager, lead):
        plan = planned([ana, ben], manager)
        make_hold(make_coverage(ana, ben, state="active"), lead)

        state, outcome = self.outcome(plan, manager)

        assert (state, "held in a coverage" in outcome) == ("skipped", True)
