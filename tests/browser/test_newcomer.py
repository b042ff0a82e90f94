"""Somebody who has never seen Handoff, and follows only the words on the screen.

Each task begins at the inbox and takes few steps; a step is a press on a visible word,
or a word typed into a field that says what it is for.
"""

import re
from dataclasses import dataclass

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from assignments.models import Assignment, Member
from assignments.models.assignment import State
from tests.browser.test_assign import row_of
from tests.factories import make_assignment


@dataclass
class Newcomer:
    page: Page
    steps: int = 0

    def press(self, words: str, *, inside: Locator | None = None) -> None:
        """On the first thing that says just that, perhaps with a number behind."""
        where = inside or self.page
        said = re.compile(rf"^{re.escape(words)}( [\d,+]+)?$")
        found = where.get_by_text(words, exact=True)
        for role in ("link", "button", "checkbox"):
            found = found.or_(where.get_by_role(role, name=said))
        found.filter(visible=True).first.click()
        # Where it led to another page, its scripts must hear the next press.
        self.page.wait_for_load_state()
        self.steps += 1

    def type(self, words: str, *, into: str) -> None:
        self.page.get_by_label(into).fill(words)
        self.steps += 1

    def choose(self, words: str, *, of: str) -> None:
        self.page.get_by_role("combobox", name=of, exact=True).select_option(
            label=words
        )
        self.steps += 1

    def read(self, words: str) -> None:
        expect(self.page.get_by_text(words).filter(visible=True).first).to_be_visible()


@pytest.fixture
def newcomer(office, people) -> Newcomer:
    for pk, name in ((people(0).pk, "Theo Brandt"), (people(1).pk, "Ngozi Adeyemi")):
        Member.objects.filter(pk=pk).update(name=name)
    Member.objects.filter(pk=people(2).pk).update(
        user=office.manager, name="Sara Klein"
    )
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    return Newcomer(page)


def member(name: str) -> Member:
    return Member.objects.get(name=name)


def test_my_unread_leads(office, newcomer):
    mine = office.lead("Lena Lead", member("Sara Klein"))
    mine.is_unread = True
    mine.save()
    office.lead("Omar Other", member("Sara Klein"), number=1)
    newcomer.page.reload()

    newcomer.press("Mine")
    newcomer.page.wait_for_url("**/inbox/?owner=me*")
    newcomer.choose("Unread", of="Status")

    expect(row_of(newcomer.page, "Omar Other")).to_have_count(0)
    expect(row_of(newcomer.page, "Lena Lead")).to_be_visible()
    assert newcomer.steps <= 2


def test_who_had_this_lead_before_theo(office, newcomer):
    lead = office.lead("Lena Lead", member("Theo Brandt"))
    make_assignment(
        lead,
        member("Theo Brandt"),
        expected=member("Ngozi Adeyemi"),
        state=State.DONE,
        finished_at=timezone.now(),
    )
    newcomer.page.reload()

    newcomer.press("Lena Lead")

    timeline = newcomer.page.get_by_role("region", name="Who had this lead")
    expect(timeline).to_contain_text("Ngozi Adeyemi → Theo Brandt")
    assert newcomer.steps <= 1


def test_give_ngozi_all_three_leads_of_this_company(office, newcomer):
    for number, name in enumerate(("Lena Lead", "Omar Other", "Pia Third")):
        lead = office.lead(name, member("Theo Brandt"), number=number)
        lead.company, lead.search_text = "Nordlicht", f"{name} nordlicht".lower()
        lead.save()
    office.lead("Quinn Apart", member("Theo Brandt"), number=3)
    newcomer.page.reload()

    newcomer.type("Nordlicht", into="Search leads")
    newcomer.read("3 leads")
    newcomer.press("Select all on this page")
    newcomer.press("Assign…")
    newcomer.page.wait_for_url("**/assign/?**")
    newcomer.press("Ngozi Adeyemi")
    newcomer.press("Assign 3 leads", inside=newcomer.page.locator("form"))

    newcomer.read("0 of 3 done")
    assert newcomer.steps <= 5
    assert set(Assignment.objects.values_list("to__name", flat=True)) == {
        "Ngozi Adeyemi"
    }


def test_why_did_my_assignment_not_go_through(office, newcomer):
    lead = office.lead("Lena Lead", member("Theo Brandt"))
    make_assignment(
        lead,
        member("Ngozi Adeyemi"),
        actor=office.manager,
        state=State.REFUSED,
        outcome="Smartlead refused it: “Lead is archived.”",
        finished_at=timezone.now(),
    )
    newcomer.page.reload()

    newcomer.press("Notifications")

    newcomer.read("Smartlead refused it: “Lead is archived.”")
    newcomer.read("Retry")
    assert newcomer.steps <= 1


def test_why_did_it_not_go_through_is_said_in_the_row_as_well(office, newcomer):
    lead = office.lead("Lena Lead", member("Theo Brandt"))
    make_assignment(
        lead,
        member("Ngozi Adeyemi"),
        actor=office.manager,
        state=State.REFUSED,
        outcome="Smartlead refused it: “Lead is archived.”",
        finished_at=timezone.now(),
    )
    newcomer.page.reload()

    expect(row_of(newcomer.page, "Lena Lead")).to_contain_text("“Lead is archived.”")
