"""The preview of an absence in words: bars, the button, the zone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Member
from tests.factories import make_lead, make_member

pytestmark = pytest.mark.usefixtures("manager")


@pytest.fixture
def cem() -> Member:
    return make_member("Cem Kaya", capacity=2)


def preview(client, away, *covering, **said):
    first = timezone.localdate() + timedelta(days=7)
    form = {
        "member": away.pk, "drawn_for": away.pk, "zone": "Africa/Lagos",
        "scope": "active", "first_day": first, "last_day": first + timedelta(days=4),
        "covering": [one.pk for one in covering],
    }  # fmt: skip
    return client.post("/coverage/preview/", form | said)


def test_a_line_is_spoken_of_only_where_one_is_drawn(client, ana, ben, cem):
    make_lead(owner=ana)

    assertNotContains(preview(client, ana, ben), "line is capacity")
    assertContains(preview(client, ana, cem), "Load, line is capacity")


def test_the_button_says_how_many_leads_start_to_move_now(client, ana, ben, cem):
    for _ in range(4):
        make_lead(owner=ana)

    response = preview(client, ana, ben, cem, from_now="1")

    assertContains(response, "Start now: 4 leads to 2 members")


def test_a_zone_that_is_also_the_viewers_is_named(client, ana, ben):
    response = preview(client, ana, ben, zone="UTC")

    assertContains(response, "In your time zone, UTC")
