"""The address of the webhook: found however it is written, and shown nowhere."""

import logging
from pathlib import Path

import pytest
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client

from assignments.models import Lead, WebhookEvent
from assignments.models.lead import NEVER
from assignments.services.webhooks import authentication, receive
from dashboard.system import error_pages
from tests.factories import make_campaign, make_lead
from tests.webhook_events import SECRET, post, reply_event, webhook_path

pytestmark = pytest.mark.django_db

TWO_EVENTS = Path(__file__).parent / "two-events.jsonl"


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET


@pytest.fixture
def lead() -> Lead:
    return make_lead(campaign=make_campaign())


def knock(client, path: str, *, method: str = "POST", body: bytes = b"{}", **headers):
    """Send to a path as it stands: a test client would take `//webhooks` for a host."""
    return client.generic(
        method, "/", body, content_type="application/json", PATH_INFO=path,
        headers=headers,
    )  # fmt: skip


class TestTwoDeliveries:
    def test_with_one_request_id_are_both_taken_and_a_repeat_once(self, client):
        lines = TWO_EVENTS.read_bytes().splitlines()
        campaign = make_campaign(id=11)
        for map_id in (9001, 9002):
            make_lead(
                map_id=map_id, campaign=campaign, seen_at=NEVER,
                last_reply_at=None, last_sent_at=None,
            )  # fmt: skip

        first = {"X-Request-Id": "one-for-all"}
        assert [post(client, line, **first).status_code for line in lines] == [200, 200]
        assert WebhookEvent.objects.count() == 2
        for number, line in enumerate([*lines, *lines]):
            post(client, line, **{"X-Request-Id": f"another-{number // 2}"})

        assert WebhookEvent.objects.filter(state="done").count() == 2
        assert Lead.objects.filter(answer_owed=True).count() == 2


class TestTheAddress:
    @pytest.mark.parametrize(
        "form",
        [
            "/webhooks/smartlead/{}",
            "/webhooks/smartlead/{}/",
            "/webhooks/smartlead/{}//",
            "//webhooks///smartlead/{}//",
            "/webhooks/smartlead//{}",
        ],
    )
    def test_is_found_however_its_slashes_stand(self, client, settings, form):
        settings.SECURE_SSL_REDIRECT = True

        answer = knock(client, form.format(authentication.path_token()))

        assert (answer.status_code, answer.content) == (200, b"Taken.\n")

    @pytest.mark.parametrize("debug", [False, True])
    @pytest.mark.parametrize(
        "form",
        [
            "/webhooks/smartlead",
            "/webhooks/smartlead/",
            "//webhooks//smartlead//",
            "/webhooks/smartlead/wrong",
            "/webhooks/smartlead/wrong/",
            "/webhooks/smartlead/{}x/",
            "/webhooks/smartlead/{}/more/",
            "/webhooks/smartlead/{}\n/",
            "/webhooks/smartlead/\0\xff/",
            "/webhooks/smartlead/-/",
            "/webhooks/smartlead/" + "x" * 5000,
        ],
    )
    def test_a_wrong_one_says_always_the_same(self, settings, form, debug):
        settings.DEBUG = debug
        path = form.format(authentication.path_token())

        answers = [
            knock(Client(), path, method=method)
            for method in ("POST", "GET", "PUT", "DELETE", "OPTIONS")
        ]

        assert {(each.status_code, each.content) for each in answers} == {
            (404, error_pages.no_such_page().content)
        }

    def test_a_word_that_begins_alike_is_no_webhook(self, client):
        assert knock(client, "/webhooks/smartleads/").status_code == 404


class TestSecrecy:
    @pytest.fixture(params=[False, True], ids=["", "debug"])
    def faulty(self, request, settings, monkeypatch):
        """Break what is named; with and without DEBUG."""
        settings.DEBUG = request.param
        broken = {
            "view": (receive, "receive"),
            "middleware": (CsrfViewMiddleware, "process_request"),
        }

        def break_(fault: str) -> None:
            if fault in broken:
                monkeypatch.setattr(*broken[fault], None)

        return break_

    @pytest.mark.parametrize("key", [SECRET, "wrong-and-secret"])
    def test_neither_secret_nor_address_is_stored_said_or_logged(
        self, client, lead, key, caplog, monkeypatch
    ):
        caplog.set_level(logging.DEBUG)
        monkeypatch.setattr(receive, "apply_event", None)  # a fault, with its trace
        payload = reply_event(lead, secret_key=key, webhook_url=webhook_path())

        answers = [post(client, payload), post(client, b"no json")]

        said = "".join(answer.content.decode() for answer in answers)
        kept = str(list(WebhookEvent.objects.values()))
        for secret in (SECRET, key, authentication.path_token()):
            assert secret not in said + kept + caplog.text

    @pytest.mark.parametrize("fault", ["none", "view", "middleware", "host"])
    @pytest.mark.parametrize(
        "form", ["/webhooks/smartlead/{}/", "//webhooks/smartlead/{}", "/elsewhere/{}/"]
    )
    def test_no_log_or_error_page_shows_the_address(
        self, client, caplog, faulty, form, fault
    ):
        caplog.set_level(logging.DEBUG)
        faulty(fault)
        client.raise_request_exception = False
        path = form.format(authentication.path_token())
        said = {"X-Forwarded-Uri": path} | ({"Host": "evil"} if fault == "host" else {})

        answers = [
            knock(client, path, method=method, **said)
            for method in ("POST", "GET", "HEAD")
        ]

        if form != "/elsewhere/{}/":
            shown = b"".join(answer.content for answer in answers).decode()
            assert authentication.path_token() not in shown
        assert authentication.path_token() not in caplog.text

    def test_other_loggers_do_not_show_it_either(self, caplog):
        try:
            raise ValueError(webhook_path())
        except ValueError:
            logging.getLogger("gunicorn.error").exception("Error at %s", webhook_path())

        record = caplog.records[-1]
        assert authentication.path_token() not in caplog.text
        assert "/webhooks/smartlead/***" in record.getMessage()

    def test_a_server_that_logs_afterwards_finds_nothing_in_its_request(self, client):
        environ = knock(client, webhook_path(), RAW_URI="x").wsgi_request.environ

        assert authentication.path_token() not in str(environ)

    def test_the_address_is_no_part_of_the_secret(self):
        assert authentication.path_token() not in SECRET
        assert SECRET not in webhook_path()
