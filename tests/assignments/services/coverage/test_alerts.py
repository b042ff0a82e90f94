"""Which problems of coverages are shown, to whom, and until when."""

from datetime import timedelta

import pytest

from assignments.models import Coverage, Member
from assignments.services.coverage import actions, tick
from assignments.services.coverage.alerts import (
    CoverageRemedy,
    deciding_users,
    to_confirm,
    troubles_for,
)
from assignments.services.errors import Stale
from tests.assignments.services.coverage.scenario import DAY, HOUR, go, owner_of, plan
from tests.factories import (
    MONDAY,
    make_coverage,
    make_manager,
    make_member,
    make_team,
    make_user,
)


def remedies(at=MONDAY, user=None) -> list[CoverageRemedy]:
    return [trouble.remedy for trouble in troubles_for(user or make_manager(), at)]


def test_a_coverage_that_runs_well_needs_nothing(office):
    office.lead(0)
    plan(*office.members[:2])
    go(office)

    assert remedies() == []


def test_a_refused_lead_is_shown_with_its_sentence(office):
    lead = office.lead(0)
    stranger = make_member("Nia New", id=99)  # Smartlead does not know her
    plan(office.members[0], stranger)
    go(office)

    (trouble,) = troubles_for(make_manager(), MONDAY)

    assert trouble.lead == lead
    assert trouble.remedy == CoverageRemedy.RETRY
    assert "Team member not found" in trouble.sentence


def test_leads_that_nobody_can_take_are_counted(office):
    office.lead(0)
    ana, ben = office.members[:2]
    plan(ana, ben)
    plan(ben, ana)

    go(office)

    assert "1 lead of" in troubles_for(make_manager(), MONDAY)[0].sentence


def test_a_deactivated_coverer_is_named(office):
    plan(*office.members[:2])
    Member.objects.filter(pk=office.members[1].pk).update(is_active=False)

    assert remedies(MONDAY - HOUR) == [CoverageRemedy.CHANGE_COVERER]


def test_missing_ticks_are_shown(office):
    plan(*office.members[:2])

    assert remedies(MONDAY) == []
    assert remedies(MONDAY + HOUR) == [CoverageRemedy.LOOK]


def test_an_overdue_return_is_shown(office):
    office.lead(0)
    plan(*office.members[:2])
    go(office)
    tick.tick(MONDAY + DAY)

    assert remedies(MONDAY + DAY + HOUR) == []
    assert remedies(MONDAY + DAY + 3 * HOUR) == [CoverageRemedy.LOOK]


def test_a_missed_coverage_is_shown_until_somebody_acknowledges_it(office):
    coverage = plan(*office.members[:2])
    tick.tick(MONDAY + 2 * DAY)
    before = remedies()

    actions.acknowledge(coverage=coverage, actor=make_manager(), at=MONDAY)

    assert before == [CoverageRemedy.ACKNOWLEDGE]
    assert remedies() == []


def test_problems_are_shown_to_responsible_users_only(office):
    ana, ben = office.members[:2]
    boss, user = make_user("Tia Lead"), make_user("Ana A")
    ana.user, ana.team = user, make_team(leads=(boss,))
    ana.save()
    plan(ana, ben)
    late = MONDAY + timedelta(hours=1)

    assert remedies(late, boss) == remedies(late, user) == [CoverageRemedy.LOOK]
    assert remedies(late, make_user()) == []


@pytest.mark.django_db
def test_without_running_coverages_it_takes_one_query(django_assert_num_queries):
    boss = make_manager()

    with django_assert_num_queries(1):
        troubles_for(boss, MONDAY)


def test_the_calls_of_a_coverage_are_counted_by_smartlead(office):
    leads = [office.lead(0, number=number) for number in range(12)]
    plan(*office.members[:3], start_note="Covered.", return_note="Back.")

    go(office)
    go(office, MONDAY + DAY)

    calls = office.world.call_log.calls
    assert len(calls(kind="owner")) == 2 * len(leads)
    assert len(calls(kind="note")) == 2 * len(leads)
    assert len(calls(kind="thread")) <= 2 * len(leads)
    assert Coverage.objects.get().state == Coverage.State.COMPLETED


def test_a_coverage_that_is_not_over_cannot_be_acknowledged(office):
    coverage = plan(*office.members[:2])

    with pytest.raises(Stale, match="not over"):
        actions.acknowledge(coverage=coverage, actor=make_manager(), at=MONDAY - HOUR)
    tick.tick(MONDAY + 3 * DAY)

    assert remedies(MONDAY + 3 * DAY) == [CoverageRemedy.ACKNOWLEDGE]


def test_a_deactivated_fallback_is_replaced_like_other_coverers(office):
    ana, ben, cem = office.members[:3]
    lead = office.lead(0)
    coverage = plan(ana, fallback=ben)
    go(office)
    Member.objects.filter(pk=ben.pk).update(is_active=False)
    go(office, MONDAY + HOUR)
    assert remedies(MONDAY + HOUR) == [CoverageRemedy.CHANGE_COVERER]

    actions.change_coverer(
        coverage=coverage, old=ben, new=cem, actor=make_manager(), at=office.clock()
    )
    office.dispatch()

    assert owner_of(lead) == cem
    assert remedies(MONDAY + HOUR) == []


@pytest.mark.django_db
def test_who_leads_the_team_confirms_its_proposals_the_soonest_first():
    lead = make_user("Theo Brandt")
    mine, other = make_team(leads=(lead,)), make_team("US")
    ana = make_member("Ana Sousa", team=mine)
    next_week = MONDAY.date() + timedelta(days=7)
    later = make_coverage(ana, state="proposed", first_day=next_week)
    sooner = make_coverage(ana, state="proposed")
    elsewhere = make_coverage(make_member("Ben", team=other), state="proposed")
    make_coverage(ana, state="scheduled")

    assert list(to_confirm(lead, at=MONDAY)) == [sooner, later]
    assert set(to_confirm(make_manager(), at=MONDAY)) == {sooner, later, elsewhere}
    assert list(to_confirm(make_user(), at=MONDAY)) == []
    assert list(to_confirm(make_user(is_active=False), at=MONDAY)) == []


@pytest.mark.django_db
def test_a_proposal_whose_end_has_passed_is_no_longer_to_be_confirmed():
    proposal = make_coverage(make_member(), state="proposed")

    assert list(to_confirm(make_manager(), at=proposal.ends_at)) == []


@pytest.mark.django_db
def test_the_users_who_decide_are_active_managers_and_leads_of_the_team_once():
    lead, away = make_user("Theo Brandt"), make_user("Ana Sousa")
    both = make_manager("Sara Klein")
    team = make_team(leads=(lead, both, make_user("Old Lead", is_active=False)))
    make_user("Uma User")
    ana = make_member(user=away, team=team)
    proposal = make_coverage(ana, state="proposed", created_by=away)

    assert set(deciding_users(proposal)) == {lead, both}
    assert deciding_users(proposal).count() == 2
