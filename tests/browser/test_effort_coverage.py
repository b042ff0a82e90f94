"""The steps that an absence costs: proposed by a member, confirmed by her team lead."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Coverage, Member, Notification, User
from tests.browser.effort import Effort
from tests.factories import make_team, make_user


@pytest.fixture
def lead() -> User:
    return make_user("Tina Lead", password="correct horse", username="tina")


@pytest.fixture
def ana(office, people, lead) -> Member:
    """Ana with her login, and Ben and Cem of her team, which Tina leads."""
    team = make_team(leads=(lead,))
    members = [people(number) for number in range(3)]
    for member in members:
        member.team, member.user = team, make_user(member.name)
        member.save()
    return members[0]


def opened_form(office, member: Member) -> tuple[Page, Effort]:
    """Go from the inbox to the form; two steps."""
    page = office.screen(member.user)
    page.goto(f"{office.url}/inbox/")
    effort = Effort(page)
    effort.click(page.get_by_role("navigation").get_by_role("link", name="Coverage"))
    effort.click(page.get_by_role("link", name="Plan my absence").first)
    expect(page.get_by_role("heading", name="Plan my absence")).to_be_visible()
    return page, effort


def propose(page: Page, effort: Effort) -> None:
    effort.click(page.get_by_role("button", name="Propose absence"))
    said = "Proposed. Tina Lead has been told and can confirm it."
    expect(page.get_by_text(said)).to_be_visible()


def test_an_absence_of_next_week_is_proposed_in_3_steps_and_the_lead_is_told(
    office, ana, lead
):
    office.lead("Cal Calm", ana)
    page, effort = opened_form(office, ana)

    propose(page, effort)

    assert effort.steps <= 3
    proposal = Coverage.objects.get()
    assert proposal.state == "proposed"
    assert proposal.coverers.count() == 2
    (message,) = Notification.objects.filter(user=lead, kind="proposed")
    assert message.path == f"/coverage/{proposal.pk}/"


def test_typing_the_first_day_moves_the_last_one_and_costs_no_step(office, ana):
    page, effort = opened_form(office, ana)
    monday = _monday_in(weeks=6)
    expect(page.get_by_label("First day away")).to_be_focused()

    effort.type_text(f"{monday:%m%d%Y}")
    friday = monday + timedelta(days=4)
    expect(page.get_by_label("Last day away")).to_have_value(friday.isoformat())
    propose(page, effort)

    assert effort.steps <= 3
    proposal = Coverage.objects.get()
    assert (proposal.first_day, proposal.last_day) == (monday, friday)


def _monday_in(*, weeks: int) -> date:
    today = timezone.localdate()
    return today + timedelta(days=7 * weeks - today.weekday())


def test_a_team_lead_confirms_it_in_2_steps_after_signing_in(office, ana, lead):
    page, effort = opened_form(office, ana)
    propose(page, effort)
    decides = office.screen(lead)
    decides.goto(f"{office.url}/inbox/")
    effort = Effort(decides)

    rail = decides.get_by_role("navigation")
    effort.click(rail.get_by_role("link", name="Coverage"))
    effort.click(decides.get_by_role("button", name="Confirm Ana Sousa"))

    expect(decides.get_by_text("Confirmed. Ana Sousa has been told.")).to_be_visible()
    assert effort.steps <= 2
    assert Coverage.objects.get().state == "scheduled"
    assert Notification.objects.get(user=ana.user, kind="decided").subject.startswith(
        "Tina Lead confirmed your absence from Mon"
    )


def test_the_message_leads_to_the_page_that_confirms(office, ana, lead):
    page, effort = opened_form(office, ana)
    propose(page, effort)
    decides = office.screen(lead)
    decides.goto(f"{office.url}/notifications/")
    effort = Effort(decides)

    effort.click(decides.get_by_role("link", name="Ana Sousa proposes an absence"))
    effort.click(decides.get_by_role("button", name="Confirm absence"))

    expect(decides.get_by_text("Confirmed. Ana Sousa has been told.")).to_be_visible()
    assert effort.steps <= 2
