"""The main job, as somebody at a screen does it."""

from playwright.sync_api import Locator, Page, expect


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name)


def choose(page: Page, lead: str, member: str) -> None:
    page.get_by_role("link", name=f"Assign {lead}").click()
    page.locator("#picker").get_by_role("button", name=member).click()


def test_a_manager_hands_a_lead_over_and_watches_it_arrive(office, people):
    lead = office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    choose(page, "Lena Lead", "Ben Okafor")
    row = row_of(page, "Lena Lead")
    expect(row).to_contain_text("Ana S. → Ben O.")
    office.dispatch()

    expect(row).to_contain_text("done")
    expect(row.get_by_role("button", name="Undo")).to_be_visible()
    assert office.world.owners()[lead.pk] == people(1).pk
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("row").filter(has_text="Lena Lead")).to_contain_text(
        "Suggested Ben Okafor: fewest open, 0. Sara Klein agreed."
    )


def test_undo_gives_it_back(office, people):
    lead = office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    choose(page, "Lena Lead", "Ben Okafor")
    row = row_of(page, "Lena Lead")
    expect(row).to_contain_text("Ana S. → Ben O.")
    office.dispatch()

    expect(row).to_contain_text("done")
    row.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Ben O. → Ana S.")
    office.dispatch()

    expect(row).to_contain_text("done")
    assert office.world.owners()[lead.pk] == people(0).pk


def test_the_slower_of_two_managers_is_told(office, people):
    office.lead("Lena Lead", people(0))
    fast, slow = office.screen(), office.screen()
    for page in (fast, slow):
        page.goto(f"{office.url}/inbox/")
    slow.get_by_role("link", name="Assign Lena Lead").click()
    expect(slow.get_by_role("button", name="Cem Kaya")).to_be_visible()

    choose(fast, "Lena Lead", "Ben Okafor")
    expect(row_of(fast, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
    slow.get_by_role("button", name="Cem Kaya").click()

    expect(slow.locator("#messages")).to_contain_text("is on its way to Ben Okafor")
    expect(row_of(slow, "Lena Lead")).to_contain_text("Ana S. → Ben O.")


def test_a_change_in_smartlead_wins_and_is_said_in_the_row(office, people):
    lead = office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    choose(page, "Lena Lead", "Ben Okafor")
    expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
    office.world.assign_outside(lead.pk, people(2).pk)
    office.dispatch()

    row = row_of(page, "Lena Lead")
    expect(row).to_contain_text("Overtaken")
    row.get_by_role("button", name="Send anyway").click()
    expect(row).to_contain_text("Cem K. → Ben O.")
    office.dispatch()
    expect(row).to_contain_text("done")
    assert office.world.owners()[lead.pk] == people(1).pk


def test_a_note_that_is_too_long_is_said_in_the_picker(office, people):
    office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").click()

    page.get_by_label("Note for Smartlead").fill("x" * 10_000)
    page.get_by_role("button", name="Ben Okafor").click()

    expect(page.get_by_role("alert")).to_contain_text("5000 is the most")
    expect(page.locator("#picker")).to_be_visible()


def test_filters_and_search_change_the_list_and_the_address(office, people):
    office.lead("Lena Lead", people(0))
    office.lead("Omar Other", people(1), number=1)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    page.get_by_label("Search leads").fill("omar")
    expect(row_of(page, "Lena Lead")).to_have_count(0)
    expect(page).to_have_url(f"{office.url}/inbox/?q=omar")
    page.get_by_role("combobox", name="Owner", exact=True).select_option(
        "Ana Sousa (1)"
    )
    expect(page.get_by_text("No lead matches both filters.")).to_be_visible()
    page.go_back()

    expect(row_of(page, "Omar Other")).to_be_visible()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_the_keyboard_alone_hands_a_lead_over(office, people):
    office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    opener = page.get_by_role("link", name="Assign Lena Lead")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find a member")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find a member")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row_of(page, "Lena Lead")).not_to_contain_text("→")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Ben Okafor")).to_be_focused()
    page.keyboard.press("Enter")

    expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
    expect(opener).to_be_focused()


def test_a_lead_is_handed_over_from_its_page(office, people):
    lead = office.lead("Lena Lead", people(0))
    page = office.screen()
    page.goto(f"{office.url}/leads/{lead.pk}/")

    page.get_by_role("link", name="Assign Lena Lead to somebody").click()
    page.get_by_role("button", name="Ben Okafor").click()
    expect(page.get_by_role("region", name="Owner")).to_contain_text("Ana S. → Ben O.")
    office.dispatch()

    expect(page.get_by_role("region", name="Owner")).to_contain_text("done")
    expect(page.locator("#timeline")).to_contain_text("Done")
