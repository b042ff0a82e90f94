"""What holds for each page at a screen: accessible, in both themes, and never too wide."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from assignments.models import Message
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_lead,
    make_team,
)

BODY = (
    "<h1>Sale</h1><p>Hi</p><table><tr><td>x</td></tr></table><blockquote>y</blockquote>"
)


PLAIN = [
    "/inbox/",
    "/inbox/?q=nothing",
    "/inbox/?owner=x",
    "/history/",
    "/system/",
    "/team/",
    "/team/add/",
    "/settings/",
    "/settings/teams/",
    "/settings/users/",
    "/accounts/me/",
    "/accounts/password/",
    "/nowhere/",
]


@pytest.fixture
def addresses(office, people) -> list[str]:
    ana, ben = people(0), people(1)
    lead = office.lead("Lena Lead", ana)
    lead.campaign, lead.category = make_campaign(), make_category()
    lead.is_unread = lead.answer_owed = True
    lead.answer_due_at = at = timezone.now()
    lead.save()
    Message.objects.create(lead=lead, key="1", direction="reply", body_html=BODY)
    for state in ("refused", "overtaken"):
        omar = make_lead("Omar Other", owner=ana)
        make_assignment(omar, ben, state=state, finished_at=at, outcome="No.")
    make_assignment(make_lead("Omar Other", owner=ana), ben, created_at=at)
    make_team()
    page = f"/leads/{lead.pk}/"
    return [*PLAIN, page, f"{page}assign/", f"/team/{ana.pk}/"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_and_fit(office, addresses, theme, width):
    page = office.screen(width=width, theme=theme)
    for address in addresses:
        page.goto(office.url + address)
        results = Axe().run(page)
        assert results.violations_count == 0, address + results.generate_report()
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert fits, f"{address} is wider than the screen"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_picker_is_accessible(office, addresses, theme):
    page = office.screen(theme=theme)
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").click()
    page.get_by_role("button", name="Ben Okafor").wait_for()

    results = Axe().run(page)

    assert results.violations_count == 0, results.generate_report()


def test_signing_in_is_accessible_and_keeps_the_way(office):
    page = office.browser.new_context().new_page()
    page.goto(f"{office.url}/history/")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()

    page.get_by_label("Username").fill(office.manager.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/history/")
    page.context.close()


def test_a_forbidden_act_is_said_on_the_page(office, addresses, people):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").click()
    page.get_by_role("button", name="Ben Okafor").wait_for()
    office.manager.is_sales_manager = False
    office.manager.save()

    page.get_by_role("button", name="Ben Okafor").click()

    page.get_by_text("You can see this lead but not move it").wait_for()
