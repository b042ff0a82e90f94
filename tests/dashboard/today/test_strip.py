"""The line above a member's inbox: what of their own needs them."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Heartbeat
from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_lead, make_member, make_team, make_user

HOUR = timedelta(hours=1)
TUESDAY = MONDAY + timedelta(days=1)
STRIP = 'aria-label="Yours today"'


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(TUESDAY, tick=False):
        Heartbeat.objects.update(beat_at=TUESDAY)
        yield


@pytest.fixture
def ngozi(client):
    user = make_user("Ngozi Adeyemi")
    client.force_login(user)
    member = make_member("Ngozi Adeyemi", user=user)
    make_lead("Soon", owner=member, answer_owed=True, answer_due_at=TUESDAY + HOUR)
    make_lead("Late", owner=member, answer_owed=True, answer_due_at=TUESDAY - HOUR)
    make_lead("Unread", owner=member, is_unread=True)
    other = make_member("Ben Okafor")
    make_lead("Not hers", owner=other, is_unread=True, answer_owed=True,
              answer_due_at=TUESDAY - HOUR)  # fmt: skip
    return member


@pytest.mark.parametrize("query", ["", "?owner=me", "?owner=me&status=open"])
def test_says_what_is_due_late_and_unread_as_links_to_it(client, ngozi, query):
    page = client.get(f"/inbox/{query}")

    assertContains(page, STRIP)
    links = [(link.list.count, link.words) for link in page.context["strip"]]
    assert links == [(1, "due today"), (1, "late since yesterday"), (1, "unread")]
    for link in page.context["strip"]:
        assert client.get(link.list.address).context["total"] == "1"


def test_comes_and_goes_with_the_list(client, ngozi):
    filtered = client.get("/inbox/?status=open", headers=htmx("list"))
    assertNotContains(filtered, STRIP)

    assertContains(client.get("/inbox/", headers=htmx("list")), STRIP)


def test_leaves_out_zeros_and_itself_if_there_is_nothing(client, ngozi):
    ngozi.leads.exclude(first_name="Unread").delete()
    assertContains(client.get("/inbox/"), "1 unread")
    assertNotContains(client.get("/inbox/"), "due today")

    ngozi.leads.all().delete()

    assertNotContains(client.get("/inbox/"), STRIP)


def test_leads_to_today_from_the_menu_on_a_phone(client, ngozi):
    link = '<a class="only-phone" href="/today/">'

    assertContains(client.get("/inbox/"), link)

    make_team(leads=(ngozi.user,))
    assertNotContains(client.get("/inbox/"), link)


def test_is_not_for_those_who_have_today(client, ngozi):
    make_team(leads=(ngozi.user,))

    assertNotContains(client.get("/inbox/"), STRIP)
