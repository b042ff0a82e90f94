import logging
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError

from assignments.models import Heartbeat
from tests.factories import MONDAY


@pytest.fixture
def behind_tls(settings) -> None:
    """The settings of an address that is https only."""
    settings.ALLOWED_HOSTS = ["handoff.example.com"]
    settings.SITE_URL = "https://handoff.example.com"
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def test_healthz_needs_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_readyz_wants_a_worker(client, db):
    assert client.get("/readyz").status_code == 200

    Heartbeat.objects.update(beat_at=MONDAY)

    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_readyz_wants_a_database(client, db, error):
    with patch(
        "dashboard.system.health_probes.operations_status.worker_is_silent",
        side_effect=error,
    ):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.content == b"The database does not answer.\n"


@pytest.mark.usefixtures("behind_tls", "db")
class TestProbesAskedByAnybody:
    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
    @pytest.mark.parametrize(
        "host",
        ["10.0.0.7", "10.0.0.7:8000", "kube-probe", "a_b", "[::1]:8000", "é", ""],
    )
    def test_are_answered_on_any_host_name_over_plain_http(self, client, path, host):
        response = client.get(path, headers={"host": host})

        assert response.status_code == 200

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_set_no_cookie_and_promise_no_tls(self, client, path):
        response = client.get(path, headers={"host": "10.0.0.7"})

        assert not response.cookies
        assert not {"Strict-Transport-Security", "Vary", "Location"} & set(
            response.headers
        )

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_a_head_has_the_headers_of_a_get_and_no_body(self, client, path):
        whole, head = client.get(path), client.head(path)

        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head["Content-Length"] == str(len(whole.content))
        same = set(whole.headers) - {"Expires"}
        assert set(head.headers) - {"Expires"} == same

    @pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
    def test_only_read(self, client, method):
        assert getattr(client, method)("/healthz").status_code == 405

    @pytest.mark.parametrize("path", ["/healthzz", "/x/healthz", "/healthz/x"])
    def test_lend_their_freedom_to_no_other_address(self, client, path):
        assert client.get(path, headers={"host": "10.0.0.7"}).status_code == 400


@pytest.mark.usefixtures("behind_tls", "db")
class TestRefusedHost:
    @pytest.mark.parametrize("host", ["evil.example", "a_b", "é", "x" * 5000, "a b"])
    def test_is_one_warning_in_the_log_without_a_traceback(self, client, caplog, host):
        with caplog.at_level(logging.DEBUG):
            client.get("/", headers={"host": host})

        [record] = [one for one in caplog.records if one.name.startswith("django")]
        assert record.levelno == logging.WARNING
        assert record.exc_info is None
        assert len(record.getMessage()) <= 200
        assert "\n" not in record.getMessage()

    def test_is_told_in_words_what_to_do(self, client):
        response = client.get("/", headers={"host": "evil.example"})

        assert response.status_code == 400
        assert "Handoff does not answer at this name." in response.content.decode()
        assert "evil.example" not in response.content.decode()
