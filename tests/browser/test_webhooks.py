"""What Smartlead tells by itself is on the screen at the next question of the page.

The page asks every 1.5 seconds, and the answer takes milliseconds: that makes two
seconds. The questions are counted here, since a busy machine keeps no time.
"""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from assignments.models import Lead
from assignments.services.webhooks import authentication
from assignments.services.webhooks.receive import receive
from tests.browser.page_checks import check_accessible_and_fits
from tests.browser.test_assign import row_of
from tests.factories import make_campaign
from tests.webhook_events import SECRET


@pytest.fixture
def hooked(office, settings, people):
    """The sandbox tells Handoff; something came before, so the page asks often."""
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET
    url = f"{office.url}/webhooks/smartlead/{authentication.path_token()}/"
    events = ["EMAIL_REPLY", "LEAD_CATEGORY_UPDATED"]
    office.world.register_webhook(
        url.replace("localhost", "127.0.0.1"), name="x", events=events
    )
    receive(
        body=b'{"event_type": "EMAIL_OPEN"}',
        signature=None, at=timezone.now(),
    )  # fmt: skip
    return office


@pytest.fixture
def lead(hooked, people) -> Lead:
    lead = hooked.lead("Lena Lead", people(0))
    campaign_id = hooked.world.lead(lead.pk).campaign_id
    lead.campaign = make_campaign(id=campaign_id)
    lead.last_reply_at = lead.last_sent_at = lead.thread_at = timezone.now()
    lead.save()
    return lead


class Questions:
    """How often a page has asked for news."""

    def __init__(self, page: Page) -> None:
        self.count = 0
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.count += "since=" in request.url


def tell(office, act) -> None:
    act()
    office.world.webhook_sender.deliver_due()
    assert [each.statuses for each in office.world.webhook_sender.delivered][-1] == [
        200
    ]


def test_a_reply_is_seen_at_the_next_question(hooked, lead):
    page = hooked.screen()
    page.goto(f"{hooked.url}/inbox/")
    expect(page.locator("#new-replies")).to_have_attribute("hx-trigger", "every 1500ms")
    questions = Questions(page)

    tell(hooked, lambda: hooked.world.add_reply(lead.pk, text="Call me on Friday."))
    expect(row_of(page, "Lena Lead")).to_contain_text("Call me on Friday.")

    # One may have been under way when it came.
    assert questions.count <= 2
    expect(page.get_by_role("link", name="1 new")).to_be_visible()


def test_a_category_is_seen_in_its_row(hooked, lead):
    page = hooked.screen()
    page.goto(f"{hooked.url}/inbox/")
    person = hooked.world.lead(lead.pk)
    person.category_id = 1

    tell(hooked, lambda: hooked.world.set_category(person, 2))

    expect(row_of(page, "Lena Lead")).to_contain_text("Meeting Request")


def test_a_reply_is_added_to_the_conversation_that_is_open(hooked, lead):
    page = hooked.screen()
    page.goto(f"{hooked.url}/inbox/")
    page.get_by_role("link", name="Lena Lead", exact=True).click()
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("No messages yet.")

    tell(hooked, lambda: hooked.world.add_reply(lead.pk, text="Call me on Friday."))

    expect(panel).to_contain_text(re.compile("Call me on Friday."))


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_about_them_is_fit_to_be_read(hooked, lead, width):
    tell(hooked, lambda: hooked.world.add_reply(lead.pk))
    page = hooked.screen(width=width)

    page.goto(f"{hooked.url}/settings/webhooks/")

    expect(page.get_by_text("They do")).to_be_visible()
    check_accessible_and_fits(page)
