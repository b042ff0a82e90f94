"""Somebody leaves: everything to two people, and deactivated, in 6 steps."""

import re

from playwright.sync_api import expect

from assignments.models import Assignment, Member
from tests.browser.effort import Effort


def test_everything_to_two_people_and_deactivated(office, people):
    ana, ben, cem = people(0), people(1), people(2)
    for number, name in enumerate(("Lena Lead", "Omar Other", "Pia Third", "Quy Four")):
        office.lead(name, ana, number=number)
    page = office.screen()
    page.goto(f"{office.url}/team/")
    effort = Effort(page)

    effort.click(page.get_by_role("link", name="Ana Sousa"))
    effort.click(page.get_by_role("link", name="Leaving…"))
    effort.click(page.get_by_role("checkbox", name="Ben Okafor"))
    effort.click(page.get_by_role("checkbox", name="Cem Kaya"))
    effort.click(page.get_by_role("button", name="Preview", exact=True).first)
    effort.click(page.get_by_role("button", name="and deactivate Ana Sousa"))

    expect(
        page.get_by_text("Ana Sousa is deactivated and gets no more leads.")
    ).to_be_visible()
    assert effort.steps <= 6
    assert not Member.objects.get(pk=ana.pk).is_active
    to = list(Assignment.objects.values_list("to", flat=True))
    assert (to.count(ben.pk), to.count(cem.pk)) == (2, 2)

    office.dispatch()
    page.reload()
    expect(page.get_by_text("No open lead is left with Ana Sousa.")).to_be_visible()
    page.get_by_role("button", name="Activate Ana Sousa again").click()
    expect(page.get_by_text("Ana Sousa is active again")).to_be_visible()
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Put 4 back").click()
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    assert set(Assignment.objects.order_by("-pk")[:4].values_list("to", flat=True)) == {
        ana.pk
    }
