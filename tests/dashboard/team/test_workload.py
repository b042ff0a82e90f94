"""The workload: each number with the list of its leads, for everybody to see."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Lead
from tests.dashboard.pages import queries_of
from tests.factories import (
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
    make_team,
    make_user,
)

NUMBER = re.compile(
    r'<a class="link" href="(/inbox/\?[^"]+)"><data [^>]+>(\d+)</data></a>'
)


@pytest.fixture
def desk(ana, ben) -> list[Lead]:
    """Leads of every kind: owed, late, closed, quiet, held, on the way, nobody's."""
    at = timezone.now()
    late = {"answer_owed": True, "answer_due_at": at - timedelta(hours=1)}
    closed = make_category(is_closing=True)
    held = make_lead(owner=ana)
    make_hold(make_coverage(ben, ana, state="active"), held)
    moving = make_lead(owner=ben, **late)
    make_assignment(moving, ana, created_at=at)
    return [
        held,
        moving,
        make_lead(owner=ana, **late),
        make_lead(owner=ana, answer_owed=True, answer_due_at=at + timedelta(hours=9)),
        make_lead(owner=ana, category=closed),
        make_lead(owner=ben, last_reply_at=None),
        make_lead(**late),
        make_lead(owner_known_at=None),
    ]


def numbers(response) -> list[tuple[str, int]]:
    """Each number of the page, with the address behind it."""
    found = NUMBER.findall(response.content.decode())
    return [(unescape(address), int(number)) for address, number in found]


@pytest.mark.parametrize("query", ["", "team"])
def test_behind_each_number_are_exactly_its_leads(client, manager, desk, ana, query):
    ana.team = make_team()
    ana.save()

    shown = numbers(client.get("/team/", {"team": ana.team.pk} if query else {}))

    assert len(shown) > (6 if query else 16)
    for address, number in shown:
        assert len(client.get(address).context["rows"]) == number, address


def test_the_oldest_unanswered_is_one_click_away(client, manager, ana):
    old = timezone.now() - timedelta(days=3)
    lead = make_lead(owner=ana, answer_owed=True, last_reply_at=old)

    page = client.get("/team/")

    link = f'href="/leads/{lead.pk}/"><data class="oldest" value="{lead.pk}">3 d</data>'
    assertContains(page, link)


def test_who_carries_most_of_their_capacity_comes_first(client, manager, ana, ben):
    type(ana).objects.filter(pk=ana.pk).update(capacity=10)
    type(ana).objects.filter(pk=ben.pk).update(capacity=1)
    for owner in (ana, ana, ben):
        make_lead(owner=owner)

    def names(sort: str) -> list[str]:
        board = client.get("/team/", {"sort": sort}).context["board"]
        return [str(line.carried.member) for line in board.members]

    assert names("load") == ["Ben Okafor", "Ana Sousa"]
    assert names("open") == names("name") == ["Ana Sousa", "Ben Okafor"]


def test_a_member_sees_it_and_is_offered_no_act(client, stranger, ana):
    response = client.get("/team/")

    assertContains(response, "Ana Sousa")
    assertNotContains(response, "Rebalance")
    assertNotContains(response, "Add a member")


@pytest.mark.parametrize("query", ["team=424242", "sort=x", "team=x"])
def test_what_the_address_asks_for_and_is_not_there_is_said(client, manager, query):
    assertContains(client.get(f"/team/?{query}"), "There is no such", status_code=400)


def test_a_deactivated_member_is_listed_as_long_as_they_have_leads(client, manager):
    gone = make_member("Gia Gone", is_active=False)
    make_member("Noa None", is_active=False)
    make_lead(owner=gone)

    response = client.get("/team/")

    assertContains(response, "Gia Gone")
    assertNotContains(response, "Noa None")


def test_fifty_members_ask_no_more_of_the_database_than_one(client, manager):
    make_lead(owner=make_member(team=make_team(), user=make_user()))
    client.get("/team/")
    one = queries_of(lambda: client.get("/team/"))
    for _ in range(49):
        make_member(team=make_team(), user=make_user())

    assert queries_of(lambda: client.get("/team/")) == one


class TestInbox:
    """Filters that only links ask for."""

    def test_they_are_said_kept_and_can_be_dropped(self, client, manager, ana):
        make_lead(owner=ana, last_reply_at=timezone.now())

        page = client.get(f"/inbox/?covering={ana.pk}&status=open")

        assertContains(page, "Held for others by Ana Sousa")
        assertContains(
            page, f'<input type="hidden" name="covering" value="{ana.pk}">', html=True
        )
        assertContains(page, 'href="/inbox/?status=open"')

    def test_the_days_go_with_what_is_reviewed(self, client, manager):
        page = client.get("/inbox/?review=untouched&days=3")

        assertContains(page, "Untouched for 3 days")
        assertContains(page, 'href="/inbox/"')

    @pytest.mark.parametrize(
        "query",
        [
            "covering=x",
            "coming=424242",
            "review=x",
            "review=untouched&days=0",
            "team=9",
        ],
    )
    def test_what_is_not_known_shows_no_list(self, client, manager, query):
        assert client.get(f"/inbox/?{query}").status_code == 400
