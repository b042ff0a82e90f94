from datetime import timedelta

import pytest
from django.utils.html import escape
from pytest_django.asserts import assertContains, assertNotContains

from dashboard import pagination
from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_lead


def open_panel(client, lead, query=""):
    return client.get(f"/leads/{lead.pk}/{query}", headers=htmx("panel"))


@pytest.fixture
def leads():
    """Three leads as the inbox lists them, newest reply first."""
    return [
        make_lead(f"Lena {name}", last_reply_at=MONDAY - timedelta(hours=hours))
        for hours, name in enumerate(("First", "Second", "Third"), start=1)
    ]


def test_a_lead_leads_to_the_one_before_and_the_one_after(client, manager, leads):
    first, second, third = leads

    panel = open_panel(client, second)

    assertContains(panel, f'href="/leads/{first.pk}/"')
    assertContains(panel, 'aria-label="Previous lead, Lena First"')
    assertContains(panel, f'href="/leads/{third.pk}/"')
    assertContains(panel, 'title="Next lead: Lena Third (j)"')


def test_a_page_without_javascript_has_the_same_links(client, manager, leads):
    page = client.get(f"/leads/{leads[1].pk}/")

    assertContains(page, 'id="previous-lead"')
    assertContains(page, 'id="next-lead"')


def test_the_ends_of_the_list_say_so(client, manager, leads):
    assertContains(open_panel(client, leads[0]), "This is the first lead of the list")
    assertContains(open_panel(client, leads[2]), "This is the last lead of the list")


def test_steps_stay_in_the_list_behind(client, manager, leads):
    first, second, third = leads
    type(second).objects.filter(pk__in=(first.pk, third.pk)).update(is_unread=True)

    panel = open_panel(client, first, "?list=status%3Dunread")

    assertContains(panel, f'href="/leads/{third.pk}/?list=status%3Dunread"')
    assertNotContains(panel, "Lena Second")


def test_steps_go_on_over_the_end_of_a_page(client, manager, monkeypatch, leads):
    _, second, third = leads
    monkeypatch.setattr(pagination.page_of, "__kwdefaults__", {"size": 2})

    panel = open_panel(client, second)
    address = panel.context["steps"][1].address
    onwards = client.get(address, headers=htmx("panel"))

    assertContains(panel, escape(address))
    assertContains(onwards, 'aria-label="Previous lead, Lena Second"')
    assertContains(onwards, "This is the last lead of the list")
    assert address.startswith(f"/leads/{third.pk}/?list=after")


def test_a_lead_that_left_the_list_says_so(client, manager, leads):
    panel = open_panel(client, leads[0], "?list=status%3Dunread")

    assertContains(panel, "This lead is not on this page of the list any more")


def test_a_list_that_is_not_known_offers_no_steps(client, manager, leads):
    panel = open_panel(client, leads[0], "?list=status%3Dnonsense")

    assertNotContains(panel, 'id="next-lead"')
