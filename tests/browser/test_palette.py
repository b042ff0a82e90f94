"""The command palette under the keys of somebody who knows what they want."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.effort import Effort
from tests.browser.page_checks import check_accessible


@pytest.fixture
def page(office, people) -> Page:
    office.lead("Lena Lead", people(0))
    office.lead("Omar Other", people(1), number=1)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    return page


def test_a_lead_is_opened_by_two_keys_and_typing(page):
    effort = Effort(page)

    effort.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    effort.type_text("lena")
    expect(page.locator("#palette a[data-hit]")).to_contain_text("Lena Lead")
    effort.press("Enter")

    expect(page.get_by_role("heading", name="Lena Lead", exact=True)).to_be_visible()
    assert effort.steps <= 2


def test_arrows_walk_escape_closes_and_the_focus_returns(page):
    link = page.get_by_role("link", name="Omar Other", exact=True)
    link.focus()
    page.keyboard.press("Meta+k")
    field = page.locator("#palette-q")
    expect(field).to_be_focused()

    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette li:not([hidden]) a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    check_accessible(page)
    page.keyboard.press("Escape")

    expect(page.locator("#palette")).to_be_hidden()
    expect(link).to_be_focused()


def test_the_selected_leads_are_assigned_only_if_some_are(page, office):
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    act = page.locator("#palette").get_by_role("link", name="Assign the selected leads")
    expect(act).to_be_hidden()
    page.keyboard.press("Escape")
    page.get_by_label("Select Lena Lead").check()

    page.keyboard.press("Control+k")
    act.click()

    page.wait_for_url("**/assign/?**")
