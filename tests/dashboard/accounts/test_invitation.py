"""One form lets somebody in; the link that it shows sets their password once."""

import logging
import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import SignInEvent, User
from dashboard.server.log_redaction import redacted
from tests.factories import make_manager, make_member, make_team, make_user

INVITE = "/settings/users/invite/"
NEW = {"login": "cem@x.test", "name": "Cem Kaya", "role": "member"}
PASSWORDS = {
    "new_password1": "a long enough one",
    "new_password2": "a long enough one",
}


def link_in(response) -> str:
    found = re.search(r'value="http://testserver(/[^"]+)"', response.content.decode())
    assert found
    return found[1]


@pytest.fixture
def link(client, manager) -> str:
    return link_in(client.post(INVITE, NEW))


@pytest.fixture
def newcomer() -> Client:
    return Client()


class TestForm:
    def test_shows_the_link_this_once(self, client, manager):
        response = client.post(INVITE, NEW)

        link = link_in(response)
        assert "no-store" in response["Cache-Control"]
        for page in (INVITE, "/settings/users/"):
            assertNotContains(client.get(page), link)

    def test_asks_for_the_member_alone_if_all_is_known(self, client, manager):
        team = make_team("North")
        cem = make_member("Cem Kaya", email="cem@x.test", team=team)

        response = client.post(INVITE, {"member": cem.pk, "role": "team_lead"})

        assertContains(response, "Send Cem Kaya this link")
        user = User.objects.get(username="cem@x.test")
        assert (user.member, list(user.leads_teams.all())) == (cem, [team])

    def test_begins_with_the_member_of_the_page_it_was_opened_from(
        self, client, manager
    ):
        cem = make_member("Cem Kaya")

        page = client.get(INVITE, {"member": cem.pk})

        assertContains(page, f'<option value="{cem.pk}" selected>Cem Kaya</option>')

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"login": ""}, "Type a login or an e-mail."),
            ({"name": ""}, "Type their name."),
            ({"login": "a b"}, "Enter a valid username."),
            ({"role": "boss"}, "Select a valid choice."),
        ],
    )
    def test_says_what_is_missing(self, client, manager, said, sentence):
        assertContains(client.post(INVITE, NEW | said), sentence, status_code=422)

    def test_names_who_has_the_login_already(self, client, manager):
        make_user("Cem Kaya", username="CEM@x.test")

        response = client.post(INVITE, NEW)

        assertContains(response, "they sign in as “CEM@x.test”", status_code=409)
        assert User.objects.filter(username__iexact="cem@x.test").count() == 1

    def test_a_lost_link_is_replaced(self, client, manager, link, newcomer):
        user = User.objects.get(username="cem@x.test")

        response = client.post(f"/settings/users/{user.pk}/invitation/")

        assert link_in(response) != link
        assert newcomer.get(link, follow=True).status_code == 410

    def test_the_list_says_who_has_no_password_yet(self, client, manager, link):
        assertContains(client.get("/settings/users/"), "invited, no password yet")

    def test_is_for_sales_managers(self, client, stranger):
        assert client.get(INVITE).status_code == 403
        assert client.post(INVITE, NEW).status_code == 403

    @pytest.mark.parametrize("page", ["/team/", "/settings/users/", "/start/"])
    def test_is_reached_from_each_page_about_people(self, client, manager, page):
        assertContains(client.get(page), f'href="{INVITE}"')


class TestFirstVisit:
    def test_sets_the_password_and_signs_in(self, link, newcomer):
        opened = newcomer.get(link)
        assertRedirects(opened, "/accounts/invitation/")
        assertContains(newcomer.get("/accounts/invitation/"), "cem@x.test")

        response = newcomer.post("/accounts/invitation/", PASSWORDS)

        user = User.objects.get(username="cem@x.test")
        assert response.status_code == 302
        assert newcomer.session["_auth_user_id"] == str(user.pk)
        assert not newcomer.cookies["invitation"].value
        assert user.check_password(PASSWORDS["new_password1"])
        assert SignInEvent.objects.filter(user=user, kind="signed_in").exists()

    def test_keeps_the_secret_in_a_cookie_of_this_page_alone(
        self, link, newcomer, settings
    ):
        settings.SESSION_COOKIE_SECURE = True

        cookie = newcomer.get(link).cookies["invitation"]

        assert (cookie["path"], cookie["samesite"]) == ("/accounts/invitation/", "Lax")
        assert cookie["httponly"]
        assert cookie["secure"]
        assert 0 < int(cookie["max-age"]) <= 3600

    def test_keeps_the_secret_out_of_the_database(self, link, newcomer):
        before = Session.objects.count()

        newcomer.get(link, follow=True)

        assert Session.objects.count() == before

    @pytest.mark.parametrize("method", ["get", "head"])
    def test_a_made_up_link_stores_nothing(self, db, method):
        visitor = Client()

        response = getattr(visitor, method)("/accounts/invitation/x/y/")

        assertRedirects(
            response, "/accounts/invitation/", fetch_redirect_response=False
        )
        assert not visitor.cookies
        assert not Session.objects.exists()

    def test_a_made_up_link_replaces_the_one_opened_before(self, link, newcomer):
        newcomer.get(link)

        response = newcomer.get("/accounts/invitation/x/y/", follow=True)

        assert response.status_code == 410

    def test_a_changed_cookie_opens_nothing(self, link, newcomer):
        newcomer.get(link)
        newcomer.cookies["invitation"] = newcomer.cookies["invitation"].value + "x"

        assert newcomer.get("/accounts/invitation/").status_code == 410

    def test_works_once(self, link, newcomer):
        newcomer.get(link)
        newcomer.post("/accounts/invitation/", PASSWORDS)
        second = Client()

        second.get(link)
        response = second.post("/accounts/invitation/", PASSWORDS)

        assertContains(response, "This link has been used", status_code=410)

    def test_looking_does_not_use_it_up(self, link, newcomer):
        Client().get(link, follow=True)
        newcomer.get(link)

        assert newcomer.post("/accounts/invitation/", PASSWORDS).status_code == 302

    def test_a_weak_password_is_refused(self, link, newcomer):
        newcomer.get(link)

        response = newcomer.post(
            "/accounts/invitation/", {"new_password1": "1", "new_password2": "1"}
        )

        assertContains(response, "too short", status_code=422)

    def test_is_not_for_who_is_signed_in_as_somebody_else(self, client, link):
        response = client.get(link, follow=True)

        assertContains(response, "you are signed in as", status_code=409)

    @pytest.mark.parametrize("path", ["x/y-z", "MQ/abc-def"])
    def test_a_made_up_link_has_ended(self, db, client, path):
        response = client.get(f"/accounts/invitation/{path}/", follow=True)

        assertContains(response, "Ask a sales manager for a new", status_code=410)


def test_the_link_is_in_no_log(link, newcomer, caplog):
    with caplog.at_level(logging.DEBUG):
        newcomer.get(link)
        logging.getLogger("gunicorn.access").warning("GET %s HTTP/1.1", link)

    assert link not in caplog.text
    assert redacted(f"GET {link} HTTP/1.1") == "GET /accounts/invitation/*** HTTP/1.1"


def test_a_login_given_to_a_member_is_not_offered_to_another(client, manager, ana, ben):
    make_manager("Mia Manager")
    ana.user = make_user("Uma Taken")
    ana.save()

    page = client.get(f"/team/{ben.pk}/")

    assertNotContains(page, "Uma Taken")
    assertContains(page, "Mia Manager")
