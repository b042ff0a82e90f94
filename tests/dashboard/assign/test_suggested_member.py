"""The member that the picker suggests, and the reason that is recorded."""

import re

import pytest
from pytest_django.asserts import assertContains

from assignments.models import Assignment
from tests.dashboard.assign.test_assign import post
from tests.dashboard.pages import htmx
from tests.factories import (
    make_lead,
    make_member,
)


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
