from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.dashboard.pages import htmx, queries_of, replied
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_user,
)


def names(response) -> list[str]:
    return [row.lead.name for row in response.context["rows"]]


class TestList:
    def test_shows_each_lead_with_its_owner_and_the_way_to_smartlead(
        self, client, manager, ana
    ):
        lead = make_lead("Lena Lead", owner=ana, company="Nordlicht")

        response = client.get("/inbox/")

        assertContains(response, "Lena Lead")
        assertContains(response, "Nordlicht")
        assertContains(response, "Ana S.")
        assertContains(response, f"leadMap={lead.pk}")

    def test_an_empty_mirror_says_when_leads_come(self, client, manager):
        assertContains(client.get("/inbox/"), "within a minute")

    def test_an_unknown_owner_is_not_called_nobody(self, client, manager):
        make_lead(owner_known_at=None)

        assertContains(client.get("/inbox/"), "Not known</span>")

    def test_a_lead_that_is_gone_is_left_out(self, client, manager):
        make_lead("Gone Lead", gone_at=timezone.now())

        assertNotContains(client.get("/inbox/"), "Gone Lead")

    def test_htmx_gets_the_list_alone(self, client, manager):
        make_lead()

        response = client.get("/inbox/", headers=htmx("list"))

        assertNotContains(response, "<html")
        assert "HX-Request" in response["Vary"]

    def test_going_back_in_the_browser_gets_the_whole_page(self, client, manager):
        headers = htmx("list") | {"HX-History-Restore-Request": "true"}

        assertContains(client.get("/inbox/", headers=headers), "<html")

    def test_fifty_rows_ask_no_more_of_the_database_than_one(
        self, client, manager, ana, ben
    ):
        make_assignment(make_lead(owner=ana), ben)
        client.get("/inbox/")
        one = queries_of(lambda: client.get("/inbox/"))
        for _ in range(49):
            make_assignment(make_lead(owner=ana, campaign=make_campaign()), ben)

        assert queries_of(lambda: client.get("/inbox/")) == one

    def test_a_team_leads_rows_cost_the_same_too(self, client, ana):
        user = make_user()
        client.force_login(user)
        make_lead(owner=make_member(user=user))
        client.get("/inbox/")
        one = queries_of(lambda: client.get("/inbox/"))
        for _ in range(49):
            make_lead(owner=ana)

        assert queries_of(lambda: client.get("/inbox/")) == one


class TestFilters:
    @pytest.fixture(autouse=True)
    def _leads(self, manager, ana, ben):
        self.campaign = make_campaign("Nordics")
        closing = make_category("Not interested", is_closing=True)
        soon = timezone.now() + timedelta(minutes=30)
        ana.user = manager
        ana.save()
        make_lead("Mine", owner=ana, campaign=self.campaign)
        make_lead("Bens", owner=ben, is_unread=True)
        make_lead("Nobodys", answer_owed=True, answer_due_at=timezone.now())
        make_lead("Unknown", owner_known_at=None, answer_owed=True, answer_due_at=soon)
        make_lead("Closed", owner=ben, category=closing)
        self.closing, self.ben = closing, ben

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("owner=me", {"Mine"}),
            ("owner=nobody", {"Nobodys"}),
            ("owner=unknown", {"Unknown"}),
            ("status=unread", {"Bens"}),
            ("status=waiting_on_us", {"Nobodys", "Unknown"}),
            ("status=waiting_on_them", {"Mine", "Bens"}),
            ("status=closed", {"Closed"}),
            ("sla=overdue", {"Nobodys"}),
            ("sla=due", {"Unknown"}),
            ("q=MINE+example", {"Mine"}),
            ("q=mine+nothing", set()),
        ],
    )
    def test_finds(self, client, query, found):
        assert set(names(client.get(f"/inbox/?{query}"))) == found

    def test_finds_by_id(self, client):
        assert names(client.get(f"/inbox/?campaign={self.campaign.pk}")) == ["Mine"]
        assert names(client.get(f"/inbox/?category={self.closing.pk}")) == ["Closed"]
        assert set(names(client.get(f"/inbox/?owner={self.ben.pk}"))) == {
            "Bens",
            "Closed",
        }

    def test_nothing_found_offers_the_whole_list(self, client):
        assertContains(client.get("/inbox/?q=nothing"), "Show all leads")


def test_mine_without_a_linked_member_says_what_is_missing(client, manager):
    make_lead()

    assertContains(client.get("/inbox/?owner=me"), "No Smartlead member is linked")


def test_days_are_those_of_the_viewer_and_both_count(client):
    client.force_login(make_manager(time_zone="Asia/Tokyo"))
    # 11 May 16:00 in London is 12 May 01:00 in Tokyo.
    make_lead("Early", last_reply_at=datetime(2026, 5, 11, 14, tzinfo=UTC))
    make_lead("Late", last_reply_at=datetime(2026, 5, 11, 16, tzinfo=UTC))

    assert names(client.get("/inbox/?from=2026-05-12&to=2026-05-12")) == ["Late"]
    assert names(client.get("/inbox/?to=2026-05-11")) == ["Early"]


class TestOrder:
    def test_sorts(self, client, manager):
        ben, ana = make_member("Ben"), make_member("Ana")
        day = datetime(2026, 5, 11, tzinfo=UTC)
        replied(1, "One", owner=ben, last_sent_at=day, answer_due_at=day)
        replied(2, "Two", last_sent_at=day + timedelta(1))
        replied(3, "Three", owner=ana, last_sent_at=None)

        def order(sort: str) -> list[str]:
            return names(client.get(f"/inbox/?sort={sort}"))

        assert order("-reply") == ["Three", "Two", "One"]
        assert order("reply") == ["One", "Two", "Three"]
        assert order("-sent") == ["Two", "One", "Three"]
        assert order("due")[0] == "One"
        assert order("owner") == ["Three", "One", "Two"]

    @pytest.mark.parametrize("sort", ["-reply", "reply", "-sent", "owner", "due"])
    def test_pages_lead_through_every_lead_once_and_back(
        self, client, manager, ana, ben, sort
    ):
        owners = [ana, ben, None]
        moment = datetime(2026, 5, 11, tzinfo=UTC)
        for number in range(120):
            # Many at the same moment: the id must decide between them.
            make_lead(
                f"Lead {number}",
                owner=owners[number % 3],
                last_reply_at=moment + timedelta(hours=number // 40),
            )
        there, url = [], f"/inbox/?sort={sort}"
        while url:
            response = client.get(url)
            there.append(names(response))
            later = response.context["later"]
            url = later and f"/inbox/?sort={sort}&after={later}"
        earlier = response.context["earlier"]
        back = client.get(f"/inbox/?sort={sort}&after={earlier}")

        assert [len(page) for page in there] == [50, 50, 20]
        assert len({name for page in there for name in page}) == 120
        assert names(back) == there[1]

    def test_a_page_keeps_its_place_when_a_newer_lead_comes(self, client, manager):
        for hour in range(20):
            for minute in range(3):
                replied(hour, f"{hour} {minute}")
        later = client.get("/inbox/").context["later"]
        second = names(client.get(f"/inbox/?after={later}"))

        replied(23, "New")

        assert names(client.get(f"/inbox/?after={later}")) == second

    def test_many_leads_are_counted_no_further_than_a_thousand(
        self, client, manager, monkeypatch
    ):
        monkeypatch.setattr("dashboard.filters.MOST_COUNTED", 55)
        for _ in range(60):
            make_lead()

        assertContains(client.get("/inbox/"), "55+ leads")


class TestBadInput:
    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("owner=abc", "The owner in this address is not known here"),
            ("owner=99999999999999999999", "The owner in this address"),
            ("campaign=7", "The campaign in this address is not known here"),
            ("campaign=x", "The campaign in this address is not known here"),
            ("campaign=99999999999999999999999", "The campaign in this address"),
            ("category=7", "The category in this address is not known here"),
            ("status=asleep", "The status in this address"),
            ("sla=soon", "The answer in this address"),
            ("sort=luck", "The sort in this address"),
            ("from=yesterday", "That is not a day."),
            ("to=9999-12-31", "is too far ahead."),
            ("from=2026-05-12&to=2026-05-11", "end before it begins"),
            ("q=%00", "Null characters are not allowed."),
            ("q=" + "x" * 201, "at most 200 characters"),
            ("after=nonsense", "belongs to another filter"),
        ],
    )
    def test_is_said_in_a_sentence(self, client, manager, query, sentence):
        make_lead("Lena Lead")

        response = client.get(f"/inbox/?{query}")

        assertContains(response, sentence, status_code=400)
        assertNotContains(response, "Lena Lead", status_code=400)

    def test_a_cursor_of_another_filter_is_refused(self, client, manager):
        for _ in range(51):
            make_lead(is_unread=True)
        later = client.get("/inbox/").context["later"]

        response = client.get(f"/inbox/?status=unread&after={later}")

        assertContains(response, "belongs to another filter", status_code=400)

    def test_a_cursor_whose_owner_is_gone_is_refused(self, client, manager):
        member = make_member()
        for _ in range(51):
            make_lead(owner=member)
        later = client.get("/inbox/?sort=owner").context["later"]
        member.leads.update(owner=None)
        member.delete()

        response = client.get(f"/inbox/?sort=owner&after={later}")

        assertContains(response, "Start at the top.", status_code=400)


def test_only_those_who_may_select_can_select_all(client, manager, ana):
    make_lead(owner=ana)
    assertContains(client.get("/inbox/"), "Select all on this page")
    ana.user = make_user("Ana Sousa")
    ana.save()
    client.force_login(ana.user)

    assertNotContains(client.get("/inbox/"), "Select all on this page")
