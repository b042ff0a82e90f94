"""A forgotten password and another mail address: by mail, once, and telling nobody."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Mail, SignInEvent, User
from assignments.services.notifications.reset_mail import address_path, reset_path
from dashboard.server.log_redaction import redacted
from tests.dashboard.accounts.second_step import (
    CODE,
    PASSWORD,
    is_signed_in,
    make_user_with_app,
    prove,
    type_password,
)
from tests.factories import make_manager, make_user
from tests.notification_mails import send_due_mails

ASK, RESET = "/accounts/password/forgotten/", "/accounts/password/reset/"
CONFIRM = "/accounts/address/confirm/"
NEW = "a fine new passphrase"
TWICE = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def uma(db) -> User:
    return make_user("Uma User", username="uma", email="uma@x.test")


def ask(name: str = "uma", client: Client | None = None, at: str = "203.0.113.7"):
    headers = {"X-Forwarded-For": at}
    return (client or Client()).post(ASK, {"name": name}, headers=headers)


def link_in(postbox, *, to: str) -> str:
    """Send what waits and return the path in the last mail to this address."""
    send_due_mails(timezone.now() + timedelta(minutes=1))
    text = postbox.to(to)[-1].get_body(("plain",)).get_content()
    address = next(word for word in text.split() if "/accounts/" in word)
    return urlsplit(address).path


class TestALinkByMail:
    def test_sets_a_password_once_and_ends_all_sessions(self, uma, postbox):
        elsewhere = Client()
        elsewhere.force_login(uma)
        ask("UMA@x.test")
        link = link_in(postbox, to="uma@x.test")
        assert link.split("/")[-2] not in str(Mail.objects.values())
        browser = Client()
        assertRedirects(browser.get(link), RESET)

        response = browser.post(RESET, TWICE, follow=True)

        assertContains(response, "Sign in with the new one")
        assert User.objects.get().check_password(NEW)
        assert not is_signed_in(elsewhere)
        assert not is_signed_in(browser)
        again = Client()
        assertContains(again.get(link, follow=True), "has been used", status_code=410)
        assert again.post(RESET, TWICE).status_code == 410

    def test_does_not_skip_the_second_factor(self, client, postbox):
        make_user_with_app(email="uma@x.test")
        ask()
        client.get(link_in(postbox, to="uma@x.test"))

        client.post(RESET, TWICE)

        assert not is_signed_in(client)
        assertRedirects(type_password(client, password=NEW), CODE)

    def test_ends_after_two_hours(self, uma, client, time_machine):
        link = reset_path(uma)
        time_machine.move_to(timezone.now() + timedelta(hours=2, seconds=5))

        assert client.get(link, follow=True).status_code == 410

    def test_ends_with_a_newer_sign_in_and_with_a_deactivation(self, uma, client):
        link = reset_path(uma)
        type_password(Client())
        assert client.get(link, follow=True).status_code == 410
        uma.refresh_from_db()
        link = reset_path(uma)
        User.objects.update(is_active=False)

        assert client.get(link, follow=True).status_code == 410

    def test_of_one_kind_opens_no_other(self, uma, client):
        key, token = address_path(uma, "new@x.test").split("/")[-3:-1]

        assert client.get(f"{RESET}{key}/{token}/", follow=True).status_code == 410

    @pytest.mark.parametrize("path", ["x/y/", "MQ/x-y/", "_/_/", "MTIz/----/"])
    def test_that_was_made_up_opens_nothing(self, uma, client, path):
        assert client.get(RESET + path, follow=True).status_code == 410
        assert client.get(CONFIRM + path, follow=True).status_code == 410

    def test_stands_in_no_log(self, uma):
        for link in (reset_path(uma), address_path(uma, "new@x.test")):
            assert link.split("/")[-2] not in redacted(f"GET {link} HTTP/1.1")


class TestAskingTellsNothing:
    def test_the_answer_and_the_rows_are_the_same_for_a_name_that_nobody_has(
        self, uma, postbox, django_assert_num_queries
    ):
        known, unknown = ask("uma"), ask("nobody")

        assert _without_token(known) == _without_token(unknown)
        assert [mail.user for mail in Mail.objects.all()] == [uma]

    def test_neither_invited_nor_deactivated_people_get_a_link(self, db, postbox):
        invited = make_user("Cem", username="cem", email="cem@x.test")
        invited.set_unusable_password()
        invited.save()
        make_user("Gone", username="gone", email="gone@x.test", is_active=False)

        ask("cem")
        ask("gone")

        assert not Mail.objects.exists()

    def test_too_many_wishes_are_refused_for_any_name(self, uma, postbox):
        for name in ("uma", "nobody"):
            for number in range(3):
                assert ask(name, at=f"198.51.100.{number}").status_code == 200

            assertContains(ask(name), "asked too often", status_code=429)

    def test_as_many_from_one_address(self, uma, postbox):
        for number in range(20):
            ask(f"name{number}")

        assert ask("uma").status_code == 429
        assert ask("uma", at="198.51.100.9").status_code == 200

    def test_without_mail_the_page_says_whom_to_ask(self, uma, client):
        assertContains(client.get(ASK), "Ask a sales manager")
        assertNotContains(ask(), "on its way")
        assert not Mail.objects.exists()


def _without_token(response) -> str:
    lines = response.content.decode().splitlines()
    return "\n".join(line for line in lines if "csrfmiddlewaretoken" not in line)


class TestSigningInTellsNothing:
    def test_wrong_unknown_and_deactivated_get_the_same_answer(self, uma):
        make_user("Gone", username="gone", is_active=False)
        answers = {
            _without_token(
                Client().post(
                    "/accounts/login/", {"username": name, "password": password}
                )
            ).replace(name, "NAME")
            for name, password in (
                ("uma", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD),
                ("uma@x.test", "wrong"), ("nobody@x.test", "wrong"),
            )
        }  # fmt: skip

        assert len(answers) == 1

    @pytest.mark.parametrize(
        "name", ["uma", "uma@x.test", "nobody", "no@x.test", "cem"]
    )
    def test_each_costs_one_hash(self, uma, name, monkeypatch):
        make_user("Cem", username="cem", is_active=False)
        hashed = []
        hasher = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
        monkeypatch.setattr(
            hasher, lambda self, *_, **__: hashed.append(1) or "md5$x$y"
        )

        Client().post("/accounts/login/", {"username": name, "password": "wrong"})

        assert len(hashed) == 1


class TestAnotherMailAddress:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client, uma):
        client.force_login(uma)

    def change(self, client, address: str = "new@x.test"):
        prove(client)
        return client.post("/accounts/address/", {"email": address})

    def test_is_asked_for_after_a_proof_only(self, client, postbox):
        response = client.post("/accounts/address/", {"email": "new@x.test"})

        assert response["Location"].startswith("/accounts/prove/password/")
        assert not Mail.objects.exists()

    def test_changes_when_the_link_there_is_opened_and_the_old_one_is_told(
        self, client, postbox
    ):
        self.change(client)
        assert User.objects.get().email == "uma@x.test"
        link = link_in(postbox, to="new@x.test")
        elsewhere = Client()
        assertContains(elsewhere.get(link, follow=True), "new@x.test")

        elsewhere.post(CONFIRM)

        assert User.objects.get().email == "new@x.test"
        told = Mail.objects.latest("pk")
        assert told.address == "uma@x.test"
        assert "is now new@x.test" in told.text
        assert Client().get(link, follow=True).status_code == 410

    def test_is_not_proven_by_a_link_for_yet_another(self, client, uma):
        key = address_path(uma, "evil@x.test").split("/")[-3]
        token = address_path(uma, "new@x.test").split("/")[-2]

        assert client.get(f"{CONFIRM}{key}/{token}/", follow=True).status_code == 410

    def test_that_somebody_has_is_said_to_its_reader_alone(self, client, postbox):
        make_user("Theo", username="theo", email="new@x.test")
        assertRedirects(self.change(client), "/accounts/me/")
        client.get(link_in(postbox, to="new@x.test"))

        assertContains(client.post(CONFIRM), "Another login has", status_code=409)

        assert User.objects.get(username="uma").email == "uma@x.test"

    def test_is_asked_for_five_times_at_most(self, client, postbox):
        for number in range(5):
            assert self.change(client, f"new{number}@x.test").status_code == 302

        assert self.change(client).status_code == 429

    def test_must_be_one(self, client, postbox):
        assert self.change(client, "no address").status_code == 422

    def test_without_mail_the_page_says_whom_to_ask(self, client):
        prove(client)

        assertContains(client.get("/accounts/address/"), "Ask a sales manager")


class TestSessions:
    def test_are_listed_and_end_elsewhere(self, client, uma):
        type_password(client)
        elsewhere, older = Client(), Client()
        type_password(elsewhere)
        older.force_login(uma)
        page = client.get("/accounts/sessions/")
        assert len(page.context["sessions"]) == 2
        assertContains(page, "this one", count=1)

        client.post("/accounts/sessions/")

        assert is_signed_in(client)
        assert not is_signed_in(elsewhere)
        assert not is_signed_in(older)
        assert SignInEvent.objects.latest("id").kind == "sessions_ended"

    def test_of_others_end_by_a_manager(self, client, uma):
        elsewhere = Client()
        type_password(elsewhere)
        client.force_login(make_manager())

        response = client.post(f"/settings/users/{uma.pk}/sign-out/", follow=True)

        assertContains(response, "1 session ended")
        assert not is_signed_in(elsewhere)
        assert is_signed_in(client)

    def test_end_for_good_with_a_deactivation(self, client, uma):
        elsewhere = Client()
        type_password(elsewhere)
        client.force_login(make_manager())
        form = {"first_name": "Uma", "last_name": "User", "email": "uma@x.test"}

        client.post(f"/settings/users/{uma.pk}/", form)
        client.post(f"/settings/users/{uma.pk}/", form | {"is_active": "on"})

        assert not is_signed_in(elsewhere)

    def test_of_somebody_who_changes_the_password_end_but_for_their_own(
        self, client, uma
    ):
        type_password(client)
        elsewhere = Client()
        type_password(elsewhere)

        client.post("/accounts/password/", {"old_password": PASSWORD} | TWICE)

        assert is_signed_in(client)
        assert not is_signed_in(elsewhere)
        assert len(client.get("/accounts/sessions/").context["sessions"]) == 1

    def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(
        self, client, uma
    ):
        client.cookies["sessionid"] = planted = "planted" * 5
        client.get("/accounts/login/")
        type_password(client)

        assert client.cookies["sessionid"].value != planted
        assert is_signed_in(client)
