"""Whose login it is that the provider signs in."""

import pytest
from allauth.socialaccount.models import SocialAccount
from pytest_django.asserts import assertContains

from assignments.models import SignInEvent, User
from tests.factories import make_member, make_user

pytestmark = pytest.mark.django_db


def signed_in_as(client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def invited(**fields: object) -> User:
    user = make_user("Ana Sousa", **({"email": "ana@example.com"} | fields))
    user.set_unusable_password()
    user.save()
    return user


def test_a_person_is_known_by_the_subject_from_then_on(own, arrive, client):
    ana = invited()
    arrive()
    client.post("/accounts/logout/")
    own.claims = {"email": "other@example.com", "email_verified": False}

    arrive()

    assert signed_in_as(client) == ana


def test_the_same_subject_of_another_issuer_is_another_person(own, arrive, client):
    ana = invited(email="")
    SocialAccount.objects.create(user=ana, provider="https://old.example", uid="ana")

    assertContains(arrive(), "Nobody has invited ana@example.com", status_code=403)


@pytest.mark.parametrize("said", [False, "false", None, 0, {}, []])
def test_an_unverified_address_opens_no_login(own, arrive, client, said):
    invited()
    own.claims = {"email_verified": said}

    assertContains(arrive(), "has not verified the address", status_code=403)
    assert signed_in_as(client) is None


def test_a_domain_of_ours_needs_no_mark(own, arrive, client, settings):
    settings.OIDC_VERIFIED_DOMAINS = ["example.com"]
    ana = invited()
    own.claims = {"email_verified": None}

    arrive()

    assert signed_in_as(client) == ana


def test_a_domain_of_ours_does_not_overrule_a_no(own, arrive, client, settings):
    settings.OIDC_VERIFIED_DOMAINS = ["example.com"]
    invited()
    own.claims = {"email_verified": False}

    assert arrive().status_code == 403


def test_two_logins_with_one_address_open_none(own, arrive, client):
    invited()
    invited(email="ANA@example.com", is_active=False)

    assertContains(arrive(), "Several logins have the address", status_code=403)
    assert signed_in_as(client) is None


@pytest.mark.parametrize("alike", ["ana@\u0435xample.com", "ana@example.com.evil"])
def test_an_address_that_only_looks_alike_opens_no_login(own, arrive, client, alike):
    invited()
    own.claims = {"email": alike}

    assert arrive().status_code == 403
    assert signed_in_as(client) is None


@pytest.mark.parametrize("said", [None, "", "no address", 7])
def test_a_person_without_an_address_is_told_what_is_missing(own, arrive, said):
    own.claims = {"email": said}

    assertContains(arrive(), "the claim “email”", status_code=403)


def test_a_deactivated_login_stays_out(own, arrive, client):
    ana = invited()
    arrive()
    client.post("/accounts/logout/")
    User.objects.filter(pk=ana.pk).update(is_active=False)

    assertContains(arrive(), "has been deactivated", status_code=403)
    assert signed_in_as(client) is None


def test_the_address_of_a_linked_login_opens_it_to_nobody_else(own, arrive, client):
    """Addresses are given to new people; accounts of providers are not."""
    invited()
    arrive()
    client.post("/accounts/logout/")
    own.claims = {"sub": "another ana"}

    assertContains(arrive(), "belongs to another account", status_code=403)
    assert signed_in_as(client) is None


def test_nobody_gets_a_login_by_themselves(own, arrive):
    assertContains(arrive(), "Nobody has invited ana@example.com", status_code=403)
    assert not User.objects.exists()


def test_a_stated_domain_makes_a_login_and_finds_its_member(
    own, arrive, client, settings
):
    settings.OIDC_CREATE_DOMAINS = ["example.com"]
    member = make_member("Ana Sousa", email="Ana@Example.com")
    own.claims = {"name": "Ana Sousa"}

    arrive()

    user = signed_in_as(client)
    assert user is not None
    member.refresh_from_db()
    assert (str(user), user.username, member.user) == (
        "Ana Sousa", "ana@example.com", user,
    )  # fmt: skip
    assert not user.has_usable_password()
    assert not user.is_sales_manager


def test_a_stated_group_makes_a_login_others_do_not(own, arrive, client, settings):
    settings.OIDC_CREATE_GROUPS = ["Sales, EMEA"]
    own.claims = {"groups": ["Finance"]}
    assert arrive().status_code == 403
    own.claims = {"groups": ["Sales, EMEA"]}

    arrive()

    assert signed_in_as(client) is not None


def test_an_unverified_address_makes_no_login_either(own, arrive, settings):
    settings.OIDC_CREATE_DOMAINS = ["example.com"]
    own.claims = {"email_verified": False}

    assert arrive().status_code == 403
    assert not User.objects.exists()


def test_who_was_not_let_in_is_in_the_log(own, arrive, client):
    ana = invited(is_active=False)

    arrive()

    event = SignInEvent.objects.get(kind="provider_refused")
    assert "deactivated" in event.detail
    assert ana.username in event.detail
