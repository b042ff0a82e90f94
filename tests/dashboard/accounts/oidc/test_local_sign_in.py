"""Passwords that only named logins may use."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from assignments.models import Mail
from assignments.services.access import Role, may_use_password
from assignments.services.errors import AssignmentRefused
from assignments.services.people import invitations, members
from tests.factories import make_manager, make_user

pytestmark = pytest.mark.django_db
RIGHT = "correct horse"


@pytest.fixture(autouse=True)
def _passwords_are_off(settings) -> None:
    settings.LOCAL_SIGN_IN = frozenset({"emergency"})


def sign_in(client: Client, name: str):
    return client.post("/accounts/login/", {"username": name, "password": RIGHT})


def test_only_a_named_login_signs_in_with_a_password(client):
    make_user(username="uma")
    make_user(username="emergency")

    assert sign_in(client, "uma").status_code == 200
    assertRedirects(sign_in(client, "emergency"), "/inbox/")


def test_all_may_unless_it_is_limited(client, settings):
    settings.LOCAL_SIGN_IN = None
    make_user(username="uma")

    assertRedirects(sign_in(client, "uma"), "/inbox/")


def test_the_address_of_a_login_is_no_way_round(client):
    make_user(username="uma", email="emergency")

    assert sign_in(client, "emergency").status_code == 200
    assert "_auth_user_id" not in client.session


def test_no_password_can_be_set_for_others():
    uma = make_user(username="uma")

    with pytest.raises(ValidationError, match="signs in with"):
        validate_password("a fine new passphrase", uma)
    with pytest.raises(AssignmentRefused, match="would open nothing"):
        members.set_password(actor=make_manager(), user=uma)


def test_an_invitation_leads_to_the_provider_instead_of_a_password(
    client, own, settings
):
    invitation = invitations.invite(
        actor=make_manager(), at=timezone.now(), login="ana@example.com", name="Ana",
        role=Role.MEMBER,
    )  # fmt: skip

    page = client.get(invitation.path, follow=True)

    assertContains(page, "Sign in with Example")
    assert b"new_password1" not in page.content
    chosen = {"new_password1": "a fine phrase 1", "new_password2": "a fine phrase 1"}
    client.post("/accounts/invitation/", chosen)
    invitation.user.refresh_from_db()
    assert not invitation.user.has_usable_password()


def test_a_session_from_before_ends_when_passwords_are_switched_off(client):
    """However it was begun: by password, passkey or invitation."""
    client.force_login(make_user(username="uma"))

    assertRedirects(client.get("/history/"), "/accounts/login/?next=/history/")


def test_a_session_of_an_emergency_login_stays(client):
    client.force_login(make_user(username="emergency"))

    assert client.get("/history/").status_code == 200


def test_no_second_factor_is_asked_of_who_kept_an_old_password(
    client, own, arrive, settings
):
    """They could not prove themselves with it to set one up."""
    settings.REQUIRE_SECOND_FACTOR = "everybody"
    make_user(email="ana@example.com")
    arrive()

    assert client.get("/history/").status_code == 200


def test_an_old_password_is_not_reset_by_mail(postbox):
    make_user(username="uma", email="uma@x.test")
    make_user(username="emergency", email="emergency@x.test")

    for name in ("uma", "emergency"):
        Client().post("/accounts/password/forgotten/", {"name": name})

    assert [mail.address for mail in Mail.objects.all()] == ["emergency@x.test"]


@pytest.mark.parametrize("name", ["uma", "uma@x.test", "emergency", "nobody"])
def test_each_name_costs_one_hash(name, monkeypatch):
    """So the time of the answer does not tell which names LOCAL_SIGN_IN has."""
    make_user(username="uma", email="uma@x.test")
    make_user(username="emergency")
    hashed = []
    hasher = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
    monkeypatch.setattr(hasher, lambda self, *_, **__: hashed.append(1) or "md5$x$y")

    Client().post("/accounts/login/", {"username": name, "password": "wrong"})

    assert len(hashed) == 1


def test_names_count_exactly():
    assert may_use_password("emergency")
    assert not may_use_password("Emergency")
