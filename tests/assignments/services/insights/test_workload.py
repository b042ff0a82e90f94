"""What each member carries, and that no number costs more with more members."""

from datetime import timedelta

import pytest

from assignments.models import Lead
from assignments.services.bulk.open_leads import is_open
from assignments.services.insights.workload import WaitingLead, team_workload
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_team,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana():
    return make_member("Ana Sousa", capacity=4)


def line_of(member, **said):
    lines = team_workload(at=MONDAY, **said).members
    return next(line for line in lines if line.member == member)


def test_open_is_replied_and_not_closed(ana):
    make_lead(owner=ana)
    make_lead(owner=ana, category=make_category())
    make_lead(owner=ana, last_reply_at=None)
    make_lead(owner=ana, category=make_category(is_closing=True))
    make_lead(owner=ana, gone_at=MONDAY)

    assert line_of(ana).open == 2
    assert line_of(ana).share == 0.5


def test_both_conditions_for_open_leads_agree():
    closed, hot = make_category(is_closing=True), make_category()
    for category in (closed, hot, None):
        make_lead(category=category)
        make_lead(category=category, last_reply_at=None)
        make_lead(category=category, gone_at=MONDAY)

    by_join = Lead.objects.open().order_by("pk")

    assert list(Lead.objects.filter(is_open()).order_by("pk")) == list(by_join)
    assert len(by_join) == 2


def test_the_oldest_unanswered_is_the_one_that_replied_first(ana):
    old = make_lead(owner=ana, answer_owed=True, last_reply_at=MONDAY - 9 * HOUR)
    make_lead(owner=ana, answer_owed=True, last_reply_at=MONDAY - HOUR)
    make_lead(owner=ana, last_reply_at=MONDAY - 99 * HOUR)

    assert line_of(ana).waiting == 2
    assert line_of(ana).oldest == WaitingLead(old.pk, MONDAY - 9 * HOUR)
    assert team_workload(at=MONDAY).total.oldest == WaitingLead(
        old.pk, MONDAY - 9 * HOUR
    )


def test_overdue_is_owed_and_past_its_moment(ana):
    make_lead(owner=ana, answer_owed=True, answer_due_at=MONDAY)
    make_lead(owner=ana, answer_owed=True, answer_due_at=MONDAY + HOUR)

    assert line_of(ana).overdue == 1


def test_held_for_others_counts_what_is_still_with_the_covering_member(ana):
    ben = make_member("Ben Okafor")
    coverage = make_coverage(ben, ana, state="active")
    make_hold(coverage, make_lead(owner=ana))
    make_hold(coverage, make_lead(owner=ben))
    make_hold(coverage, make_lead(owner=ana), outcome="returned")

    assert line_of(ana).held == 1


def test_on_the_way_counts_where_a_lead_will_be_in_the_end(ana):
    ben = make_member("Ben Okafor")
    lead = make_lead()
    make_assignment(
        lead, ben, state="sending", token="t", lease_until=MONDAY, sent_at=None
    )
    make_assignment(lead, ana)

    assert (line_of(ana).coming, line_of(ben).coming) == (1, 0)


def test_who_is_away_is_said_and_who_will_be(ana):
    ben = make_member("Ben Okafor")
    absence = make_absence(ana)
    later = make_coverage(ben, ana, first_day=MONDAY.date() + timedelta(days=9))

    assert (line_of(ana).away, line_of(ana).next_away) == (absence, None)
    assert (line_of(ben).away, line_of(ben).next_away) == (None, later)


def test_nobodys_and_unknown_ones_have_a_line_of_their_own(ana):
    make_lead(answer_owed=True, answer_due_at=MONDAY)
    make_lead(owner_known_at=None)
    make_lead(owner=ana)

    found = team_workload(at=MONDAY)

    assert found.nobody
    assert found.unknown
    assert (found.nobody.open, found.nobody.overdue) == (1, 1)
    assert found.unknown.open == 1
    assert found.total.open == 3


def test_a_team_is_looked_at_alone(ana):
    ben = make_member("Ben Okafor", team=make_team())
    make_lead(owner=ben)
    make_lead(owner=ana)

    found = team_workload(at=MONDAY, team=ben.team)

    assert [line.member for line in found.members] == [ben]
    assert (found.total.open, found.nobody) == (1, None)


def test_more_members_and_leads_ask_no_more_of_the_database(ana):
    make_lead(owner=ana)
    one = queries_of(lambda: team_workload(at=MONDAY))
    for number in range(9):
        make_lead(owner=make_member(f"Member {number}"), answer_owed=True)

    assert queries_of(lambda: team_workload(at=MONDAY)) == one <= 16
