"""What holds for each page at a screen: accessible, in both themes, and never too wide."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assignments.models import Account, Heartbeat, Lead, LookupTable, Member
from assignments.services.operations.tick import tick
from tests.browser.page_checks import check_accessible, check_accessible_and_fits
from tests.factories import (
    MONDAY,
    make_assignment,
    make_batch,
    make_campaign,
    make_category,
    make_lead,
    make_mail,
    make_member,
    make_message,
    make_notification,
    make_plan,
    make_rule,
    make_target,
    make_team,
)

BODY = (
    "<h1>Sale</h1><p>Hi</p><table><tr><td>x</td></tr></table><blockquote>y</blockquote>"
)


PLAIN = [
    "/today/",
    "/inbox/",
    "/inbox/?q=nothing",
    "/inbox/?owner=x",
    "/inbox/views/",
    "/history/",
    "/history/?cause=routing",
    "/history/?from=2026-05-12&to=2026-05-11",
    "/notifications/",
    "/notifications/settings/",
    "/batches/",
    "/settings/mappings/",
    "/routing/",
    "/routing/new/",
    "/routing/try/",
    "/routing/try/?weeks=4",
    "/routing/try/?lead=x",
    "/review/",
    "/start/",
    "/system/",
    "/team/",
    "/team/add/",
    "/team/performance/",
    "/team/performance/?from=2026-05-12&to=2026-05-11",
    "/team/rebalance/",
    "/team/?sort=x",
    "/review/?days=0",
    "/inbox/?review=untouched&days=3",
    "/settings/",
    "/settings/targets/new/",
    "/settings/hours/",
    "/settings/teams/",
    "/settings/users/",
    "/settings/webhooks/",
    "/settings/outgoing/",
    "/settings/single-sign-on/",
    "/accounts/me/",
    "/accounts/password/",
    "/accounts/second-factor/",
    "/accounts/sessions/",
    "/nowhere/",
]


def many_leads(office, lead: Lead, ana: Member, ben: Member) -> list[str]:
    at = timezone.now()
    batch = make_batch([make_lead(owner=ana) for _ in range(3)], ben, at=at)
    table = LookupTable.objects.create(name="T", kind="territory", attribute="location")
    table.lines.create(value="DE", key="de", member=ana)
    asked = f"filter=&strategy=least_busy&member={ana.pk}&member={ben.pk}"
    plan = make_plan(
        [lead], ana, ben,
        strategy="least_busy", actor=office.manager, wish={"query": asked},
    )  # fmt: skip
    return [
        f"/assign/?lead={lead.pk}", f"/assign/?plan={plan.pk}",
        f"/assign/?{asked}&weight_{ben.pk}=x",
        f"/batches/{batch.pk}/", f"/batches/{batch.pk}/undo/",
        f"/team/{ana.pk}/leaving/", f"/settings/mappings/{table.pk}/",
    ]  # fmt: skip


@pytest.fixture
def addresses(office, people) -> list[str]:
    ana, ben = people(0), people(1)
    lead = office.lead("Lena Lead", ana)
    lead.campaign, lead.category = make_campaign(), make_category()
    lead.is_unread = lead.answer_owed = True
    lead.answer_due_at = at = timezone.now()
    lead.save()
    make_message(lead, BODY)
    for state in ("refused", "overtaken"):
        omar = make_lead("Omar Other", owner=ana)
        make_assignment(omar, ben, state=state, finished_at=at, outcome="No.")
    make_assignment(make_lead("Omar Other", owner=ana), ben, created_at=at)
    make_team()
    make_notification(office.manager, "Sara Klein gave you 3 leads", text="Lena Lead")
    make_notification(office.manager, "You cover for Ana Sousa", read_at=at)
    make_mail(outcome="The mail server said: 550 No such mailbox")
    bulk = many_leads(office, lead, ana, ben)
    rule = make_rule(ana, ben, category=[lead.category], custom={"size": ["9"]})
    make_rule(make_member("Maya Lindqvist", is_active=False), top_level_domain=["fr"])
    make_rule(ben, mode="suggest")
    fresh = make_lead("Nora Newcomer", last_reply_at=at)
    tick(at=at)
    bulk += [f"/routing/{rule.pk}/", f"/routing/try/?lead={fresh.pk}"]
    bulk += [f"/leads/{fresh.pk}/"]
    page = f"/leads/{lead.pk}/"
    make_target(60, in_working_hours=True)
    target = make_target(90, campaign=lead.campaign, category=lead.category)
    bulk += [f"/settings/targets/{target.pk}/", f"/team/{ana.pk}/hours/"]
    return [*PLAIN, *bulk, page, f"{page}assign/", f"/team/{ana.pk}/"]


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_and_fit(office, addresses, width):
    page = office.screen(width=width)
    for address in addresses:
        page.goto(office.url + address)
        check_accessible_and_fits(page)


def test_the_open_picker_is_accessible(office, addresses):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").first.click()
    page.get_by_role("button", name="Ben Okafor has").wait_for()

    check_accessible(page)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_menu_and_the_help_are_accessible(office, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/history/")

    page.get_by_role("button", name=str(office.manager)).click()
    expect(page.get_by_role("button", name="Compact")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Keyboard and help").click()
    expect(page.get_by_role("dialog", name="Keyboard and help")).to_be_visible()
    check_accessible(page)

    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_errors_troubles_and_emptiness_are_accessible(office, width):
    page = office.screen(width=width)
    Heartbeat.objects.update(beat_at=MONDAY)
    make_assignment(make_lead(), make_member(), created_at=MONDAY)
    Account.objects.update(
        bulk_paused_at=MONDAY, bulk_pause_reason="Three were refused.",
        outage_since=MONDAY, outage_sentence="No answer.", probe_at=timezone.now(),
    )  # fmt: skip
    for address in ("/inbox/", "/history/", "/team/", "/system/", "/settings/teams/"):
        page.goto(office.url + address)
        check_accessible(page)
    for address, press in (
        ("/settings/targets/new/", "Save"),
        ("/team/add/", "Add"),
    ):
        page.goto(office.url + address)
        page.locator(".sheet form").evaluate_all(
            "all => all.map(f => f.noValidate = 1)"
        )
        page.locator(".sheet input:not([type=hidden])").first.fill("-1")
        page.get_by_role("button", name=press, exact=True).first.click()
        expect(page.locator(".errorlist").first).to_be_visible()
        check_accessible(page)


def test_an_opened_row_of_the_history_is_accessible(office, addresses):
    page = office.screen()
    page.goto(f"{office.url}/history/")

    page.get_by_text("No.", exact=True).first.click()

    expect(
        page.get_by_text("All changes of this lead").filter(visible=True)
    ).to_have_count(1)
    check_accessible(page)


def test_signing_in_is_accessible_and_keeps_the_way(office):
    page = office.browser.new_context().new_page()
    page.goto(f"{office.url}/history/")
    check_accessible(page)

    page.get_by_label("Name or mail address").fill(office.manager.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/history/")
    page.context.close()


def test_a_forbidden_act_is_said_on_the_page(office, addresses, people):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").first.click()
    # A row offers to accept a suggestion for Ben: only the picker says what he has.
    ben = page.get_by_role("button", name="Ben Okafor has")
    ben.wait_for()
    office.manager.is_sales_manager = False
    office.manager.save()

    ben.click()

    page.get_by_text("You can see this lead but not move it").wait_for()
