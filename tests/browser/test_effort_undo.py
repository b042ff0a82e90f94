"""Undo costs one step, for every role, by the key and by a click."""

import pytest
from playwright.sync_api import Page, expect

from assignments.models import Member, User
from tests.browser.effort import Effort
from tests.browser.test_assign import choose, row_of
from tests.factories import make_team, make_user


@pytest.fixture
def users(office, people) -> dict[str, User]:
    """The sales manager; Theo, who leads Ana and Ben; and Ana, a member."""
    theo, ana = make_user("Theo Brandt"), make_user("Ana Sousa")
    team = make_team("North", leads=(theo,))
    people(1)
    Member.objects.filter(pk__in=[people(0).pk, people(1).pk]).update(team=team)
    Member.objects.filter(pk=people(0).pk).update(user=ana)
    return {"manager": office.manager, "team lead": theo, "member": ana}


@pytest.fixture(params=["manager", "team lead", "member"])
def given(request, office, people, users) -> tuple[Page, int]:
    """The inbox of a user who has just given Ana's lead to Ben, and the lead's id."""
    lead = office.lead("Lena Lead", people(0))
    page = office.screen(users[request.param])
    page.goto(f"{office.url}/inbox/")
    choose(page, "Lena Lead", "Ben Okafor")
    expect(row_of(page, "Lena Lead")).to_contain_text("→ Ben O.")
    office.dispatch()
    expect(row_of(page, "Lena Lead")).to_contain_text("done")
    assert office.world.owners()[lead.pk] == people(1).pk
    return page, lead.pk


def check_undone(office, people, page: Page, lead_id: int, effort: Effort) -> None:
    expect(row_of(page, "Lena Lead")).to_contain_text("Ben O. →")
    office.dispatch()
    expect(row_of(page, "Lena Lead")).to_contain_text("done")
    assert office.world.owners()[lead_id] == people(0).pk
    assert effort.steps <= 1


def test_by_the_key(office, people, given):
    page, lead_id = given
    effort = Effort(page)

    effort.press("u")

    check_undone(office, people, page, lead_id, effort)


def test_by_a_click_in_the_row(office, people, given):
    page, lead_id = given
    effort = Effort(page)

    effort.click(row_of(page, "Lena Lead").get_by_role("button", name="Undo"))

    check_undone(office, people, page, lead_id, effort)


def test_by_the_key_beside_an_open_lead(office, people, given):
    page, lead_id = given
    page.get_by_role("link", name="Lena Lead", exact=True).click()
    expect(page.locator(".owner")).to_contain_text("Ben Okafor")
    effort = Effort(page)

    effort.press("u")

    expect(page.locator(".owner")).to_contain_text("Ben O. →")
    office.dispatch()
    expect(page.locator(".owner")).to_contain_text("done")
    assert office.world.owners()[lead_id] == people(0).pk
    assert effort.steps <= 1


def test_what_cannot_be_taken_back_says_so_before_and_offers_no_undo(office, people):
    people(1)
    office.lead("Lena Lead", None)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    page.get_by_role("link", name="Assign Lena Lead").click()
    expect(page.locator("#picker")).to_contain_text(
        "You cannot take this back: Smartlead cannot leave a lead without an owner."
    )

    page.locator("#picker").get_by_role("button", name="Ben Okafor").click()
    expect(row_of(page, "Lena Lead")).to_contain_text("→ Ben O.")
    office.dispatch()

    expect(row_of(page, "Lena Lead")).to_contain_text("done")
    expect(row_of(page, "Lena Lead").get_by_role("button", name="Undo")).to_have_count(
        0
    )
    page.keyboard.press("u")
    expect(page.locator("#messages")).to_contain_text("nothing to undo on this page")
