"""What the morning costs: the clicks from signing in to what needs one today."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assignments.models import Coverage, User
from tests.browser.effort import Effort
from tests.browser.page_checks import check_accessible_and_fits
from tests.factories import make_coverage, make_lead, make_user

HOUR = timedelta(hours=1)


def sign_in(office, user: User, **options) -> Effort:
    context = office.browser.new_context(**options)
    office.contexts.append(context)
    page = context.new_page()
    page.goto(office.url)
    page.get_by_label("Name or mail address").fill(user.username)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/today/")
    return Effort(page)


@pytest.fixture
def morning(office, people) -> None:
    """A late lead of Ana, one due today, one of nobody, and a proposal of hers."""
    ana, now = people(0), timezone.now()
    late = office.lead("Lena Late", ana)
    late.answer_owed, late.answer_due_at = True, now - HOUR
    late.save()
    make_lead("Dora Due", owner=ana, answer_owed=True, answer_due_at=now + HOUR / 60)
    make_lead("Nora Nobodys", last_reply_at=now)
    make_coverage(
        ana, people(1), state="proposed", first_day=now.date() + timedelta(days=9)
    )


def test_what_needs_me_is_there_after_signing_in(office, morning):
    effort = sign_in(office, office.manager)

    for words in ("Late since", "Due today", "Nobody", "To confirm"):
        heading = effort.page.get_by_role("heading", name=words)
        expect(heading).to_be_in_viewport()
    assert effort.steps == 0


def test_the_first_late_answer_is_opened_with_one_click(office, morning):
    effort = sign_in(office, office.manager)

    effort.click(effort.page.get_by_role("link", name="Lena Late", exact=True))

    expect(effort.page.locator("#panel-h")).to_have_text("Lena Late")
    expect(effort.page.get_by_role("heading", name="Due today")).to_be_visible()
    assert effort.steps == 1


def test_a_proposal_is_confirmed_with_one_click(office, morning):
    effort = sign_in(office, office.manager)

    effort.click(effort.page.get_by_role("button", name="Confirm the absence of Ana"))

    expect(effort.page.get_by_text("Confirmed.")).to_be_visible()
    assert Coverage.objects.get().state == Coverage.State.SCHEDULED
    assert effort.steps <= 2


def test_a_lead_is_assigned_in_its_row_and_keys_move_between_the_sections(
    office, morning, people
):
    page = sign_in(office, office.manager).page

    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Lena Late", exact=True)).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Dora Due", exact=True)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("a")
    page.get_by_role("button", name="Ben Okafor").first.click()
    row = page.locator(".lrow", has_text="Lena Late")
    expect(row.get_by_text("→ Ben O.")).to_be_visible()
    office.dispatch()

    expect(row.get_by_text("Ben O.")).to_be_visible()
    expect(row.get_by_text("done")).to_be_visible()


def test_nothing_to_do_shows_the_inbox(office, people):
    make_lead("Omar Other", owner=people(0))

    page = sign_in(office, office.manager).page

    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()
    expect(page.get_by_role("link", name="Omar Other", exact=True)).to_be_visible()


def test_g_then_d_leads_to_today(office, morning):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    page.keyboard.press("g")
    page.keyboard.press("d")

    page.wait_for_url("**/today/")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_full_page_is_accessible_and_fits(office, morning, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/today/")

    check_accessible_and_fits(page)


@pytest.mark.parametrize(
    ("zone", "is_offered"), [("Asia/Tokyo", True), ("Etc/UTC", False)]
)
def test_the_zone_of_the_browser_is_offered_where_it_differs(
    office, morning, settings, zone, is_offered
):
    page = sign_in(office, office.manager, timezone_id=zone).page

    offer = page.get_by_role("button", name="Use Asia/Tokyo")
    expect(offer).to_have_count(1 if is_offered else 0)
    if is_offered:
        offer.click()
        expect(page.get_by_text("Times are shown in Tokyo time now.")).to_be_visible()
        assert User.objects.get(pk=office.manager.pk).time_zone == "Asia/Tokyo"
        expect(offer).to_have_count(0)


def test_the_strip_of_a_member_is_one_line_on_a_phone(office, people):
    member, now = people(0), timezone.now()
    member.user = make_user("Ana Sousa")
    member.save()
    for minutes in (-60, 1):
        due = now + timedelta(minutes=minutes)
        make_lead(owner=member, answer_owed=True, answer_due_at=due, is_unread=True)
    for _ in range(30):  # more than fit: the list below must not squeeze it
        make_lead(owner=member, is_unread=True)
    page = office.screen(member.user, width=390)
    page.goto(f"{office.url}/inbox/")

    strip = page.get_by_role("navigation", name="Yours today")

    expect(strip.get_by_role("link")).to_have_count(3)
    box = strip.bounding_box()
    assert box
    assert 30 < box["height"] < 40
