"""The offer of the browser's time zone: made once, answered with one press."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import User
from tests.factories import make_user

OFFER = 'id="zone-offer"'


def test_taking_it_sets_the_zone_and_ends_the_question(client, manager):
    assertContains(client.get("/today/"), OFFER)

    answer = client.post(
        "/accounts/zone/",
        {"zone": "Asia/Tokyo", "is_taken": "yes"},
        headers={"Referer": "http://testserver/today/"},
        follow=True,
    )

    assert answer.redirect_chain == [("http://testserver/today/", 302)]
    assert User.objects.get().time_zone == "Asia/Tokyo"
    assertContains(answer, "Times are shown in Tokyo time now.")
    assertNotContains(answer, OFFER)


def test_keeping_the_zone_ends_the_question_too(client, manager):
    User.objects.update(time_zone="Europe/Berlin")

    client.post("/accounts/zone/", {"zone": "Asia/Tokyo"})

    assert User.objects.get().time_zone == "Europe/Berlin"
    assertNotContains(client.get("/today/"), OFFER)


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd"])
def test_a_zone_that_is_not_known_is_said_and_changes_nothing(client, manager, zone):
    answer = client.post(
        "/accounts/zone/", {"zone": zone, "is_taken": "yes"}, follow=True
    )

    assert answer.status_code == 200
    user = User.objects.get()
    assert (user.time_zone, user.zone_answered_at) == ("", None)


def test_it_is_made_where_each_role_begins(client, manager):
    assertNotContains(client.get("/inbox/"), OFFER)

    client.force_login(make_user())

    assertContains(client.get("/inbox/"), OFFER)
