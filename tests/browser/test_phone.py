"""The inbox on a phone: how much of it is seen, and what a thumb reaches."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.page_checks import check_accessible_and_fits
from tests.factories import make_lead

WHOLE_ROWS = """[...document.querySelectorAll(".lrow")].filter((row) => {
  const { top, bottom } = row.getBoundingClientRect();
  return bottom <= document.querySelector(".rail").getBoundingClientRect().top && top >= 0;
}).length"""
LINES = """[...document.querySelectorAll(".bar > *, .filters > *")]
  .filter((part) => part.checkVisibility() && part.offsetHeight > 1)
  .map((part) => part.getBoundingClientRect())
  .every(({ top, bottom }) => top >= 0 && bottom <= 56)"""


@pytest.fixture
def phone(office, people) -> Page:
    """Return the inbox with fifty leads on a phone that is touched."""
    now = timezone.now()
    for number in range(50):
        make_lead(
            f"Lena Lead{number}", owner=people(0), company="Acme Manufacturing",
            last_message="Could you show this to our yard manager on Thursday?",
            last_reply_at=now - timedelta(minutes=number), answer_owed=True,
        )  # fmt: skip
    people(1)
    page = office.screen(width=390, is_touched=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{office.url}/inbox/")
    return page


def test_nine_leads_at_least_are_seen_below_a_header_of_one_line(phone):
    assert phone.evaluate(WHOLE_ROWS) >= 9
    assert phone.evaluate(LINES)


def test_nine_leads_are_seen_of_a_filtered_list_too(phone, office):
    phone.goto(f"{office.url}/inbox/?status=open&q=lena")

    assert phone.evaluate(WHOLE_ROWS) >= 9
    expect(phone.get_by_role("link", name="Remove the filter Open")).to_be_visible()


def test_the_menus_open_behind_a_button_and_filter(phone):
    expect(phone.get_by_role("combobox", name="Status")).to_be_hidden()

    phone.get_by_role("button", name="Filters").tap()
    check_accessible_and_fits(phone)
    phone.get_by_role("combobox", name="Status").select_option("closed")

    expect(phone.get_by_text("No lead matches “Closed”.")).to_be_visible()


def test_the_way_to_assign_is_at_hand_on_an_opened_lead(phone):
    phone.get_by_role("link", name="Lena Lead0", exact=True).tap()

    assign = phone.get_by_role("link", name="Assign Lena Lead0 to somebody")
    expect(assign).to_be_in_viewport(ratio=1)
    box = assign.bounding_box()
    assert box["y"] > 844 / 2
    assert box["height"] >= 44
    check_accessible_and_fits(phone)


def test_the_list_is_where_it_was_after_a_lead(phone):
    phone.get_by_role("link", name="Lena Lead30", exact=True).tap()
    phone.get_by_role("link", name="Back to the inbox").tap()

    expect(
        phone.get_by_role("link", name="Lena Lead30", exact=True)
    ).to_be_in_viewport()
