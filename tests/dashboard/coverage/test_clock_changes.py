"""A time that the clocks skip or repeat is said where an absence is planned."""

from datetime import datetime

import pytest
import time_machine
from pytest_django.asserts import assertContains

from tests.factories import make_member


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2026-03-29", "02:30 does not exist on Sun 29 Mar"),
        ("2026-10-25", "02:30 comes twice on Sun 25 Oct"),
    ],
)
def test_form_and_preview_both_say_it(client, manager, day, sentence):
    ana, ben = make_member("Ana"), make_member("Ben")
    said = {
        "member": ana.pk,
        "drawn_for": ana.pk,
        "covering": [ben.pk],
        "first_day": day,
        "first_time": "02:30",
        "last_day": f"{day[:-2]}30",
        "zone": "Europe/Berlin",
        "scope": "active",
    }

    with time_machine.travel(datetime.fromisoformat(f"{day[:-2]}20T12:00+00:00")):
        client.force_login(manager)
        response = client.post(
            "/coverage/preview/", said, headers={"HX-Request": "true"}
        )

    assertContains(response, sentence, count=2)
