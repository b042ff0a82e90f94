"""The address where Smartlead's webhooks arrive, and everything else that may."""

import io

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assignments.models import Lead, Message, WebhookEvent, WebhookRefusal
from assignments.services.webhooks import authentication
from assignments.services.webhooks import receive as webhooks_receive
from dashboard.webhooks.views import receive
from tests.factories import make_campaign, make_lead, make_user
from tests.webhook_events import (
    SECRET,
    category_event,
    post,
    reply_event,
    signature,
    webhook_path,
)

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead() -> Lead:
    return make_lead(campaign=make_campaign())


@pytest.mark.parametrize("year", ["0001-01-01", "9999-12-31"])
def test_a_mail_of_no_real_year_breaks_no_page(client, manager, lead, year):
    manager.time_zone = "America/New_York" if year < "1" else "Pacific/Auckland"
    manager.save()
    moment = f"{year}T23:59:59Z" if year > "1" else f"{year}T00:00:00Z"
    part = {"message_id": "<1@x>", "html": "Hello", "time": moment}

    assert post(client, reply_event(lead, reply_message=part)).status_code == 200

    assert client.get(f"/leads/{lead.pk}/").status_code == 200
    assert client.get("/inbox/").status_code == 200


class TestWhatIsTaken:
    def test_a_reply_stands_on_the_lead_at_once(self, client, lead):
        at = timezone.now()

        response = post(client, reply_event(lead, at=at))

        lead.refresh_from_db()
        assert response.status_code == 200
        assert lead.last_reply_at == at.replace(microsecond=0)
        assert (lead.is_unread, lead.answer_owed) == (True, True)
        assert lead.last_message == "Yes, call me on Thursday."
        assert Message.objects.get().direction == "reply"

    def test_nobody_need_be_signed_in_or_come_from_a_form(self, lead):
        stranger = Client(enforce_csrf_checks=True)

        assert post(stranger, reply_event(lead)).status_code == 200

    def test_a_right_signature_is_fine(self, client, lead):
        body = b'{"event_type": "EMAIL_OPEN"}'
        mark = signature(body)

        assert post(client, body, **{"X-Smartlead-Signature": mark}).status_code == 200

    def test_another_content_type_is_read_all_the_same(self, client):
        response = client.post(
            webhook_path(), data=b'{"event_type": "X"}', content_type="text/plain"
        )

        assert response.status_code == 200

    def test_a_body_in_chunks_is_read(self, rf):
        body = b'{"event_type": "EMAIL_OPEN"}'

        response = in_chunks(rf, io.BytesIO(body))

        assert response.status_code == 200
        assert WebhookEvent.objects.get().type == "EMAIL_OPEN"

    def test_the_test_button_is_answered_and_noted(self, client, lead):
        response = post(client, reply_event(lead, secret_key="secretkey"))

        lead.refresh_from_db()
        assert response.status_code == 200
        assert WebhookEvent.objects.get().state == "test"
        assert not lead.is_unread

    @pytest.mark.parametrize("body", [{}, {"event_type": "NEVER_HEARD"}, {"type": 5}])
    def test_what_nobody_knows_is_kept_and_answered(self, client, body):
        assert post(client, body).status_code == 200
        assert WebhookEvent.objects.get().state == "ignored"


def in_chunks(rf, body: io.BytesIO):
    """As gunicorn hands on a body without an announced length."""
    request = rf.post(webhook_path(), data=b"", content_type="application/json")
    request.META.pop("CONTENT_LENGTH", None)
    request.META |= {"wsgi.input": body, "wsgi.input_terminated": True}
    return receive(request, authentication.path_token())


class TestWhatIsNotLetIn:
    def test_a_wrong_address_is_a_page_that_does_not_exist(self, client):
        wrong = client.post("/webhooks/smartlead/wrong/", data={})
        nowhere = client.post("/nowhere/", data={})

        assert (wrong.status_code, wrong.content) == (404, nowhere.content)
        assert not WebhookRefusal.objects.exists()

    @pytest.mark.parametrize("secret", ["", "short"])
    def test_without_a_good_secret_there_is_no_address(self, client, settings, secret):
        settings.SMARTLEAD_WEBHOOK_SECRET = secret

        assert client.post(webhook_path(), data={}).status_code == 404

    def test_another_secret_makes_another_address(self, client, settings):
        old = webhook_path()
        settings.SMARTLEAD_WEBHOOK_SECRET = "a-secret-that-is-new"

        assert client.post(old, data={}).status_code == 404

    def test_only_post_is_taken(self, client):
        assert client.get(webhook_path()).status_code == 405
        assert client.get("/webhooks/smartlead/wrong/").status_code == 404

    @pytest.mark.parametrize(
        "mark",
        ["sha256=00", "", "é", "md5=1", signature(b"{}", "another-secret-of-all")],
    )
    def test_a_wrong_signature_is_refused_and_counted(self, client, lead, mark):
        payload = reply_event(lead)

        response = post(client, payload, **{"X-Smartlead-Signature": mark})

        assert response.status_code == 403
        assert WebhookRefusal.objects.get().reason == "signature"
        assert not WebhookEvent.objects.exists()

    @pytest.mark.parametrize("key", ["wrong", "é", 7, ["x"], {"a": 1}, True])
    def test_a_wrong_secret_key_is_refused_and_counted(self, client, lead, key):
        for _ in range(3):
            response = post(client, reply_event(lead, secret_key=key))

        refusal = WebhookRefusal.objects.get()
        assert (response.status_code, refusal.reason, refusal.count) == (
            403, "secret", 3,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no json",
            b"[1]",
            b'"text"',
            b"null",
            b"\xff\xfe",
            b'{"a": NaN}',
            b"{" * 100,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            b'{"campaign_id": ' + b"9" * 10_000 + b"}",
            b"a=1&b=2",
            b"\x1f\x8b\x08\x00garbage",
        ],
        ids=[
            "empty", "text", "list", "string", "null", "bytes", "nan", "broken",
            "deep", "huge number", "form", "gzip unannounced",
        ],
    )  # fmt: skip
    def test_a_body_that_is_no_event_is_refused_and_counted(self, client, body):
        response = post(client, body)

        assert response.status_code == 400
        assert WebhookRefusal.objects.get().reason == "unreadable"

    def test_a_compressed_body_is_refused(self, client):
        response = post(client, b"\x1f\x8b", **{"Content-Encoding": "gzip"})

        assert response.status_code == 415

    def test_5_megabytes_are_refused_unread(self, rf):
        request = rf.post(webhook_path(), data=b"", content_type="application/json")
        request.META |= {"CONTENT_LENGTH": str(5 * MEGABYTE), "wsgi.input": None}

        assert receive(request, authentication.path_token()).status_code == 413
        assert WebhookRefusal.objects.get().reason == "too_large"

    def test_5_megabytes_in_chunks_are_refused_after_two(self, rf):
        assert in_chunks(rf, io.BytesIO(b"x" * 5 * MEGABYTE)).status_code == 413

    def test_the_largest_that_fits_is_read(self, client, lead):
        payload = category_event(lead, 4) | {
            "history": "x" * (MEGABYTE + MEGABYTE // 2)
        }

        assert post(client, payload).status_code == 200

    def test_a_body_that_breaks_off_is_refused(self, rf):
        class Broken(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError("gone")

        assert in_chunks(rf, Broken()).status_code == 400

    @pytest.mark.parametrize(
        "odd",
        ["\0" * 9, "\ud800", -1, 1e300, 10**40, True, None, [], {}, [[1]], "9" * 99],
    )
    def test_odd_values_break_nothing(self, client, lead, odd):
        payload = reply_event(lead)
        odder = {name: odd for name in payload if name not in {"event_type"}}
        parts = {"reply_message": {"message_id": odd, "html": odd, "time": odd}}

        for body in (odder, odder | parts, payload | parts, {"event_type": odd}):
            response = post(client, body | {"secret_key": SECRET})
            assert response.status_code == 200
        assert not WebhookEvent.objects.filter(state="failed").exists()

    def test_a_database_that_is_away_asks_to_send_it_again(self, client, monkeypatch):
        def away(**_):
            raise DatabaseError("away")

        monkeypatch.setattr(webhooks_receive, "receive", away)

        assert post(client, {}).status_code == 503


class TestFlood:
    def test_a_duplicate_costs_one_look(self, client, lead):
        payload = reply_event(lead)
        post(client, payload)

        with CaptureQueriesContext(connection) as queries:
            response = post(client, payload)

        assert (response.status_code, len(queries)) == (200, 1)

    def test_the_size_of_an_event_costs_no_queries(self, client, lead):
        small, large = category_event(lead, 4), category_event(lead, 5)
        post(client, category_event(lead, 3))

        counts = []
        for payload in (small | {"history": []}, large):
            with CaptureQueriesContext(connection) as queries:
                post(client, payload)
            counts.append(len(queries))

        assert counts[0] == counts[1] <= 25

    def test_a_forged_one_writes_one_row_a_day(self, client, lead):
        for number in range(5):
            post(client, reply_event(lead, secret_key=f"wrong {number}"))

        assert WebhookRefusal.objects.count() == 1


class TestThePage:
    def test_shows_a_manager_the_address_and_is_never_kept(self, client, settings):
        settings.SITE_URL = "https://handoff.example.com"
        client.force_login(make_user(is_sales_manager=True))

        response = client.get("/settings/webhooks/")

        assert (
            f"https://handoff.example.com{webhook_path()}" in response.content.decode()
        )
        assert "no-store" in response["Cache-Control"]

    def test_is_nothing_for_others(self, client):
        client.force_login(make_user())

        response = client.get("/settings/webhooks/")

        assert response.status_code == 403
        assert authentication.path_token() not in response.content.decode()

    def test_says_how_to_begin_where_there_is_no_secret(self, client, settings):
        settings.SMARTLEAD_WEBHOOK_SECRET = ""
        client.force_login(make_user(is_sales_manager=True))

        page = client.get("/settings/webhooks/").content.decode()

        assert "Webhooks are off" in page
        assert "/webhooks/smartlead/" not in page

    def test_warns_when_replies_come_by_polling_alone(self, client):
        client.force_login(make_user(is_sales_manager=True))
        make_lead(last_reply_at=timezone.now())

        page = client.get("/settings/webhooks/").content.decode()

        assert "Webhooks are silent" in page

    def test_shows_what_came_and_what_was_not_let_in(self, client, lead):
        post(client, reply_event(lead))
        lost = {"sl_email_lead_map_id": None, "campaign_id": None, "campaign_name": ""}
        post(client, reply_event(lead) | lost)
        post(client, b"no json")
        client.force_login(make_user(is_sales_manager=True))

        page = client.get("/settings/webhooks/").content.decode()

        assert "They do" in page
        assert "It names no lead that Handoff knows" in page
        assert "The body is no event" in page
