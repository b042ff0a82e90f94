"""Many leads from the filter to the undo: with keys, on a phone, without JavaScript."""

import pytest
from playwright.sync_api import Locator, Page, expect

from assignments.models import Assignment, Lead


@pytest.fixture
def leads(office, people) -> list[Lead]:
    names = ("Lena Lead", "Omar Other", "Pia Third")
    ana = people(0)
    people(1), people(2)
    return [office.lead(name, ana, number=n) for n, name in enumerate(names)]


def member(page: Page, name: str) -> Locator:
    """Their radio button or box, whichever the strategy wants."""
    radio = page.get_by_role("radio", name=name, exact=True)
    return radio.or_(page.get_by_role("checkbox", name=name, exact=True))


def all_of_anas(page: Page, office, leads) -> None:
    owner = leads[0].owner_id
    page.goto(f"{office.url}/assign/?filter=owner%3D{owner}&next=/inbox/")


def test_a_change_of_mind_is_previewed_by_itself_and_keeps_the_focus(office, leads):
    page = office.screen()
    all_of_anas(page, office, leads)

    page.get_by_role("radio", name="In turn").check()
    member(page, "Ben Okafor").check()
    expect(page.get_by_role("heading", name="3 will move")).to_be_visible()
    member(page, "Cem Kaya").check()

    expect(page.get_by_text("Cem Kaya: next of 2 in turn.").first).to_be_visible()
    expect(member(page, "Cem Kaya")).to_be_focused()
    expect(page.locator("#loads")).to_contain_text("Ben O.")


def test_the_batch_is_followed_to_its_end_and_undone(office, leads):
    page = office.screen()
    all_of_anas(page, office, leads)
    member(page, "Ben Okafor").check()
    page.get_by_role("button", name="Assign 3 leads").click()
    expect(page.get_by_text("0 of 3 done")).to_be_visible()

    office.dispatch()

    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Put 3 back").click()
    expect(page.get_by_role("heading", name="Undo of “Owner: ")).to_be_visible()
    office.dispatch()
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    owners = {office.world.owners()[lead.pk] for lead in leads}
    assert owners == {leads[0].owner_id}


def test_by_keyboard_alone(office, leads):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    for key in ("j", "x", "j", "j", "Shift+X", "a"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Assign 3 leads")).to_be_visible()

    member(page, "Ben Okafor").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="3 will move")).to_be_visible()
    press(page, page.locator("#confirm"))
    expect(page.get_by_text("0 of 3 done")).to_be_visible()
    office.dispatch()
    press(page, page.get_by_role("link", name="Undo…"))
    press(page, page.get_by_role("button", name="Put 3 back"))
    expect(page.get_by_text("0 of 3 done")).to_be_visible()
    office.dispatch()

    owners = {office.world.owners()[lead.pk] for lead in leads}
    assert owners == {leads[0].owner_id}


def press(page: Page, control: Locator) -> None:
    control.focus()
    page.keyboard.press("Enter")


def test_a_preview_is_still_there_after_a_reload(office, leads):
    page = office.screen()
    all_of_anas(page, office, leads)
    member(page, "Ben Okafor").check()
    expect(page.get_by_role("heading", name="3 will move")).to_be_visible()

    page.reload()

    expect(page.get_by_role("heading", name="3 will move")).to_be_visible()
    expect(member(page, "Ben Okafor")).to_be_checked()


def test_a_link_that_says_all_is_previewed_by_itself(office, people, leads):
    page = office.screen()

    page.goto(f"{office.url}/assign/?lead={leads[0].pk}&member={people(1).pk}")

    expect(page.get_by_role("heading", name="1 will move")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_without_javascript(office, leads, width):
    page = office.screen(javascript=False, width=width)
    all_of_anas(page, office, leads)

    member(page, "Ben Okafor").check()
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Assign 3 leads").click()
    page.get_by_role("button", name="Cancel the 3 not sent yet").click()

    expect(page.get_by_text("0 of 3 done")).to_be_visible()
    assert {row.state for row in Assignment.objects.all()} == {"cancelled"}


def test_a_leavers_piles_without_javascript(office, leads):
    page = office.screen(javascript=False)
    page.goto(f"{office.url}/team/{leads[0].owner_id}/leaving/")

    page.get_by_text("Decide by category or campaign").click()
    page.get_by_label("How for No category").select_option("One member")
    page.get_by_text("Choose members").click()
    member(page, "Ben Okafor").check()
    page.get_by_label("Share of Ben Okafor").fill("2")
    page.locator("#piles").get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Assign 3 leads").click()

    expect(page.get_by_text("0 of 3 done")).to_be_visible()
