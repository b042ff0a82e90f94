from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.dashboard.pages import htmx, queries_of, replied
from tests.factories import make_lead, make_member

NEWS = htmx("new-replies")


def asked(since, opened=None):
    opened = opened or timezone.now()
    return {"since": since.isoformat(), "opened": opened.isoformat()}


class TestNewReplies:
    def test_are_counted_since_the_list_was_read(self, client, manager):
        replied(9)
        since = client.get("/inbox/").context["since"]
        replied(10)
        replied(11)

        response = client.get("/inbox/", asked(since), headers=NEWS)

        assertContains(response, "2 new</a>")
        assertNotContains(response, "lrow")

    def test_count_only_what_the_filter_lets_through(self, client, manager):
        replied(9, is_unread=True)
        replied(10)
        query = {"status": "unread", **asked(datetime(2026, 5, 11, 8, tzinfo=UTC))}

        assertContains(client.get("/inbox/", query, headers=NEWS), "1 new</a>")

    @pytest.mark.parametrize("query", ["sort=reply", "q=lena", "sort=owner"])
    def test_are_those_after_the_newest_in_any_order(self, client, manager, query):
        for hour in (9, 11, 10):
            replied(hour)

        since = client.get(f"/inbox/?{query}").context["since"]

        assert since.hour == 11

    def test_none_is_said_with_silence(self, client, manager):
        lead = replied(9)

        response = client.get("/inbox/", asked(lead.last_reply_at), headers=NEWS)

        assertNotContains(response, " new</a>")
        assertContains(response, 'hx-trigger="every 15s"')

    def test_are_asked_for_less_often_after_a_while(self, client, manager):
        opened = timezone.now() - timedelta(minutes=11)

        response = client.get("/inbox/", asked(opened, opened), headers=NEWS)

        assertContains(response, 'hx-trigger="every 60s"')

    def test_a_moment_that_is_none_counts_from_now(self, client, manager):
        replied(9)

        response = client.get("/inbox/", {"since": "x"}, headers=NEWS)

        assertNotContains(response, " new</a>")


class TestFiltersInForce:
    def test_each_is_a_chip_that_removes_itself(self, client, manager, ana):
        make_lead("Lena Lead", owner=ana, is_unread=True)

        response = client.get(f"/inbox/?owner={ana.pk}&status=unread&sort=due")

        assertContains(response, "Owner: Ana Sousa")
        assertContains(response, 'href="/inbox/?status=unread&amp;sort=due"')
        assertContains(response, f'href="/inbox/?owner={ana.pk}&amp;sort=due"')

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("owner=me", "Owner: Me"),
            ("sla=overdue", "Overdue"),
            ("from=2026-05-12", "Replied from Tue 12 May 2026"),
            ("to=2026-05-12", "up to Tue 12 May 2026"),
        ],
    )
    def test_is_said_in_words(self, client, manager, query, words):
        assertContains(client.get(f"/inbox/?{query}"), f"Remove the filter {words}")

    def test_a_search_is_said_by_its_field_alone(self, client, manager):
        response = client.get("/inbox/?q=lena")

        assertContains(response, 'value="lena"')
        assertContains(response, "Clear filters")
        assertNotContains(response, "Remove the filter")

    def test_what_a_menu_says_is_marked(self, client, manager):
        response = client.get("/inbox/?status=unread&from=2026-05-12")

        assertContains(response, '<li class="chosen">', count=1)

    def test_an_empty_list_says_what_would_be_seen_without_one(self, client, manager):
        for _ in range(2):
            make_lead(is_unread=True)

        response = client.get("/inbox/?status=unread&sla=overdue&owner=nobody")

        assertContains(response, "No lead matches all 3 filters.")
        assertContains(response, "Without “Overdue” you see 2.")
        assertNotContains(response, "Without “Unread”")

    def test_an_empty_list_of_one_filter_names_it(self, client, manager):
        assertContains(client.get("/inbox/?sla=overdue"), "No lead matches “Overdue”.")


class TestCounts:
    def test_the_owner_menu_knows_how_many_each_has(self, client, manager, ana, ben):
        for _ in range(3):
            make_lead(owner=ana)
        make_lead(owner=ana, gone_at=timezone.now())

        response = client.get("/inbox/")

        assertContains(response, "Ana Sousa (3)")
        assertContains(response, "Ben Okafor (0)")

    def test_the_owner_menu_counts_once(self, client, manager, ana):
        make_lead(owner=ana)

        with CaptureQueriesContext(connection) as queries:
            client.get("/inbox/")

        counts = [each for each in queries if "GROUP BY 1" in each["sql"]]
        assert len(counts) == 1

    def test_the_rail_knows_mine_nobodys_and_overdue(self, client, manager, ana):
        ana.user = manager
        ana.save()
        make_lead(owner=ana)
        for _ in range(2):
            make_lead()
        late = timezone.now() - timedelta(hours=1)
        make_lead(owner=make_member(), answer_owed=True, answer_due_at=late)

        rail = client.get("/history/").context["rail"]

        assert (rail.mine, rail.nobodys, rail.overdue) == ("1", "2", "1")

    def test_are_never_counted_to_the_end(self, client, manager, monkeypatch):
        monkeypatch.setattr("dashboard.inbox.sidebar.MOST_COUNTED", 2)
        for _ in range(4):
            make_lead()

        assert client.get("/history/").context["rail"].nobodys == "2+"

    def test_a_fragment_pays_for_none_of_them(self, client, manager, ana):
        make_lead(owner=ana)
        client.get("/inbox/")

        whole = queries_of(lambda: client.get("/inbox/"))
        part = queries_of(lambda: client.get("/inbox/", headers=htmx("list")))

        assert part <= whole - 5
