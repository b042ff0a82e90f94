"""Being told, in a browser: reading messages, and choosing how to be told."""

import pytest
from playwright.sync_api import expect

from assignments.models.notification import NotificationKind
from assignments.services.notifications.preferences import preference_for_kind
from tests.browser.page_checks import check_accessible_and_fits
from tests.factories import make_notification


@pytest.mark.parametrize("javascript", [True, False])
def test_a_message_is_opened_and_counts_as_read(office, javascript):
    for subject in ("Sara Klein gave you 3 leads", "You cover for Ana Sousa"):
        make_notification(office.manager, subject, path="/history/")
    page = office.screen(javascript=javascript)
    page.goto(f"{office.url}/notifications/")

    page.get_by_role("link", name="You cover for Ana Sousa").click()
    page.wait_for_url("**/history/")

    expect(page.get_by_role("link", name="Notifications 1")).to_be_visible()
    page.goto(f"{office.url}/notifications/")
    page.get_by_role("button", name="Mark all read").click()
    expect(page.get_by_text("all read")).to_be_visible()
    expect(page.get_by_role("link", name="Notifications", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_choice_is_kept_and_a_wrong_one_is_said(office, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/notifications/settings/")

    page.get_by_label("Leads are given to you: by e-mail").select_option("No e-mail")
    page.get_by_label("Quiet until").fill("")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Quiet hours need both times")).to_be_visible()
    check_accessible_and_fits(page)
    page.get_by_label("Quiet until").fill("06:30")
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_text("Saved. It counts from the next message on.")
    ).to_be_visible()
    assert (
        preference_for_kind(office.manager, NotificationKind.ASSIGNED).by_mail == "no"
    )
