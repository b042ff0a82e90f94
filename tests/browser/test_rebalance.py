"""A team levelled from its page to the undo: by mouse, on a phone, without JavaScript."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Lead
from tests.browser.page_checks import check_accessible_and_fits


@pytest.fixture
def leads(office, people) -> list[Lead]:
    """Ana has four leads that have been quiet for long, Ben none."""
    ana = people(0)
    people(1)
    names = ("Lena Lead", "Omar Other", "Pia Third", "Quinn Fourth")
    found = [office.lead(name, ana, number=n) for n, name in enumerate(names)]
    for days, lead in enumerate(found, start=20):
        touched = timezone.now() - timedelta(days=days)
        Lead.objects.filter(pk=lead.pk).update(
            last_reply_at=touched, last_sent_at=touched
        )
    return found


def level(page: Page, office) -> None:
    page.goto(f"{office.url}/team/")
    page.get_by_role("link", name="Rebalance…").click()
    page.get_by_label("Cem Kaya").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="2 will move")).to_be_visible()


@pytest.mark.parametrize(
    "screen",
    [{}, {"width": 390, "theme": "dark"}, {"javascript": False}],
    ids=["desk", "phone", "without scripts"],
)
def test_a_team_is_levelled_and_put_back(office, people, leads, screen):
    people(2)
    page = office.screen(**screen)
    level(page, office)
    if screen.get("javascript", True):
        check_accessible_and_fits(page)
    page.get_by_role("button", name="Assign 2 leads").click()
    expect(page.get_by_text("0 of 2 done")).to_be_visible()
    office.dispatch()
    moved = [pk for pk, owner in office.world.owners().items() if owner == people(1).pk]
    assert set(moved) >= {leads[2].pk, leads[3].pk}

    page.reload()
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Put 2 back").click()
    expect(page.get_by_role("heading", name="Batch")).to_be_visible()
    office.dispatch()

    owners = {office.world.owners()[lead.pk] for lead in leads}
    assert owners == {leads[0].owner_id}


@pytest.mark.parametrize("width", [1440, 390])
def test_a_review_with_something_in_it_is_accessible(office, people, leads, width):
    Lead.objects.filter(pk=leads[0].pk).update(owner=None)
    Lead.objects.filter(pk=leads[1].pk).update(
        answer_owed=True, answer_due_at=timezone.now() - timedelta(hours=1)
    )
    page = office.screen(width=width)
    for address in ("/review/", "/team/"):
        page.goto(office.url + address)
        check_accessible_and_fits(page)


def test_what_is_ticked_in_the_review_is_assigned(office, people, leads):
    Lead.objects.filter(pk=leads[0].pk).update(owner=None)
    page = office.screen(javascript=False)
    page.goto(f"{office.url}/review/")

    section = page.locator("#nobody")
    section.get_by_label("Select Lena Lead").check()
    section.get_by_role("button", name="Assign selected…").click()

    expect(page.get_by_role("heading", name="Assign 1 lead")).to_be_visible()
