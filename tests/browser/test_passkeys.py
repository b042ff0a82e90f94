"""Passkeys, with an authenticator that Chromium only pretends to have."""

from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from assignments.models import SignInEvent
from tests.browser.conftest import LiveSite

PASSWORD = "correct horse"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


def at_localhost(office: LiveSite) -> str:
    """The address as a name: passkeys know no numbers."""
    return office.url.replace("127.0.0.1", "localhost")


def open_with_authenticator(office: LiveSite) -> Page:
    context = office.browser.new_context()
    office.contexts.append(context)
    page = context.new_page()
    page.on("console", office._note)
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    line.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def sign_in(page: Page, office: LiveSite) -> None:
    page.goto(f"{at_localhost(office)}/accounts/login/")
    page.get_by_label("Name or mail address").fill(office.manager.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def add_passkey(page: Page, office: LiveSite, *, is_for_sign_in: bool) -> None:
    page.goto(f"{at_localhost(office)}/accounts/second-factor/passkeys/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    if is_for_sign_in:
        page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def test_a_passkey_signs_in_without_a_password(office):
    page = open_with_authenticator(office)
    sign_in(page, office)
    page.wait_for_url("**/today/")
    add_passkey(page, office, is_for_sign_in=True)
    sign_out(page)

    page.goto(f"{at_localhost(office)}/accounts/login/?next=/history/")
    page.get_by_role("button", name="Use a passkey instead").click()

    page.wait_for_url(f"{at_localhost(office)}/history/")
    assert SignInEvent.objects.latest("id").kind == "signed_in"
    assert not office.violations


def test_a_passkey_is_a_second_factor_and_proves_oneself(office):
    page = open_with_authenticator(office)
    sign_in(page, office)
    page.wait_for_url("**/today/")
    add_passkey(page, office, is_for_sign_in=False)
    sign_out(page)

    sign_in(page, office)
    page.get_by_role("button", name="Use a passkey").click()

    page.wait_for_url("**/today/")
    page.goto(f"{at_localhost(office)}/accounts/second-factor/")
    page.get_by_role("link", name="Remove").click()
    page.goto(page.url.replace("/prove/code/", "/prove/passkey/"))
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    assert not Authenticator.objects.exists()
    assert not office.violations
