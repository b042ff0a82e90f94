"""Levelling on the page: who takes part, the preview, the batch."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch, Lead, SavedPlan
from tests.factories import (
    make_absence,
    make_lead,
    make_member,
    make_team,
    make_user,
)

PAGE = "/team/rebalance/"


def quiet(owner, days: int = 20) -> Lead:
    touched = timezone.now() - timedelta(days=days)
    return make_lead(owner=owner, last_reply_at=touched, last_sent_at=touched)


@pytest.fixture
def uneven(ana, ben) -> list[Lead]:
    return [quiet(ana, days) for days in (40, 30, 20, 10)]


def ask(client, *members, **said):
    chosen = {"chosen": "1", "member": [member.pk for member in members]}
    return client.post(PAGE, chosen | said, follow=True)


def confirm(client, response, **said):
    found = re.search(r'name="plan" value="(\d+)"', response.content.decode())
    assert found
    data = {"plan": found[1], "confirm": "1"} | said
    return client.post("/assign/", data, follow=True)


def test_all_who_are_here_take_part_unless_somebody_is_unticked(client, manager, ana):
    away, stranger = make_member("Gia Gone"), make_member("", source="rows")
    make_absence(away, at=timezone.now())

    page = client.get(PAGE)

    ticked = {place.member for place in page.context["form"].places if place.is_ticked}
    assert ticked == {ana}
    assertContains(page, f'value="{away.pk}"')
    assertContains(page, f'value="{stranger.pk}"')


def test_the_preview_says_who_gives_what_and_why_the_rest_stays(
    client, manager, ana, ben, uneven
):
    Lead.objects.filter(pk=uneven[3].pk).update(answer_owed=True)

    page = ask(client, ana, ben)

    assertContains(page, "2 will move")
    assertContains(page, "Ana Sousa goes from 4 open leads to 2")
    assertContains(page, "3 may move, 1 in a live conversation")
    assert not Assignment.objects.exists()


def test_confirmed_it_is_a_batch_that_can_be_undone(client, manager, ana, ben, uneven):
    shown = confirm(client, ask(client, ana, ben))

    batch = Batch.objects.get()
    assert batch.cause == "rebalance"
    assert set(batch.assignments.values_list("lead", flat=True)) == {
        uneven[0].pk,
        uneven[1].pk,
    }
    assertContains(shown, "0 of 2 done")
    assertContains(shown, f"/batches/{batch.pk}/undo/")


def test_what_is_level_is_said_to_be(client, manager, ana, ben):
    quiet(ana), quiet(ben)

    page = ask(client, ana, ben)

    assertContains(page, "as level as it gets without touching live conversations")
    assert not SavedPlan.objects.exists()


def test_live_conversations_move_when_asked(client, manager, ana, ben):
    for _ in range(2):
        quiet(ana, days=1)

    assertContains(ask(client, ana, ben), "as level as it gets")
    assertContains(ask(client, ana, ben, live="on"), "1 will move")


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_is_level_with_themselves(client, manager, ana, ben, count):
    page = ask(client, *[ana, ben][:count])

    assertContains(page, "Choose two members at least.", status_code=422)


def test_who_cannot_be_chosen_any_more_is_said(client, manager, ana):
    gone = make_member("Gia Gone", is_active=False)

    assertContains(ask(client, ana, gone), "cannot be chosen", status_code=422)


@pytest.mark.parametrize("bad", ["x", "9" * 30, "-1"])
def test_nonsense_for_a_member_is_refused(client, manager, ana, ben, bad):
    data = {"chosen": "1", "member": [ana.pk, ben.pk, bad]}

    assert client.post(PAGE, data).status_code == 422


def test_who_is_away_gets_leads_only_after_a_warning(client, manager, ana, ben, uneven):
    make_absence(ben, at=timezone.now())

    page = ask(client, ana, ben)

    assertContains(page, "Ben Okafor is away now and gets the leads all the same.")
    confirm(client, page)
    assert Assignment.objects.waiting().filter(to=ben).count() == 2


def test_a_team_is_levelled_alone(client, manager, ana, ben, uneven):
    ana.team = make_team()
    ana.save()
    make_member("Cem Kaya", team=ana.team)

    page = client.get(PAGE, {"team": ana.team.pk})

    names = [str(place.member) for place in page.context["form"].places]
    assert names == ["Ana Sousa", "Cem Kaya"]


def test_a_team_lead_is_offered_the_own_team(client, ana, ben, uneven):
    theo = make_user("Theo Brandt")
    ana.team = make_team(leads=(theo,))
    ana.save()
    client.force_login(theo)

    assertNotContains(client.get(PAGE), "Ben Okafor")
    assert ask(client, ana, ben).status_code == 422


def test_a_member_levels_nothing(client, stranger, ana, ben, uneven):
    assert client.get(PAGE).status_code == 403
    assert ask(client, ana, ben).status_code == 403


def test_a_changed_plan_is_shown_again_without_what_changed(
    client, manager, ana, ben, uneven
):
    page = ask(client, ana, ben)
    Lead.objects.filter(pk=uneven[0].pk).update(owner=ben)

    again = confirm(client, page, seen="")

    assertContains(again, "1 lead changed since this preview")
    assertContains(again, "1 will move")
    assertContains(again, "What stays, and why")


def test_a_preview_of_yesterday_leads_back(client, manager, ana, ben, uneven):
    page = ask(client, ana, ben)
    plan = SavedPlan.objects.get()
    SavedPlan.objects.update(created_at=plan.created_at - timedelta(hours=25))

    again = confirm(client, page)

    assertContains(again, "more than a day old")
    assertContains(again, "Who takes part")


def test_the_preview_of_somebody_else_is_not_there(client, manager, ana, ben, uneven):
    ask(client, ana, ben)
    client.force_login(make_user("Max Other", is_sales_manager=True))

    response = client.get(PAGE, {"plan": SavedPlan.objects.get().pk})

    assert response.status_code == 404


def test_a_confirmed_preview_is_its_batch(client, manager, ana, ben, uneven):
    confirm(client, ask(client, ana, ben))

    response = client.get(PAGE, {"plan": SavedPlan.objects.get().pk})

    assertRedirects(response, f"/batches/{Batch.objects.get().pk}/")
