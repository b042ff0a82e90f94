"""The inbox as somebody reads it all day: beside the list, by keyboard, in bulk."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.inbox import lead_rows
from tests.browser.page_checks import check_accessible, check_accessible_and_fits
from tests.browser.test_assign import choose, row_of
from tests.factories import make_lead, make_message


@pytest.fixture
def inbox(office, people) -> Page:
    """Three leads of Ana's, the newest reply first."""
    for number, name in enumerate(("Lena Lead", "Omar Other", "Pia Third")):
        lead = office.lead(name, people(0), number=number)
        lead.last_reply_at = timezone.now() - timedelta(minutes=number)
        lead.thread_at = timezone.now()
        lead.save()
        body = f"<p>Hello from {name}</p>"
        make_message(lead, body)
    people(1)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    return page


def panel(page: Page):
    return page.get_by_role("complementary")


def name_of(page: Page, name: str):
    return page.get_by_role("link", name=name, exact=True)


class TestPanel:
    def test_a_lead_opens_beside_the_list_under_its_own_address(self, inbox):
        name_of(inbox, "Omar Other").click()

        expect(panel(inbox)).to_contain_text("Hello from Omar Other")
        expect(inbox).to_have_url(re.compile(r"/leads/\d+/$"))
        expect(inbox).to_have_title("Omar Other · Handoff")
        expect(row_of(inbox, "Lena Lead")).to_be_visible()

    def test_back_closes_it_and_forward_opens_it_again(self, inbox, office):
        name_of(inbox, "Omar Other").click()
        expect(panel(inbox)).to_contain_text("Hello from Omar Other")

        inbox.go_back()
        expect(panel(inbox)).to_have_count(0)
        expect(inbox).to_have_url(f"{office.url}/inbox/")
        inbox.go_forward()

        expect(panel(inbox)).to_contain_text("Hello from Omar Other")

    def test_escape_gives_the_focus_back_to_the_row(self, inbox, office):
        name_of(inbox, "Omar Other").click()
        expect(panel(inbox).get_by_role("heading", level=2).first).to_be_focused()

        inbox.keyboard.press("Escape")

        expect(name_of(inbox, "Omar Other")).to_be_focused()
        expect(inbox).to_have_url(f"{office.url}/inbox/")

    def test_opened_by_its_address_it_has_its_list_beside_it(self, inbox, office):
        inbox.goto(f"{office.url}/inbox/?q=o")
        name_of(inbox, "Omar Other").click()
        expect(panel(inbox)).to_contain_text("Hello from Omar Other")

        inbox.reload()

        expect(panel(inbox)).to_contain_text("Hello from Omar Other")
        expect(row_of(inbox, "Omar Other").first).to_have_attribute(
            "aria-current", "true"
        )
        expect(row_of(inbox, "Lena Lead").first).to_be_visible()
        inbox.keyboard.press("Escape")
        expect(inbox).to_have_url(f"{office.url}/inbox/?q=o")
        expect(inbox).to_have_title("Inbox · Handoff")

    def test_on_a_phone_it_is_alone_and_leads_back_to_its_list(self, inbox, office):
        inbox.set_viewport_size({"width": 390, "height": 844})
        inbox.goto(f"{office.url}/inbox/?q=omar")
        name_of(inbox, "Omar Other").click()
        expect(inbox.get_by_role("heading", name="Omar Other", level=1)).to_be_visible()
        expect(inbox.get_by_label("Leads", exact=True)).to_be_hidden()

        inbox.get_by_role("link", name="Back to the inbox").click()

        expect(inbox).to_have_url(f"{office.url}/inbox/?q=omar")
        expect(row_of(inbox, "Omar Other")).to_be_visible()

    def test_on_a_narrow_screen_it_is_a_page(self, inbox, office):
        inbox.set_viewport_size({"width": 800, "height": 900})

        name_of(inbox, "Omar Other").click()

        expect(inbox.get_by_role("heading", name="Omar Other", level=1)).to_be_visible()
        inbox.go_back()
        expect(row_of(inbox, "Pia Third")).to_be_visible()

    def test_what_is_done_in_it_shows_in_the_row_and_the_other_way(self, inbox):
        name_of(inbox, "Omar Other").click()
        inbox.get_by_role("link", name="Assign Omar Other to somebody").click()
        inbox.get_by_role("button", name="Ben Okafor").click()

        row = row_of(inbox, "Omar Other").first
        expect(row).to_contain_text("Ana S. → Ben O.")
        row.get_by_role("button", name="Undo").click()

        expect(panel(inbox).get_by_label("Owner")).to_contain_text("Ana Sousa")

    def test_is_accessible_with_rows_selected(self, inbox):
        name_of(inbox, "Omar Other").click()
        expect(panel(inbox)).to_contain_text("Hello from Omar Other")
        inbox.get_by_label("Select Lena Lead").check()
        expect(inbox.get_by_text("1 selected")).to_be_visible()

        check_accessible(inbox)


class TestRows:
    def test_offer_to_act_only_where_somebody_is(self, inbox):
        acts = row_of(inbox, "Omar Other").locator(".acts")
        expect(acts).to_have_css("opacity", "0")

        row_of(inbox, "Omar Other").hover()
        expect(acts).to_have_css("opacity", "1")
        inbox.get_by_role("heading", name="Inbox").hover()
        expect(acts).to_have_css("opacity", "0")
        inbox.get_by_role("link", name="Assign Omar Other").focus()

        expect(acts).to_have_css("opacity", "1")

    def test_say_done_for_a_minute_and_the_key_still_undoes(
        self, inbox, office, monkeypatch
    ):
        inbox.clock.install()
        inbox.reload()
        choose(inbox, "Lena Lead", "Ben Okafor")
        row = row_of(inbox, "Lena Lead")
        expect(row).to_contain_text("Ana S. → Ben O.")
        office.dispatch()
        expect(row).to_contain_text("done")
        monkeypatch.setattr(lead_rows, "TELLS_DONE", timedelta())

        inbox.clock.fast_forward(61_000)
        expect(row).not_to_contain_text("done")
        expect(row.get_by_role("button", name="Undo")).to_have_count(0)
        inbox.keyboard.press("u")

        expect(row).to_contain_text("Ben O. → Ana S.")

    def test_stay_where_they_are_when_a_lead_opens_and_closes(self, inbox, people):
        for number in range(50):
            make_lead(f"Max More{number}", owner=people(0))
        inbox.reload()
        name = name_of(inbox, "Max More20")
        name.scroll_into_view_if_needed()
        top = name.bounding_box()["y"]

        name.click()
        expect(panel(inbox)).to_be_visible()
        assert name.bounding_box()["y"] == top
        inbox.go_back()

        expect(panel(inbox)).to_have_count(0)
        assert name.bounding_box()["y"] == top


class TestKeys:
    def test_walk_open_and_follow(self, inbox):
        for key in ("j", "j", "o"):
            inbox.keyboard.press(key)
        expect(panel(inbox)).to_contain_text("Hello from Omar Other")

        inbox.keyboard.press("j")
        expect(panel(inbox)).to_contain_text("Hello from Pia Third")
        inbox.keyboard.press("k")
        inbox.keyboard.press("k")

        expect(panel(inbox)).to_contain_text("Hello from Lena Lead")
        expect(name_of(inbox, "Lena Lead")).to_be_focused()

    def test_assign_and_undo(self, inbox):
        inbox.keyboard.press("j")
        inbox.keyboard.press("a")
        expect(inbox.get_by_label("Find a member")).to_be_focused()
        inbox.keyboard.type("ben")
        inbox.keyboard.press("Enter")
        expect(row_of(inbox, "Lena Lead")).to_contain_text("Ana S. → Ben O.")

        inbox.keyboard.press("u")

        expect(row_of(inbox, "Lena Lead")).not_to_contain_text("→")

    def test_select_a_range_and_assign_it(self, inbox):
        for key in ("j", "x", "j", "j", "Shift+X"):
            inbox.keyboard.press(key)
        expect(inbox.get_by_text("3 selected")).to_be_visible()

        inbox.keyboard.press("a")
        inbox.wait_for_url("**/assign/?**")
        inbox.get_by_role("checkbox", name="Ben Okafor").check()
        inbox.get_by_role("button", name="Assign 3 leads").click()

        expect(inbox).to_have_url(re.compile(r"/batches/\d+/$"))
        expect(inbox.get_by_text("0 of 3 done")).to_be_visible()
        inbox.wait_for_load_state()
        inbox.keyboard.press("g")
        inbox.keyboard.press("i")
        for name in ("Lena Lead", "Omar Other", "Pia Third"):
            expect(row_of(inbox, name)).to_contain_text("Ana S. → Ben O.")

    def test_search_go_and_help(self, inbox, office):
        inbox.keyboard.press("/")
        expect(inbox.get_by_label("Search leads")).to_be_focused()
        inbox.keyboard.type("jx?")
        expect(inbox.get_by_label("Search leads")).to_have_value("jx?")
        inbox.get_by_role("heading", name="Inbox").click()

        inbox.keyboard.press("?")
        expect(inbox.get_by_role("dialog")).to_be_visible()
        inbox.keyboard.press("Escape")
        inbox.keyboard.press("g")
        inbox.keyboard.press("h")

        expect(inbox).to_have_url(f"{office.url}/history/")

    def test_do_nothing_for_who_has_switched_them_off(self, inbox, office):
        office.manager.single_keys = False
        office.manager.save()
        inbox.reload()

        inbox.keyboard.press("j")
        inbox.keyboard.press("x")

        expect(inbox.get_by_label("Select Lena Lead")).not_to_be_checked()


class TestSelection:
    def test_a_click_with_shift_takes_all_between(self, inbox):
        inbox.get_by_label("Select Lena Lead").click()
        inbox.get_by_label("Select Pia Third").click(modifiers=["Shift"])

        expect(inbox.get_by_text("3 selected")).to_be_visible()
        expect(inbox.get_by_label("Select all on this page")).to_be_checked()

    def test_all_of_the_page_are_taken_and_let_go(self, inbox):
        inbox.get_by_label("Select all on this page").check()
        expect(inbox.get_by_text("3 selected")).to_be_visible()

        inbox.get_by_role("button", name="Clear the selection").click()

        expect(inbox.get_by_label("Select Omar Other")).not_to_be_checked()

    def test_works_without_javascript(self, inbox, office):
        page = office.screen(javascript=False)
        page.goto(f"{office.url}/inbox/")
        page.get_by_label("Select Lena Lead").check()
        page.get_by_label("Select Pia Third").check()
        page.get_by_role("button", name="Assign…", exact=True).click()
        page.get_by_role("checkbox", name="Ben Okafor").check()
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Assign 2 leads").click()
        page.goto(f"{office.url}/inbox/")

        expect(row_of(page, "Pia Third")).to_contain_text("Ana S. → Ben O.")
        expect(row_of(page, "Omar Other")).not_to_contain_text("→")


def test_a_phone_has_the_lists_of_the_rail_above_the_leads(inbox, office):
    inbox.set_viewport_size({"width": 390, "height": 844})
    lists = inbox.get_by_role("navigation", name="Your lists")

    lists.get_by_role("link", name=re.compile("^Overdue")).click()

    expect(inbox).to_have_url(f"{office.url}/inbox/?mine=yes&sla=overdue&sort=late")
    expect(lists.get_by_role("link", name=re.compile("^Overdue"))).to_have_attribute(
        "aria-current", "true"
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_its_other_pages_are_accessible_and_fit(inbox, office, width):
    inbox.set_viewport_size({"width": width, "height": 900})
    inbox.goto(f"{office.url}/inbox/?status=waiting_on_them&q=lead")
    inbox.get_by_text("Save this view…").click()
    inbox.get_by_label("Name of the view").fill("Theirs")
    inbox.get_by_role("button", name="Save").click()
    expect(inbox.get_by_role("link", name="Theirs").first).to_be_visible()
    lead = office.world.owners()
    for address in (
        "/inbox/?status=waiting_on_them&q=lead",
        "/inbox/?status=unread&q=nothing",
        "/inbox/views/",
        f"/assign/?lead={min(lead)}",
        "/assign/",
    ):
        inbox.goto(office.url + address)
        check_accessible_and_fits(inbox)


def test_new_replies_are_announced_and_wait_to_be_asked_for(inbox, people):
    inbox.clock.install()
    inbox.reload()
    make_lead("Nora New", owner=people(0), last_reply_at=timezone.now())
    inbox.clock.fast_forward(15_000)

    expect(inbox.get_by_role("link", name="1 new")).to_be_visible()
    expect(row_of(inbox, "Nora New")).to_have_count(0)
    inbox.get_by_role("link", name="1 new").click()

    expect(row_of(inbox, "Nora New")).to_be_visible()


@pytest.mark.parametrize(
    ("density", "most", "least"), [("normal", 24, 34), ("compact", 20, 40)]
)
def test_enough_rows_fit_on_a_laptop(office, people, density, most, least):
    for number in range(50):
        make_lead(f"Lead {number}", owner=people(0))
    office.manager.density = density
    office.manager.save()
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    heights = page.evaluate(
        "[...document.querySelectorAll('.lrow')].map(r => r.offsetHeight)"
    )
    whole = page.evaluate(
        "[...document.querySelectorAll('.lrow')]"
        ".filter(r => r.getBoundingClientRect().bottom <= innerHeight).length"
    )

    assert set(heights) == {most}
    assert whole >= least
