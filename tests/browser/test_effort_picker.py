"""Steps that it takes to give one lead away, with a note, by a suggestion, by keys."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.effort import Effort
from tests.browser.page_checks import check_accessible
from tests.browser.test_assign import row_of
from tests.factories import make_lead


@pytest.fixture
def lead(office, people):
    """Ana's lead, of a company of which Ben has another one."""
    make_lead("Old Olaf", owner=people(1), company="Bexley")
    lead = office.lead("Lena Lead", people(0))
    lead.company = "Bexley"
    lead.save()
    return lead


def inbox(office, **said) -> Page:
    page = office.screen(**said)
    page.goto(f"{office.url}/inbox/")
    return page


def test_a_note_costs_three_steps_and_the_typing(office, lead):
    page = inbox(office)
    effort = Effort(page)

    effort.click(page.get_by_role("link", name="Assign Lena Lead"))
    effort.fill(page.get_by_label("Note for Smartlead"), "Knows the plant manager.")
    effort.click(page.get_by_role("button", name="Cem Kaya"))

    expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Cem K.")
    assert lead.notes.get().text == "Knows the plant manager."
    assert effort.steps <= 3


def test_the_suggestion_costs_two_steps(office, lead):
    page = inbox(office)
    effort = Effort(page)

    effort.click(page.get_by_role("link", name="Assign Lena Lead"))
    effort.click(page.get_by_role("button", name="has Old Olaf of the same company"))

    expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
    assert effort.steps <= 2
    assert lead.assignments.get().reason.startswith("Suggested Ben Okafor: has Old")


def test_by_keys_it_takes_two_and_the_typing(office, lead):
    page = inbox(office)
    page.get_by_role("link", name="Lena Lead", exact=True).focus()
    effort = Effort(page)

    effort.press("a")
    expect(page.get_by_label("Find a member")).to_be_focused()
    effort.type_text("kaya")
    effort.press("Enter")

    expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Cem K.")
    expect(page.get_by_role("link", name="Assign Lena Lead")).to_be_focused()
    assert effort.steps <= 2


def test_a_letter_typed_on_a_name_goes_on_with_the_search(office, lead):
    page = inbox(office)
    page.get_by_role("link", name="Assign Lena Lead").click()
    field = page.get_by_label("Find a member")
    expect(field).to_be_focused()

    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Ben Okafor")).to_be_focused()
    page.keyboard.type("ce")

    expect(field).to_have_value("ce")
    expect(page.locator(".pick:visible")).to_have_count(1)
    page.keyboard.press("Escape")  # empties the field
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Assign Lena Lead")).to_be_focused()


def test_whoever_has_it_is_found_but_not_a_choice(office, lead):
    page = inbox(office)
    page.get_by_role("link", name="Assign Lena Lead").click()
    expect(page.get_by_label("Find a member")).to_be_focused()

    page.keyboard.type("ana")
    page.keyboard.press("Enter")

    expect(page.locator(".pick:visible")).to_contain_text("has it now")
    assert not lead.assignments.exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_it_is_a_sheet_of_rows_for_a_thumb(office, lead, theme):
    page = inbox(office, width=390, theme=theme)
    page.get_by_role("link", name="Lena Lead", exact=True).click()
    page.get_by_role("link", name="Assign Lena Lead to somebody").click()
    page.get_by_role("button", name="Cem Kaya").wait_for()
    page.wait_for_function(
        "getComputedStyle(document.getElementById('picker')).bottom === '0px'"
    )

    sheet = page.locator("#picker").bounding_box()
    rows = [row.bounding_box() for row in page.locator("#picker .pick").all()]

    assert all(row["height"] >= 44 for row in rows)
    assert sheet["y"] + sheet["height"] == pytest.approx(900, abs=1)
    assert sheet["width"] == pytest.approx(390, abs=1)
    check_accessible(page)
