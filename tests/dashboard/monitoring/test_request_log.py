import logging

import pytest

from assignments import request_id
from dashboard.monitoring.log_format import request_id_of

OWN = "proxy-4711-abcdef"
LOG = "dashboard.monitoring.request_log"


@pytest.mark.django_db
class TestRequestId:
    def test_is_that_of_a_trusted_proxy(self, client):
        response = client.get("/accounts/login/", headers={"X-Request-ID": OWN})

        assert response["X-Request-ID"] == OWN

    @pytest.mark.parametrize("sent", ["", "short", "a" * 65, "two words", "x\n" * 8])
    def test_is_made_here_if_that_one_is_not_well_formed(self, client, sent):
        response = client.get("/accounts/login/", headers={"X-Request-ID": sent})

        assert response["X-Request-ID"] != sent
        assert request_id.is_well_formed(response["X-Request-ID"])

    def test_of_anybody_else_is_not_believed(self, client):
        response = client.get(
            "/accounts/login/",
            headers={"X-Request-ID": OWN},
            REMOTE_ADDR="203.0.113.9",
        )

        assert response["X-Request-ID"] != OWN

    def test_is_another_one_each_time_and_ends_with_the_request(self, client):
        first, second = client.get("/accounts/login/"), client.get("/accounts/login/")

        assert first["X-Request-ID"] != second["X-Request-ID"]
        assert request_id.current() == ""

    def test_is_told_where_something_broke(self, client, manager, monkeypatch):
        monkeypatch.setattr("dashboard.inbox.lead_list.rows_of", None)
        client.raise_request_exception = False

        response = client.get("/inbox/")

        assert response.status_code == 500
        assert f"under {response['X-Request-ID']}." in response.content.decode()


def test_a_request_is_logged_by_the_name_of_its_page(client, manager, caplog):
    with caplog.at_level(logging.INFO, LOG):
        client.get("/inbox/?q=Lena")

    [line] = [line for line in caplog.records if line.name == LOG]
    assert (line.method, line.page, line.status) == ("GET", "inbox", 200)
    assert "Lena" not in caplog.text


def test_files_and_probes_are_not_logged(client, db, caplog):
    with caplog.at_level(logging.INFO, LOG):
        client.get("/static/css/tokens.css").close()
        client.get("/healthz")

    assert [line for line in caplog.records if line.name == LOG] == []


def test_an_error_that_is_logged_after_the_request_has_its_id(client, db, caplog):
    response = client.get("/nothing/")

    [line] = [line for line in caplog.records if line.name == "django.request"]
    assert request_id_of(line) == response["X-Request-ID"]
