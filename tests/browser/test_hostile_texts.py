"""Strangers write names, subjects and mails; members and campaigns are named by others.

Nothing of it may run, load, or even knock at the policy that would stop it.
"""

from urllib.parse import quote

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from assignments.models import (
    Campaign,
    Category,
    Lead,
    LeadNote,
    Member,
    UnreadableRow,
    User,
)
from assignments.models.assignment import State
from dashboard.lead.conversation import MAILS_OPEN
from tests.browser.xss_vectors import XSS_VECTORS
from tests.factories import (
    MONDAY,
    make_assignment,
    make_campaign,
    make_category,
    make_lead,
    make_member,
    make_message,
    make_team,
)


def watch(page: Page, url: str) -> list[str]:
    """What a text has made the page do: a dialog, a call elsewhere, a way out."""
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda other: seen.append(f"window {other.url}"))

    def note(asked: Request) -> None:
        if not asked.url.startswith((url, "data:", "about:")):
            seen.append(asked.url)

    page.on("request", note)
    return seen


@pytest.fixture
def lead(office) -> Lead:
    """A lead with every vector in every text, and others that carry one each."""
    owner = make_member(XSS_VECTORS[0])
    leads = [_hostile(text, owner, office.manager) for text in XSS_VECTORS]
    first = leads[0]
    for number, text in enumerate(XSS_VECTORS):
        body = f"<p>Hello</p>{text}<p>Bye</p>"
        make_message(first, body, subject=text, sender=text, at=MONDAY)
        LeadNote.objects.create(lead=first, smartlead_id=number, text=text, author=text)
    first.custom_fields = {text: text for text in XSS_VECTORS}
    first.website = first.linkedin = "javascript:alert(1)"
    first.last_reply_at = timezone.now()
    first.thread_at = first.notes_at = timezone.now()
    first.save()
    UnreadableRow.objects.create(
        source=XSS_VECTORS[9],
        reason=XSS_VECTORS[9],
        excerpt="".join(XSS_VECTORS),
        digest="1",
        first_seen_at=MONDAY,
        last_seen_at=MONDAY,
    )
    make_team(XSS_VECTORS[9])
    return first


def _hostile(text: str, owner: Member, manager: User) -> Lead:
    lead = make_lead(
        text,
        owner=owner,
        company=text,
        last_message=text[:200],
        campaign=make_campaign(text),
        category=make_category(text),
    )
    to = make_member(text)
    make_assignment(
        lead,
        to,
        actor=manager,
        state=State.REFUSED,
        reason=text,
        outcome=text,
        finished_at=MONDAY,
    )
    return lead


def test_no_text_runs_or_calls_anywhere(office, lead):
    page = office.screen()
    seen = watch(page, office.url)
    member = Member.objects.exclude(pk=lead.owner_id).first()
    addresses = [
        "/inbox/",
        f"/leads/{lead.pk}/",
        f"/leads/{lead.pk}/assign/",
        "/history/",
        f"/history/?lead={lead.pk}",
        "/notifications/",
        "/team/",
        "/team/rebalance/",
        "/review/?days=1",
        f"/team/{member.pk}/",
        "/settings/",
        "/settings/teams/",
        "/settings/users/",
        "/system/",
    ]

    for address in addresses:
        page.goto(office.url + address)
        page.wait_for_timeout(100)
        assert page.url == office.url + address

    assert seen == []
    assert Campaign.objects.count() == Category.objects.count() == len(XSS_VECTORS)


def test_nothing_runs_when_htmx_puts_it_into_the_page(office, lead):
    page = office.screen()
    seen = watch(page, office.url)
    page.goto(f"{office.url}/inbox/")

    page.locator(f"#name-{lead.pk}").click()
    expect(page.locator("#panel")).to_contain_text("Conversation")
    page.locator('#panel [data-opens="picker"]').click()
    expect(page.get_by_role("searchbox", name="Find")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Search leads").fill("script")
    expect(page.locator("#list")).to_be_visible()
    page.wait_for_timeout(400)

    assert seen == []


@pytest.mark.parametrize("place", ["/inbox/?q=", "/inbox/?owner=", "/history/?cause="])
def test_what_an_address_says_is_only_shown(office, place):
    page = office.screen()
    seen = watch(page, office.url)

    for text in XSS_VECTORS[::4]:
        page.goto(f"{office.url}{place}{quote(text, safe='')}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert seen == []


def test_links_of_a_mail_that_could_run_are_gone(office, lead):
    page = office.screen()
    seen = watch(page, office.url)
    page.goto(f"{office.url}/leads/{lead.pk}/")
    page.locator(".earlier summary").click()
    page.get_by_role("link", name="Show earlier messages").click()
    headers = page.locator(".mail-header")
    expect(headers).to_have_count(len(XSS_VECTORS) - MAILS_OPEN)
    for left in reversed(range(len(XSS_VECTORS) - MAILS_OPEN)):
        headers.first.get_by_role("link").click()
        expect(headers).to_have_count(left)
    expect(page.get_by_text("Hello")).to_have_count(len(XSS_VECTORS))

    links = page.locator("main a[href]").evaluate_all("all => all.map(a => a.protocol)")

    assert set(links) <= {"http:", "https:", "mailto:", "tel:"}
    assert seen == []
