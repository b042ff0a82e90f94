"""One line says who gets all that no pile decides about, and ends it."""

from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch, Lead
from assignments.services.bulk.undo import preview_undo
from assignments.services.people.members import activate_member
from tests.dashboard.team.leaving_pages import confirm, decide
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_lead,
    make_member,
    make_rule,
    make_table,
    make_team,
    make_user,
)


class TestEverything:
    """One line says who gets all that no pile decides about."""

    def test_goes_to_one_and_ends_in_the_deactivation(self, client, manager, ana, ben):
        for _ in range(3):
            make_lead(owner=ana)
        response = decide(client, ana, member=ben.pk, deactivate="on")
        assertContains(response, "Assign 3 leads and deactivate Ana Sousa")

        shown = confirm(client, response)

        ana.refresh_from_db()
        assert not ana.is_active
        assert {row.to for row in Assignment.objects.all()} == {ben}
        assertContains(shown, "Ana Sousa is deactivated and gets no more leads.")
        assertContains(shown, "Activate Ana Sousa again")

    def test_can_be_undone_only_once_the_leaver_is_active_again(
        self, client, manager, ana, ben
    ):
        for _ in range(3):
            make_lead(owner=ana)
        response = decide(client, ana, member=ben.pk, deactivate="on")
        assertContains(
            response,
            "All 3 can be undone together once Ana Sousa is activated again.",
        )

        confirm(client, response)

        batch = Batch.objects.get()
        Assignment.objects.update(state="done", finished_at="2026-05-11T09:00Z")
        Lead.objects.update(owner=ben)
        assert not preview_undo(batch=batch, actor=batch.actor, at=MONDAY).back
        ana.refresh_from_db()
        activate_member(actor=batch.actor, member=ana)
        undo = preview_undo(batch=batch, actor=batch.actor, at=MONDAY)
        assert len(undo.back) == 3

    def test_can_be_undone_at_once_if_the_member_stays_active(
        self, client, manager, ana, ben
    ):
        make_lead(owner=ana)

        response = decide(client, ana, member=ben.pk)

        assertContains(response, "You can undo it.")

    def test_does_not_deactivate_whom_a_lead_is_on_the_way_to_by_now(
        self, client, manager, ana, ben
    ):
        make_lead(owner=ana)
        response = decide(client, ana, member=ben.pk, deactivate="on")
        make_assignment(make_lead(owner=ben), ana)

        shown = confirm(client, response)

        ana.refresh_from_db()
        assert ana.is_active
        assert not Batch.objects.exists()
        told = "Since this preview, 1 lead is on the way to Ana Sousa."
        assertContains(shown, told)
        assertNotContains(shown, "Deactivate Ana Sousa when this is confirmed")

    def test_goes_to_several_evenly_by_open_leads(self, client, manager, ana, ben):
        cem = make_member("Cem Kaya")
        make_lead(owner=cem)
        make_lead(owner=cem)
        for _ in range(4):
            make_lead(owner=ana)

        confirm(client, decide(client, ana, member=[ben.pk, cem.pk]))

        to = [row.to for row in Assignment.objects.all()]
        assert (to.count(ben), to.count(cem)) == (3, 1)

    def test_goes_to_several_one_by_one(self, client, manager, ana, ben):
        cem = make_member("Cem Kaya")
        make_lead(owner=cem)
        make_lead(owner=cem)
        for _ in range(4):
            make_lead(owner=ana)

        said = {"member": [ben.pk, cem.pk], "spread": "round_robin"}
        confirm(client, decide(client, ana, **said))

        to = [row.to for row in Assignment.objects.all()]
        assert (to.count(ben), to.count(cem)) == (2, 2)

    def test_leaves_closed_leads_where_they_are(self, client, manager, ana, ben, piles):
        response = decide(client, ana, member=ben.pk)

        assertContains(response, "3 will move")
        assertContains(response, "1 closed lead stays with Ana Sousa.")

    def test_takes_closed_leads_too_if_asked(self, client, manager, ana, ben, piles):
        response = decide(client, ana, member=ben.pk, closed="on")

        assertContains(response, "4 will move")

    def test_is_all_but_the_piles_that_are_decided(
        self, client, manager, ana, ben, piles
    ):
        cem = make_member("Cem Kaya")
        hot = piles["hot"]
        said = {f"how_{hot}": "member", f"member_{hot}": cem.pk, "how_0": "leave"}
        make_lead(owner=ana, category=make_category("Maybe"))

        confirm(client, decide(client, ana, member=ben.pk, **said))

        to = [row.to for row in Assignment.objects.all()]
        assert (to.count(ben), to.count(cem)) == (1, 2)

    def test_keeps_what_was_chosen_when_the_piles_change(
        self, client, manager, ana, ben, piles
    ):
        said = {"member": ben.pk, "how_0": "leave", "regroup": "campaign", "said": "1"}

        response = client.post(f"/team/{ana.pk}/leaving/", said)

        assertContains(response, f'value="{ben.pk}" checked')
        assertContains(response, "No campaign")
        assert "csrf" not in response.request["QUERY_STRING"]

    def test_deactivates_nobody_for_a_team_lead(self, client, ana, ben):
        theo = make_user("Theo Lead")
        client.force_login(theo)
        team = make_team(leads=(theo,))
        for member in (ana, ben):
            member.team = team
            member.save()
        make_lead(owner=ana)

        confirm(client, decide(client, ana, member=ben.pk, deactivate="on"))

        ana.refresh_from_db()
        assert ana.is_active
        assert Assignment.objects.get().to == ben

    def test_says_what_is_still_with_a_deactivated_member(
        self, client, manager, ana, ben
    ):
        make_lead(owner=ana)
        shown = confirm(client, decide(client, ana, member=ben.pk, deactivate="on"))
        assertContains(shown, "The leads follow by themselves")
        batch = Assignment.objects.get().batch
        Assignment.objects.update(state="refused", finished_at="2026-05-11T09:00Z")

        page = client.get(f"/batches/{batch.pk}/")

        assertContains(page, "1 open lead</a> is still with Ana Sousa")
        assertContains(client.get("/review/"), "With a deactivated member")

    def test_can_be_taken_back_after_activating_again(self, client, manager, ana, ben):
        make_lead(owner=ana)
        confirm(client, decide(client, ana, member=ben.pk, deactivate="on"))
        Assignment.objects.update(state="done", finished_at="2026-05-11T09:00Z")
        Lead.objects.update(owner=ben)
        batch = Assignment.objects.get().batch

        back = f"/batches/{batch.pk}/"
        response = client.post(f"/team/{ana.pk}/activate/", {"next": back})
        assertRedirects(response, back)
        client.post(f"{back}undo/")

        assert Assignment.objects.latest("pk").to == ana

    def test_names_rules_tables_and_teams(self, client, manager, ana, ben):
        make_lead(owner=ana)
        make_table({"de": ana}, name="Countries")
        make_rule(ana, ben, name="Nordics")
        make_rule(ana, name="Alps")

        page = client.get(f"/team/{ana.pk}/leaving/")

        assertContains(
            page, "it passes Ana Sousa over and goes on with 1 other member."
        )
        assertContains(page, "is its only member, so it gives leads to nobody.")
        assertContains(page, "1 line names Ana Sousa.")
