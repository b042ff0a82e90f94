"""A preview that is confirmed after leads of it changed: they are shown first."""

import re

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch, Lead, Member, SavedPlan
from assignments.models.assignment import State
from tests.factories import make_lead, make_member


def confirm(client: Client, response):
    """Press the button of the page that is shown."""
    body = response.content.decode()
    fields = {
        name: re.search(rf'name="{name}" value="(\w*)"', body)[1]
        for name in ("plan", "seen")
    }
    return client.post("/assign/", fields | {"confirm": "1"})


@pytest.fixture
def leads(ana) -> list[Lead]:
    return [make_lead(f"Lena{n} Lead", owner=ana) for n in range(3)]


@pytest.fixture
def shown(client, manager, ben, leads):
    return client.post(
        "/assign/",
        {"lead": [lead.pk for lead in leads], "member": ben.pk},
        follow=True,
    )


def test_what_changed_is_listed_and_the_same_plan_asked_again(client, shown, leads):
    Lead.objects.filter(pk=leads[0].pk).update(owner=make_member("Cem Kaya"))

    again = confirm(client, shown)

    assertContains(again, "1 lead changed since this preview", status_code=409)
    assertContains(again, "it is with Cem Kaya now.", status_code=409)
    assertContains(again, "Assign 2 leads", status_code=409)
    assert SavedPlan.objects.count() == 1
    assert not Batch.objects.exists()


def test_the_second_confirmation_runs(client, shown, leads):
    Lead.objects.filter(pk=leads[0].pk).update(owner=make_member("Cem Kaya"))
    again = confirm(client, shown)

    response = confirm(client, again)

    assert response.status_code == 302
    skipped = Assignment.objects.get(state=State.SKIPPED)
    assert skipped.lead == leads[0]


def test_what_changed_after_that_is_shown_once_more(client, shown, leads):
    cem = make_member("Cem Kaya")
    Lead.objects.filter(pk=leads[0].pk).update(owner=cem)
    again = confirm(client, shown)
    Lead.objects.filter(pk=leads[1].pk).update(owner=cem)

    response = confirm(client, again)

    assertContains(response, "2 leads changed since this preview", status_code=409)


def test_further_leads_of_the_plan_know_it_too(client, shown, leads):
    plan = SavedPlan.objects.get()
    Lead.objects.filter(pk=leads[0].pk).update(owner=make_member("Cem Kaya"))

    page = client.get("/assign/", {"plan": plan.pk, "start": "0"})

    assertContains(page, "1 lead changed since this preview")
    assertContains(page, "2 will move")
    assert confirm(client, page).status_code == 302


def test_when_nothing_is_left_the_plan_is_made_anew(client, shown, ben):
    Member.objects.filter(pk=ben.pk).update(is_active=False)

    response = confirm(client, shown)

    assertContains(response, "Every lead of this preview has changed", status_code=409)
    assertNotContains(response, 'name="confirm"', status_code=409)


def test_of_a_leaver_it_is_shown_where_the_piles_are(client, manager, ana, ben, leads):
    shown = client.post(
        f"/team/{ana.pk}/leaving/",
        {"how_0": "member", "member_0": ben.pk},
        follow=True,
    )
    plan = SavedPlan.objects.get()
    Lead.objects.filter(pk=leads[0].pk).update(owner=make_member("Cem Kaya"))

    response = confirm(client, shown)

    address = f"/team/{ana.pk}/leaving/?plan={plan.pk}"
    assertRedirects(response, address, fetch_redirect_response=False)
    again = client.get(address)
    assertContains(again, "1 lead changed since this preview")
    assert confirm(client, again).status_code == 302
