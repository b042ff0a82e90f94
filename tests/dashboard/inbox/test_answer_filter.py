"""Lists by when an answer is due, and leads that a person may assign."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from pytest_django.asserts import assertContains

from assignments.models import Account, DayOff, Lead
from assignments.services.insights import answers_due
from dashboard.inbox.answer_filter import late_words, page_by_lateness
from tests.dashboard.pages import htmx
from tests.factories import (
    MONDAY,
    make_category,
    make_lead,
    make_member,
    make_team,
    make_user,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _now():
    """Monday, 11:00 in Berlin, which is the zone of the site."""
    with time_machine.travel(MONDAY, tick=False):
        yield


def owing(name: str, due_at: datetime | None, **fields) -> None:
    make_lead(name, answer_owed=True, answer_due_at=due_at, **fields)


def names(client, query: str) -> list[str]:
    response = client.get(f"/inbox/?{query}")
    assert response.status_code == 200
    return [row.lead.name for row in response.context["rows"]]


class TestDue:
    @pytest.fixture(autouse=True)
    def _leads(self, manager):
        manager.time_zone = "Europe/Berlin"
        manager.save()
        owing("Tonight", MONDAY.replace(hour=21, minute=59))
        owing("Tomorrow", MONDAY.replace(hour=22))
        owing("This morning", MONDAY)
        owing("Friday", MONDAY - 3 * DAY)
        owing("Thursday", MONDAY - 4 * DAY)
        owing("Never due", None)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("sla=today", {"Tonight"}),
            ("sla=late", {"This morning", "Friday"}),
            ("sla=overdue", {"This morning", "Friday", "Thursday"}),
        ],
    )
    def test_is_looked_at_in_the_viewers_day(self, client, query, found):
        assert set(names(client, query)) == found

    def test_late_is_named_by_the_day_that_was_worked_last(self, client):
        page = client.get("/inbox/?sla=late")

        assert [chip.words for chip in page.context["chips"]] == ["Late since Friday"]

    def test_today_is_named_in_the_menu_and_above_the_list(self, client):
        page = client.get("/inbox/?sla=today")

        assert [chip.words for chip in page.context["chips"]] == ["Due today"]

    def test_many_are_found_by_the_same_condition(self, client, monkeypatch):
        monkeypatch.setattr("dashboard.inbox.answer_filter.MOST_NAMED", 0)

        assert set(names(client, "sla=today")) == {"Tonight"}
        assert set(names(client, "sla=late")) == {"This morning", "Friday"}
        assert set(names(client, "sla=overdue&sort=due")) == {
            "This morning", "Friday", "Thursday",
        }  # fmt: skip


@pytest.mark.django_db
class TestLastWorkingDay:
    berlin = ZoneInfo("Europe/Berlin")

    def test_is_friday_on_a_monday(self):
        since = answers_due.last_working_day(MONDAY, self.berlin)

        assert since == datetime(2026, 5, 7, 22, tzinfo=UTC)
        assert late_words(MONDAY) == "Late since Friday"

    def test_is_yesterday_in_the_middle_of_a_week(self):
        assert late_words(MONDAY + 2 * DAY) == "Late since yesterday"

    def test_leaves_out_days_off(self):
        DayOff.objects.create(day=MONDAY.date() - 3 * DAY, name="Company day")

        assert late_words(MONDAY) == "Late since Thursday"

    def test_far_back_is_named_with_its_date(self):
        for days in range(1, 9):
            DayOff.objects.create(day=MONDAY.date() - days * DAY)

        assert late_words(MONDAY) == "Late since Fri 1 May"


class TestBefore:
    def test_lists_what_was_unanswered_when_handoff_was_connected(
        self, client, manager
    ):
        Account.objects.update(answers_count_from=MONDAY - 2 * DAY)
        owing("Old", None, last_reply_at=MONDAY - 3 * DAY)
        owing("New", None, last_reply_at=MONDAY - DAY)
        make_lead("Answered", last_reply_at=MONDAY - 3 * DAY, answer_owed=False)

        page = client.get("/inbox/?sla=before")

        assert [row.lead.name for row in page.context["rows"]] == ["Old"]
        assert [chip.words for chip in page.context["chips"]] == [
            "Unanswered before Handoff, connected Sat 9 May"
        ]

    def test_lists_nothing_where_all_replies_count(self, client, manager):
        Account.objects.update(answers_count_from=None)
        owing("Old", None, last_reply_at=MONDAY - 300 * DAY)

        assert names(client, "sla=before") == []


class TestLateFirst:
    @pytest.fixture(autouse=True)
    def _leads(self, manager):
        for hours in (200, 400, 2, 50, 167, 169):
            owing(f"{hours} h late", MONDAY - hours * HOUR)
        owing("Due soon", MONDAY + HOUR)
        make_lead("Owes nothing")

    ORDER = [
        "167 h late", "50 h late", "2 h late",
        "169 h late", "200 h late", "400 h late",
        "Due soon", "Owes nothing",
    ]  # fmt: skip

    def test_the_last_seven_days_come_first_and_old_ones_last(self, client):
        assert names(client, "sort=late") == self.ORDER

    def test_pages_follow_each_other_both_ways(self, client, monkeypatch):
        monkeypatch.setattr(page_by_lateness, "__kwdefaults__", {"size": 3})

        found, query, back = [], "sort=late", ""
        while query:
            page = client.get(f"/inbox/?{query}").context
            found.append([row.lead.name for row in page["rows"]])
            back = page["earlier"]
            query = f"sort=late&after={page['later']}" if page["later"] else ""

        assert [name for rows in found for name in rows] == self.ORDER
        assert names(client, f"sort=late&after={back}") == found[-2]


class TestInterested:
    def test_are_open_leads_whose_category_means_interest(self, client, manager):
        hot = make_category("Hot", is_interested=True)
        make_lead("Keen", category=hot)
        make_lead("Silent", category=hot, last_reply_at=None)
        make_lead("Other", category=make_category("Later"))
        make_lead("Gone", category=hot, gone_at=MONDAY)

        assert names(client, "status=interested") == ["Keen"]


class TestMine:
    @pytest.fixture(autouse=True)
    def _leads(self, db):
        self.lead, self.member = make_user("Theo Lead"), make_user("Nora Member")
        team = make_team(leads=(self.lead,))
        make_lead("Theirs", owner=make_member("Nora M", user=self.member, team=team))
        make_lead("Of another team", owner=make_member("Ola O"))
        make_lead("Nobodys")

    def test_of_a_team_lead_are_the_teams_and_nobodys(self, client):
        client.force_login(self.lead)

        assert set(names(client, "mine=yes")) == {"Theirs", "Nobodys"}

    def test_of_a_member_are_their_own(self, client):
        client.force_login(self.member)

        assert names(client, "mine=yes") == ["Theirs"]

    def test_of_a_manager_are_all(self, client, manager):
        assert len(names(client, "mine=yes")) == 3

    def test_is_said_and_kept_by_the_menus(self, client, manager):
        page = client.get("/inbox/?mine=yes")

        assert [chip.words for chip in page.context["chips"]] == ["Yours to assign"]
        assert page.context["filter"].kept == [("mine", "yes")]

    def test_a_review_section_opens_for_every_role(self, client):
        client.force_login(self.member)
        assert names(client, "review=nobody") == []

        client.force_login(self.lead)
        assert names(client, "review=nobody") == ["Nobodys"]


class TestLateBy:
    def cells(self, client, query: str) -> list[str]:
        html = client.get(f"/inbox/?{query}").content.decode()
        times = re.findall(r'<span class="age .*?<time[^>]*>(.*?)</time', html)
        titles = re.findall(r"(Late by|Due|Last reply)</span>", html)
        return [*titles, *times]

    @pytest.fixture(autouse=True)
    def _leads(self, manager):
        owing("Late", MONDAY - 3 * HOUR, last_reply_at=MONDAY - 30 * HOUR)
        owing("Later", MONDAY + 40 * HOUR / 60, last_reply_at=MONDAY - 31 * HOUR)

    @pytest.mark.parametrize("query", ["sla=overdue", "sla=late", "review=overdue"])
    def test_is_a_column_of_lists_of_late_answers(self, client, query):
        assert self.cells(client, query) == ["Late by", "3 h"]

    def test_also_says_when_others_are_due(self, client):
        assert self.cells(client, "sort=late") == ["Late by", "3 h", "in 40 min"]
        assert self.cells(client, "sort=due") == ["Due", "3 h", "in 40 min"]

    def test_is_in_no_other_list(self, client):
        assert self.cells(client, "") == ["Last reply", "1 d", "1 d"]

    def test_stays_when_the_row_alone_is_read_again(self, client):
        lead = Lead.objects.get(first_name="Late")
        headers = htmx() | {"HX-Current-URL": "http://testserver/inbox/?sla=overdue"}

        assertContains(client.get(f"/leads/{lead.pk}/row/", headers=headers), ">3 h<")
