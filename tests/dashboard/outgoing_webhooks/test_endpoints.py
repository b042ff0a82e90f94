"""Sales managers add endpoints, see what became of each event, and send it again."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from assignments.models import OutgoingDelivery, OutgoingEndpoint
from assignments.services.outgoing_webhooks.signing_secrets import decrypted
from tests.dashboard.pages import queries_of
from tests.factories import make_delivery, make_endpoint, make_team, make_user

pytestmark = pytest.mark.django_db

NEW = "/settings/outgoing/new/"
FORM = {
    "url": "https://93.184.216.34/hook?token=abc",
    "description": "CRM",
    "kinds": ["owner.changed", "coverage.started"],
}


def page_of(endpoint: OutgoingEndpoint, act: str = "") -> str:
    return f"/settings/outgoing/{endpoint.pk}/{act}"


class TestAdding:
    def test_an_empty_list_says_what_to_do(self, client, manager):
        assert "No endpoint yet." in client.get("/settings/outgoing/").content.decode()

    def test_the_secret_is_shown_after_adding(self, client, manager):
        response = client.post(NEW, FORM)

        endpoint = OutgoingEndpoint.objects.get()
        assert endpoint.kinds == FORM["kinds"]
        assert endpoint.created_by == manager
        text = html.unescape(response.content.decode())
        assert f'value="{decrypted(endpoint.secret)}"' in text
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"url": "https://127.0.0.1/"}, "inside this network"),
            ({"url": "http://93.184.216.34/"}, "must begin with https://"),
            ({"url": "https://a:b@93.184.216.34/"}, "no user name and no password"),
            ({"url": ""}, "This field is required."),
            ({"kinds": []}, "Choose at least one event."),
            ({"kinds": ["all"]}, "Select a valid choice."),
        ],
    )
    def test_what_is_wrong_is_said_and_kept_as_typed(
        self, client, manager, fields, said
    ):
        response = client.post(NEW, FORM | fields)

        assert response.status_code == 422
        assert said in html.unescape(response.content.decode())
        assert 'value="CRM"' in response.content.decode()
        assert not OutgoingEndpoint.objects.exists()


class TestChanging:
    def test_another_address_is_tried_at_once(self, client, manager):
        endpoint = make_endpoint(failures=4, not_before=timezone.now())

        response = client.post(page_of(endpoint), FORM)

        endpoint.refresh_from_db()
        assert response.status_code == 302
        assert (endpoint.url, endpoint.failures) == (FORM["url"], 0)

    def test_a_wrong_address_leaves_the_heading_as_it_was(self, client, manager):
        endpoint = make_endpoint()

        response = client.post(
            page_of(endpoint), FORM | {"url": "https://[::1]/", "description": "Other"}
        )

        assert response.status_code == 422
        assert '<h1 class="one">Board</h1>' in response.content.decode()

    def test_every_page_tells_sales_managers_of_one_that_handoff_has_disabled(
        self, client, manager
    ):
        make_endpoint(disabled_why="It answered with 410: it wants no more events.")
        sentence = "Handoff has disabled 1 endpoint of outgoing webhooks."

        shown = client.get("/inbox/").content.decode()
        client.force_login(make_user())
        hidden = client.get("/inbox/").content.decode()

        assert sentence in shown
        assert sentence not in hidden

    def test_no_page_tells_of_one_that_a_person_has_disabled(self, client, manager):
        endpoint = make_endpoint()
        client.post(page_of(endpoint, "disable/"))

        page = client.get("/inbox/").content.decode()

        assert "Handoff has disabled" not in page

    def test_disabling_and_enabling(self, client, manager):
        endpoint = make_endpoint()
        waiting = make_delivery(endpoint)

        client.post(page_of(endpoint, "disable/"))
        endpoint.refresh_from_db()
        off = (endpoint.is_active, endpoint.disabled_why, endpoint.was_stopped)
        second = client.post(page_of(endpoint, "disable/"))
        client.post(page_of(endpoint, "enable/"))
        endpoint.refresh_from_db()
        waiting.refresh_from_db()

        assert off == (False, "Sara Klein disabled it.", False)
        assert second.status_code == 409
        assert endpoint.is_active
        assert (waiting.state, waiting.outcome) == (
            "failed",
            "Not sent: the endpoint was disabled.",
        )

    def test_a_removed_one_is_found_no_more(self, client, manager):
        endpoint = make_endpoint()

        response = client.post(page_of(endpoint, "remove/"))

        endpoint.refresh_from_db()
        assert response.status_code == 302
        assert client.get(page_of(endpoint)).status_code == 404
        assert "Board" not in client.get("/system/").content.decode()
        assert endpoint.secret == ""


class TestSecret:
    def test_a_get_shows_it_nowhere(self, client, manager):
        endpoint = make_endpoint()
        secret = decrypted(endpoint.secret)
        pages = ["/settings/outgoing/", page_of(endpoint), "/system/"]

        assert not [
            page for page in pages if secret in client.get(page).content.decode()
        ]
        assert client.get(page_of(endpoint, "secret/")).status_code == 405

    def test_a_new_one_says_how_long_the_old_one_is_valid(self, client, manager):
        endpoint = make_endpoint()
        before = decrypted(endpoint.secret)

        text = client.post(page_of(endpoint, "rotate/")).content.decode()

        endpoint.refresh_from_db()
        assert "The one before is valid until" in text
        assert before not in text
        assert decrypted(endpoint.old_secret) == before

    def test_one_of_another_secret_key_is_said(self, client, manager):
        endpoint = make_endpoint(secret="gAAAAA-unreadable")

        response = client.post(page_of(endpoint, "secret/"))

        assert response.status_code == 409
        assert "Rotate it." in response.content.decode()


class TestDeliveries:
    def test_a_test_event_goes_to_this_endpoint_whatever_it_chose(
        self, client, manager, queued, django_capture_on_commit_callbacks
    ):
        endpoint = make_endpoint(kinds=["coverage.started"])
        make_endpoint()

        with django_capture_on_commit_callbacks(execute=True):
            client.post(page_of(endpoint, "test/"))

        delivery = OutgoingDelivery.objects.get()
        assert (delivery.endpoint, delivery.event.kind) == (endpoint, "webhook.test")
        assert ("assignments.tasks.deliver_outgoing",) in queued

    def test_what_became_of_it_is_shown_as_text(self, client, manager):
        failed = make_delivery(
            outcome="It answered with 500.", answer="<script>alert(1)</script>"
        )

        text = client.get(page_of(failed.endpoint)).content.decode()

        assert "It answered with 500." in text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text

    def test_failed_ones_alone_and_their_pages(self, client, manager):
        endpoint = make_endpoint()
        make_delivery(endpoint)
        for number in range(51):
            make_delivery(endpoint, outcome=f"No {number}.")

        first = client.get(page_of(endpoint), {"only": "failed"}).content.decode()
        after = re.search(r'rel="next" href="([^"]+)"', first)
        assert after
        second = client.get(page_of(endpoint) + html.unescape(after[1]))

        assert ("No 50." in first, "No 0." in first) == (True, False)
        assert "No 0." in second.content.decode()
        assert client.get(page_of(endpoint), {"after": "x"}).status_code == 400

    def test_send_again_and_dismiss(self, client, manager):
        endpoint = make_endpoint()
        again, away = (
            make_delivery(endpoint, outcome="No."),
            make_delivery(endpoint, outcome="No."),
        )

        client.post(reverse("replay_delivery", args=[again.pk]))
        client.post(reverse("dismiss_delivery", args=[away.pk]))
        twice = client.post(reverse("replay_delivery", args=[again.pk]))

        again.refresh_from_db()
        away.refresh_from_db()
        assert (again.state, again.attempts, away.state) == ("waiting", 0, "dismissed")
        assert twice.status_code == 409

    def test_all_failed_ones_since_a_day(self, client, manager):
        endpoint = make_endpoint()
        make_delivery(endpoint, outcome="No.")
        late = make_delivery(endpoint, outcome="No.", created_at=timezone.now())

        wrong = client.post(page_of(endpoint, "replay/"), {"since": "soon"})
        client.post(
            page_of(endpoint, "replay/"), {"since": timezone.localdate().isoformat()}
        )

        waiting = OutgoingDelivery.objects.filter(state="waiting")
        assert wrong.status_code == 422
        assert list(waiting) == [late]


class TestQueries:
    def test_lists_cost_as_much_for_50_rows(self, client, manager):
        endpoint = make_endpoint()
        make_delivery(endpoint, outcome="No.")
        one = [
            queries_of(lambda: client.get("/settings/outgoing/")),
            queries_of(lambda: client.get(page_of(endpoint))),
        ]
        for _ in range(49):
            make_delivery(endpoint, outcome="No.")
            make_delivery(outcome="No.")

        many = [
            queries_of(lambda: client.get("/settings/outgoing/")),
            queries_of(lambda: client.get(page_of(endpoint))),
        ]

        assert many == one


class TestSystemPage:
    def test_it_is_silent_without_endpoints(self, client, manager):
        assert "Outgoing webhooks" not in client.get("/system/").content.decode()

    def test_a_failing_or_disabled_one_is_a_remark(self, client, manager):
        make_delivery(make_endpoint(failures=3), outcome="No.")
        make_endpoint(disabled_why="It answered with 410.")

        text = client.get("/system/").content.decode()

        assert "2 endpoints: 1 failing, 1 disabled by Handoff." in text
        assert "0 events waiting, 1 failed." in text
        assert "/settings/outgoing/" in text

    def test_a_team_lead_sees_numbers_and_no_addresses(self, client, stranger):
        make_team(leads=(stranger,))
        make_endpoint(failures=3)

        text = client.get("/system/").content.decode()

        assert "1 endpoint: 1 failing" in text
        assert "93.184.216.34" not in text
        assert "/settings/outgoing/" not in text
