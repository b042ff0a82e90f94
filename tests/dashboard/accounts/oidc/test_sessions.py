"""A leaver is out soon: sessions are checked with the provider, and it can end them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import ProviderSession, SignInEvent, User
from assignments.services.people.deactivation import end_access
from tests.dashboard.accounts.oidc.own_provider import LOGOUT_EVENT, OTHER_KEY
from tests.dashboard.accounts.second_step import PASSWORD
from tests.dashboard.pages import htmx
from tests.factories import make_manager, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ana(db) -> User:
    return make_user("Ana Sousa", email="ana@example.com")


def later(minutes: int = 11) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes))


def token_calls(own) -> int:
    return sum(path == "/token" for path, _ in own.calls)


def page(client: Client, path: str = "/history/", **said: Any) -> Any:
    return client.get(path, **said)


def test_a_session_is_not_checked_before_its_time(own, arrive, client):
    arrive()

    with later(9):
        assert page(client).status_code == 200

    assert token_calls(own) == 1


def test_a_session_whose_person_may_stay_goes_on(own, arrive, client):
    arrive()

    with later():
        assert page(client).status_code == 200
        assert page(client).status_code == 200

    assert token_calls(own) == 2
    checked = ProviderSession.objects.get().checked_at
    assert checked > datetime.now(UTC) + timedelta(minutes=10)


@pytest.mark.parametrize("has_refresh", [True, False])
def test_a_leaver_is_out_at_the_next_check(own, arrive, client, has_refresh):
    own.has_refresh = has_refresh
    arrive()
    own.is_gone = True

    with later():
        response = page(client, follow=True)

    assertRedirects(response, "/accounts/login/?next=/history/")
    assertContains(response, "no longer confirms your sign-in")
    assert not ProviderSession.objects.exists()
    assert SignInEvent.objects.filter(kind="provider_ended").count() == 1


def test_a_poll_counts_as_a_request(own, arrive, client):
    arrive()
    own.is_gone = True

    with later():
        response = page(client, "/banner/", headers=htmx("banner"))

    assert response["HX-Redirect"].startswith("/accounts/login/")


def test_one_request_asks_while_others_go_on(own, arrive, client):
    arrive()
    soon = datetime.now(UTC) + timedelta(minutes=13)
    ProviderSession.objects.update(next_check_at=soon)

    with later():
        assert page(client).status_code == 200

    assert token_calls(own) == 1


def test_a_provider_that_is_away_gives_a_stated_grace(own, arrive, client, settings):
    settings.OIDC_GRACE = 60
    arrive()
    own.answers["/token"] = (500, {})

    with later():
        assertContains(page(client), "Example does not answer, so your sign-in could")
        assertContains(page(client), "", status_code=200)
    with later(68):
        assert page(client).status_code == 200
    with later(72):
        assert page(client).status_code == 302


def test_a_provider_that_is_back_ends_the_grace(own, arrive, client):
    arrive()
    own.answers["/token"] = (500, {})
    with later():
        page(client)
    own.answers.clear()

    with later(14):
        assert page(client).status_code == 200

    assert ProviderSession.objects.get().unreachable_since is None


def test_a_refresh_about_somebody_else_ends_the_session(own, arrive, client):
    arrive()
    other = own.sign(own.claims_of(sub="eve"))
    own.answers["/token"] = (200, {"access_token": "a", "id_token": other})

    with later():
        assert page(client).status_code == 302


def test_tokens_are_not_readable_in_the_database(own, arrive, client):
    own.answers["/userinfo"] = (200, {"sub": "ana"})
    arrive()
    kept = ProviderSession.objects.get().sealed_tokens

    with later():
        page(client)

    sent = next(form for path, form in own.calls if "refresh_token" in form)
    assert sent["refresh_token"] not in kept
    assert sent["refresh_token"] not in str(dict(client.session.items()))


def test_tokens_of_an_old_secret_key_end_the_session(own, arrive, client):
    arrive()
    ProviderSession.objects.update(sealed_tokens="of another key")

    with later():
        assert page(client).status_code == 302


def test_signing_out_forgets_the_tokens(own, arrive, client):
    arrive()

    client.post("/accounts/logout/")

    assert not ProviderSession.objects.exists()


def test_a_changed_password_does_not_end_the_session(own, arrive, client):
    arrive()
    new = "a fine new passphrase"

    client.post(
        "/accounts/password/",
        {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
    )

    assert User.objects.get().check_password(new)
    assert page(client).status_code == 200
    assert ProviderSession.objects.get().session_key == client.session.session_key


def test_signing_out_elsewhere_forgets_the_tokens_there(own, arrive, client):
    arrive(browser=Client())
    arrive()

    client.post("/accounts/sessions/")

    kept = ProviderSession.objects.get()
    assert kept.session_key == client.session.session_key
    assert page(client).status_code == 200


def test_a_deactivation_forgets_all_tokens(own, arrive, client, ana):
    arrive()

    end_access(ana, at=datetime.now(UTC))

    assert not ProviderSession.objects.exists()


def test_a_login_that_is_not_confirmed_is_pointed_out_to_managers(
    own, arrive, client, ana
):
    chief = Client()
    chief.force_login(make_manager())
    login = f"/settings/users/{ana.pk}/"
    other = Client()
    arrive(browser=other)
    arrive()
    own.is_gone = True
    with later():
        page(client)
    assertNotContains(chief.get(login), "has not confirmed this login")

    with later(12):
        page(other)

    assertContains(chief.get(login), "Example has not confirmed this login since")
    own.is_gone = False
    with later(13):
        arrive()
    assertNotContains(chief.get(login), "has not confirmed this login")


def test_a_linked_login_that_is_allowed_again_needs_no_invitation(
    own, arrive, client, ana
):
    arrive()
    end_access(ana, at=datetime.now(UTC))
    chief = Client()
    chief.force_login(make_manager())

    allowed = chief.post(
        f"/settings/users/{ana.pk}/",
        {"first_name": "Ana", "last_name": "Sousa", "is_active": "on"},
        follow=True,
    )

    assertContains(allowed, "may sign in again, with Example at once")
    arrive()
    assert page(client).status_code == 200


# ── Back-channel logout ──────────────────────────────────────────────────────────
def log_out(client: Client, token: str) -> int:
    address = "/accounts/oidc/logout/"
    strict = Client(enforce_csrf_checks=True)
    status: int = strict.post(address, {"logout_token": token}).status_code
    return status


def test_the_provider_ends_a_session_at_once(own, arrive, client):
    arrive()

    assert log_out(client, own.logout_token()) == 200

    assert page(client).status_code == 302
    assert SignInEvent.objects.filter(kind="provider_ended").exists()


def test_one_session_of_several_is_ended_by_its_id(own, arrive, client):
    arrive()
    other = Client()
    own.claims = {"sid": "session-2"}
    arrive(browser=other)

    log_out(client, own.logout_token(sub=None))

    assert page(client).status_code == 302
    assert page(other).status_code == 200


def test_all_sessions_of_a_subject_are_ended_without_an_id(own, arrive, client):
    arrive()
    other = Client()
    own.claims = {"sid": "session-2"}
    arrive(browser=other)

    log_out(client, own.logout_token(sid=None))

    assert page(client).status_code == page(other).status_code == 302


def test_a_session_by_password_is_not_the_providers_to_end(own, ana):
    local = Client()
    local.force_login(ana)

    log_out(local, own.logout_token())

    assert page(local).status_code == 200


WRONG = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another"},
    "no event": {"events": None},
    "another event": {"events": {"x": {}}},
    "an event that is none": {"events": {LOGOUT_EVENT: "yes"}},
    "a nonce, as ID tokens have": {"nonce": "x"},
    "no id of its own": {"jti": None},
    "nobody named": {"sub": None, "sid": None},
    "no time": {"iat": None},
    "an old one": {"iat": 1_600_000_000},
    "an expired one": {"exp": 1_600_000_000},
}


def test_a_logout_token_that_is_not_valid_ends_nothing(own, arrive, client):
    arrive()

    statuses = {
        why: log_out(client, own.logout_token(**changes))
        for why, changes in WRONG.items()
    }

    assert statuses == dict.fromkeys(WRONG, 400)
    assert page(client).status_code == 200


def test_a_logout_token_of_another_key_ends_nothing(own, arrive, client):
    arrive()
    own.key = OTHER_KEY

    assert log_out(client, own.logout_token()) == 400
    assert log_out(client, "nonsense") == 400
    assert log_out(client, "") == 400
    assert page(client).status_code == 200


def test_a_logout_token_is_taken_once(own, arrive, client):
    arrive()
    token = own.logout_token()
    log_out(client, token)
    cache.clear()
    arrive()

    assert log_out(client, token) == 400
    assert page(client).status_code == 200
