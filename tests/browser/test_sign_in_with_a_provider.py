"""From the sign-in page to a real provider and back, in a browser."""

import re

import pytest
from django.core.cache import cache
from oidc_provider_mock import User as ProviderUser
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Page, expect

from tests.dashboard.accounts.oidc.visitor import bind
from tests.factories import make_user

ANA = ProviderUser(
    sub="ana", claims={"email": "ana@example.com", "email_verified": True}
)


@pytest.fixture
def visitor(office, settings) -> Page:
    """A page of a browser in which nobody is signed in, and a provider that knows Ana."""
    make_user("Ana Sousa", email="ana@example.com")
    cache.clear()
    with run_server_in_thread(user_claims=[ANA]) as server:
        bind(settings, f"http://localhost:{server.server_port}")
        settings.SITE_URL = office.url
        page = office.screen()
        page.context.clear_cookies()
        yield page


def test_the_button_leads_to_the_provider_and_back_to_the_page(office, visitor):
    visitor.goto(f"{office.url}/history/")
    visitor.get_by_role("button", name="Sign in with Example").click()
    visitor.get_by_role("button", name="Authorize as ana").click()

    expect(visitor).to_have_url(re.compile(r"/history/$"))
    expect(visitor.get_by_role("heading", name="History")).to_be_visible()


def test_who_turns_back_at_the_provider_may_begin_again(office, visitor):
    visitor.goto(f"{office.url}/accounts/login/")
    visitor.get_by_role("button", name="Sign in with Example").click()
    visitor.get_by_role("button", name="Deny access").click()

    expect(visitor.get_by_role("alert")).to_contain_text("you turned back there")
    expect(visitor.get_by_role("button", name="Sign in with Example")).to_be_visible()
