"""A target is set by keyboard, and the lead's panel says when its answer falls due."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Lead
from tests.browser.page_checks import check_accessible
from tests.factories import make_category


def last_week() -> datetime:
    """Monday of last week, at eight in the morning."""
    today = timezone.now().astimezone(UTC)
    monday = today - timedelta(days=today.weekday() + 7)
    return monday.replace(hour=8, minute=0, second=0, microsecond=0)


def waiting(office, owner) -> Lead:
    lead = office.lead("Lena Lead", owner)
    lead.category, lead.answer_owed = make_category("Interested"), True
    lead.last_reply_at, lead.last_sent_at = last_week(), None
    lead.save()
    return lead


def set_target(page: Page) -> None:
    page.get_by_role("link", name="Add a target").press("Enter")
    page.get_by_label("Category").press("I")
    page.get_by_label("Answer within").press("ControlOrMeta+a")
    page.keyboard.type("2")
    page.keyboard.press("Enter")


def test_a_target_is_set_by_keyboard_and_seen_in_the_panel(office, people):
    lead = waiting(office, people(0))
    page = office.screen()
    page.goto(f"{office.url}/settings/")

    set_target(page)

    expect(page.get_by_role("row").filter(has_text="2 working hours")).to_be_visible()
    page.goto(f"{office.url}/leads/{lead.pk}/")
    facts = page.get_by_label("About Lena Lead")
    expect(facts.get_by_text("2 working hours, Ana's hours")).to_be_visible()
    expect(facts.get_by_text("11:00")).to_be_visible()


def test_a_target_of_zero_is_said_beside_its_field(office):
    page = office.screen(width=390)
    page.goto(f"{office.url}/settings/targets/new/")
    # The browser would say so by itself.
    page.get_by_label("Answer within").evaluate("field => field.form.noValidate = true")

    page.get_by_label("Answer within").fill("0")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("A target of zero leaves no time")).to_be_visible()
    check_accessible(page)


def test_hours_that_make_no_sense_are_said_beside_their_day(office):
    page = office.screen()
    page.goto(f"{office.url}/settings/hours/")

    page.get_by_label("Tuesday").fill("all day")
    page.get_by_label("Tuesday").press("Enter")

    expect(page.get_by_text("Write it like 9:00-17:00")).to_be_visible()
    expect(page.get_by_label("Tuesday")).to_have_value("all day")
    check_accessible(page)
