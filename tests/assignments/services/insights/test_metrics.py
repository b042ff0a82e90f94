"""Each figure as the page defines it, for the week from MONDAY."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Lead, MailEvent, Member
from assignments.services.insights.lead_counts import MemberScope
from assignments.services.insights.metrics import (
    MemberMetrics,
    Period,
    metrics_table,
    nearest_rank,
)
from assignments.services.replies.record import record_mails
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_team,
)

pytestmark = pytest.mark.django_db

EVERYBODY = MemberScope()


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


WEEK = Period(starts_at=day(0), ends_at=day(7))


def figures(member: Member, period: Period = WEEK) -> MemberMetrics:
    scope = MemberScope(member_id=member.pk)
    return metrics_table([member], period=period, at=day(8), scope=scope).lines[0]


def give(
    lead: Lead, before: Member | None, to: Member, at: float, **said: object
) -> None:
    """A change that came true; the lead is left with whom it gave it to."""
    row = make_assignment(
        lead, to, expected=before, state="done", created_at=day(at),
        finished_at=day(at), **said,
    )  # fmt: skip
    Lead.objects.filter(pk=lead.pk).update(owner=row.to)


def replied(lead: Lead, at: float) -> None:
    MailEvent.objects.create(lead=lead, at=day(at), kind="reply")


def answered(lead: Lead, at: float, *, minutes: int) -> None:
    mails = {(day(at) - timedelta(minutes=minutes), "reply"), (day(at), "sent")}
    record_mails({lead.pk: mails}, promised={})


class TestLeads:
    def test_that_were_theirs_throughout(self, ana):
        make_lead(owner=ana)

        assert figures(ana).counts.leads == 1

    def test_that_came_or_went_in_the_period_count_for_both(self, ana, ben):
        give(make_lead(), ana, ben, 3)

        assert figures(ana).counts.leads == figures(ben).counts.leads == 1

    def test_that_passed_through_count(self, ana, ben, cem):
        lead = make_lead()
        give(lead, ana, ben, 2)
        give(lead, ben, cem, 3)

        assert figures(ben).counts.leads == 1

    @pytest.mark.parametrize(("at", "anas", "bens"), [(-1, 0, 1), (8, 1, 0)])
    def test_that_moved_before_or_after_count_for_one(self, ana, ben, at, anas, bens):
        give(make_lead(), ana, ben, at)

        assert (figures(ana).counts.leads, figures(ben).counts.leads) == (anas, bens)

    def test_that_came_to_be_known_later_do_not_count(self, ana, ben):
        make_lead(owner=ana, first_seen_at=day(8))
        give(make_lead(first_seen_at=day(8)), ana, ben, 9)

        assert figures(ana).counts.leads == 0

    def test_that_were_gone_before_do_not_count(self, ana):
        make_lead(owner=ana, gone_at=day(-1))
        make_lead(owner=ana, gone_at=day(3))

        assert figures(ana).counts.leads == 1

    def test_replied_in_the_period_once_however_often(self, ana):
        lead, other = make_lead(owner=ana), make_lead(owner=ana)
        replied(lead, 0)
        replied(lead, 6.9)
        replied(other, 7)
        replied(other, -0.1)

        assert figures(ana).reply_rate == 0.5

    def test_interested_replied_in_the_period_and_are_in_such_a_category_now(self, ana):
        hot = make_category(is_interested=True)
        replied(make_lead(owner=ana, category=hot), 0)
        replied(make_lead(owner=ana, category=make_category()), 0)
        make_lead(owner=ana, category=hot)
        make_lead(owner=ana)

        assert figures(ana).interest_rate == 0.25
        assert figures(ana).reply_rate == 0.5

    def test_interested_never_exceed_replied_also_after_a_move(self, ana, ben):
        hot = make_category(is_interested=True)
        give(make_lead(owner=ana, category=hot), ben, ana, 1)

        counts = figures(ana).counts

        assert (counts.replied, counts.interested) == (0, 0)

    def test_without_leads_there_is_no_rate(self, ana):
        assert figures(ana).reply_rate is None
        assert figures(ana).interest_rate is None


class TestChanges:
    def test_assigned_taken_and_handed_over(self, ana, ben):
        give(make_lead(), None, ana, 1)
        give(make_lead(), ben, ana, 2)
        give(make_lead(), ana, ben, 3)

        counts = figures(ana).counts

        assert (counts.assigned, counts.taken_over, counts.handed_over) == (2, 1, 1)

    def test_a_lead_that_comes_twice_is_one(self, ana, ben):
        lead = make_lead()
        give(lead, ben, ana, 1)
        give(lead, ana, ben, 2)
        give(lead, ben, ana, 3)

        counts = figures(ana).counts

        assert (counts.assigned, counts.handed_over) == (1, 1)

    def test_only_what_came_true_in_the_period_counts(self, ana, ben):
        give(make_lead(), ben, ana, -0.1)
        give(make_lead(), ben, ana, 7)
        make_assignment(
            make_lead(owner=ben), ana, state="refused", created_at=day(1),
            finished_at=day(1),
        )  # fmt: skip

        assert figures(ana).counts.assigned == 0


class TestCoverage:
    """Ana is away; Ben covers her lead from the first day on."""

    @pytest.fixture
    def held(self, ana: Member, ben: Member) -> Lead:
        lead = make_lead()
        give(lead, ana, ben, 1, cause="coverage_start")
        make_hold(make_coverage(ana, ben), lead, taken_at=day(1))
        return lead

    def test_a_covered_lead_stays_with_who_is_away(self, held, ana, ben):
        assert (figures(ana).counts.leads, figures(ben).counts.leads) == (1, 0)
        assert figures(ana).counts.handed_over == 0
        assert figures(ben).counts.assigned == 0

    def test_its_return_is_no_taking_over(self, held, ana, ben):
        give(held, ben, ana, 5, cause="coverage_return")
        held.holds.update(state="ended", outcome="returned", ended_at=day(5))

        assert figures(ana).counts.taken_over == 0
        assert (figures(ana).counts.leads, figures(ben).counts.leads) == (1, 0)

    def test_an_answer_counts_for_who_gave_it_and_apart(self, held, ana, ben):
        answered(held, 2, minutes=30)

        assert (figures(ana).own.count, figures(ana).covering.count) == (0, 0)
        assert (figures(ben).own.count, figures(ben).covering.median) == (0, 30)

    def test_moved_for_good_meanwhile_it_leaves_who_is_away(self, held, ana, ben, cem):
        give(held, ben, cem, 3)
        row = held.assignments.latest("pk")
        held.holds.update(state="ended", outcome="moved", ended_at=day(3), ended_by=row)

        assert figures(ana).counts.handed_over == 1
        assert figures(ben).counts.handed_over == 0
        assert figures(cem).counts.taken_over == 1

    def test_kept_by_the_rule_it_was_hers_until_then(self, held, ana, ben):
        kept = {"state": "ended", "outcome": "kept", "ended_at": day(5)}
        held.holds.update(**kept)
        before = Period(starts_at=day(-7), ends_at=day(0))
        after = Period(starts_at=day(6), ends_at=day(7))

        leads = [
            (figures(ana, period).counts.leads, figures(ben, period).counts.leads)
            for period in (before, WEEK, after)
        ]

        assert leads == [(1, 0), (1, 1), (0, 1)]
        assert figures(ana).counts.handed_over == figures(ben).counts.assigned == 0

    def test_a_move_that_is_undone_leaves_it_with_who_is_away(
        self, held, ana, ben, cem
    ):
        give(held, ben, cem, 3)
        give(held, cem, ben, 4, cause="undo")  # and the hold lives on

        assert [figures(one).counts.leads for one in (ana, ben, cem)] == [1, 0, 1]
        assert figures(ana).counts.handed_over == figures(ana).counts.taken_over == 1
        assert figures(ben).counts.assigned == 0

    def test_changed_hands_until_back_it_stays_as_well(self, held, ana, ben, cem):
        give(held, ben, cem, 3, until_back=True)
        held.holds.update(to=cem)

        assert figures(ana).counts.leads == 1
        assert figures(cem).counts.assigned == 0


class TestAnswers:
    def test_median_and_p90_are_of_answers_in_the_period(self, ana):
        for minutes in (10, 20, 60):
            answered(make_lead(owner=ana), 2, minutes=minutes)
        answered(make_lead(owner=ana), 8, minutes=1)

        own = figures(ana).own

        assert (own.count, own.median, own.p90) == (3, 20, 60)

    def test_kept_is_of_those_with_a_target(self, ana):
        answered(make_lead(owner=ana), 3, minutes=60)
        answered(make_lead(owner=ana), 3, minutes=25 * 60)
        closed = make_category(is_closing=True)
        answered(make_lead(owner=ana, category=closed), 3, minutes=60)

        assert figures(ana).own.kept_rate == 0.5

    def test_what_waits_is_a_count_beside(self, ana):
        make_lead(owner=ana, answer_owed=True, answer_due_at=day(1))
        make_lead(owner=ana, answer_owed=True, answer_due_at=day(9))
        make_lead(owner=ana)

        assert (figures(ana).waiting, figures(ana).overdue) == (2, 1)
        assert figures(ana).own.median is None


class TestTotal:
    def test_a_lead_of_two_members_is_one_lead(self, ana, ben):
        lead = make_lead()
        give(lead, None, ana, 1)
        give(lead, ana, ben, 2)
        replied(lead, 3)

        found = metrics_table([ana, ben], period=WEEK, at=day(8), scope=EVERYBODY)
        total = found.total

        assert [line.counts.leads for line in found.lines] == [1, 1]
        assert (total.counts.leads, total.counts.replied) == (1, 1)
        assert (total.counts.assigned, total.counts.handed_over) == (1, 1)

    def test_percentiles_are_of_all_answers(self, ana, ben):
        for minutes in (1, 2, 3):
            answered(make_lead(owner=ana), 2, minutes=minutes)
        answered(make_lead(owner=ben), 2, minutes=90)

        total = metrics_table([ana, ben], period=WEEK, at=day(8), scope=EVERYBODY).total

        assert (total.own.count, total.own.median, total.own.p90) == (4, 2, 90)

    def test_a_team_is_its_members(self, ana, ben):
        ana.team = make_team()
        ana.save()
        make_lead(owner=ana)
        make_lead(owner=ben)
        scope = MemberScope(team_id=ana.team.pk)

        found = metrics_table([ana], period=WEEK, at=day(8), scope=scope)

        assert found.total.counts.leads == 1

    def test_a_lead_that_left_the_team_is_one_of_its_leads(self, ana, ben, cem):
        ana.team = ben.team = make_team()
        ana.save()
        ben.save()
        lead = make_lead()
        give(lead, ana, ben, 1)
        give(lead, ben, cem, 2)
        scope = MemberScope(team_id=ana.team.pk)

        found = metrics_table([ana, ben], period=WEEK, at=day(8), scope=scope)

        assert found.total.counts.leads == 1


def test_asks_the_same_queries_for_any_number_of_members(
    ana, ben, cem, django_assert_num_queries
):
    for count in (1, 3):
        with django_assert_num_queries(3):
            metrics_table(
                [ana, ben, cem][:count], period=WEEK, at=day(8), scope=EVERYBODY
            )


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 90, 7),
        ([1, 9], 50, 1),
        ([1, 5, 9], 50, 5),
        ([3, 3, 3, 8], 50, 3),
        (range(1, 11), 90, 9),
        (range(1, 12), 90, 10),
    ],
)
def test_nearest_rank(values, percent, found):
    assert nearest_rank(Counter(values), percent) == found


@given(values=st.lists(st.integers(0, 500), min_size=1), percent=st.integers(1, 100))
def test_is_the_smallest_value_that_so_many_do_not_exceed(values, percent):
    found = nearest_rank(Counter(values), percent)

    def share(limit: int) -> float:
        return sum(value <= limit for value in values) * 100

    assert found in values
    assert share(found) >= percent * len(values)
    assert all(share(each) < percent * len(values) for each in values if each < found)
