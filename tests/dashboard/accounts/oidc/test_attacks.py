"""Attacks on the way to the provider and back: nobody is signed in by any of them."""

import base64
import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from tests.dashboard.accounts.oidc.own_provider import KEY, OTHER_KEY
from tests.dashboard.accounts.oidc.visitor import Visit
from tests.factories import make_user


@pytest.fixture(autouse=True)
def ana(db) -> Any:
    return make_user("Ana Sousa", email="ana@example.com")


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


WRONG_CLAIMS = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another-client"},
    "an audience shared with another party": {"aud": ["handoff", "x"], "azp": "x"},
    "another nonce": {"nonce": "replayed"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "a subject that is a number": {"sub": 7},
    "no time of issue": {"iat": None},
    "no end": {"exp": None},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_an_id_token_with_wrong_claims_signs_nobody_in(own, arrive, client, claims):
    own.claims = claims

    response = arrive()

    assertContains(response, "not valid for this sign-in", status_code=403)
    assert not is_signed_in(client)


def test_a_token_of_another_key_signs_nobody_in(own, arrive, client):
    own.key = OTHER_KEY

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def test_a_token_of_an_unknown_key_is_looked_up_once(own, arrive):
    own.key, own.header = OTHER_KEY, {"kid": "unknown"}

    assert arrive().status_code == 403
    assert arrive().status_code == 403

    asked = [path for path, _ in own.calls if path == "/keys"]
    assert len(asked) == 2  # the first time, and once more for the unknown key


def test_an_unsigned_token_signs_nobody_in(own, arrive, client):
    own.key, own.algorithm = None, "none"

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def test_a_token_signed_with_the_public_key_as_a_password_signs_nobody_in(
    own, arrive, client
):
    import hashlib
    import hmac

    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def forge(claims: dict[str, Any]) -> str:
        parts = [{"alg": "HS256", "typ": "JWT", "kid": "first"}, claims]
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
        mark = hmac.new(public, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_encoded(mark)}"

    own.sign = forge

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("skew", [-280, 280])
def test_clocks_5_minutes_apart_are_tolerated(own, arrive, client, skew):
    own.skew = skew

    arrive()

    assert is_signed_in(client)


@pytest.mark.parametrize("skew", [-600, 600])
def test_clocks_10_minutes_apart_are_refused_with_a_sentence(own, arrive, client, skew):
    own.skew = skew

    assertContains(arrive(), "The clocks of Example", status_code=403)
    assert not is_signed_in(client)


def test_an_expired_token_signs_nobody_in(own, arrive, client):
    own.claims = {"exp": int(time.time()) - 400}

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def test_an_answer_of_another_issuer_is_refused(own, client):
    back = own.authorize(Visit(client, own.issuer).leave())

    response = client.get(f"{back}&iss=https%3A%2F%2Fevil.example")

    assertContains(response, "not valid for this sign-in", status_code=403)
    assert not any(path == "/token" for path, _ in own.calls)


def test_an_issuer_that_names_itself_must_do_so_each_time(own, arrive, client):
    own.discovery = {"authorization_response_iss_parameter_supported": True}

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def test_the_way_back_works_once(own, client):
    back = own.authorize(Visit(client, own.issuer).leave())
    client.get(back)
    client.post("/accounts/logout/")

    again = client.get(back)

    assertContains(again, "was not begun in this browser", status_code=400)
    assert not is_signed_in(client)


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=guessed", "?state=x"])
def test_an_answer_that_was_not_asked_for_is_refused(own, client, query):
    response = client.get(f"/accounts/oidc/callback/{query}")

    assertContains(response, "Begin it again", status_code=400)


def test_the_code_of_an_attacker_signs_no_victim_in(own, client):
    back = own.authorize(Visit(Client(), own.issuer).leave())

    assert client.get(back).status_code == 400
    assert not is_signed_in(client)


def test_a_code_put_into_another_session_is_not_exchanged(own, client):
    """It was issued for another code verifier, and for another nonce."""
    stolen = own.authorize(Visit(Client(), own.issuer).leave())
    code = dict(parse_qsl(urlsplit(stolen).query))["code"]
    mine = Visit(client, own.issuer).leave()
    state = dict(parse_qsl(urlsplit(mine).query))["state"]

    response = client.get(f"/accounts/oidc/callback/?code={code}&state={state}")

    assert response.status_code == 403
    assert not is_signed_in(client)


def test_signing_in_is_begun_by_a_form_of_ours_only(own):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/accounts/oidc/login/").status_code == 403
    assert strict.get("/accounts/oidc/login/").status_code == 405


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"],
)
def test_the_way_back_leads_to_no_other_site(own, arrive, elsewhere):
    response = arrive(next_page=elsewhere)

    assertRedirects(response, "/inbox/", fetch_redirect_response=False)


def test_nothing_of_our_address_reaches_the_provider(own, client):
    page = client.post(
        "/accounts/oidc/login/?scope=admin&auth_params=acr%3D0&process=connect"
    )

    assert b"admin" not in page.content
    assert b"acr" not in page.content


def test_the_session_has_another_key_than_before(own, arrive, client):
    Visit(client, own.issuer).leave()
    before = client.session.session_key

    arrive()

    assert client.session.session_key != before


def test_userinfo_about_somebody_else_is_refused(own, arrive, client):
    own.claims = {"email": None}
    own.answers["/userinfo"] = (200, {"sub": "eve", "email": "ana@example.com"})

    assert arrive().status_code == 403
    assert not is_signed_in(client)


def test_a_mark_of_userinfo_verifies_no_address_of_the_token(own, arrive, client):
    own.claims = {"email_verified": None, "groups": None}
    own.answers["/userinfo"] = (200, {"sub": "ana", "email_verified": True})

    assertContains(arrive(), "has not verified", status_code=403)
    assert not is_signed_in(client)
