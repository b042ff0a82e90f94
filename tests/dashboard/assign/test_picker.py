"""The picker of one lead: whom it offers, what each has, and whom it suggests."""

import re

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Assignment, Member
from tests.dashboard.assign.test_assign import post
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_assignment,
    make_lead,
    make_member,
    make_team,
    make_user,
)


class TestPicker:
    def test_the_picker_offers_all_but_who_has_it(self, client, manager, ana, ben):
        lead = make_lead(owner=ana)

        response = client.get(f"/leads/{lead.pk}/assign/", headers=htmx("picker"))

        assertContains(response, f'name="member" value="{ben.pk}"')
        assertContains(response, "has it now")
        assertNotContains(response, f'name="member" value="{ana.pk}"')
        assert "HX-Retarget" not in response

    def test_the_picker_says_who_gets_it_just_now(self, client, manager, ana, ben):
        lead = make_lead(owner=ana)
        make_assignment(lead, ben)

        response = client.get(f"/leads/{lead.pk}/assign/", headers=htmx("picker"))

        assertContains(response, f'name="member" value="{ana.pk}"')
        assertContains(response, "gets it now")
        assertNotContains(response, f'name="member" value="{ben.pk}"')

    def test_the_picker_says_how_much_each_has(self, client, manager, ana, ben):
        Member.objects.filter(pk=ben.pk).update(capacity=30)
        make_lead(owner=ben)

        response = client.get(
            f"/leads/{make_lead().pk}/assign/", headers=htmx("picker")
        )

        assertContains(response, "1 of 30 open")
        assertContains(response, "0 open")

    def test_a_deactivated_member_is_offered_nowhere(self, client, manager, ana, ben):
        Member.objects.filter(pk=ben.pk).update(is_active=False)
        lead = make_lead()

        for address in (f"/leads/{lead.pk}/assign/", f"/assign/?lead={lead.pk}"):
            response = client.get(address)

            assertContains(response, "Ana Sousa")
            assertNotContains(response, "Ben Okafor")

    def test_the_picker_costs_the_same_with_50_members(self, client, manager, ana):
        lead = make_lead(person_id=7, company="Bexley")
        address = f"/leads/{lead.pk}/assign/"
        few = queries_of(lambda: client.get(address, headers=htmx("picker")))

        for number in range(50):
            make_lead(owner=make_member(f"Mate {number}", team=make_team()))

        assert queries_of(lambda: client.get(address, headers=htmx("picker"))) <= few

    def test_a_team_lead_is_offered_their_own_team(self, client, ana, ben):
        user = make_user()
        client.force_login(user)
        ana.team = make_team(leads=(user,))
        ana.save()

        response = client.get(
            f"/leads/{make_lead().pk}/assign/", headers=htmx("picker")
        )

        assertContains(response, "Ana Sousa")
        assertNotContains(response, "Ben Okafor")


class TestSuggestion:
    """The picker suggests a member; whoever agrees has the sentence in the ledger."""

    @pytest.fixture
    def lead(self, manager, ana, ben):
        make_lead("Old Olaf", owner=ben, company="Bexley")
        return make_lead("Lena Lead", owner=ana, company="Bexley")

    def shown(self, client, lead):
        """Return the fields that the picker would post."""
        page = client.get(f"/leads/{lead.pk}/assign/", headers=htmx("picker")).text
        signed = re.search(r'name="suggestion" value="([^"]*)"', page)
        return {"suggestion": signed[1], "expected": lead.owner_id}

    def test_is_on_top_with_its_reason_and_not_named_twice(self, client, lead, ben):
        page = client.get(f"/leads/{lead.pk}/assign/").text

        assert "has Old Olaf of the same company" in page
        assert page.count(f'name="member" value="{ben.pk}"') == 1

    def test_taken_it_is_the_reason(self, client, lead, ben):
        post(client, lead, member=ben.pk, **self.shown(client, lead))

        assert lead.assignments.get().reason == (
            "Suggested Ben Okafor: has Old Olaf of the same company. Sara Klein agreed."
        )

    def test_another_member_is_chosen_by_hand(self, client, lead):
        cem = make_member("Cem Kaya")

        post(client, lead, member=cem.pk, **self.shown(client, lead))

        assert lead.assignments.get().reason == "Sara Klein chose Cem Kaya by hand."

    def test_of_another_lead_or_made_up_it_is_no_reason(self, client, lead, ben):
        elsewhere = make_lead(company="Bexley")
        shown = self.shown(client, lead)["suggestion"]

        post(client, elsewhere, member=ben.pk, suggestion=shown)
        post(client, lead, member=ben.pk, suggestion="WzFd:made-up:x")

        for change in Assignment.objects.all():
            assert change.reason == "Sara Klein chose Ben Okafor by hand."

    def test_hostile_names_are_escaped(self, client, manager, ana):
        make_lead("<b>Old</b> Olaf", owner=ana, company="Bexley")
        lead = make_lead(company="Bexley")

        response = client.get(f"/leads/{lead.pk}/assign/")

        assertContains(response, "has &lt;b&gt;Old&lt;/b&gt; Olaf of the same company")


def test_says_before_a_note_is_sent_that_it_stays(client, manager, ana):
    page = client.get(
        f"/leads/{make_lead(owner=ana).pk}/assign/", headers=htmx("picker")
    )

    assertContains(page, "A note cannot be deleted in Smartlead.")
