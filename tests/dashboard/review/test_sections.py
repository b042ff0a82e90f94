"""The sections of the review: what they show, where they lead, who may act."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Lead
from tests.dashboard.pages import queries_of
from tests.factories import (
    make_absence,
    make_drift,
    make_lead,
    make_member,
    make_team,
    make_user,
)

INBOX = re.compile(
    r'href="(/inbox/\?review=[^"]+)" aria-label="See all[^"]*">(\d+) lead'
)


@pytest.fixture
def untidy(ana, ben) -> dict[str, Lead]:
    """A lead for each section, or more."""
    at = timezone.now()
    old = at - timedelta(days=9)
    make_absence(ben, at=at)
    inactive = make_member("Gia Gone", is_active=False)
    fresh = {"last_reply_at": at, "last_sent_at": at}
    return {
        "nobody": make_lead("Nobody Nolan", **fresh),
        "inactive": make_lead("Ina Inactive", owner=inactive, **fresh),
        "unknown": make_lead(
            "Uma Unknown", owner=make_member("", source="rows"), **fresh
        ),
        "away": make_lead("Awa Away", owner=ben, **fresh),
        "untouched": make_lead(owner=ana, last_reply_at=old, last_sent_at=old),
        "overdue": make_lead(owner=ana, answer_owed=True, answer_due_at=old, **fresh),
        "drifted": make_drift(make_lead("Dora Drift", owner=ana, **fresh), ben),
    }


def test_each_section_leads_to_exactly_its_leads(client, manager, untidy):
    found = INBOX.findall(client.get("/review/").content.decode())

    assert len(found) == 7
    for address, number in found:
        rows = client.get(unescape(address)).context["rows"]
        assert len(rows) == int(number) == 1, address


def test_all_of_a_section_can_be_assigned_at_once(client, manager, untidy, ana):
    page = client.get("/review/")
    assertContains(page, "/assign/?filter=review%3Dnobody&amp;next=/review/")

    response = client.get("/assign/?filter=review%3Dnobody&next=/review/")

    assertContains(response, "Assign 1 lead")
    assertContains(response, "Review: Without an owner")


def test_some_of_a_section_are_ticked_and_assigned(client, manager, untidy):
    page = client.get("/review/")

    lead = untidy["nobody"]
    box = f'name="lead" value="{lead.pk}" form="assign-nobody"'
    assertContains(page, box)
    assertContains(client.get(f"/assign/?next=/review/&lead={lead.pk}"), "Assign 1")


def test_who_is_away_is_said_with_their_coverage(client, manager, untidy, ben):
    coverage = ben.coverages.get()

    assertContains(client.get("/review/"), f'href="/coverage/{coverage.pk}/"')


def test_an_owner_leads_to_where_something_can_be_done(client, manager, untidy):
    page = client.get("/review/")

    assertContains(page, f'href="/team/{untidy["inactive"].owner_id}/leaving/"')
    assertContains(page, f'href="/team/{untidy["unknown"].owner_id}/"')


def test_what_drifted_is_sent_again(client, manager, untidy, ben, ana):
    lead = untidy["drifted"]
    ben.coverages.all().delete()
    data = {"member": ben.pk, "expected": ana.pk, "next": "/review/#drifted"}

    response = client.post(f"/leads/{lead.pk}/assign/", data)

    assertRedirects(response, "/review/#drifted")
    assert lead.assignments.waiting().get().to == ben
    assertNotContains(client.get("/review/"), "Send again")


def test_what_drifted_is_accepted(client, manager, untidy):
    lead = untidy["drifted"]

    page = client.post(f"/review/leads/{lead.pk}/accept/", follow=True)

    assertContains(page, "Dora Drift stays with Ana Sousa.")
    assertNotContains(page, "Send again")
    again = client.post(f"/review/leads/{lead.pk}/accept/")
    assertContains(again, "has moved on", status_code=409)


def test_only_who_may_move_the_lead_accepts(client, untidy):
    theo = make_user("Theo Brandt")
    make_team(leads=(theo,))
    client.force_login(theo)

    answer = client.post(f"/review/leads/{untidy['drifted'].pk}/accept/")

    assert answer.status_code == 403


def test_a_team_lead_reviews_the_own_teams(client, untidy, ana):
    theo = make_user("Theo Brandt")
    ana.team = make_team(leads=(theo,))
    ana.save()
    client.force_login(theo)

    page = client.get("/review/")

    assertContains(page, "Dora Drift")
    assertContains(page, "Nobody Nolan")
    assertNotContains(page, "Ina Inactive")
    rows = client.get("/inbox/?review=inactive").context["rows"]
    assert rows == []


def test_the_days_are_a_choice(client, manager, untidy):
    assertContains(client.get("/review/?days=3"), "Untouched for 3 days")
    assertContains(client.get("/review/?days=1"), "Untouched for 1 day<")


@pytest.mark.parametrize("days", ["0", "x", "-3", "9" * 30])
def test_days_that_are_none_are_said(client, manager, untidy, days):
    response = client.get("/review/", {"days": days})

    assertContains(response, "data-sentence", status_code=400)
    assertContains(response, "Untouched for 7 days", status_code=400)


def test_sections_without_a_lead_take_one_line(client, manager):
    page = client.get("/review/")

    assertContains(page, "No lead is in these sections: overdue · without an owner")


def test_the_rail_says_how_much_waits(client, manager, untidy):
    page = client.get("/history/")

    assertContains(page, "<span>Review</span><b>6</b>")


def test_it_is_for_those_who_lead(client, stranger):
    assert client.get("/review/").status_code == 403


def test_more_leads_ask_no_more(client, manager, untidy, ana, ben):
    client.get("/review/")
    one = queries_of(lambda: client.get("/review/"))
    for _ in range(9):
        make_lead()
        make_lead(owner=ben)
        make_drift(make_lead(owner=ana), ben)

    assert queries_of(lambda: client.get("/review/")) == one
