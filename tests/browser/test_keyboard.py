"""Without a mouse: where the focus goes, that it is seen, and where it comes back to."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Account, Note
from tests.browser.page_checks import check_accessible
from tests.browser.test_assign import row_of
from tests.factories import MONDAY

FOCUSED = """() => {
  const it = document.activeElement, shape = it.closest(".lrow:has(.who a:focus)") ?? it;
  const style = getComputedStyle(shape), box = shape.getBoundingClientRect();
  return {
    name: it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent.trim()
      ?? it.textContent.trim().replace(/\\s+/g, " "),
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
      && box.width > 0 && box.height > 0,
  };
}"""


@pytest.fixture
def inbox(office, people) -> Page:
    for number, name in enumerate(("Lena Lead", "Omar Other")):
        lead = office.lead(name, people(0), number=number)
        lead.last_reply_at = timezone.now() - timedelta(minutes=number)
        lead.save()
    people(1)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    return page


def tab_to(page: Page, last: str, *, most: int = 60) -> list[str]:
    """Press Tab until that name has the focus; each stop on the way must be seen."""
    stops: list[str] = []
    while not stops or stops[-1] != last:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["seen"], f"{focused['name']} has the focus and does not show it"
        stops.append(focused["name"])
        assert len(stops) < most, stops
    return stops


class TestFocus:
    def test_goes_through_the_inbox_in_the_order_it_is_read(self, inbox):
        stops = tab_to(inbox, "Open Omar Other in Smartlead")

        assert stops[0] == "Skip to content"
        wanted = [
            "Handoff, to your first page", "Today", "Mine", "History", "Search leads",
            "Select Lena Lead", "Lena Lead", "Assign Lena Lead",
            "Open Lena Lead in Smartlead", "Select Omar Other",
        ]  # fmt: skip
        assert [name for name in stops if name in wanted] == wanted

    def test_goes_through_the_open_lead_from_top_to_bottom(self, inbox):
        inbox.get_by_role("link", name="Lena Lead", exact=True).click()
        expect(
            inbox.get_by_role("heading", name="Lena Lead", exact=True)
        ).to_be_focused()

        stops = tab_to(inbox, "All history")

        assert stops[:6] == [
            "Next lead, Omar Other",
            "Open Lena Lead in Smartlead",
            "Close Lena Lead",
            "Mark unread",
            "Assign Lena Lead to somebody",
            "Conversation, notes and history of Lena Lead",
        ]
        assert tab_to(inbox, "Note on Lena Lead")

    def test_stays_in_an_open_dialog_and_returns(self, inbox):
        inbox.get_by_role("link", name="Lena Lead", exact=True).focus()
        inbox.keyboard.press("?")
        close = inbox.get_by_role("button", name="Close")
        expect(close).to_be_focused()
        inbox.keyboard.press("Tab")
        inbox.keyboard.press("Shift+Tab")
        assert inbox.evaluate(FOCUSED)["seen"]

        inbox.keyboard.press("Escape")

        expect(inbox.get_by_role("link", name="Lena Lead", exact=True)).to_be_focused()

    def test_is_not_lost_when_the_banner_asks_again(self, office, people):
        Account.objects.update(bulk_paused_at=MONDAY, bulk_pause_reason="Three refused")
        page = office.screen()
        page.clock.install()
        page.goto(f"{office.url}/history/")
        button = page.get_by_role("button", name="Resume bulk")
        button.focus()

        with page.expect_response("**/banner/**") as answer:
            page.clock.fast_forward(15_000)
        assert answer.value.status == 204

        expect(button).to_be_focused()

    def test_goes_to_what_has_to_be_mended(self, office):
        page = office.screen()
        page.goto(f"{office.url}/team/add/")
        page.get_by_label("Smartlead id").fill("7")
        page.get_by_label("Name").fill("Tom Whelan")
        page.locator("form").evaluate_all("all => all.map(f => f.noValidate = true)")
        page.get_by_label("E-mail").fill("no address")
        page.get_by_role("button", name="Add", exact=True).click()

        expect(page.get_by_label("E-mail")).to_be_focused()


class TestKeys:
    def test_hand_a_lead_over_write_a_note_and_come_back(self, inbox):
        for key in ("j", "j", "k", "o"):
            inbox.keyboard.press(key)
        expect(
            inbox.get_by_role("heading", name="Lena Lead", exact=True)
        ).to_be_focused()
        inbox.keyboard.press("a")
        expect(inbox.get_by_label("Find a member")).to_be_focused()
        inbox.keyboard.type("ben")
        inbox.keyboard.press("Enter")
        expect(row_of(inbox, "Lena Lead").first).to_contain_text("Ana S. → Ben O.")

        inbox.keyboard.press("n")
        expect(inbox.get_by_label("Note on Lena Lead")).to_be_focused()
        inbox.keyboard.type("Ben speaks Dutch.")
        inbox.keyboard.press("Tab")
        inbox.keyboard.press("Enter")
        expect(inbox.get_by_label("Note on Lena Lead")).to_have_value("")
        assert Note.objects.get().text == "Ben speaks Dutch."

        inbox.keyboard.press("Escape")
        expect(inbox.get_by_role("link", name="Lena Lead", exact=True)).to_be_focused()

    def test_go_from_page_to_page(self, inbox, office):
        for keys, place in (("gh", "history"), ("gt", "team"), ("gi", "inbox")):
            inbox.keyboard.type(keys)
            inbox.wait_for_url(f"{office.url}/{place}/")


class TestReducedMotion:
    def test_nothing_moves(self, inbox):
        inbox.emulate_media(reduced_motion="reduce")
        inbox.get_by_role("link", name="Assign Lena Lead").click()
        inbox.get_by_role("button", name="Ben Okafor").click()
        expect(row_of(inbox, "Lena Lead")).to_contain_text("Ana S. → Ben O.")

        moving = inbox.evaluate(
            "document.getAnimations().filter(a => a.playState === 'running'"
            " && a.effect.getComputedTiming().duration > 0).length"
        )

        assert moving == 0

    def test_otherwise_what_is_sent_turns(self, inbox):
        inbox.get_by_role("link", name="Assign Lena Lead").click()
        inbox.get_by_role("button", name="Ben Okafor").click()
        expect(row_of(inbox, "Lena Lead")).to_contain_text("Ana S. → Ben O.")

        assert inbox.evaluate("document.getAnimations().length") > 0


def test_a_note_refused_by_its_form_is_accessible(inbox):
    inbox.get_by_role("link", name="Lena Lead", exact=True).click()
    inbox.get_by_label("Note on Lena Lead").fill("x" * 10_000)
    inbox.get_by_role("button", name="Add note").click()

    expect(inbox.get_by_role("alert")).to_contain_text("5000 is the most")
    expect(inbox.get_by_label("Note on Lena Lead")).to_be_focused()
    expect(inbox.get_by_label("Note on Lena Lead")).to_have_value("x" * 10_000)
    check_accessible(inbox)
