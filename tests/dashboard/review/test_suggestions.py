"""Suggestions: shown where the lead is, accepted or dismissed by a person."""

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Suggestion
from assignments.models.assignment import Cause, State
from assignments.services.operations.tick import tick
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_absence,
    make_assignment,
    make_lead,
    make_rule,
    make_suggestion,
    make_team,
    make_user,
)


@pytest.fixture
def suggested(ana, manager) -> Suggestion:
    make_lead()
    make_rule(ana, name="DACH", mode="suggest")
    tick(at=timezone.now())
    return Suggestion.objects.get()


def test_it_is_shown_on_the_row_the_lead_and_the_review(client, suggested):
    sentence = "Rule “DACH” suggests Ana Sousa: the only one free."

    for page in ("/inbox/", f"/leads/{suggested.lead_id}/", "/review/"):
        assertContains(client.get(page), sentence)


def test_accepting_is_an_assignment_by_hand_with_its_reason(
    client, suggested, manager, ana
):
    target = f"lead-{suggested.lead_id}"

    response = client.post(f"/review/{suggested.pk}/accept/", headers=htmx(target))

    row = suggested.lead.assignments.get()
    assert (row.cause, row.to, row.actor) == (Cause.MANUAL, ana, manager)
    assert row.reason == (
        "Rule “DACH” suggested Ana Sousa: the only one free. Sara Klein agreed."
    )
    assertContains(response, "sending")
    assertNotContains(response, "Accept")


def test_without_scripts_one_goes_back_to_where_one_was(client, suggested):
    response = client.post(f"/review/{suggested.pk}/accept/", {"next": "/review/"})

    assertRedirects(response, "/review/")


def test_twice_is_once(client, suggested):
    client.post(f"/review/{suggested.pk}/accept/")
    again = client.post(f"/review/{suggested.pk}/dismiss/", headers=htmx("x"))

    assertContains(again, "has been accepted by Sara Klein.", status_code=409)
    assert suggested.lead.assignments.count() == 1


def test_nobody_is_given_a_lead_without_the_warning_that_they_are_away_by_now(
    client, suggested, ana
):
    make_absence(ana, at=timezone.now())

    response = client.post(f"/review/{suggested.pk}/accept/", headers=htmx("x"))

    assertContains(response, "Ana Sousa is away until", status_code=409)
    assert not suggested.lead.assignments.exists()


def test_a_lead_that_has_moved_meanwhile_is_not_given_away(client, suggested, ben):
    make_assignment(suggested.lead, ben)

    response = client.post(f"/review/{suggested.pk}/accept/", headers=htmx("x"))

    assertContains(response, "is on its way to Ben Okafor", status_code=409)
    assert suggested.lead.assignments.get().to == ben


def test_dismissed_stays_so(client, suggested, manager):
    client.post(f"/review/{suggested.pk}/dismiss/")
    tick(at=timezone.now())

    assert not suggested.lead.assignments.exists()
    assert Suggestion.objects.get().state == "dismissed"
    page = client.get(f"/routing/try/?lead={suggested.lead_id}")
    assertContains(page, "Sara Klein dismissed a suggestion for it")


def test_all_shown_are_accepted_and_the_rest_explained(client, ana, ben, manager):
    leads = [make_lead(), make_lead("Omar Other")]
    make_rule(ana, mode="suggest")
    tick(at=timezone.now())
    make_assignment(leads[1], ben)
    ids = list(Suggestion.objects.values_list("pk", flat=True))

    page = client.post("/review/accept/", {"suggestion": ids}, follow=True)

    assertContains(page, "1 lead is on the way.")
    assertContains(page, "Omar Other is on its way to Ben Okafor.")
    assert leads[0].assignments.get().state == State.WAITING


@pytest.mark.parametrize("asked", [[], ["x"], ["9" * 30], ["77"]])
def test_nothing_to_accept(client, manager, asked):
    response = client.post("/review/accept/", {"suggestion": asked})

    assertContains(response, "These suggestions are gone", status_code=409)


def test_only_who_may_move_the_lead_answers(client, suggested, stranger):
    for act in ("accept", "dismiss"):
        answer = client.post(f"/review/{suggested.pk}/{act}/")
        assert answer.status_code == 403
    assert Suggestion.objects.get().state == "open"
    assertNotContains(client.get(f"/leads/{suggested.lead_id}/"), "Give it to")


def test_a_team_lead_sees_those_of_the_own_teams(client, suggested, ana):
    theo = make_user("Theo Brandt")
    team = make_team(leads=(theo,))
    client.force_login(theo)
    assertContains(client.get("/review/"), "No suggestion waits for you.")

    ana.team = team
    ana.save()

    assertContains(client.get("/review/"), "Lena Lead")


def test_what_only_a_manager_may_move_is_no_suggestion_to_a_team_lead(client, ana):
    theo = make_user("Theo Brandt")
    ana.team = make_team(leads=(theo,))
    ana.save()
    for known_at in (None, timezone.now()):
        make_suggestion(make_lead(owner=None, owner_known_at=known_at), ana)
    client.force_login(theo)

    assert client.get("/review/").context["page"].paginator.count == 1


def test_more_suggestions_ask_no_more(client, suggested, ana):
    def ask() -> object:
        return client.get("/review/")

    one = queries_of(ask)
    for _ in range(3):
        make_lead()
    tick(at=timezone.now())

    assert Suggestion.objects.count() == 4
    assert queries_of(ask) == one
