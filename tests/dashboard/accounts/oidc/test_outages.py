"""A provider that is away or answers nonsense: said, and nobody waits for long."""

import threading
import time

import pytest
from django.core.cache import cache
from pytest_django.asserts import assertContains

from dashboard.accounts.oidc import provider_calls
from tests.dashboard.accounts.oidc.visitor import Visit
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NONSENSE = {
    "no JSON": (200, "<html>"),
    "a list": (200, "[]"),
    "an error of its own": (500, {}),
    "a redirect": (302, {}),
    "more than can be meant": (200, "x" * 600_000),
}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        *(("/token", answer) for answer in NONSENSE.values()),
        ("/.well-known/openid-configuration", NONSENSE["no JSON"]),
        ("/keys", NONSENSE["a list"]),
        ("/keys", NONSENSE["an error of its own"]),
    ],
)
def test_nonsense_is_said_wherever_it_comes_from(own, client, path, answer):
    make_user(email="ana@example.com")
    back = own.authorize(Visit(client, own.issuer).leave())
    cache.clear()
    own.answers[path] = answer

    response = client.get(back)

    assertContains(response, "Example does not answer", status_code=503)
    assertContains(response, "sign in with a password", status_code=503)


def test_an_answer_that_drips_is_given_up(own, client, monkeypatch):
    """Each byte comes soon enough after the one before."""
    monkeypatch.setattr(provider_calls, "DEADLINE", 0.2)
    given_up = threading.Event()
    drops = (b" " for _ in range(100) if not given_up.wait(0.05))
    own.answers["/.well-known/openid-configuration"] = (200, drops)

    began = time.monotonic()
    response = client.post("/accounts/oidc/login/")
    given_up.set()

    assert response.status_code == 503
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "ftp://example.com/token"},
        {"authorization_endpoint": None},
        {"jwks_uri": 7},
    ],
)
def test_a_discovery_that_does_not_fit_is_not_used(own, client, said):
    own.discovery = said

    response = client.post("/accounts/oidc/login/")

    assertContains(response, "answers what Handoff cannot use", status_code=503)


def test_a_provider_that_is_down_is_said_with_the_way_round(own, client, settings):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    settings.LOCAL_SIGN_IN = frozenset({"emergency"})

    response = client.post("/accounts/oidc/login/")

    assertContains(response, "logins kept for emergencies", status_code=503)
    assert client.get("/accounts/login/").status_code == 200


def test_a_wrong_client_secret_is_said_to_who_can_mend_it(own, client, settings):
    back = own.authorize(Visit(client, own.issuer).leave())
    settings.OIDC_CLIENT_SECRET = "old"

    response = client.get(back)

    assertContains(response, "OIDC_CLIENT_SECRET", status_code=503)


def test_who_turns_back_at_the_provider_is_told(own, client):
    back = own.authorize(Visit(client, own.issuer).leave()).replace("code=", "error=")

    assertContains(client.get(back), "you turned back there", status_code=403)


def test_without_a_provider_there_is_no_such_address(client):
    assert client.post("/accounts/oidc/login/").status_code == 404
    assert client.get("/accounts/oidc/callback/").status_code == 404
    assert client.post("/accounts/oidc/logout/").status_code == 404


def test_no_secret_is_logged_or_shown(own, client, caplog):
    make_user(email="ana@example.com")
    back = own.authorize(Visit(client, own.issuer).leave())
    own.answers["/token"] = (400, {"error": "x", "error_description": "a-token"})
    caplog.set_level("DEBUG")

    page = client.get(back).content.decode()

    for text in (page, caplog.text):
        assert "a-token" not in text
        assert "a-secret-of-the-client" not in text
