"""Sessions that visitors begin before they sign in are limited for each network."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.asserts import assertContains

from dashboard.accounts import session_limit

JSON = "application/json"
OFFICE = {"REMOTE_ADDR": "203.0.113.5"}
HOME = {"REMOTE_ADDR": "203.0.113.6"}


@pytest.fixture(autouse=True)
def _two_for_each_network(monkeypatch, db) -> None:
    monkeypatch.setattr(session_limit, "SESSIONS_PER_NETWORK", "2/5m/ip")


def to_provider(**where):
    return Client(**where).post("/accounts/oidc/login/")


def to_passkey(**where):
    return Client(**where).get("/accounts/login/passkey/", headers={"Accept": JSON})


@pytest.mark.parametrize("begin", [to_provider, to_passkey])
def test_a_network_that_begins_very_many_has_to_wait(own, begin):
    answers = [begin(**OFFICE).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert Session.objects.count() == 2
    assert begin(**HOME).status_code == 200


def test_the_page_says_when_to_try_again(own):
    for _ in range(2):
        to_passkey(**OFFICE)

    assertContains(to_provider(**OFFICE), "Try again in 5 minutes.", status_code=429)
