"""A session that is over: what is said, and to which page one comes back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from dashboard.accounts.return_address import NO_PAGES
from tests.dashboard.pages import htmx
from tests.dashboard.test_every_page import _filled
from tests.factories import make_lead, make_user

HERE = "http://testserver"


def wanted_page(response) -> str:
    """The page that the login page will lead to."""
    address = response.headers.get("HX-Redirect") or response["Location"]
    assert urlsplit(address).path == "/accounts/login/"
    return parse_qs(urlsplit(address).query).get("next", [""])[0]


def sign_in(client, wanted: str, **data: str):
    make_user("Uma", username="uma")
    data = {"username": "uma", "password": "correct horse", "next": wanted} | data
    return client.post("/accounts/login/", data)


@pytest.mark.parametrize(
    "polled",
    ["/banner/", "/leads/1/row/", "/notifications/", "/inbox/?after=x", "/system/"],
)
@pytest.mark.parametrize(
    "seen", ["/inbox/?owner=me&q=a%20b", "/leads/7/?owner=me", "/coverage/3/#leads-h"]
)
def test_a_poll_leads_back_to_the_page_that_is_seen(client, db, polled, seen):
    headers = htmx("x") | {"HX-Current-URL": HERE + seen}

    assert wanted_page(client.get(polled, headers=headers)) == seen


def test_a_page_behind_a_proxy_with_tls_is_known_too(client, db):
    headers = htmx() | {"HX-Current-URL": "https://testserver/history/?cause=bulk"}

    response = client.get("/banner/", headers=headers)

    assert wanted_page(response) == "/history/?cause=bulk"


@pytest.mark.parametrize(
    "foreign",
    [
        "https://evil.example/inbox/", "//evil.example/", "http://testserver//evil.example",
        "http://testserver@evil.example/", "http://testserver.evil.example/inbox/",
        "javascript:alert(1)", "http:///evil.example", r"http://testserver\@evil.example",
        "http://testserver/\\evil.example", "http://[", "/nowhere/", "x" * 9000, "\x00",
        "/banner/", "http://testserver/accounts/login/", "/accounts/logout/",
        "/history/export.csv", "/inbox/\r\nX-Evil: 1/", "/static/mark.svg", "/healthz",
        "/leads/1/row/", "/leads/1/%2e%2e/", "/admin/logout/", "/admin/login/",
    ],
)  # fmt: skip
class TestWhatIsNoPageOfOurs:
    def test_is_not_asked_for_by_a_poll(self, client, db, foreign):
        response = client.get("/banner/", headers=htmx() | {"HX-Current-URL": foreign})

        assert wanted_page(response) == ""

    def test_leads_to_the_inbox_after_signing_in(self, client, db, foreign):
        assertRedirects(sign_in(client, foreign), "/inbox/")

    def test_leads_whoever_is_signed_in_to_their_first_page(
        self, client, manager, foreign
    ):
        response = client.get("/accounts/login/", {"next": foreign})

        assertRedirects(response, "/today/")


def test_the_next_page_keeps_its_query(client, db):
    response = sign_in(client, "/history/?cause=bulk&after=")

    assertRedirects(response, "/history/?cause=bulk&after=")


def test_a_file_leads_back_to_the_page_it_was_asked_on(client, db):
    headers = {"Referer": f"{HERE}/history/?cause=bulk"}

    response = client.get("/history/export.csv?cause=bulk", headers=headers)

    assert wanted_page(response) == "/history/?cause=bulk"


class TestAForm:
    def test_that_was_not_taken_is_said_and_not_sent_again(self, client, db):
        lead = make_lead()
        headers = {"Referer": f"{HERE}/leads/{lead.pk}/?owner=me"}

        response = client.post(
            f"/leads/{lead.pk}/notes/", {"text": "Hello"}, headers=headers
        )

        assert wanted_page(response) == f"/leads/{lead.pk}/?owner=me"
        assertContains(client.get(response["Location"]), "this was not saved")

    def test_of_htmx_is_said_too(self, client, db):
        headers = htmx("lead-1") | {"HX-Current-URL": f"{HERE}/inbox/?owner=me"}

        response = client.post("/leads/1/assign/", headers=headers)

        assert wanted_page(response) == "/inbox/?owner=me"
        assertContains(client.get(response["HX-Redirect"]), "this was not saved")

    def test_without_a_page_behind_it_leads_to_the_inbox(self, client, db):
        assert wanted_page(client.post("/assignments/1/undo/")) == ""


def test_whoever_opens_a_page_first_is_told_nothing(client, db):
    response = client.get("/history/?lead=1")

    assert wanted_page(response) == "/history/?lead=1"
    assertNotContains(client.get(response["Location"]), "signed out")


class TestTwoTabs:
    @pytest.fixture
    def browser(self) -> Client:
        return Client(enforce_csrf_checks=True)

    def test_the_login_page_of_one_goes_on_once_the_other_has_signed_in(
        self, db, browser
    ):
        browser.get("/accounts/login/?next=/history/")
        browser.force_login(make_user())

        response = browser.post("/accounts/login/", {"next": "/history/"}, follow=True)

        assert response.request["PATH_INFO"] == "/history/"

    def test_a_login_page_that_is_too_old_is_shown_anew_and_says_why(self, db, browser):
        data = {"username": "x", "password": "y", "next": "/history/"}

        response = browser.post("/accounts/login/", data, follow=True)

        assertContains(response, "This page was too old")
        assertContains(response, 'name="next" value="/history/"')


def test_a_page_that_the_next_user_may_not_see_is_a_page_and_no_loop(client, manager):
    Session.objects.all().delete()
    address = client.get("/settings/users/")["Location"]
    wanted = parse_qs(urlsplit(address).query)["next"][0]

    sign_in(client, wanted)
    page = client.get(wanted)

    assertContains(page, "<html", status_code=403)
    assertContains(page, "sales manager", status_code=403)


def test_every_address_that_is_no_page_is_listed(client, manager):
    named = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern)]
    for pattern in named:
        path = "/" + _filled([str(pattern.pattern)])[0]
        answer = client.delete(path)
        if answer.get("Location", "").startswith("/accounts/prove/"):
            continue  # a page, once the viewer has proved themselves
        if pattern.name == "mfa_deactivate_totp":
            continue  # a page, once there is an app
        allowed = answer.get("Allow", "")
        if pattern.name not in NO_PAGES:
            assert "GET" in allowed, pattern.name
            shown = client.get(path)
            is_page = "html" in shown["Content-Type"]
            assert is_page, pattern.name
            assert shown.status_code != 200 or b"<html" in shown.content, pattern.name
