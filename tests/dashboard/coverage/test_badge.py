"""The number beside Coverage in the rail: what its page asks of the reader."""

import re
from datetime import timedelta

from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import MONDAY, make_coverage, make_member, make_team, make_user

BADGE = re.compile(r'<b id="coverage-news"[^>]*>(\d*)')


def badge(response) -> str:
    found = BADGE.search(response.content.decode())
    assert found
    return found[1]


def make_proposal(member):
    day = timezone.localdate() + timedelta(days=7)
    return make_coverage(member, state="proposed", first_day=day)


def test_counts_what_the_page_lists_to_confirm_and_to_look_at(
    client, manager, ana, ben
):
    make_proposal(ana)
    make_proposal(ben)
    gone = make_member("Cem Kaya", is_active=False)
    day = MONDAY.date() + timedelta(days=3650)
    make_coverage(ana, gone, first_day=day)

    page = client.get("/coverage/")

    asked = len(page.context["waiting"]) + len(page.context["attention"].all)
    assert badge(page) == str(asked) == "3"


def test_counts_only_what_the_reader_may_confirm(client, ana, ben):
    lead = make_user("Tea Lead")
    ana.team = make_team(leads=(lead,))
    ana.save()
    make_proposal(ana)
    make_proposal(ben)

    client.force_login(lead)
    assert badge(client.get("/inbox/")) == "1"
    client.force_login(make_user())
    assert badge(client.get("/inbox/")) == ""


def test_is_brought_up_to_date_by_the_poll_of_an_open_page(client, manager, ana):
    page = client.get("/inbox/").content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
    assert client.get(f"/banner/?seen={seen}").status_code == 204
    make_proposal(ana)

    answer = client.get(f"/banner/?seen={seen}")

    assertContains(answer, 'id="coverage-news" hx-swap-oob="true">1<')
    assertNotContains(answer, "<html")
