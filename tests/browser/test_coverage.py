"""An absence from its plan to its certificate, as somebody at a screen sees it."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Coverage, Lead, Member
from assignments.services.coverage import tick
from tests.browser.page_checks import check_accessible, check_accessible_and_fits
from tests.factories import make_coverage, make_hold, make_lead, make_team


@pytest.fixture
def cast(people):
    """Ana away, Ben and Cem of her team."""
    team = make_team()
    members = [people(number) for number in range(3)]
    for member in members:
        member.team, member.time_zone = team, "Europe/Berlin"
        member.save()
    return members


def work(office) -> None:
    """A minute of the clock, and everything sent that it planned."""
    tick.tick(timezone.now())
    office.dispatch()


def day(number: int) -> str:
    return (timezone.localdate() + timedelta(days=number)).isoformat()


def follow(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()


def plan_and_start(page: Page) -> None:
    """The form can be sent as it is; Cem does not cover this time."""
    page.get_by_role("link", name="Plan coverage").first.click()
    page.wait_for_url("**/coverage/new/**")
    page.get_by_label("Who is away").select_option("Ana Sousa")
    page.get_by_role("checkbox", name="Cem Kaya").uncheck()
    expect(page.locator("#preview")).to_contain_text("3 leads with 3 notes")
    expect(page.locator("#preview")).not_to_contain_text("Cem K.")
    follow(page, "Schedule coverage")
    expect(page.get_by_text("Scheduled. You can cancel it")).to_be_visible()
    page.get_by_role("link", name="Start now…").click()
    follow(page, "Start coverage now: 3 leads to 1 member")
    expect(page.get_by_text("It is starting.")).to_be_visible()


def give_for_good(page: Page, member: Member) -> None:
    page.get_by_label("For good").check()
    page.locator(".pick", has_text=str(member)).click()
    expect(page.get_by_text(f"is on its way to {member}")).to_be_visible()


def extend_and_end(page: Page) -> None:
    page.get_by_role("button", name="Change").click()
    page.get_by_role("link", name="Extend").click()
    page.wait_for_url("**/extend/")
    page.get_by_label("Last day away").fill(day(20))
    follow(page, "Extend coverage")
    expect(page.get_by_text("extended it until")).to_be_visible()
    page.get_by_role("button", name="End early…").click()
    page.get_by_role("dialog").get_by_role("button", name="Return 3 leads now").click()
    expect(page.get_by_text("Ended. 3 leads go back to Ana Sousa")).to_be_visible()


def test_an_absence_from_plan_to_certificate(office, cast):
    ana, _, cem = cast
    names = ("Cal Calm", "Hana Hand", "Otto Outside")
    leads = [office.lead(name, ana, number=place) for place, name in enumerate(names)]
    page = office.screen()
    page.goto(f"{office.url}/coverage/")
    plan_and_start(page)
    work(office)
    expect(page.locator("#holds")).to_contain_text("Cal Calm")
    address = page.url

    leads.append(office.lead("Ari Arrival", ana, number=3))
    work(office)
    page.reload()
    expect(page.locator("#holds")).to_contain_text("Arrived during the absence.")
    page.goto(f"{office.url}/leads/{leads[1].pk}/assign/")
    give_for_good(page, cem)
    office.dispatch()
    office.world.assign_outside(leads[2].pk, cem.pk)
    # What Handoff knows of the owners is no longer fresh: it looks before it writes.
    Lead.objects.update(owner_sure_at=F("owner_sure_at") - timedelta(minutes=5))
    page.goto(address)
    extend_and_end(page)
    office.dispatch()
    work(office)

    check_certificate(page, f"{address}certificate/")
    owners = office.world.owners()
    assert [owners[lead.pk] for lead in leads] == [ana.pk, cem.pk, cem.pk, ana.pk]


def check_certificate(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("2 + 1 + 1 = 4. Nothing is unaccounted")).to_be_visible()
    rows = page.locator("#exceptions tbody tr")
    expect(rows.filter(has_text="Hana Hand")).to_contain_text("gave it to Cem Kaya")
    expect(rows.filter(has_text="Otto Outside")).to_contain_text("in Smartlead")


def test_without_javascript_it_previews_and_schedules(office, cast):
    office.lead("Cal Calm", cast[0])
    page = office.screen(javascript=False)
    page.goto(f"{office.url}/coverage/new/?member={cast[0].pk}")

    page.get_by_label("Last day away").fill("2020-01-01")
    follow(page, "Preview")
    expect(page.locator("#errors")).to_contain_text("It ends before it starts.")
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Last day away").fill(day(12))
    page.get_by_label("Private comment").fill("Family visit")
    follow(page, "Preview")
    expect(page.locator("#preview")).to_contain_text("1 lead with 1 note")
    expect(page.get_by_label("Private comment")).to_have_value("Family visit")
    follow(page, "Schedule coverage")

    expect(page.get_by_text("Scheduled. You can cancel it")).to_be_visible()
    assert Coverage.objects.get().comment == "Family visit"


def test_a_live_preview_leaves_typing_focus_and_folds_alone(office, cast):
    page = office.screen()
    page.goto(f"{office.url}/coverage/new/?member={cast[0].pk}")
    page.get_by_text("Part of a day, or another zone").click()

    with page.expect_response("**/coverage/preview/"):
        page.get_by_label("When it starts").press_sequentially("{foo}")
    expect(page.locator("#errors")).to_contain_text("is no placeholder")
    expect(page.get_by_label("When it starts")).to_be_focused()
    page.get_by_label("When it starts").press_sequentially(" bar")

    expect(page.get_by_label("When it starts")).to_have_value(
        "{foo} bar{away} is away until {last_day}. {covering} answers until then."
    )
    expect(page.get_by_label("Away until")).to_be_visible()


@pytest.fixture
def addresses(office, cast) -> list[str]:
    ana, ben, cem = cast
    at = timezone.localdate()
    going = make_coverage(ana, ben, first_day=at, state="active", zone="Europe/Berlin")
    for number in range(2):
        make_hold(going, make_lead(f"Lea Lead{number}", owner=ben))
    over = make_coverage(cem, ben, state="completed")
    make_hold(over, make_lead(), outcome="returned")
    make_hold(over, make_lead(), outcome="kept")
    proposed = make_coverage(
        ben, cem, first_day=at + timedelta(days=3), state="proposed"
    )
    planned = make_coverage(cem, ben, first_day=at + timedelta(days=4))
    return [
        "/coverage/",
        "/coverage/?by=month",
        "/coverage/?from=x",
        f"/coverage/new/?member={ana.pk}",
        f"/coverage/{going.pk}/",
        f"/coverage/{going.pk}/extend/",
        f"/coverage/{going.pk}/coverer/",
        f"/coverage/{over.pk}/certificate/",
        f"/coverage/{proposed.pk}/",
        f"/coverage/{planned.pk}/edit/",
        f"/coverage/{going.pk}/edit/",
        "/inbox/",
    ]


WIDER = """() => {
  const main = document.querySelector("main");
  const edge = main.getBoundingClientRect().right;
  return [...main.querySelectorAll(".sheet > *, aside, fieldset, form")]
    .filter(one => one.getBoundingClientRect().right > edge + 1)
    .map(one => one.id || one.className || one.tagName);
}"""
TOO_SMALL = """() => [...document.querySelectorAll("main .btn, main select")]
  .filter(one => one.offsetHeight && one.offsetHeight < 44)
  .map(one => one.innerText.slice(0, 40))"""


@pytest.mark.parametrize("width", [1440, 390])
def test_its_pages_are_accessible_and_fit(office, addresses, width):
    page = office.screen(width=width)
    for address in addresses:
        page.goto(office.url + address)
        check_accessible_and_fits(page)
        wider = page.evaluate(WIDER)
        assert not wider, f"{address} is wider than the screen: {wider}"
        if width < 700 and address != "/inbox/":
            assert page.evaluate(TOO_SMALL) == [], f"{address}: too small for a thumb"


def test_its_errors_and_its_dialog_are_accessible(office, addresses):
    page = office.screen()
    page.goto(office.url + addresses[3])
    page.get_by_label("When it starts").fill("{foo}")
    follow(page, "Schedule coverage")
    expect(page.locator("#errors")).to_be_focused()
    check_accessible(page)
    page.goto(office.url + addresses[4])
    page.get_by_role("button", name="End early…").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    check_accessible(page)
