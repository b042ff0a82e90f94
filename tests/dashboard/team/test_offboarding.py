from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Lead, SavedPlan
from tests.dashboard.pages import queries_of
from tests.dashboard.team.leaving_pages import confirm, decide
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_table,
    make_team,
    make_user,
)


def test_shows_the_piles_with_their_sizes(client, manager, ana, piles):
    response = client.get(f"/team/{ana.pk}/leaving/")

    assertContains(response, "Hot")
    assertContains(response, "Lost</span>")
    assertContains(response, '1 lead</span><span class="pill">closed</span>')
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
    assertContains(shown, "0 of 3 done")


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

    assertContains(response, "Choose who should get the leads.", status_code=422)


def test_a_preview_of_yesterday_leads_back(client, manager, ana, ben, piles):
    response = decide(client, ana, how_0="member", member_0=ben.pk)
    plan = SavedPlan.objects.get()
    SavedPlan.objects.update(created_at=plan.created_at - timedelta(hours=25))

    again = confirm(client, response)

    assertContains(again, "more than a day old")
    assertContains(again, "Everything to…")


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

    assertContains(response, "cannot be chosen (any more).", status_code=422)


def test_a_member_who_has_gone_meanwhile_is_not_left_out_in_silence(
    client, manager, ana, ben
):
    make_lead(owner=ana)
    gone = make_member("Gone Gil", is_active=False)

    response = decide(client, ana, how_0="round_robin", member_0=[ben.pk, gone.pk])

    sentence = f"The member {gone.pk} cannot be chosen (any more). Choose again."
    assertContains(response, sentence, status_code=422)


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
    plan = SavedPlan.objects.get()
    assert address == f"/team/{ana.pk}/leaving/?plan={plan.pk}&again=1"
    assert "secret" not in str(plan.wish)
    assertContains(response, "1 chosen")
    assertNotContains(response, 'name="confirm"')


class TestHow:
    """A pile can be decided in every way that other leads can."""

    def test_by_weight_and_up_to_a_number(self, client, manager, ana, ben):
        cem = make_member("Cem Kaya")
        for _ in range(6):
            make_lead(owner=ana)
        said = {
            "how_0": "round_robin", "member_0": [ben.pk, cem.pk],
            f"weight_0_{ben.pk}": "3", f"cap_0_{ben.pk}": "2",
        }  # fmt: skip

        response = decide(client, ana, **said)

        assertContains(response, '<td class="num strong gets">+2</td>')
        assertContains(response, '<td class="num strong gets">+4</td>')

    def test_by_a_table_and_never_to_whoever_leaves(self, client, manager, ana, ben):
        table = make_table({"com": ben, "de": ana}, name="Countries")
        make_lead(owner=ana, email="x@y.com")
        make_lead(owner=ana, email="x@y.de")

        response = decide(client, ana, how_0=f"table-{table.pk}")

        assertContains(response, "Ben Okafor: territory com.")
        assertContains(response, "Ana Sousa is leaving, and there is no default.")
        assertContains(response, "1 will move")

    def test_with_a_note_for_each_lead(self, client, manager, ana, ben):
        make_lead(owner=ana)
        said = {"how_0": "member", "member_0": ben.pk, "note": "From {previous}."}

        confirm(client, decide(client, ana, **said))

        assert Assignment.objects.get().notes.get().text == "From Ana Sousa."

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("note", "Hi {who}", "“{who}” is no placeholder."),
            ("note", "x" * 5001, "5000 is the most."),
            ("weight_0_{}", "0", "The share of Ben Okafor must be a number"),
            ("cap_0_{}", "x", "“Fill up to” of Ben Okafor must be a number"),
            ("how_0", "table-9", "Choose who should get the leads."),
        ],
    )
    @pytest.mark.usefixtures("manager")
    def test_what_is_wrong_is_said(self, client, ana, ben, *, field, value, sentence):
        make_lead(owner=ana)
        said = {"how_0": "least_busy", "member_0": ben.pk}

        response = decide(client, ana, **said | {field.format(ben.pk): value})

        assertContains(response, sentence, status_code=422)
        assert not SavedPlan.objects.exists()


class TestCoverages:
    """What lies with somebody only for another is not theirs to be given away."""

    def test_leads_held_for_somebody_else_are_in_no_pile(
        self, client, manager, ana, ben
    ):
        coverage = make_coverage(ben, ana, state="active")
        make_hold(coverage, make_lead(owner=ana))
        own = make_lead(owner=ana)

        shown = client.get(f"/team/{ana.pk}/leaving/")
        confirm(client, decide(client, ana, how_0="member", member_0=ben.pk))

        assertContains(
            shown, "1 lead is with Ana Sousa only for Ben Okafor, 11 to 15 May"
        )
        assertContains(shown, f"/coverage/{coverage.pk}/coverer/")
        assert [row.lead for row in Assignment.objects.all()] == [own]

    def test_promises_and_absences_of_their_own_are_named(
        self, client, manager, ana, ben
    ):
        make_lead(owner=ana)
        promise = make_coverage(ben, ana)
        own = make_coverage(ana, ben, state="active")
        make_hold(own, make_lead(owner=ben))

        response = client.get(f"/team/{ana.pk}/leaving/")

        assertContains(response, "Ana Sousa is to cover Ben Okafor, 11 to 15 May.")
        assertContains(response, f"/coverage/{promise.pk}/coverer/")
        assertContains(response, "Ana Sousa is away 11 to 15 May. 1 lead is covered")

    def test_what_is_over_or_only_proposed_is_not(self, client, manager, ana, ben):
        make_lead(owner=ana)
        for state in ("completed", "proposed"):
            make_coverage(ben, ana, state=state)

        response = client.get(f"/team/{ana.pk}/leaving/")

        assertNotContains(response, "Coverages of Ana Sousa")
