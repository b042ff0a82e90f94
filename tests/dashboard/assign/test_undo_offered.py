"""Undo is offered where it can come, and what cannot be taken back says so before."""

import re

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models.assignment import State
from tests.dashboard.pages import htmx, queries_of
from tests.factories import make_assignment, make_lead, make_user

OWNER = re.compile(r'class="av ([^"]*)"[^>]*>(\w+)</span\s*><span class="one">([^<]*)<')


def row(client, lead):
    return client.get(f"/leads/{lead.pk}/row/", headers=htmx(f"lead-{lead.pk}"))


def finished(lead, to, **fields):
    at = timezone.now()
    return make_assignment(lead, to, created_at=at, finished_at=at, **fields)


def test_offers_undo_to_a_member_who_gave_her_lead_away(client, ana, ben):
    mia = make_user("Mia Member")
    client.force_login(mia)
    lead = make_lead(owner=ben)
    change = finished(lead, ben, state=State.DONE, actor=mia, expected=ana)

    assertContains(row(client, lead), f"/assignments/{change.pk}/undo/")


def test_offers_no_undo_of_what_nobody_had_before(client, manager, ben):
    lead = make_lead(owner=ben)
    change = finished(lead, ben, state=State.DONE, actor=manager, expected=None)

    assertNotContains(row(client, lead), f"/assignments/{change.pk}/undo/")


def test_costs_no_more_queries_for_many_changes(client, manager, ana, ben):
    def add() -> None:
        lead = make_lead(owner=ben)
        finished(lead, ben, state=State.DONE, actor=manager, expected=ana)

    add()
    client.get("/inbox/")
    one = queries_of(lambda: client.get("/inbox/"))
    for _ in range(49):
        add()

    assert queries_of(lambda: client.get("/inbox/")) == one


@pytest.mark.parametrize("headers", [htmx("picker"), {}])
def test_says_before_that_there_is_no_way_back(client, manager, ana, headers):
    nobodys, anas = make_lead(), make_lead(owner=ana)
    sentence = "You cannot take this back: Smartlead cannot leave a lead without"

    ours = client.get(f"/leads/{nobodys.pk}/assign/", headers=headers)
    theirs = client.get(f"/leads/{anas.pk}/assign/", headers=headers)

    assertContains(ours, sentence)
    assertNotContains(theirs, "You cannot take this back")


def test_says_not_that_a_lead_cannot_be_moved_while_undo_moves_it(client, ana, ben):
    mia = make_user("Mia Member")
    client.force_login(mia)
    lead = make_lead(owner=ben)
    finished(lead, ben, state=State.DONE, actor=mia, expected=ana)

    response = client.get(f"/leads/{lead.pk}/", headers=htmx(f"owner-{lead.pk}"))

    assertContains(response, "Undo")
    assertNotContains(response, "You can see this lead but not move it")


def test_a_lead_that_came_back_shows_its_owner_as_ever(client, ana, ben):
    ana.user = make_user("Ana Sousa")
    ana.save()
    client.force_login(ana.user)
    lead = make_lead(owner=ana)
    calm = row(client, lead).text
    finished(lead, ana, state=State.DONE, actor=ana.user, expected=ben)

    owner = OWNER.search(row(client, lead).text)

    assert owner
    assert "me" in owner[1].split()
    assert owner.groups() == OWNER.search(calm).groups()
    assert owner[3].strip() == "You"
