"""The lead beside its list: the newest mail in view, its neighbours, marking it read."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Lead
from tests.browser.test_assign import row_of
from tests.factories import make_message

LONG = "<p>" + "A word that takes room. " * 120 + "</p>"
IN_VIEW = """() => {
  const box = document.querySelector("#panel > .scroll").getBoundingClientRect();
  const newest = [...document.querySelectorAll("#thread > .mail")].at(-1);
  const mail = newest.getBoundingClientRect();
  return mail.top >= box.top - 1 && mail.top < box.bottom - 40;
}"""
FIRST_SEEN = """() => {
  const top = document.querySelector("#panel > .scroll").getBoundingClientRect().top;
  const mails = [...document.querySelectorAll("#thread > .mail")];
  const first = mails.find((mail) => mail.getBoundingClientRect().bottom > top + 5);
  return [first.id, Math.round(first.getBoundingClientRect().top)];
}"""


@pytest.fixture
def leads(office, people) -> list[Lead]:
    leads = []
    for number, name in enumerate(("Lena Lead", "Mira Middle", "Omar Other")):
        lead = office.lead(name, people(0), number=number)
        lead.last_reply_at = timezone.now() - timedelta(minutes=number)
        lead.thread_at = lead.seen_at = timezone.now()
        lead.save()
        leads.append(lead)
    return leads


def write(lead: Lead, *bodies: str) -> None:
    for number, body in enumerate(bodies):
        at = lead.last_reply_at - timedelta(hours=len(bodies) - number)
        make_message(lead, body, at=at)


def open_lead(office, name: str) -> Page:
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    return page


def check_newest_in_view(page: Page, *, expected: bool = True) -> None:
    """Wait until the newest mail is in view, or is not any more."""
    for _ in range(100):
        if page.evaluate(IN_VIEW) == expected:
            return
        page.wait_for_timeout(50)
    raise AssertionError("The newest mail is not where it should be.")


class TestNewestMail:
    def test_is_in_view_when_a_lead_with_a_long_thread_opens(self, office, leads):
        write(leads[0], LONG, LONG, "<p>The newest</p>")

        page = open_lead(office, "Lena Lead")

        check_newest_in_view(page)

    def test_is_in_view_on_a_page_of_its_own(self, office, leads):
        write(leads[0], LONG, LONG, LONG)
        page = office.screen()

        page.goto(f"{office.url}/leads/{leads[0].pk}/")

        check_newest_in_view(page)

    def test_stays_in_view_when_the_thread_arrives(self, office, leads):
        leads[0].thread_at = None  # to be fetched
        leads[0].save()
        page = open_lead(office, "Lena Lead")
        expect(page.get_by_text("Fetching the newest messages")).to_be_visible()

        write(leads[0], LONG, LONG, "<p>The newest</p>")

        expect(page.get_by_text("The newest", exact=True)).to_be_visible()
        check_newest_in_view(page)

    def test_does_not_move_what_somebody_reads(self, office, leads):
        write(leads[0], LONG, LONG, LONG)
        leads[0].thread_at = None
        leads[0].save()
        page = open_lead(office, "Lena Lead")
        check_newest_in_view(page)
        page.locator("#panel > .scroll").hover()
        page.mouse.wheel(0, -900)
        check_newest_in_view(page, expected=False)
        page.wait_for_timeout(300)  # the wheel rolls out
        before = page.evaluate(FIRST_SEEN)

        make_message(leads[0], "<p>Just arrived</p>", at=leads[0].last_reply_at)

        expect(page.get_by_text("Just arrived")).to_be_attached()
        after = page.evaluate(FIRST_SEEN)
        assert after[0] == before[0]
        assert abs(after[1] - before[1]) <= 2


class TestNeighbours:
    def test_are_a_press_away_and_keep_the_focus(self, office, leads):
        page = open_lead(office, "Lena Lead")

        page.get_by_role("link", name="Next lead, Mira Middle").click()

        expect(
            page.get_by_role("heading", name="Mira Middle", exact=True)
        ).to_be_visible()
        expect(page.locator("#next-lead")).to_be_focused()
        expect(row_of(page, "Mira Middle")).to_have_attribute("aria-current", "true")
        page.get_by_role("link", name="Previous lead, Lena Lead").click()
        expect(
            page.get_by_role("heading", name="Lena Lead", exact=True)
        ).to_be_visible()

    def test_are_reached_by_keys(self, office, leads):
        page = open_lead(office, "Lena Lead")

        page.keyboard.press("j")
        expect(
            page.get_by_role("heading", name="Mira Middle", exact=True)
        ).to_be_visible()
        page.keyboard.press("k")
        expect(
            page.get_by_role("heading", name="Lena Lead", exact=True)
        ).to_be_visible()

    def test_are_reached_by_keys_where_the_lead_is_a_page(self, office, leads):
        page = office.screen(width=390)
        page.goto(f"{office.url}/leads/{leads[0].pk}/")

        page.keyboard.press("j")

        page.wait_for_url(f"**/leads/{leads[1].pk}/")

    def test_are_links_without_javascript(self, office, leads):
        page = office.screen(javascript=False)
        page.goto(f"{office.url}/leads/{leads[0].pk}/")

        page.get_by_role("link", name="Next lead, Mira Middle").click()

        expect(
            page.get_by_role("heading", name="Mira Middle", exact=True)
        ).to_be_visible()


class TestRead:
    def test_one_key_marks_it_read_in_smartlead(self, office, leads):
        office.world.lead(leads[0].pk).is_unread = True
        Lead.objects.filter(pk=leads[0].pk).update(is_unread=True)
        page = open_lead(office, "Lena Lead")

        page.keyboard.press("m")
        expect(page.get_by_role("button", name="Mark unread")).to_be_visible()
        expect(row_of(page, "Lena Lead")).not_to_contain_text("Unread")
        office.dispatch()

        expect(page.get_by_text("Being sent to Smartlead")).to_have_count(0)
        assert not office.world.lead(leads[0].pk).is_unread


def test_a_note_of_an_assignment_is_seen_at_once(office, people, leads):
    people(1)
    page = open_lead(office, "Lena Lead")
    page.get_by_role("link", name="Assign Lena Lead to somebody").click()
    page.locator("#picker").get_by_label("Note for Smartlead").fill("Ask for the plan")
    page.locator("#picker").get_by_role("button", name="Ben Okafor").click()

    notes = page.locator("#notes")
    expect(notes).to_contain_text("Ask for the plan")
    office.dispatch()

    expect(notes).to_contain_text("in Smartlead")
