"""Setups in which nobody, or nobody without the provider, could sign in."""

import pytest

from assignments.services.operations.findings import FindingState
from assignments.services.operations.sign_in_checks import passwords, provider
from tests.factories import make_manager, make_user

pytestmark = pytest.mark.django_db


def test_with_passwords_for_all_there_is_nothing_to_say():
    assert passwords().state is FindingState.FINE


def test_a_setup_in_which_nobody_can_sign_in_is_a_problem(settings):
    settings.LOCAL_SIGN_IN = frozenset({"emergency"})
    make_manager(email="sara@example.com")

    assert "Nobody can sign in" in passwords().sentence

    settings.OIDC_ISSUER = "https://id.example.com"
    assert "No sales manager could sign in" in passwords().sentence


@pytest.mark.parametrize("fields", [{"is_active": False}, {"password": None}])
def test_an_emergency_login_that_cannot_sign_in_is_none(settings, fields):
    settings.LOCAL_SIGN_IN = frozenset({"emergency"})
    make_manager(username="emergency", **fields)

    assert passwords().is_problem


def test_a_login_that_is_misspelt_or_alone_is_said(settings):
    settings.LOCAL_SIGN_IN = frozenset({"emergency", "Sara"})
    make_manager(username="emergency")

    assert "names no active login: Sara" in passwords().sentence

    settings.LOCAL_SIGN_IN = frozenset({"emergency"})
    assert "there is no provider" in passwords().sentence

    settings.OIDC_ISSUER = "https://id.example.com"
    assert passwords().state is FindingState.FINE


def test_logins_that_the_provider_cannot_find_are_counted(settings):
    settings.OIDC_ISSUER = "https://id.example.com"
    make_user(email="")

    assert "without a mail address: 1." in provider().sentence
