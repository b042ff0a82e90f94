"""What a browser shows once somebody is signed out: by themselves, or by the clock."""

from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.test_assign import row_of
from tests.factories import make_user

NAME = "Lena Lead"


@pytest.fixture
def keeps_pages(office) -> Iterator[None]:
    """A browser that shows whole pages again on Back, as those of people do."""
    usual = office.browser
    office.browser = usual.browser_type.launch(
        executable_path=chromium.path(),
        args=chromium.ARGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield
    office.browser.close()
    office.browser = usual


@pytest.fixture
def inbox(office, people) -> Page:
    office.lead(NAME, people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/?owner={people(0).pk}")
    expect(row_of(page, NAME)).to_be_visible()
    return page


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sara Klein").click()
    page.locator("#own-menu").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


def poll_at_once(page: Page) -> None:
    page.evaluate("htmx.ajax('GET', '/banner/', '#banner')")


def sign_in(page: Page, username: str) -> None:
    page.get_by_label("Name or mail address").fill(username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.usefixtures("keeps_pages")
class TestBackAfterSigningOut:
    def test_shows_no_lead(self, inbox):
        sign_out(inbox)

        inbox.go_back()

        expect(inbox.get_by_role("button", name="Sign in")).to_be_visible()
        expect(inbox.get_by_text(NAME)).to_have_count(0)

    def test_shows_no_lead_that_was_open_beside_the_list(self, inbox):
        inbox.get_by_role("link", name=NAME, exact=True).click()
        inbox.wait_for_url("**/leads/**")
        expect(inbox.locator("#panel-h")).to_be_visible()
        sign_out(inbox)

        for _ in range(2):
            inbox.go_back()
            expect(inbox.get_by_role("button", name="Sign in")).to_be_visible()
            expect(inbox.get_by_text(NAME)).to_have_count(0)

    def test_shows_no_page_left_by_a_link(self, inbox):
        inbox.get_by_role("link", name="History").first.click()
        inbox.wait_for_url("**/history/**")
        sign_out(inbox)

        inbox.go_back()
        inbox.go_back()

        expect(inbox.get_by_role("button", name="Sign in")).to_be_visible()
        expect(inbox.get_by_text(NAME)).to_have_count(0)


class TestASessionThatEndsDuringAPoll:
    def test_leads_to_the_login_page_and_back_with_the_filter(self, office, inbox):
        here = inbox.url
        Session.objects.all().delete()

        poll_at_once(inbox)
        inbox.wait_for_url("**/accounts/login/**")
        expect(inbox.get_by_text("You were signed out.")).to_be_visible()
        sign_in(inbox, office.manager.username)

        inbox.wait_for_url(here)
        expect(row_of(inbox, NAME)).to_be_visible()

    def test_leads_back_to_the_lead_that_is_open_beside_the_list(self, office, inbox):
        inbox.get_by_role("link", name=NAME, exact=True).click()
        inbox.wait_for_url("**/leads/**")
        here = inbox.url
        Session.objects.all().delete()

        poll_at_once(inbox)
        inbox.wait_for_url("**/accounts/login/**")
        sign_in(inbox, office.manager.username)

        inbox.wait_for_url(here)
        expect(inbox.locator("#panel-h")).to_have_text(NAME)

    def test_somebody_with_fewer_rights_gets_a_page_that_says_so(self, office, inbox):
        inbox.goto(f"{office.url}/settings/users/")
        make_user("Uma User", username="uma")
        Session.objects.all().delete()

        poll_at_once(inbox)
        inbox.wait_for_url("**/accounts/login/**")
        sign_in(inbox, "uma")

        inbox.wait_for_url("**/settings/users/")
        expect(inbox.get_by_text("Only a sales manager can")).to_be_visible()

    def test_a_poll_comes_by_itself(self, office, inbox):
        Session.objects.all().delete()

        inbox.wait_for_url("**/accounts/login/?next=/inbox/**")
