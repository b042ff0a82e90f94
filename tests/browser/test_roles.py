"""A day of each role: what they find, what they may do, and what they are told."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from assignments.models import Member, Team, User
from tests.browser.test_assign import choose, row_of
from tests.factories import make_team, make_user


@pytest.fixture
def team_lead(office, people) -> User:
    """Theo leads Ana and Ben; Cem works elsewhere."""
    theo = make_user("Theo Brandt")
    team = make_team("North", leads=(theo,))
    people(2)
    Member.objects.filter(pk__in=[people(0).pk, people(1).pk]).update(team=team)
    return theo


@pytest.fixture
def member(office, people, team_lead) -> User:
    """Ana's login."""
    ana = make_user("Ana Sousa")
    Member.objects.filter(pk=people(0).pk).update(user=ana)
    return ana


def open_inbox(office, user: User | None = None) -> Page:
    page = office.screen(user)
    page.goto(f"{office.url}/inbox/")
    return page


class TestMember:
    def test_sees_all_and_hands_on_own_leads_to_the_team(self, office, people, member):
        office.lead("Lena Lead", people(0))
        office.lead("Omar Other", people(2), number=1)
        page = open_inbox(office, member)
        expect(row_of(page, "Lena Lead")).to_contain_text("You")
        expect(page.get_by_role("link", name="Assign Omar Other")).to_have_count(0)
        expect(page.get_by_label("Select Lena Lead")).to_have_count(0)

        page.get_by_role("link", name="Assign Lena Lead").click()
        expect(page.get_by_role("button", name="Ben Okafor")).to_be_visible()
        expect(page.get_by_role("button", name="Cem Kaya")).to_have_count(0)
        page.get_by_role("button", name="Ben Okafor").click()

        expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Ben O.")

    def test_reads_a_foreign_lead_and_is_told_whom_to_ask(self, office, people, member):
        office.lead("Omar Other", people(2))
        page = open_inbox(office, member)

        page.get_by_role("link", name="Omar Other", exact=True).click()

        expect(page.get_by_text("Ask a sales manager.")).to_be_visible()
        expect(page.get_by_role("button", name="Add note")).to_have_count(0)

    def test_finds_no_door_that_is_not_theirs(self, office, member):
        page = open_inbox(office, member)

        for name in ("System", "Settings"):
            expect(page.get_by_role("link", name=name)).to_have_count(0)
        page.goto(f"{office.url}/system/")
        expect(page.get_by_text("The system page is for team leads")).to_be_visible()


class TestTeamLead:
    def test_takes_what_nobody_has_and_gives_it_to_the_team(
        self, office, people, team_lead
    ):
        lead = office.lead("Lena Lead", people(0))
        office.world.assign_outside(lead.pk, None)
        lead.owner, lead.owner_known_at = None, timezone.now()
        lead.save()
        office.lead("Omar Other", people(2), number=1)
        page = open_inbox(office, team_lead)
        expect(page.get_by_role("link", name="Assign Omar Other")).to_have_count(0)

        page.get_by_role("link", name=re.compile("^Nobody")).click()
        page.wait_for_url("**/inbox/?owner=nobody&status=open*")
        choose(page, "Lena Lead", "Ben Okafor")
        expect(row_of(page, "Lena Lead")).to_contain_text("Nobody → Ben O.")
        office.dispatch()

        expect(row_of(page, "Lena Lead")).to_contain_text("done")
        assert office.world.owners()[lead.pk] == people(1).pk

    def test_moves_several_leads_of_the_team_at_once(self, office, people, team_lead):
        for number, name in enumerate(("Lena Lead", "Omar Other")):
            office.lead(name, people(0), number=number)
        page = open_inbox(office, team_lead)
        page.get_by_label("Select all on this page").check()

        page.get_by_role("button", name="Assign…", exact=True).click()
        page.wait_for_url("**/assign/?**")
        page.get_by_role("checkbox", name="Ben Okafor").check()
        page.get_by_role("button", name="Assign 2 leads").click()

        expect(page.get_by_text("0 of 2 done")).to_be_visible()

    def test_reads_the_system_page_and_cannot_stop_writes(self, office, team_lead):
        page = open_inbox(office, team_lead)

        page.get_by_role("link", name="System").click()

        expect(page.get_by_role("heading", name="System")).to_be_visible()
        expect(page.get_by_role("button", name="Pause all writes")).to_have_count(0)


class TestManager:
    def test_pauses_all_writes_and_lets_them_go_on(self, office, people):
        lead = office.lead("Lena Lead", people(0))
        people(1)
        page = open_inbox(office)
        page.get_by_role("link", name="System").click()
        page.get_by_label("Why").fill("A restore is looked through.")
        page.get_by_role("button", name="Pause all writes").click()
        expect(page.locator("#banner")).to_contain_text("A restore is looked through.")

        page.get_by_role("link", name="Inbox", exact=True).click()
        page.wait_for_url("**/inbox/")
        choose(page, "Lena Lead", "Ben Okafor")
        expect(row_of(page, "Lena Lead")).to_contain_text("Ana S. → Ben O.")
        office.dispatch()
        assert office.world.owners()[lead.pk] == people(0).pk
        page.get_by_role("button", name="Resume writes").click()
        expect(page.get_by_role("button", name="Resume writes")).to_have_count(0)
        office.dispatch()

        assert office.world.owners()[lead.pk] == people(1).pk

    def test_adds_a_team_and_puts_a_lead_over_it(self, office, member):
        page = open_inbox(office)
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="Teams").click()
        page.get_by_label("Name").fill("South")
        page.get_by_label("Ana Sousa").check()
        page.get_by_role("button", name="Make the team").click()

        expect(page.get_by_text("South").first).to_be_visible()
        assert Team.objects.get(name="South").team_leads.get() == member
