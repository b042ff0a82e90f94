import re
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch, LookupTable, SavedPlan
from assignments.models.assignment import Cause, State
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_campaign,
    make_lead,
    make_member,
    make_team,
    make_user,
)


def preview(client: Client, leads=(), *, headers=None, **said):
    if leads:
        said["lead"] = [lead.pk for lead in leads]
    return client.post("/assign/", said, headers=headers or {}, follow=True)


def plan_of(response) -> str:
    found = re.search(r'name="plan" value="(\d+)"', response.content.decode())
    assert found
    return found[1]


def confirm(client: Client, response, **said):
    data = {"plan": plan_of(response), "confirm": "1"}
    return client.post("/assign/", data | said)


class TestChoosing:
    def test_names_the_number_and_asks_how_and_among_whom(self, client, manager, ben):
        leads = [make_lead(), make_lead()]

        response = client.get("/assign/", {"lead": [lead.pk for lead in leads]})

        assertContains(response, "Assign 2 leads")
        assertContains(response, 'value="least_busy" checked')
        assertContains(response, 'id="strategy-round_robin" value="round_robin"')
        assertContains(response, f'type="checkbox" name="member" id="member-{ben.pk}"')
        assert not SavedPlan.objects.exists()

    def test_a_filter_stands_for_all_that_match(self, client, manager, ben):
        campaign = make_campaign("Cold storage")
        for _ in range(3):
            make_lead(campaign=campaign)
        make_lead()

        response = client.get("/assign/", {"filter": f"campaign={campaign.pk}"})

        assertContains(response, "Assign 3 leads")
        assertContains(response, "Campaign: Cold storage")

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({}, "Select at least one lead first."),
            ({"lead": ["x"]}, "1 of these leads cannot be found."),
            ({"lead": ["9" * 30, "7"]}, "2 of these leads cannot be found."),
            ({"lead": list(range(501))}, "501 leads are too many to name one by one"),
            ({"filter": "q=zzz"}, "No lead matches this filter (any more)."),
            ({"filter": "owner=x"}, "The owner in this address is not known here"),
        ],
    )
    def test_says_what_is_wrong_with_the_selection(
        self, client, manager, said, sentence
    ):
        response = client.get("/assign/", said)

        assertContains(response, sentence)
        assertNotContains(response, 'name="strategy"')

    @pytest.mark.parametrize("method", ["get", "post"])
    @pytest.mark.parametrize(
        "said",
        [
            {"filter": "ownr=5"},
            {"filter": "status=unread&ownr=5"},
            {"filter": "status=unread", "ownr": "5"},
            {"filter": "ownr=5", "member": "1"},
        ],
    )
    def test_a_filter_that_is_not_known_never_means_all_leads(
        self, client, manager, method, said
    ):
        make_lead()

        response = getattr(client, method)("/assign/", said)

        assertContains(response, "There is no filter “ownr”.", status_code=400)
        assert not SavedPlan.objects.exists()

    @pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-1", "²", "x"])
    def test_no_number_is_too_long_to_be_refused_in_words(
        self, client, manager, number
    ):
        lead = make_lead()

        leads = client.post("/assign/", {"lead": number})
        member = preview(client, [lead], member=number)
        plan = client.post("/assign/", {"plan": number, "confirm": "1"})
        further = client.get("/assign/", {"plan": number, "start": number})

        assertContains(leads, "1 of these leads cannot be found.")
        assertContains(member, "There is no member with the id", status_code=422)
        assertContains(plan, "This preview is no longer there.", status_code=409)
        assert further.status_code == 404

    def test_a_filter_is_never_cut_to_one_that_matches_more(self, client, manager, ana):
        make_lead(owner=ana)
        make_lead()
        query = "sla=" + "&sla=" * 500 + f"&owner={ana.pk}"

        assertContains(
            client.get("/assign/", {"filter": query}), "This filter is too long."
        )

    def test_a_table_of_another_kind_is_not_offered(self, client, manager, ana):
        skills = LookupTable.objects.create(
            name="Skills", kind="expertise", attribute="campaign"
        )

        response = preview(client, [make_lead()], strategy="territory", table=skills.pk)

        assertContains(response, "There is no such table", status_code=422)
        assertNotContains(response, "Skills", status_code=422)

    def test_more_members_and_leads_ask_no_more_queries(self, client, manager, ana):
        leads = [make_lead(owner=ana)]
        ask = {"lead": [leads[0].pk]}
        one = queries_of(lambda: client.get("/assign/", ask))
        leads += [make_lead(owner=make_member(team=make_team())) for _ in range(20)]
        ask = {"lead": [lead.pk for lead in leads]}

        assert queries_of(lambda: client.get("/assign/", ask)) == one


class TestPreview:
    def test_says_who_gets_what_and_why_and_who_stays(
        self, client, manager, ana, ben, settings
    ):
        settings.SMARTLEAD_RATE_LIMITS = [(8, 2.0), (55, 60.0)]
        moving, staying = make_lead("Lena Lead", owner=ana), make_lead("O K", owner=ben)

        response = preview(client, [moving, staying], member=ben.pk, reason="Fewer.")

        assertContains(response, "1 will move")
        assertContains(response, "Fewer. Sara Klein chose Ben Okafor.")
        assertContains(response, "1 stays where it is")
        assertContains(response, "It is already with Ben Okafor.")
        assertContains(response, "It takes about 3 seconds: 2 calls to Smartlead")
        assertContains(response, "which may send the new owner an e-mail")
        assert not Assignment.objects.exists()

    def test_fills_nobody_beyond_the_number_said(self, client, manager, ana, ben):
        leads = [make_lead() for _ in range(3)]
        said = {"strategy": "least_busy", "member": [ana.pk, ben.pk]}

        response = preview(client, leads, **said, **{f"cap_{ana.pk}": "1"})

        assertContains(response, '<td class="num strong gets">+1</td>')
        assertContains(response, "Ana Sousa is at 1 of 1.")
        assertContains(response, f'name="cap_{ana.pk}" id="cap-{ana.pk}"')

    def test_htmx_gets_the_changing_part_alone(self, client, manager, ben):
        response = preview(client, [make_lead()], member=ben.pk, headers=htmx("assign"))

        assertNotContains(response, "<html")
        assertContains(response, "1 will move")
        assert response["HX-Replace-Url"] == f"/assign/?plan={plan_of(response)}"

    def test_shows_loads_before_and_after(self, client, manager, ana, ben):
        ben.capacity = 1
        ben.save()
        leads = [make_lead(owner=ana) for _ in range(2)]

        response = preview(client, leads, member=ben.pk)

        assertContains(response, "2 <small>/1</small>")
        assertContains(response, "would have more open leads than their capacity.")

    def test_spreads_by_weight(self, client, manager, ana, ben):
        leads = [make_lead() for _ in range(3)]
        said = {
            "strategy": "round_robin",
            "member": [ana.pk, ben.pk],
            f"weight_{ana.pk}": "2",
            f"weight_{ben.pk}": "1,0",
        }

        response = preview(client, leads, **said)

        assertContains(response, '<td class="num strong gets">+2</td>')
        assertContains(response, '<td class="num strong gets">+1</td>')

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"strategy": "member"}, "Choose who should have the leads."),
            ({"member": "abc"}, "There is no member with the id “abc”."),
            ({"member": "4242"}, "There is no member with the id 4242."),
            ({"strategy": "magic"}, "There is no strategy “magic”."),
            ({"strategy": "territory"}, "Choose the table that says who."),
            ({"reason": "x" * 301}, "The reason has 301 characters; 300 is the most."),
            ({"note": "Hi {who}"}, "“{who}” is no placeholder."),
            ({"note": "x" * 5001}, "The note has 5001 characters; 5000 is the most."),
            ({"weight": "0"}, "The share of Ben Okafor must be a number"),
            ({"weight": "nan"}, "The share of Ben Okafor must be a number"),
            ({"cap": "-1"}, "“Fill up to” of Ben Okafor must be a number"),
            ({"cap": "1000000"}, "“Fill up to” of Ben Okafor must be a number"),
        ],
    )
    def test_a_form_that_is_not_valid_is_asked_again(
        self, client, manager, ben, said, sentence
    ):
        if {"weight", "cap"} & said.keys():
            said = {f"{name}_{ben.pk}": value for name, value in said.items()}
            said |= {"strategy": "least_busy", "member": ben.pk}
        elif not {"member", "strategy"} & said.keys():
            said |= {"member": ben.pk}

        response = preview(client, [make_lead()], **said)

        assertContains(response, sentence, status_code=422)
        assert not SavedPlan.objects.exists()

    def test_while_somebody_is_choosing_nothing_is_missing_yet(
        self, client, manager, ben
    ):
        asked = client.get("/assign/", {"lead": make_lead().pk})
        changed = preview(
            client, [make_lead()], strategy="least_busy", headers=htmx("assign")
        )

        for response in (asked, changed):
            assertNotContains(response, "Choose who should have the leads.")
        assertContains(changed, 'type="checkbox" name="member"')

    def test_one_member_means_one(self, client, manager, ana, ben):
        response = preview(
            client, [make_lead()], strategy="member", member=[ana.pk, ben.pk]
        )

        assertContains(response, "Choose one person only", status_code=422)


class TestConfirming:
    def test_makes_the_batch_and_shows_it(self, client, manager, ana, ben):
        leads = [make_lead(owner=ana) for _ in range(3)]

        response = confirm(client, preview(client, leads, member=ben.pk))

        batch = Batch.objects.get()
        assertRedirects(
            response, f"/batches/{batch.pk}/", fetch_redirect_response=False
        )
        assert (batch.cause, batch.actor) == (Cause.BULK, manager)
        assert batch.reason == "Sara Klein chose Ben Okafor for 3 leads."
        assert {row.state for row in batch.assignments.all()} == {State.WAITING}

    def test_the_leads_of_the_preview_not_those_that_match_by_now(
        self, client, manager, ben
    ):
        early = make_lead("Early Bird")
        response = preview(client, filter="", member=ben.pk)
        make_lead("Too Late")

        confirm(client, response)

        assert [row.lead for row in Assignment.objects.all()] == [early]

    def test_twice_is_one_batch(self, client, manager, ben):
        response = preview(client, [make_lead()], member=ben.pk)

        first, second = confirm(client, response), confirm(client, response)

        assert first["Location"] == second["Location"]
        assert Batch.objects.count() == 1

    def test_a_preview_of_yesterday_is_shown_anew_and_nothing_moves(
        self, client, manager, ben
    ):
        response = preview(client, [make_lead()], member=ben.pk)
        plan = SavedPlan.objects.get()
        SavedPlan.objects.update(created_at=plan.created_at - timedelta(hours=25))

        again = confirm(client, response)

        assertContains(again, "more than a day old", status_code=409)
        assertContains(again, "1 will move", status_code=409)
        assert plan_of(again) != plan_of(response)
        assert not Batch.objects.exists()

    def test_turns_taken_meanwhile_show_the_plan_anew(self, client, manager, ana, ben):
        said = {"strategy": "round_robin", "member": [ana.pk, ben.pk]}
        first, second = (preview(client, [make_lead()], **said) for _ in range(2))
        confirm(client, first)

        again = confirm(client, second)

        assertContains(again, "others are next now", status_code=409)
        assertContains(again, "Ben Okafor: next of 2 in turn.", status_code=409)
        assert confirm(client, again).status_code == 302

    @pytest.mark.parametrize("plan", ["", "x", "424242", "9" * 40, "-1"])
    def test_a_preview_that_is_not_there_is_said(self, client, manager, plan):
        response = client.post("/assign/", {"plan": plan, "confirm": "1"})

        assertContains(response, "This preview is no longer there", status_code=409)

    def test_somebody_elses_preview_is_not_theirs_to_confirm(
        self, client, manager, ben
    ):
        response = preview(client, [make_lead()], member=ben.pk)
        client.force_login(make_user(is_sales_manager=True))

        refused = confirm(client, response)

        assertContains(refused, "Somebody else made this preview", status_code=403)


class TestWhoMay:
    def test_a_team_lead_for_the_team(self, client, ana, ben):
        user = make_user()
        client.force_login(user)
        team = make_team(leads=(user,))
        for member in (ana, ben):
            member.team = team
            member.save()

        confirm(client, preview(client, [make_lead(owner=ana)], member=ben.pk))

        assert Assignment.objects.get().actor == user

    def test_but_not_to_another_team(self, client, ana, ben):
        user = make_user()
        client.force_login(user)
        ana.team = make_team(leads=(user,))
        ana.save()

        response = preview(client, [make_lead(owner=ana)], member=ben.pk)

        assertContains(response, "is not in your team", status_code=403)

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_member_may_not_and_is_told_why(self, client, ana, ben, method):
        user = make_user()
        client.force_login(user)
        ana.user = user
        ana.save()
        said = {"lead": make_lead(owner=ana).pk, "member": ben.pk}

        response = getattr(client, method)("/assign/", said)

        assertContains(response, "Only a team lead or a sales", status_code=403)


class TestSelecting:
    def test_rows_that_the_viewer_may_move_can_be_selected(self, client, manager):
        lead = make_lead("Lena Lead")

        assertContains(client.get("/inbox/"), f'value="{lead.pk}" form="selection"')

    def test_other_rows_cannot(self, client, stranger, ana):
        make_lead(owner=ana)

        assertNotContains(client.get("/inbox/"), 'form="selection"')

    def test_all_that_match_are_one_link_away(self, client, manager, ana):
        for _ in range(2):
            make_lead(owner=ana)

        response = client.get("/inbox/", {"owner": ana.pk})

        assertContains(response, f"/assign/?filter=owner%3D{ana.pk}&amp;next=")
        assertContains(response, "or assign all 2 that match")
