import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace

import pytest

from assignments.services.operations import server_checks
from assignments.services.operations.findings import FindingState
from tests.smtp_server import PASSWORD, mailers

GIGABYTE = 1024**3


def disk(free: int, files: int = 1000) -> SimpleNamespace:
    return SimpleNamespace(f_bavail=free, f_frsize=1, f_favail=files)


class TestDiskSpace:
    @pytest.mark.parametrize(
        ("left", "state"),
        [
            (disk(5 * GIGABYTE), FindingState.FINE),
            (disk(100_000_000), FindingState.PROBLEM),
            (disk(0), FindingState.PROBLEM),
            (disk(5 * GIGABYTE, files=0), FindingState.PROBLEM),
        ],
    )
    def test_a_disk_that_is_nearly_full_is_a_problem(self, monkeypatch, left, state):
        monkeypatch.setattr(os, "statvfs", lambda _: left)

        assert server_checks.disk_space().state is state


class TestMailServer:
    def test_none_is_fine_and_says_what_that_means(self, settings):
        assert "Off" in server_checks.mail_server().sentence

    def test_one_that_lets_us_in_is_fine_and_gets_no_mail(self, postbox):
        assert server_checks.mail_server().state is FindingState.FINE
        assert postbox.mails == []

    def test_a_wrong_password_is_said_without_it(self, postbox, settings):
        login = {"username": "handoff", "password": "wrong-" + PASSWORD}
        settings.MAILERS = mailers(postbox, **login)

        found = server_checks.mail_server()

        assert found.is_problem
        assert "does not take our user and password" in found.sentence
        assert PASSWORD not in found.sentence

    def test_one_that_is_not_there_is_said(self, postbox, settings):
        settings.MAILERS = mailers(postbox, port=1)

        assert "cannot be reached" in server_checks.mail_server().sentence

    def test_one_that_never_comes_to_an_end_is_given_up(self, dripping, settings):
        settings.MAILERS = mailers(dripping)
        settings.MAIL_DEADLINE = 0.3

        assert server_checks.mail_server().is_problem


class _Page(BaseHTTPRequestHandler):
    status, location = 200, ""

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class TestSite:
    @pytest.fixture
    def page(self, settings) -> Iterator[type[_Page]]:
        page = type("Page", (_Page,), {})
        with HTTPServer(("127.0.0.1", 0), page) as server:
            thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            settings.SITE_URL = f"http://127.0.0.1:{server.server_port}"
            yield page
            server.shutdown()
            thread.join()

    def test_a_sign_in_page_is_fine(self, page):
        assert server_checks.site().state is FindingState.FINE

    def test_a_redirect_to_itself_names_the_header_that_is_missing(
        self, page, settings
    ):
        page.status, page.location = 301, f"{settings.SITE_URL}/accounts/login/"

        found = server_checks.site()

        assert found.is_problem
        assert "X-Forwarded-Proto" in found.remedy

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            (400, FindingState.PROBLEM),
            (404, FindingState.PROBLEM),
            (500, FindingState.PROBLEM),
            (502, FindingState.NOTE),
            (503, FindingState.NOTE),
        ],
    )
    def test_another_answer_says_what_to_do(self, page, status, state):
        page.status = status

        found = server_checks.site()

        assert found.state is state
        assert found.remedy

    def test_one_that_cannot_be_opened_is_a_note(self, settings):
        settings.SITE_URL = "http://127.0.0.1:1"

        assert server_checks.site().state is FindingState.NOTE


class TestPlainHttp:
    @pytest.mark.parametrize(
        ("site", "hosts", "is_noted"),
        [
            ("https://handoff.example.com", ["handoff.example.com"], False),
            ("http://localhost:8000", ["localhost", "127.0.0.1", "[::1]"], False),
            ("http://localhost:8000", ["handoff.example.com"], True),
            ("http://handoff.example.com", ["handoff.example.com"], True),
        ],
    )
    def test_is_noted_where_others_sign_in(self, settings, site, hosts, is_noted):
        settings.SITE_URL, settings.ALLOWED_HOSTS = site, hosts

        assert (server_checks.plain_http() is not None) is is_noted
