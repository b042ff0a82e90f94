"""Nonsense sent to the pages of coverage: each a sentence, never an error of ours."""

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from assignments.models import Coverage
from tests.dashboard.coverage.test_plan import day, typed
from tests.factories import make_coverage, make_lead, make_member, make_team, make_user

FORMS = ("/coverage/preview/", "/coverage/new/")
BEYOND = "9" * 30  # no row has such a number
ENDLESS = "9" * 5000  # and this one cannot even be read as a number


@pytest.fixture
def team(client):
    """Led by whoever is signed in."""
    user = make_user("Tina Lead")
    client.force_login(user)
    return make_team(leads=(user,))


@pytest.fixture
def ana(team):
    return make_member("Ana Sousa", team=team)


@pytest.fixture
def ben(team):
    return make_member("Ben Okafor", team=team)


@pytest.mark.parametrize("url", FORMS)
@pytest.mark.parametrize(
    "said",
    [
        {"last_day": "9999-12-31"},
        {"first_day": "9999-12-31", "last_day": "9999-12-31"},
        {"first_day": "0001-01-01", "zone": "Pacific/Kiritimati"},
        {"member": ENDLESS, "drawn_for": "1"},
        {"covering": [BEYOND]},
        {"campaign": [BEYOND]},
        {"category": [ENDLESS]},
        {"start_note": "a\x00b"},
    ],
)
def test_what_cannot_be_is_told_beside_its_field(client, ana, ben, url, said):
    response = client.post(url, typed(ana, ben) | said)

    assert response.status_code == 422
    assert response.context["errors"]
    assert not Coverage.objects.exists()


@pytest.mark.parametrize("url", FORMS)
@pytest.mark.parametrize("share", ["-1", "1e999999999", "nan", "0.001", "1e-9999999"])
def test_a_share_that_is_none_is_told(client, ana, ben, url, share):
    cem = make_member("Cem Kaya", team=ana.team)
    make_lead(owner=ana)

    response = client.post(url, typed(ana, ben, cem) | {f"share_{ben.pk}": share})

    assert response.status_code == 422
    assert "hare" in response.context["errors"][0][1]


@pytest.mark.parametrize("first", ["0001-01-01", "9999-12-31"])
def test_from_now_the_first_day_does_not_matter(client, ana, ben, first):
    said = {"from_now": "1", "first_day": first, "last_day": day(1)}

    response = client.post("/coverage/new/", typed(ana, ben, first_time="23:59") | said)

    assert response.status_code == 302
    coverage = Coverage.objects.get()
    assert coverage.first_day == timezone.localdate(timezone=ZoneInfo(coverage.zone))


@pytest.mark.parametrize("query", [f"like={ENDLESS}", f"like={BEYOND}"])
def test_a_coverage_that_cannot_be_is_like_none(client, ana, ben, query):
    assert client.get(f"/coverage/new/?{query}").status_code in {200, 404}


def test_days_beyond_every_calendar_open_the_form_all_the_same(client, ana, ben):
    days = "first_day=9999-12-31&last_day=9999-12-31"

    assert client.get(f"/coverage/new/?{days}").status_code == 200


@pytest.mark.parametrize("act", ["extend", "shorten"])
@pytest.mark.parametrize("last_day", ["9999-12-31", "0001-01-01"])
def test_an_end_beyond_every_calendar_is_refused(client, ana, ben, act, last_day):
    coverage = make_coverage(
        ana, ben, first_day=timezone.localdate(), zone="Pacific/Kiritimati"
    )
    said = {"last_day": last_day, "last_time": "00:00"}

    response = client.post(f"/coverage/{coverage.pk}/{act}/", said)

    assert response.status_code == 409
