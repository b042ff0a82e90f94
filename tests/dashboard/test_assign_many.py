import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment, Batch
from assignments.models.assignment import Cause, State
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_assignment,
    make_lead,
    make_member,
    make_team,
    make_user,
)


def ask(client, *leads, headers=None):
    data = {"lead": [lead.pk for lead in leads], "next": "/inbox/?q=x"}
    return client.get("/assign/", data, headers=headers or {})


def post(client, leads, *, headers=None, **data):
    data["lead"] = [lead.pk for lead in leads]
    return client.post("/assign/", data, headers=headers or {})


class TestAsking:
    def test_names_the_number_and_each_lead(self, client, manager, ben):
        leads = [make_lead("Lena Lead"), make_lead("Omar Other")]

        response = ask(client, *leads)

        assertContains(response, "Give 2 leads to")
        assertContains(response, "Assign 2 leads")
        assertContains(response, "Omar Other")
        assertContains(response, 'value="/inbox/?q=x"')

    def test_htmx_gets_it_in_the_picker(self, client, manager, ben):
        response = ask(client, make_lead(), headers=htmx("picker"))

        assertNotContains(response, "<html")
        assert response["HX-Retarget"] == "#picker"

    def test_shows_each_members_team_and_open_leads(self, client, manager, ana):
        ana.capacity, ana.team = 5, make_team("EMEA")
        ana.save()
        make_lead(owner=ana)

        response = ask(client, make_lead())

        assertContains(response, "1/5<span")
        assertContains(response, "<small>EMEA")

    def test_fifty_leads_and_members_ask_no_more_than_one(self, client, manager, ana):
        leads = [make_lead(owner=ana)]
        one = queries_of(lambda: ask(client, *leads))
        leads += [make_lead(owner=make_member(team=make_team())) for _ in range(20)]

        assert queries_of(lambda: ask(client, *leads)) == one

    @pytest.mark.parametrize(
        ("wanted", "sentence"),
        [
            ([], "Select at least one lead first."),
            (["x"], "1 of these leads cannot be found."),
            (["9" * 30, "7"], "2 of these leads cannot be found."),
            (list(range(501)), "501 leads are too many: 500 is the most."),
        ],
    )
    def test_says_what_is_wrong_with_the_selection(
        self, client, manager, wanted, sentence
    ):
        response = client.get("/assign/", {"lead": wanted})

        assertContains(response, sentence)
        assertNotContains(response, "<fieldset")


class TestAssigning:
    def test_makes_one_batch_and_goes_back_to_the_list(self, client, manager, ana, ben):
        leads = [make_lead(owner=ana) for _ in range(3)]

        response = post(client, leads, member=ben.pk, next="/inbox/?owner=me")

        batch = Batch.objects.get()
        assertRedirects(response, "/inbox/?owner=me", fetch_redirect_response=False)
        assert (batch.cause, batch.actor) == (Cause.BULK, manager)
        assert batch.reason == "Sara Klein chose Ben Okafor for 3 leads."
        assert {row.state for row in batch.assignments.all()} == {State.WAITING}
        assertContains(client.get("/inbox/"), "3 leads are on the way to Ben Okafor.")

    def test_with_htmx_the_list_is_told_to_read_itself_again(
        self, client, manager, ben
    ):
        response = post(client, [make_lead()], member=ben.pk, headers=htmx())

        assert "rows-changed" in response["HX-Trigger"]
        assertContains(response, "1 lead is on the way to Ben Okafor.")

    def test_keeps_the_reason_that_was_given(self, client, manager, ben):
        post(client, [make_lead()], member=ben.pk, reason="One company, one person.")

        assert Assignment.objects.get().reason == "One company, one person."

    def test_says_who_is_left_alone_and_why(self, client, manager, ana, ben):
        moved, theirs = make_lead(owner=ana), make_lead("Omar Other", owner=ben)
        going = [make_lead("Going", owner=ana) for _ in range(2)]
        for lead in going:
            make_assignment(lead, ben)

        response = post(client, [moved, theirs, *going], member=ben.pk, headers=htmx())

        assertContains(response, "1 lead is on the way to Ben Okafor.")
        assertContains(response, "Omar Other left alone: Ben Okafor already has it.")
        assertContains(response, "2 leads left alone: It is already on its way")

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({}, "Choose who should have the lead."),
            ({"member": "abc"}, "There is no member with this id."),
            ({"reason": "x" * 301}, "The reason has 301 characters; 300 is the most."),
        ],
    )
    @pytest.mark.parametrize("headers", [{}, htmx()])
    @pytest.mark.usefixtures("manager")
    def test_asks_again_when_the_form_is_not_valid(
        self, client, ben, data, sentence, headers
    ):
        valid = {"member": ben.pk} if "reason" in data else {}

        response = post(client, [make_lead()], headers=headers, **(valid | data))

        assertContains(response, sentence, status_code=422)
        assert not Batch.objects.exists()

    def test_nothing_moves_when_one_of_them_is_unknown(self, client, manager, ben):
        data = {"lead": [make_lead().pk, 424242], "member": ben.pk}

        response = client.post("/assign/", data)

        assertContains(response, "1 of these leads cannot be found.", status_code=422)
        assert not Batch.objects.exists()

    def test_a_team_lead_may_for_the_team(self, client, ana, ben):
        user = make_user()
        client.force_login(user)
        for member in (ana, ben):
            member.team = member.team or make_team(leads=(user,))
            member.save()

        post(client, [make_lead(owner=ana)], member=ben.pk)

        assert Assignment.objects.get().actor == user

    def test_a_member_may_not_and_is_told_why(self, client, ana, ben):
        user = make_user()
        client.force_login(user)
        ana.user = user
        ana.save()

        response = post(client, [make_lead(owner=ana)], member=ben.pk)

        assertContains(response, "Only a team lead or a sales", status_code=403)
        assert not Batch.objects.exists()


class TestSelecting:
    def test_rows_that_the_viewer_may_move_can_be_selected(self, client, manager):
        lead = make_lead("Lena Lead")

        assertContains(client.get("/inbox/"), f'value="{lead.pk}" form="selection"')

    def test_other_rows_cannot(self, client, stranger, ana):
        make_lead(owner=ana)

        assertNotContains(client.get("/inbox/"), 'form="selection"')
