import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Lead, SavedPlan
from tests.dashboard.pages import queries_of
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_lead,
    make_member,
    make_team,
    make_user,
)


@pytest.fixture
def piles(ana) -> dict[str, int]:
    """Ana's leads: two interested, one closed, one without a category."""
    hot, lost = make_category("Hot"), make_category("Lost", is_closing=True)
    for category in (hot, hot, lost, None):
        make_lead(owner=ana, category=category)
    return {"hot": hot.pk, "lost": lost.pk, "none": 0}


def decide(client, member, **said):
    return client.post(f"/team/{member.pk}/leaving/", said)


def confirm(client, response):
    found = re.search(r'name="plan" value="(\d+)"', response.content.decode())
    assert found
    data = {"plan": found[1], "confirm": "1"}
    return client.post("/assign/", data, follow=True)


def test_shows_the_piles_with_their_sizes(client, manager, ana, piles):
    response = client.get(f"/team/{ana.pk}/leaving/")

    assertContains(response, "Hot")
    assertContains(response, 'Lost <span class="pill">closed</span>')
    assertContains(response, "No category")
    assertNotContains(response, f'value="{ana.pk}"')


def test_or_by_campaign(client, manager, ana):
    make_lead(owner=ana, campaign=make_campaign("Cold storage"))

    response = client.get(f"/team/{ana.pk}/leaving/", {"by": "campaign"})

    assertContains(response, "Cold storage")


def test_each_pile_goes_its_own_way_in_one_plan(client, manager, ana, ben, piles):
    cem = make_member("Cem Kaya")
    response = decide(
        client, ana,
        **{
            f"how_{piles['hot']}": "round_robin",
            f"member_{piles['hot']}": [ben.pk, cem.pk],
            "how_0": "member",
            "member_0": ben.pk,
        },
    )  # fmt: skip
    assertContains(response, "3 will move")

    shown = confirm(client, response)

    rows = Assignment.objects.all()
    assert sorted(str(row.to) for row in rows) == ["Ben Okafor"] * 2 + ["Cem Kaya"]
    assert rows[0].batch.reason == "Ana Sousa is leaving."
    assertContains(shown, "0 of 3 settled")


def test_afterwards_the_member_can_be_deactivated(client, manager, ana, ben):
    make_lead(owner=ana)
    response = decide(client, ana, how_0="member", member_0=ben.pk)
    shown = confirm(client, response)
    assertNotContains(shown, "Deactivate Ana")
    Assignment.objects.update(state="done", finished_at="2026-05-11T09:00Z")
    Lead.objects.update(owner=ben)
    batch = Assignment.objects.get().batch

    assertContains(client.get(f"/batches/{batch.pk}/"), "Deactivate Ana Sousa")
    response = client.post(f"/team/{ana.pk}/deactivate/")

    ana.refresh_from_db()
    assertRedirects(response, f"/team/{ana.pk}/")
    assert not ana.is_active


def test_a_pile_without_a_member_is_asked_again(client, manager, ana, piles):
    response = decide(client, ana, how_0="round_robin")

    assertContains(response, "Choose who should have them.", status_code=422)


def test_deciding_nothing_is_said(client, manager, ana, piles):
    response = decide(client, ana)

    assertContains(response, "Decide about one pile at least.", status_code=422)


def test_a_preview_of_yesterday_leads_back(client, manager, ana, ben, piles):
    response = decide(client, ana, how_0="member", member_0=ben.pk)
    plan = SavedPlan.objects.get()
    SavedPlan.objects.update(created_at=plan.created_at - timedelta(hours=25))

    again = confirm(client, response)

    assertContains(again, "more than a day old")
    assertContains(again, "Decide who gets each pile")


def test_without_leads_only_the_deactivation_is_left(client, manager, ana):
    response = client.get(f"/team/{ana.pk}/leaving/")

    assertContains(response, "Ana Sousa has no lead.")
    assertContains(response, "Deactivate Ana Sousa")


def test_a_team_lead_gives_to_the_own_team_only(client, ana, ben, piles):
    theo = make_user("Theo Lead")
    client.force_login(theo)
    ana.team = make_team(leads=(theo,))
    ana.save()

    assertNotContains(client.get(f"/team/{ana.pk}/leaving/"), "Ben Okafor")
    assert client.post(f"/team/{ana.pk}/deactivate/").status_code == 403


def test_more_piles_ask_no_more(client, manager, ana, ben):
    make_lead(owner=ana, category=make_category("One"))
    one = queries_of(lambda: client.get(f"/team/{ana.pk}/leaving/"))
    for name in ("Two", "Three"):
        make_lead(owner=ana, category=make_category(name))

    assert queries_of(lambda: client.get(f"/team/{ana.pk}/leaving/")) == one


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "²"])
def test_a_member_that_cannot_be_is_nobody(client, manager, ana, number):
    make_lead(owner=ana)

    response = decide(client, ana, how_0="member", member_0=number)

    assertContains(response, "Choose who should have them.", status_code=422)


def test_leads_on_their_way_to_the_member_are_not_forgotten(client, manager, ana, ben):
    make_assignment(make_lead(owner=ben), ana)

    response = client.get(f"/team/{ana.pk}/leaving/")

    assertContains(response, "1 lead is still on the way to Ana")
    assertNotContains(response, f"/team/{ana.pk}/deactivate/")


def test_a_preview_that_is_too_old_leads_back_to_what_was_decided(
    client, manager, ana, ben
):
    make_lead(owner=ana)
    said = {"how_0": "member", "member_0": ben.pk, "csrfmiddlewaretoken": "secret"}
    response = decide(client, ana, **said)
    SavedPlan.objects.update(created_at=timezone.now() - timedelta(days=2))

    response = confirm(client, response)

    address, _ = response.redirect_chain[0]
    assert address == f"/team/{ana.pk}/leaving/?how_0=member&member_0={ben.pk}"
    assertContains(response, "1 chosen")
