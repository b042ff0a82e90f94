"""Every act has a form and an address of its own: a browser without scripts will do."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Category
from tests.browser.test_assign import row_of
from tests.factories import make_category


@pytest.fixture
def page(office, people) -> Page:
    for number, name in enumerate(("Lena Lead", "Omar Other", "Pia Third")):
        office.lead(name, people(0), number=number)
    people(1)
    page = office.screen(javascript=False)
    page.goto(f"{office.url}/inbox/")
    return page


def test_a_lead_is_assigned_and_taken_back(page, office):
    page.get_by_role("link", name="Assign Lena Lead").click()
    page.get_by_role("button", name="Ben Okafor has 0 open").click()

    expect(page.get_by_text("Lena Lead is on its way to Ben Okafor.")).to_be_visible()
    row_of(page, "Lena Lead").get_by_role("button", name="Undo").click()
    expect(row_of(page, "Lena Lead")).not_to_contain_text("→")


def test_a_note_goes_along_with_a_press_on_a_name(page, office, people):
    page.get_by_role("link", name="Assign Lena Lead").click()
    page.get_by_label("Note for Smartlead").fill("Call in June.")
    page.get_by_role("button", name="Ben Okafor has 0 open").click()

    expect(page.get_by_text("Lena Lead is on its way to Ben Okafor.")).to_be_visible()
    assert people(1).assignments.get().lead.notes.get().text == "Call in June."


def test_several_leads_go_together(page):
    page.get_by_label("Select Lena Lead").check()
    page.get_by_label("Select Pia Third").check()
    page.get_by_role("button", name="Assign…", exact=True).click()
    page.get_by_role("checkbox", name="Ben Okafor").check()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Assign 2 leads").click()

    expect(page.get_by_text("0 of 2 done")).to_be_visible()


def test_the_list_is_filtered_and_the_filter_dropped(page):
    page.get_by_label("Search leads").fill("omar")
    page.get_by_role("button", name="Show").click()
    expect(row_of(page, "Lena Lead")).to_have_count(0)

    page.get_by_role("link", name="Clear filters").click()

    expect(row_of(page, "Lena Lead")).to_be_visible()


def test_a_lead_is_read_and_written_on_and_the_way_leads_back(page, office):
    page.goto(f"{office.url}/inbox/?q=lena")
    page.get_by_role("link", name="Lena Lead", exact=True).click()
    page.get_by_label("Note on Lena Lead").fill("Call in June.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("listitem").filter(has_text="Call in")).to_be_visible()

    page.get_by_role("link", name="Close Lena Lead").click()

    expect(page).to_have_url(f"{office.url}/inbox/?q=lena")


def test_history_is_filtered_and_a_row_explains_itself(page, office, people):
    page.get_by_role("link", name="Assign Lena Lead").click()
    page.get_by_role("button", name="Ben Okafor has 0 open").click()
    page.wait_for_url("**/inbox/")
    page.get_by_role("link", name="History").click()
    page.get_by_label("State").select_option("Waiting")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_text("1 change", exact=True)).to_be_visible()
    page.get_by_role("row").filter(has_text="Lena Lead").locator("summary").click()
    expect(page.get_by_text("Sara Klein decided it")).to_be_visible()


def test_settings_are_kept(page, office):
    category = make_category("Not interested")
    page.goto(f"{office.url}/settings/")
    page.get_by_role("link", name="Add a target").click()
    page.get_by_label("Category").select_option("Not interested")
    page.get_by_label("Answer within").fill("12")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Open answers have their new")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="12 working hours")).to_be_visible()

    page.get_by_role("button", name="Sara Klein").click()
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert Category.objects.get() == category
