"""Figures of members on a screen, on a phone, in the dark, and without JavaScript."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from assignments.models import Member
from assignments.services.replies.record import record_mails
from tests.browser.page_checks import check_accessible, check_accessible_and_fits
from tests.factories import MONDAY, make_coverage, make_hold, make_lead

WEEK = "from=2026-05-11&to=2026-05-17"


@pytest.fixture
def ana(people) -> Member:
    """She has answered two leads of her own, and one while covering for Ben."""
    ana, ben = people(0), people(1)
    leads = [make_lead(owner=ana) for _ in range(3)]
    make_hold(make_coverage(ben, ana), leads[0])
    for hours, lead in enumerate(leads, start=1):
        answered = MONDAY + timedelta(hours=hours)
        mails = {(MONDAY, "reply"), (answered, "sent")}
        record_mails({lead.pk: mails}, promised={})
    return ana


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_and_fit(office, ana, width):
    page = office.screen(width=width, theme="dark")
    for path in ("/team/performance/", f"/team/{ana.pk}/"):
        page.goto(f"{office.url}{path}?{WEEK}")
        check_accessible_and_fits(page)


def test_a_head_explains_itself_and_sorts(office, ana):
    page = office.screen()
    page.goto(f"{office.url}/team/performance/?{WEEK}")

    page.get_by_role("button", name="What “Median time” means").click()

    expect(page.get_by_text("Half of these answers came within")).not_to_have_count(0)
    check_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Answers", exact=True).click()
    page.wait_for_url("**sort=-answered**")
    expect(page.get_by_role("rowheader").first).to_contain_text("Ana Sousa")


def test_without_javascript_the_period_is_chosen_and_the_weeks_open(office, ana):
    page = office.screen(javascript=False)
    page.goto(f"{office.url}/team/{ana.pk}/")

    page.get_by_label("From").fill("2026-05-11")
    page.get_by_label("to", exact=True).fill("2026-05-17")
    page.get_by_role("button", name="Show").click()

    page.wait_for_url("**from=2026-05-11**")
    page.get_by_text("The weeks as a table").click()
    expect(page.get_by_role("cell", name="2 h").first).to_be_visible()
