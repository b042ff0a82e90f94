"""What pages of a coverage say is what they count, and as it will be written."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Coverage, Member
from tests.dashboard.pages import htmx
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_user,
)

START = "{away} is away from {first_day}. {covering} answers {lead} of {campaign}."


@pytest.fixture
def running(ana, ben) -> Coverage:
    first = timezone.localdate() - timedelta(days=2)
    return make_coverage(
        ana, ben, first_day=first, state="active",
        began_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip


@pytest.fixture
def cem() -> Member:
    return make_member("Cem Kaya")


def ended_hold(coverage, outcome, **fields):
    return make_hold(
        coverage, make_lead(), state="ended", outcome=outcome,
        ended_at=timezone.now(), **fields,
    )  # fmt: skip


class TestEndEarly:
    @pytest.fixture
    def figures(self, running, ben) -> Coverage:
        for _ in range(3):
            make_hold(running, make_lead(owner=ben), to=ben)
        make_hold(running, make_lead(), to=ben, state="taking", taken_at=None)
        ended_hold(running, "back", to=ben)
        for _ in range(2):
            ended_hold(
                running, "moved", to=ben,
                ended_by=make_assignment(make_lead(), make_member()),
            )  # fmt: skip
        ended_hold(running, "gone", to=ben)
        return running

    @pytest.mark.parametrize("where", ["", "end/"])
    def test_dialog_and_page_say_the_figures_of_the_page(
        self, client, manager, figures, where
    ):
        response = client.get(f"/coverage/{figures.pk}/{where}")

        assertContains(
            response,
            "3 leads are out and go back to Ana Sousa. "
            "1 more is on its way out: it is stopped, or comes back. "
            "Nothing changes for 1 back with Ana Sousa already, 2 moved by people "
            "and 1 settled otherwise.",
        )
        assertContains(response, "Return 3 leads now")

    def test_its_numbers_are_all_that_was_taken(self, client, manager, figures):
        page = client.get(f"/coverage/{figures.pk}/")

        tally, sentence = page.context["tally"], page.context["end_sentence"]
        numbers = [int(number) for number in re.findall(r"\d+", sentence)]
        assert sum(numbers) == tally.taken + tally["taking"]

    def test_a_poll_brings_the_figures_of_the_open_dialog(
        self, client, manager, figures, ben
    ):
        make_hold(figures, make_lead(owner=ben), to=ben)

        polled = client.get(f"/coverage/{figures.pk}/", headers=htmx("running"))

        assertContains(polled, 'id="end-sentence" hx-swap-oob="innerHTML"')
        assertContains(polled, "4 leads are out")
        assertContains(polled, "Return 4 leads now")
        assertNotContains(client.get(f"/coverage/{figures.pk}/"), "hx-swap-oob")

    def test_afterwards_it_says_the_same_number(self, client, manager, running, ben):
        for _ in range(2):
            make_hold(running, make_lead(owner=ben), to=ben)

        response = client.post(f"/coverage/{running.pk}/end/", follow=True)

        assertContains(response, "Ended. 2 leads go back to Ana Sousa")

    def test_without_a_lead_out_the_button_returns_nothing(
        self, client, manager, running
    ):
        response = client.get(f"/coverage/{running.pk}/end/")

        assertContains(response, "No lead is out any more.")
        assertContains(response, "End it now")


class TestNotes:
    @pytest.fixture
    def lead(self, ana):
        campaign = make_campaign("Nordics")
        return make_lead("Lena Lead", owner=ana, campaign=campaign)

    def planned(self, ana, ben, **fields) -> Coverage:
        first = timezone.localdate() + timedelta(days=7)
        return make_coverage(
            ana, ben, first_day=first,
            start_note=START, return_note="Back: {away}. Thanks, {covering}.", **fields,
        )  # fmt: skip

    @pytest.mark.usefixtures("manager", "lead")
    @pytest.mark.parametrize("state", ["proposed", "scheduled"])
    def test_the_page_before_the_start_shows_them_as_a_lead_gets_them(
        self, client, ana, ben, state
    ):
        coverage = self.planned(ana, ben, state=state)

        response = client.get(f"/coverage/{coverage.pk}/")

        assertContains(response, "Ben Okafor answers Lena Lead of Nordics.")
        assertContains(response, "Back: Ana Sousa. Thanks, Ben Okafor.")
        assertContains(response, "Written in Smartlead, for example on Lena Lead")
        assertNotContains(response, "{away}")
        assertNotContains(response, "{covering}")

    def test_without_a_lead_they_name_none(self, client, manager, ana, ben):
        coverage = self.planned(ana, ben)

        response = client.get(f"/coverage/{coverage.pk}/")

        assertContains(response, "Ben Okafor answers the lead of the campaign.")
        assertContains(response, "Written in Smartlead</small>")
        assertNotContains(response, "{away}")

    def test_a_running_one_shows_those_of_a_lead_that_it_took(
        self, client, manager, running, ben, lead
    ):
        Coverage.objects.filter(pk=running.pk).update(start_note=START)
        make_hold(running, lead, to=ben)

        response = client.get(f"/coverage/{running.pk}/")

        assertContains(response, "Ben Okafor answers Lena Lead of Nordics.")

    def test_where_leads_are_kept_no_note_stands_at_the_end(
        self, client, manager, ana, ben, lead
    ):
        coverage = self.planned(ana, ben, on_return="keep")

        assertContains(client.get(f"/coverage/{coverage.pk}/"), "No note at the end")

    def test_the_form_shows_both(self, client, manager, ana, ben, lead):
        days = [timezone.localdate() + timedelta(days=number) for number in (7, 9)]
        response = client.post(
            "/coverage/preview/",
            {
                "member": ana.pk, "drawn_for": ana.pk, "zone": "UTC",
                "first_day": days[0], "last_day": days[1], "covering": [ben.pk],
                "start_note": START, "return_note": "Back: {away}.",
            },
            headers=htmx("planner"),
        )  # fmt: skip

        assertContains(response, "Ben Okafor answers Lena Lead of Nordics.")
        assertContains(response, "Back: Ana Sousa.")


class TestLimitedMembers:
    @pytest.fixture
    def nordics(self, ana, ben, cem) -> SimpleNamespace:
        """A coverage of Ana's 8 leads of Nordics by Cem, and of 6 others in shares."""
        campaign = make_campaign("Nordics")
        for _ in range(8):
            make_lead(owner=ana, campaign=campaign)
        for _ in range(6):
            make_lead(owner=ana)
        coverage = make_coverage(
            ana, ben, make_member("Dua Lim"), cem,
            first_day=timezone.localdate() + timedelta(days=7),
        )  # fmt: skip
        coverage.coverers.get(member=cem).campaigns.set([campaign])
        return SimpleNamespace(coverage=coverage, campaign=campaign)

    def test_before_the_start_it_is_explained_and_the_sum_is_right(
        self, client, manager, nordics
    ):
        response = client.get(f"/coverage/{nordics.coverage.pk}/")

        assertContains(
            response,
            "Cem Kaya takes all 8 of Nordics; the shares divide the other 6.",
        )
        assertContains(response, "Together")
        assertContains(response, "+14")
        parts = response.context["preview"].preview.parts
        assert [part.leads for part in parts] == [3, 3, 8]

    def test_the_form_explains_it_and_asks_for_no_share(self, client, manager, nordics):
        response = client.get(f"/coverage/{nordics.coverage.pk}/edit/")

        limited = nordics.coverage.coverers.get(campaigns=nordics.campaign).member
        assertContains(
            response, "takes all 8 of Nordics; the shares divide the other 6"
        )
        assertContains(response, "no share")
        assertNotContains(response, f"Share of {limited}")

    def test_a_running_one_says_how_many_each_took_so_far(
        self, client, manager, nordics, ben, cem
    ):
        coverage = nordics.coverage
        Coverage.objects.filter(pk=coverage.pk).update(
            state="active",
            starts_at=timezone.now() - timedelta(hours=1),
            began_at=timezone.now(),
        )
        for _ in range(2):
            make_hold(coverage, make_lead(owner=cem), to=cem)
        make_hold(coverage, make_lead(owner=ben), to=ben)

        response = client.get(f"/coverage/{coverage.pk}/")

        assertContains(
            response,
            "Cem Kaya takes the leads of Nordics, 2 so far; the shares divide the rest, "
            "1 so far.",
        )

    def test_two_who_share_one_campaign_are_not_said_to_take_all(
        self, client, manager, nordics, ben
    ):
        coverer = nordics.coverage.coverers.get(member=ben)
        coverer.campaigns.set([nordics.campaign])

        response = client.get(f"/coverage/{nordics.coverage.pk}/")

        assertContains(response, "Dua Lim takes the other 6.")
        assertContains(response, "Ben Okafor takes 4 of the 8 of Nordics")
        assertContains(response, "Cem Kaya takes 4 of the 8 of Nordics")

    def test_a_category_is_named_as_one(self, client, manager, nordics, cem):
        coverer = nordics.coverage.coverers.get(member=cem)
        coverer.categories.set([make_category("Interested")])

        response = client.get(f"/coverage/{nordics.coverage.pk}/")

        assertContains(
            response,
            "Cem Kaya takes only leads of Nordics in the category Interested, none today",
        )

    def test_in_even_shares_nothing_needs_to_be_explained(
        self, client, manager, ana, ben
    ):
        first = timezone.localdate() + timedelta(days=7)
        coverage = make_coverage(ana, ben, first_day=first)

        assertNotContains(client.get(f"/coverage/{coverage.pk}/"), 'id="limits"')


class TestToConfirm:
    def proposals(self, *members) -> list[Coverage]:
        first = timezone.localdate() + timedelta(days=7)
        return [
            make_coverage(one, state="proposed", first_day=first) for one in members
        ]

    def confirmed(self, response: HttpResponse) -> list[str]:
        return re.findall(
            r'action="/coverage/(\d+)/confirm/"', response.content.decode()
        )

    def test_what_this_user_may_confirm_stands_on_top(self, client, db):
        lead = make_user("Theo Brandt")
        mine, other = make_team(leads=(lead,)), make_team()
        own, _ = self.proposals(
            make_member("Ana", team=mine), make_member("Ben", team=other)
        )
        client.force_login(lead)

        response = client.get("/coverage/")

        assert self.confirmed(response) == [str(own.pk)]
        assert response.context["waiting_total"] == 1
        assertContains(response, "To confirm")

    def test_who_may_confirm_nothing_sees_no_list(self, client, stranger, ana):
        self.proposals(ana)

        assertNotContains(client.get("/coverage/"), "To confirm")

    def test_it_is_confirmed_as_it_was_shown(self, client, manager, ana, ben):
        (proposal,) = self.proposals(ana)
        event = proposal.events.create(at=timezone.now(), sentence="Ana proposed it.")
        shown = client.get("/coverage/")
        proposal.events.create(at=timezone.now(), sentence="Ana changed the days.")

        response = client.post(f"/coverage/{proposal.pk}/confirm/", {"seen": event.pk})

        assertContains(shown, f'name="seen" value="{event.pk}"')
        assertContains(response, "Meanwhile: Ana changed", status_code=409)

    def test_the_number_counts_those_beyond_the_list_too(
        self, client, manager, monkeypatch
    ):
        monkeypatch.setattr("dashboard.coverage.views.MOST_WAITING", 2)
        self.proposals(*[make_member(f"Member {number}") for number in range(3)])

        response = client.get("/coverage/")

        assert len(self.confirmed(response)) == 2
        assert response.context["waiting_total"] == 3
        assertContains(response, "These 2 start first.")

    def test_who_declines_says_why_and_is_told_that_it_is_passed_on(
        self, client, manager, ana
    ):
        (proposal,) = self.proposals(ana)
        Coverage.objects.filter(pk=proposal.pk).update(created_by=make_manager("Tom T"))

        response = client.post(
            f"/coverage/{proposal.pk}/decline/", {"why": "Fair week"}, follow=True
        )

        assertContains(response, "Declined. Tom T has been told.")
        assertContains(response, "declined it: Fair week.")
        assert response.context["state_word"] == "Declined"

    def test_a_scheduled_one_that_is_cancelled_is_not_declined(
        self, client, manager, ana
    ):
        (planned,) = self.proposals(ana)
        Coverage.objects.filter(pk=planned.pk).update(
            state="scheduled", confirmed_by=manager
        )

        response = client.post(f"/coverage/{planned.pk}/cancel/", follow=True)

        assertContains(response, "cancelled it.")
        assert response.context["state_word"] == "Cancelled"

    def test_the_page_before_names_the_proposer_once_and_whom_it_tells(
        self, client, manager, ana
    ):
        (proposal,) = self.proposals(ana)
        user = make_user("Ana Sousa")
        Member.objects.filter(pk=ana.pk).update(user=user)
        Coverage.objects.filter(pk=proposal.pk).update(created_by=user)

        declining = client.get(f"/coverage/{proposal.pk}/decline/")
        Coverage.objects.filter(pk=proposal.pk).update(state="scheduled")
        cancelling = client.get(f"/coverage/{proposal.pk}/cancel/")

        assertContains(declining, "Ana Sousa proposed this. If you decline it")
        for page in (declining, cancelling):
            assertContains(page, "Ana is told, with your reason.")
