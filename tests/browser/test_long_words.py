"""Words without a break, and tables wider than the screen, never widen the page."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assignments.models import Lead, LeadNote
from tests.browser.page_checks import check_accessible_and_fits
from tests.factories import MONDAY, make_campaign, make_category, make_lead
from tests.factories import make_message as message

LONG = "unbroken" * 375
TABLE = f"""<table><tr>{"<td>a column of words</td>" * 40}</tr>
<tr><td>{LONG}</td><td>beside it</td></tr></table>"""
BODY = f"""<p>{LONG}</p><pre>{LONG}</pre><ul><li>{LONG}</li></ul>{TABLE}
<p><a href="https://example.com/{LONG}">https://example.com/{LONG}</a></p>
<blockquote>{LONG}</blockquote>"""


@pytest.fixture
def lead(office) -> Lead:
    lead = make_lead(
        LONG[:190],
        company=LONG[:290],
        email=f"{LONG[:280]}@example.com",
        last_message=LONG[:200],
        campaign=make_campaign(LONG[:290]),
        category=make_category(LONG[:190]),
        custom_fields={LONG: LONG},
        thread_at=timezone.now(),
        notes_at=timezone.now(),
        last_reply_at=timezone.now(),
    )
    fields = {
        "at": MONDAY,
        "subject": LONG[:990],
        "sender": f"{LONG[:300]}@example.com",
        "attachments": [{"name": f"{LONG}.pdf"}, {"name": "a.pdf"}],
    }
    for body in (f"<p>{LONG}</p>", BODY, f"{LONG}\n{LONG}", "", BODY):
        message(lead, body, **fields)
    LeadNote.objects.create(lead=lead, smartlead_id=1, text=LONG, author=LONG[:190])
    return lead


@pytest.mark.parametrize("width", [1440, 390])
def test_a_lead_full_of_them_fits_the_screen(office, lead, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/leads/{lead.pk}/")
    page.get_by_text("2 earlier messages").click()
    page.locator(".mail-header a").first.click()
    expect(page.locator(".mail")).to_have_count(4)
    expect(page.locator(".mail").first).to_be_focused()

    check_accessible_and_fits(page)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    panel = page.locator(".panel")
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    scroll = page.locator(".panel > .scroll")
    assert scroll.evaluate("part => part.scrollWidth <= part.clientWidth")


def test_a_wide_table_scrolls_in_its_own_box(office, lead):
    page = office.screen(width=390)
    page.goto(f"{office.url}/leads/{lead.pk}/")

    body = page.locator(".body:has(table)").first

    assert body.evaluate("body => body.scrollWidth > body.clientWidth")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_inbox_fits_too(office, lead, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/inbox/")

    check_accessible_and_fits(page)
