"""The command palette: what it finds, for whom, and in which order."""

import re
from html import unescape

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Member
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_assignment,
    make_batch,
    make_lead,
    make_member,
    make_team,
    make_user,
)

FOUND = htmx("palette-found")


def found(client, query=""):
    return client.get("/palette/", {"q": query}, headers=FOUND)


def labels(client, query=""):
    return re.findall(r'</svg>\s*<span class="one">([^<]*)<', found(client, query).text)


def addresses(client):
    return [
        unescape(one) for one in re.findall(r'<a href="([^"]*)"', found(client).text)
    ]


class TestFinds:
    def test_leads_as_the_inbox_does(self, client, manager):
        lead = make_lead("Lena Lead", company="Bexley")
        make_lead("Omar Other")

        response = found(client, "lena bexl")

        assertContains(response, f'href="/leads/{lead.pk}/"')
        assertNotContains(response, "Omar")

    def test_the_first_six_leads_only(self, client, manager):
        for number in range(9):
            make_lead(f"Lena Lead{number}")

        assert len(labels(client, "lena")) == 6

    def test_members_and_their_leads(self, client, manager, ben):
        response = found(client, "okaf")

        assertContains(response, f'href="/team/{ben.pk}/"')
        assertContains(response, f'href="/inbox/?owner={ben.pk}&amp;status=open"')

    def test_no_deactivated_member(self, client, manager, ben):
        Member.objects.filter(pk=ben.pk).update(is_active=False)

        assertNotContains(found(client, "okafor"), f"/team/{ben.pk}/")

    def test_pages_and_acts_without_a_query(self, client, manager):
        assert {"Inbox", "System", "Plan an absence", "Add a member"} <= set(
            labels(client)
        )

    def test_what_begins_with_the_word_first(self, client, manager):
        make_member("Anna Teamer"), make_member("Team Zero")

        members = [one for one in labels(client, "team") if "Leads" not in one]

        assert members[:2] == ["Team Zero", "Anna Teamer"]
        assert labels(client, "sys")[0] == "System"

    def test_the_group_with_the_best_entry_first(self, client, manager):
        make_lead("Lena Lead", company="Team Freight")
        assert labels(client, "team")[0] == "Team"

        make_lead("Teamo Lead")

        assert labels(client, "team")[0] == "Teamo Lead"

    def test_words_that_are_not_shown(self, client, manager):
        assert labels(client, "morning") == ["Today"]

    def test_nothing_and_says_so(self, client, manager):
        assertContains(found(client, "zzz"), "Nothing is called “zzz”.")


class TestRoles:
    @pytest.fixture(params=["member", "team lead", "manager"])
    def viewer(self, request, client, manager):
        if request.param != "manager":
            user = make_user()
            make_member("Mia Member", user=user)
            if request.param == "team lead":
                make_team(leads=(user,))
            client.force_login(user)
        return request.param

    def test_every_address_opens(self, client, viewer):
        for address in addresses(client):
            assert client.get(address).status_code == 200, address

    def test_a_member_is_offered_no_page_of_others(self, client, stranger):
        assert not {"System", "Logins", "Add a member", "Invite a person"} & set(
            labels(client)
        )
        assertNotContains(found(client, "paus"), "sending to Smartlead")


class TestActs:
    def test_the_last_change_is_undone(self, client, manager, ana, ben):
        change = make_assignment(make_lead("Lena Lead", owner=ana), ben, actor=manager)

        response = found(client, "undo")

        assertContains(response, f"/assignments/{change.pk}/undo/")
        assertContains(response, "Lena Lead to Ben Okafor")

    def test_one_lead_of_a_batch_is_not_offered(self, client, manager, ana, ben):
        make_batch([make_lead(owner=ana)], ben, actor=manager)

        assert "Undo my last change" not in labels(client, "undo")

    def test_a_change_that_cannot_be_undone_is_not_offered(self, client, manager, ben):
        at = timezone.now()
        lead = make_lead(owner=ben)
        make_assignment(
            lead, ben, actor=manager, expected=None, state="done", finished_at=at
        )

        assertNotContains(found(client, "undo"), "/undo/")

    def test_pausing_becomes_resuming(self, client, manager):
        assert labels(client, "sending") == ["Pause sending to Smartlead"]

        client.post("/system/pause/", {"reason": "Maintenance"})

        assert labels(client, "sending") == ["Resume sending to Smartlead"]


def test_works_as_a_page(client, manager):
    make_lead("Lena Lead")

    response = client.get("/palette/", {"q": "lena"})

    assertContains(response, "<html")
    assertContains(response, 'value="lena"')
    assertContains(response, ">Lena Lead<")


def test_names_from_outside_are_escaped(client, manager):
    make_lead("<b>Lena</b> Lead")
    make_member("<i>Ana</i>")

    response = found(client, "<")

    assertContains(response, "&lt;b&gt;Lena&lt;/b&gt; Lead")
    assertContains(response, "&lt;i&gt;Ana&lt;/i&gt;")
    assertNotContains(response, "<b>Lena")


@pytest.mark.parametrize("query", ["\0", "x" * 5000, "\u202e", "%", "'"])
def test_any_text_is_a_query(client, manager, query):
    assert found(client, query).status_code == 200


def test_more_members_and_leads_cost_no_more_queries(client, manager):
    make_member("Ana Sousa"), make_lead("Ana Lead")
    few = queries_of(lambda: found(client, "ana"))

    for number in range(50):
        make_lead("Ana Lead", owner=make_member(f"Ana {number}", team=make_team()))

    assert queries_of(lambda: found(client, "ana")) <= few
