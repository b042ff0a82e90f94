import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Lead, Member
from assignments.services.replies.record import record_mails
from dashboard.performance.periods import PERIODS
from dashboard.templatetags.performance import duration
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_team,
)

HOUR = timedelta(hours=1)
WEEK = "from=2026-05-11&to=2026-05-17"


def answer(lead: Lead, *, hours: int = 2) -> None:
    """On the first day of WEEK, after so many hours."""
    at = MONDAY + 12 * HOUR
    mails = {(at - hours * HOUR, "reply"), (at, "sent")}
    record_mails({lead.pk: mails}, promised={})


def rows_of(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


class TestTable:
    def test_has_a_line_for_each_member_and_one_for_all(
        self, client, stranger, ana, ben
    ):
        answer(make_lead(owner=ana))

        response = client.get(f"/team/performance/?{WEEK}")

        assertContains(response, f'href="/team/{ana.pk}/')
        assertContains(response, '<data class="median" value="120">2 h</data>')
        assert [line.own.count for line in response.context["lines"]] == [1, 0]
        assert response.context["total"].own.count == 1

    def test_no_link_of_the_last_line_shows_leads_that_it_does_not_count(
        self, client, stranger, ana
    ):
        for owner in (ana, None):
            make_lead(owner=owner, answer_owed=True)

        response = client.get("/team/performance/")

        assertContains(response, '<data class="waiting" value="1">', count=2)
        assertNotContains(response, "/inbox/?status=waiting_on_us")

    def test_each_head_says_what_it_means(self, client, stranger, ana):
        response = client.get("/team/performance/")

        assertContains(response, 'popovertarget="def-median"')
        assertContains(response, "nights and weekends included")

    @pytest.mark.parametrize(
        ("sort", "is_ana_first"),
        [("", True), ("-name", False), ("-answered", False), ("answered", True),
         ("-median", False), ("median", False)],
    )  # fmt: skip
    def test_is_sorted_by_any_column(self, client, stranger, sort, is_ana_first):
        """Who has no value comes last, whichever way."""
        make_member("Ana")
        answer(make_lead(owner=make_member("Ben")))

        response = client.get(f"/team/performance/?{WEEK}&sort={sort}")

        first = str(response.context["lines"][0].member)
        assert (first == "Ana") == is_ana_first

    def test_shows_one_team(self, client, stranger, ben):
        team = make_team()
        make_member("Ana Sousa", team=team)

        response = client.get(f"/team/performance/?team={team.pk}")

        assert len(response.context["lines"]) == 1
        assertContains(response, f"All of {team}")

    def test_a_team_without_members_says_so(self, client, stranger, ana):
        team = make_team()

        response = client.get(f"/team/performance/?team={team.pk}")

        assertContains(response, "has no members with figures")

    def test_who_left_stands_there_only_with_figures(self, client, stranger):
        make_member(is_active=False)
        busy = make_member(is_active=False)
        answer(make_lead(owner=busy))

        lines = client.get(f"/team/performance/?{WEEK}").context["lines"]

        assert [line.member for line in lines] == [busy]

    def test_opens_on_the_last_thirty_days(self, client, stranger, ana):
        first, last = client.get("/team/performance/").context["days"]

        assert last == timezone.localdate()
        assert (last - first).days == 29

    @pytest.mark.parametrize(
        ("minutes", "words"),
        [
            (None, "\N{EN DASH}"), (0, "0 min"), (59, "59 min"), (60, "1 h"),
            (90, "1 h 30 min"),
            (24 * 60, "1 d"), (30 * 60 + 5, "1 d 6 h"), (48 * 60, "2 d"),
        ],
    )  # fmt: skip
    def test_times_are_said_in_one_way(self, minutes, words):
        assert duration(minutes) == words

    @pytest.mark.parametrize("period", PERIODS)
    def test_each_named_period_opens(self, client, stranger, ana, period):
        response = client.get(f"/team/performance/?period={period}")

        assertContains(response, 'aria-current="true"')

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("from=2026-05-12&to=2026-05-11", "would end before it begins"),
            ("from=2099-01-01", "1 Jan 2099 lies ahead"),
            ("to=2099-12-31", "2 Dec 2099 lies ahead"),
            ("to=2101-01-01", "is too far ahead"),
            (f"team={10**30}", "There is no team with this id."),
            ("sort=%00", "The table has no column"),
            ("from=soon", "Write it as 2026-05-12."),
            ("period=ever", "There is no period “ever”."),
            ("team=99", "There is no team with this id."),
            ("sort=luck", "The table has no column “luck”."),
        ],
    )
    def test_a_wrong_address_is_said_in_words(self, client, manager, query, sentence):
        for path in ("/team/performance/", "/team/performance.csv"):
            assertContains(client.get(f"{path}?{query}"), sentence, status_code=400)

    def test_fifty_members_ask_no_more_of_the_database_than_one(self, client, manager):
        make_member(team=make_team())
        client.get("/team/performance/")
        one = queries_of(lambda: client.get(f"/team/performance/?{WEEK}"))
        for _ in range(49):
            answer(make_lead(owner=make_member(team=make_team())))

        assert queries_of(lambda: client.get(f"/team/performance/?{WEEK}")) == one


class TestDays:
    def test_are_those_of_the_viewer(self, client, ana):
        """The evening of the 11th in London is the 12th in Tokyo."""
        client.force_login(make_manager(time_zone="Asia/Tokyo"))
        answer(make_lead(owner=ana))

        response = client.get("/team/performance/?from=2026-05-12&to=2026-05-12")

        assert response.context["total"].own.count == 1

    def test_an_open_end_reaches_to_today(self, client, stranger):
        response = client.get("/team/performance/?from=2026-05-11")

        assert response.context["form"].days[1] == timezone.localdate()


class TestMemberPage:
    def test_shows_figures_and_trend(self, client, stranger, ana):
        answer(make_lead(owner=ana))

        response = client.get(f"/team/{ana.pk}/?{WEEK}")

        assertContains(response, '<data class="answered" value="1">1</data>')
        assertContains(
            response, "Answers a week: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1"
        )

    def test_work_while_covering_stands_apart(self, client, stranger, ana, ben):
        lead = make_lead(owner=ben)
        make_hold(make_coverage(ana, ben), lead)
        answer(lead)

        response = client.get(f"/team/{ben.pk}/?{WEEK}")

        assertContains(response, '<data class="covering" value="1">1</data>')
        assert response.context["line"].own.count == 0

    def test_without_leads_it_says_so(self, client, stranger, ana):
        response = client.get(f"/team/{ana.pk}/")

        assertContains(response, "Ana Sousa had no leads in this period")
        assertContains(response, "answered no reply in these 13 weeks")

    def test_a_wrong_period_is_said_in_words(self, client, stranger, ana):
        response = client.get(f"/team/{ana.pk}/?from=2099-01-01")

        assertContains(response, "lies ahead", status_code=400)
        assertNotContains(response, "<data", status_code=400)

    def test_a_busy_member_asks_no_more_of_the_database(self, client, stranger, ana):
        client.get(f"/team/{ana.pk}/")
        idle = queries_of(lambda: client.get(f"/team/{ana.pk}/?{WEEK}"))
        for _ in range(20):
            answer(make_lead(owner=ana))

        assert queries_of(lambda: client.get(f"/team/{ana.pk}/?{WEEK}")) == idle


class TestExports:
    def test_figures_are_raw(self, client, manager, ana):
        answer(make_lead(owner=ana))

        line, total = rows_of(client.get(f"/team/performance.csv?{WEEK}"))

        assert (line["Member id"], line["Median minutes"]) == (str(ana.pk), "120")
        assert (total["Member"], total["Reply rate"]) == ("All", "1.0000")

    def test_answers_say_who_and_for_whom(self, client, manager, ana, ben):
        lead = make_lead(owner=ben)
        make_hold(make_coverage(ana, ben), lead)
        answer(lead)

        (row,) = rows_of(client.get(f"/team/performance/answers.csv?{WEEK}"))

        assert (row["Lead id"], row["Minutes"]) == (str(lead.pk), "120")
        assert row["Answered by id"] == str(ben.pk)
        assert row["Covering for id"] == str(ana.pk)

    def test_leads_say_whose_they_are(self, client, manager, ana, ben):
        lead = make_lead("=cmd()", owner=ben)
        make_hold(make_coverage(ana, ben), lead)

        (row,) = rows_of(client.get("/team/performance/leads.csv"))

        assert (row["Owner id"], row["Covered for id"]) == (str(ben.pk), str(ana.pk))
        assert row["Lead"] == "'=cmd()"

    @pytest.mark.parametrize("path", [".csv", "/answers.csv", "/leads.csv"])
    def test_are_for_sales_managers(self, client, stranger, path):
        response = client.get(f"/team/performance{path}")

        assertContains(response, "Only a sales manager can export", status_code=403)
        assertNotContains(client.get("/team/performance/"), ".csv")


def test_history_and_inbox_are_behind_the_numbers(client, stranger, ana):
    lead: Lead = make_lead(owner=ana, answer_owed=True)
    giver: Member = make_member("Eve")
    make_assignment(lead, ana, expected=giver, state="done", finished_at=MONDAY)

    response = client.get(f"/team/performance/?{WEEK}")

    assertContains(response, f"/inbox/?owner={ana.pk}&amp;status=waiting_on_us")
    # Of all members, not of nobody: no filter of the inbox shows just these.
    assertContains(response, "status=waiting_on_us", count=1)
    assertContains(response, f"/history/?member={ana.pk}&amp;state=done&amp;from=")
