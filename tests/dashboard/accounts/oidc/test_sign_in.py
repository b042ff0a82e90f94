"""Signing in with a provider that behaves: who is let in, and where they land."""

from pytest_django.asserts import assertContains, assertRedirects

from tests.factories import make_user


def test_an_invited_person_signs_in_by_their_verified_address(visit, client):
    ana = make_user("Ana Sousa", email="Ana@example.com")
    visit.knows("ana", email="ana@example.com", email_verified=True)

    response = visit.sign_in("ana", next_page="/history/?cause=bulk")

    assertRedirects(response, "/history/?cause=bulk")
    assert client.session["_auth_user_id"] == str(ana.pk)


def test_the_button_stands_on_the_sign_in_page(visit, client):
    page = client.get("/accounts/login/?next=/today/")

    assertContains(page, "Sign in with Example")
