"""A connection that drops, and one that crawls: nothing is lost, nothing goes twice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from assignments.models import Assignment, Note
from tests.browser.test_assign import choose, row_of
from tests.factories import make_message

NO_ANSWER = "Handoff does not answer. Check the connection and try again."


@pytest.fixture
def inbox(office, people) -> Page:
    for number, name in enumerate(("Lena Lead", "Omar Other")):
        lead = office.lead(name, people(0), number=number)
        make_message(lead, f"<p>Hello from {name}</p>")
    people(1)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    return page


@contextmanager
def slowed(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests to the address wait until this block ends."""
    held: list[Route] = []
    page.route(re.compile(address), lambda route: held.append(route))  # noqa: PLW0108
    yield held
    # What comes from now on passes; then what was held.
    page.route(re.compile(address), lambda route: route.continue_())
    for route in held:
        route.continue_()
    page.unroute(re.compile(address))


class TestOffline:
    def test_an_assignment_is_said_to_have_failed_and_works_later(self, inbox):
        inbox.get_by_role("link", name="Assign Lena Lead").click()
        expect(inbox.get_by_role("button", name="Ben Okafor")).to_be_visible()
        inbox.context.set_offline(True)

        inbox.get_by_role("button", name="Ben Okafor").click()
        expect(inbox.get_by_text(NO_ANSWER)).to_be_visible()
        assert not Assignment.objects.exists()
        inbox.context.set_offline(False)
        choose(inbox, "Lena Lead", "Ben Okafor")

        expect(row_of(inbox, "Lena Lead").first).to_contain_text("Ana S. → Ben O.")
        assert Assignment.objects.count() == 1

    def test_a_note_stays_in_its_field_and_goes_when_the_connection_is_back(
        self, inbox
    ):
        inbox.get_by_role("link", name="Lena Lead", exact=True).click()
        inbox.get_by_label("Note on Lena Lead").fill("Call in June.")
        inbox.context.set_offline(True)

        inbox.get_by_role("button", name="Add note").click()
        expect(inbox.get_by_text(NO_ANSWER)).to_be_visible()
        expect(inbox.get_by_label("Note on Lena Lead")).to_have_value("Call in June.")
        inbox.context.set_offline(False)
        inbox.get_by_role("button", name="Add note").click()

        expect(inbox.get_by_role("listitem").filter(has_text="Call in")).to_be_visible()
        assert Note.objects.count() == 1

    def test_the_list_stays_and_a_search_works_again_afterwards(self, inbox):
        inbox.context.set_offline(True)
        inbox.get_by_label("Search leads").fill("omar")
        expect(inbox.get_by_text(NO_ANSWER)).to_be_visible()
        expect(row_of(inbox, "Lena Lead")).to_be_visible()

        inbox.context.set_offline(False)
        inbox.get_by_label("Search leads").fill("omar o")

        expect(row_of(inbox, "Lena Lead")).to_have_count(0)


class TestSlow:
    def test_only_a_lead_that_takes_long_says_that_it_comes(self, inbox):
        panel = inbox.locator("#panel")
        inbox.clock.install()
        inbox.clock.pause_at(timezone.now() + timedelta(minutes=1))

        with slowed(inbox, r"/leads/\d+/$") as held:
            inbox.get_by_role("link", name="Lena Lead", exact=True).click()
            inbox.clock.run_for(300)
            expect(panel).to_be_hidden()
            inbox.clock.run_for(200)
            expect(panel).to_have_attribute("aria-busy", "true")
            expect(panel).to_be_visible()

        expect(inbox.get_by_text("Hello from Lena Lead")).to_be_visible()
        assert len(held) == 1
        expect(panel).not_to_have_attribute("aria-busy", "true")

    def test_of_two_leads_in_quick_succession_the_second_opens(self, inbox):
        address = re.compile(r"/leads/\d+/$")
        for key in ("j", "o"):
            inbox.keyboard.press(key)
        expect(inbox.get_by_text("Hello from Omar Other")).to_be_visible()

        with slowed(inbox, r"/leads/\d+/$"):
            for key in ("j", "k"):
                with inbox.expect_request(address):
                    inbox.keyboard.press(key)

        expect(inbox.get_by_text("Hello from Omar Other")).to_be_visible()

    def test_a_list_that_takes_long_is_marked_and_stays(self, inbox):
        with slowed(inbox, r"/inbox/\?q=omar"):
            inbox.get_by_label("Search leads").fill("omar")
            expect(inbox.locator("#list")).to_have_attribute("aria-busy", "true")
            expect(row_of(inbox, "Lena Lead")).to_be_visible()

        expect(row_of(inbox, "Lena Lead")).to_have_count(0)

    def test_a_second_press_while_it_waits_assigns_once(self, inbox):
        inbox.get_by_role("link", name="Assign Lena Lead").click()
        ben = inbox.get_by_role("button", name="Ben Okafor")

        with slowed(inbox, r"/assign/$") as held:
            ben.click()
            expect(ben).to_be_disabled()
            ben.click(force=True)
            expect(inbox.get_by_text("Sending…")).to_be_visible()

        expect(row_of(inbox, "Lena Lead").first).to_contain_text("Ana S. → Ben O.")
        assert len(held) == 1
        assert Assignment.objects.count() == 1

    def test_a_note_pressed_twice_is_written_once(self, inbox):
        inbox.get_by_role("link", name="Lena Lead", exact=True).click()
        inbox.get_by_label("Note on Lena Lead").fill("Call in June.")
        button = inbox.get_by_role("button", name="Add note")

        with slowed(inbox, "/notes/$") as held:
            button.click()
            expect(button).to_be_disabled()
            button.click(force=True)

        expect(inbox.get_by_role("listitem").filter(has_text="Call in")).to_be_visible()
        assert len(held) == 1
        assert Note.objects.count() == 1


def two_polls(page: Page) -> None:
    """The first may have been on its way before."""
    for _ in range(2):
        with page.expect_response(re.compile(r"/leads/\d+/row/$")):
            pass


class TestARowThatAsksAgain:
    """It is drawn anew twice a second, and a person needs longer than that."""

    @pytest.fixture
    def sending(self, inbox) -> Page:
        choose(inbox, "Lena Lead", "Ben Okafor")
        expect(row_of(inbox, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
        return inbox

    def test_does_not_lose_a_press_that_takes_long(self, sending):
        sending.get_by_role("button", name="Undo the change of Lena Lead").hover()
        sending.mouse.down()
        two_polls(sending)
        sending.mouse.up()

        expect(row_of(sending, "Lena Lead")).not_to_contain_text("→")

    def test_does_not_lose_the_picker_that_takes_long(self, sending):
        with slowed(sending, r"/assign/$"):
            sending.get_by_role("link", name="Assign Lena Lead").click()
            two_polls(sending)

        expect(sending.get_by_role("button", name="Cem Kaya")).to_be_visible()

    def test_keeps_the_picker_beside_it(self, sending):
        sending.get_by_role("link", name="Assign Lena Lead").click()
        expect(sending.get_by_role("button", name="Cem Kaya")).to_be_visible()
        place = sending.locator("#picker").bounding_box()

        two_polls(sending)

        assert sending.locator("#picker").bounding_box() == place
