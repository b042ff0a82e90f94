"""The leads of a campaign to two people, evenly by open work: how many steps it takes."""

import pytest
from playwright.sync_api import expect

from assignments.models import Assignment
from tests.browser.effort import Effort
from tests.factories import make_campaign


@pytest.mark.parametrize("width", [1440, 390])
def test_a_campaign_goes_to_two_people_evenly_in_six_steps(office, people, width):
    dach, ana, ben, cem = make_campaign("DACH"), people(0), people(1), people(2)
    for number in range(6):
        lead = office.lead(f"Lead {number}", ana, number=number)
        lead.campaign = dach
        lead.save()
    for number in range(6, 10):
        office.lead(f"Busy {number}", ben, number=number)
    page = office.screen(width=width)
    page.goto(f"{office.url}/inbox/")
    effort = Effort(page)

    if width == 390:
        effort.click(page.get_by_role("button", name="Filters"))
    effort.choose(page.locator("#id_campaign"), "DACH")
    effort.click(page.get_by_role("link", name="Assign all 6…"))
    for name in ("Ben Okafor", "Cem Kaya"):
        effort.click(page.get_by_role("checkbox", name=name, exact=True))
    expect(page.locator("#loads")).to_contain_text("Cem K.")
    confirm = page.get_by_role("button", name="Assign 6 leads")
    expect(confirm).to_be_in_viewport(ratio=1)
    effort.click(confirm)

    expect(page.get_by_text("0 of 6 done")).to_be_visible()
    expect(page.get_by_role("heading", name="DACH → Cem 5, Ben 1")).to_be_visible()
    assert effort.steps <= 6
    given = [row.to for row in Assignment.objects.all()]
    assert (given.count(ben), given.count(cem)) == (1, 5)
