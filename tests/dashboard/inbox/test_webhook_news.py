"""What webhooks bring reaches the lists that are looked at, and costs little until then."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains

from assignments.models import Lead
from assignments.services.webhooks.receive import receive
from assignments.services.webhooks.status import MOST_TOUCHED, NewsMark
from tests.dashboard.pages import htmx
from tests.factories import make_campaign, make_lead
from tests.webhook_events import SECRET, category_event, encoded_body, reply_event

NEWS = htmx("new-replies")


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead(db) -> Lead:
    return make_lead(campaign=make_campaign())


def tell(payload) -> None:
    at = timezone.now()
    receive(body=encoded_body(payload), signature=None, at=at)


def question(context, **other) -> dict[str, str]:
    """What the page asks with."""
    return dict(parse_qsl(urlsplit(context["news_address"]).query)) | other


class TestHowOften:
    def test_a_list_asks_every_15_seconds_without_webhooks(self, client, manager, lead):
        assertContains(client.get("/inbox/"), 'hx-trigger="every 15s"')

    def test_and_every_one_and_a_half_while_they_arrive(self, client, manager, lead):
        tell(reply_event(lead))

        assertContains(client.get("/inbox/"), 'hx-trigger="every 1500ms"')

    def test_a_list_that_is_open_for_long_does_so_too(self, client, manager, lead):
        tell(reply_event(lead))
        opened = (timezone.now() - timedelta(hours=3)).isoformat()

        response = client.get("/inbox/", {"opened": opened}, headers=NEWS)

        assertContains(response, 'hx-trigger="every 1500ms"')

    def test_not_when_the_last_is_a_day_old(self, lead):
        tell(reply_event(lead))

        assert NewsMark.now().beats(at=timezone.now())
        assert not NewsMark.now().beats(at=timezone.now() + timedelta(days=2))


class TestQuiet:
    def test_nothing_new_is_nothing_to_swap_and_two_looks(self, client, manager, lead):
        tell(reply_event(lead))
        asked = question(client.get("/inbox/").context)

        with CaptureQueriesContext(connection) as queries:
            response = client.get("/inbox/", asked, headers=NEWS)

        assert (response.status_code, response.content) == (204, b"")
        assert len(queries) <= 4  # session, user, and the two

    def test_after_15_seconds_it_counts_all_the_same(self, client, manager, lead):
        old = (timezone.now() - timedelta(seconds=16)).isoformat()
        asked = question(client.get("/inbox/").context, counted=old)

        assert client.get("/inbox/", asked, headers=NEWS).status_code == 200

    @pytest.mark.parametrize("seen", ["", "x", "x y", "2026-05-11 2026-05-11", "1 2 3"])
    def test_a_pulse_that_is_none_is_counted(self, client, manager, lead, seen):
        asked = question(client.get("/inbox/").context, seen=seen)

        assert client.get("/inbox/", asked, headers=NEWS).status_code == 200


class TestNews:
    def test_a_reply_is_counted_and_its_row_told(self, client, manager, lead):
        asked = question(client.get("/inbox/").context)
        tell(reply_event(lead, at=timezone.now() + timedelta(seconds=1)))

        response = client.get("/inbox/", asked, headers=NEWS)

        assertContains(response, "1 new</a>")
        told = json.loads(response["HX-Trigger"])
        assert told == {"leads-touched": {"leads": [lead.pk]}}

    def test_a_category_has_its_row_told(self, client, manager, lead):
        asked = question(client.get("/inbox/").context)
        tell(category_event(lead, 5, at=timezone.now()))

        response = client.get("/inbox/", asked, headers=NEWS)

        assert str(lead.pk) in response["HX-Trigger"]

    def test_a_flood_tells_of_a_bounded_number(self, client, manager, lead):
        asked = question(client.get("/inbox/").context)
        for number in range(MOST_TOUCHED + 5):
            other = make_lead(map_id=10_000 + number)
            tell(reply_event(other))

        response = client.get("/inbox/", asked, headers=NEWS)

        told = json.loads(response["HX-Trigger"])["leads-touched"]["leads"]
        assert len(told) == MOST_TOUCHED

    def test_replies_that_polls_brought_are_seen_as_soon(self, client, manager, lead):
        asked = question(client.get("/inbox/").context)
        make_lead(last_reply_at=timezone.now())

        response = client.get("/inbox/", asked, headers=NEWS)

        assertContains(response, "1 new</a>")
        assert "HX-Trigger" not in response

    def test_the_conversation_that_is_told_of_is_fetched(
        self, client, manager, lead, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            client.get(f"/leads/{lead.pk}/?told=1", headers=htmx("thread"))

        assert ("assignments.tasks.open_lead", lead.pk) in queued
