"""A coverage that has not begun, planned anew on the form it was planned with."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Coverage
from tests.dashboard.pages import htmx
from tests.factories import (
    make_campaign,
    make_coverage,
    make_lead,
    make_member,
    make_team,
    make_user,
)


@pytest.fixture
def ana():
    return make_member("Ana Sousa", team=make_team(), time_zone="Africa/Lagos")


@pytest.fixture
def ben(ana):
    return make_member("Ben Okafor", team=ana.team)


@pytest.fixture
def cem(ana):
    return make_member("Cem Aydin", team=ana.team)


@pytest.fixture
def planned(ana, ben) -> Coverage:
    first = timezone.localdate() + timedelta(days=7)
    coverage = make_coverage(
        ana, ben, first_day=first, zone="Africa/Lagos", start_note="{away} is away.",
        return_note="Back.", comment="Family visit",
    )  # fmt: skip
    coverage.coverers.update(share=Decimal("2.50"))
    return coverage


def edit(coverage) -> str:
    return f"/coverage/{coverage.pk}/edit/"


def typed(client, coverage, **said):
    """The form as it is shown, with some of it typed anew."""
    shown = dict(client.get(edit(coverage)).context["said"].lists())
    return shown | said


def as_typed(coverage) -> dict[str, object]:
    coverage.refresh_from_db()
    kept = ("first_day", "last_day", "first_time", "last_time", "zone", "starts_at")
    kept = (*kept, "ends_at", "scope", "arrivals", "start_note", "comment")
    values = {name: getattr(coverage, name) for name in kept}
    parts = [(one.member, one.share) for one in coverage.coverers.all()]
    return values | {"parts": parts}


class TestForm:
    def test_is_filled_in_as_it_was_typed(self, client, manager, planned, ben):
        response = client.get(edit(planned))

        assertContains(response, "Save changes")
        assertContains(response, f'value="{planned.first_day}"')
        assertContains(response, "Family visit")
        assertContains(response, f'id="share-{ben.pk}" inputmode="decimal" value="2.5"')
        assertNotContains(response, 'id="errors"')

    def test_saved_as_it_is_nothing_changes(self, client, manager, planned):
        before = as_typed(planned)

        response = client.post(edit(planned), typed(client, planned))

        assertRedirects(response, f"/coverage/{planned.pk}/")
        assert as_typed(planned) == before
        assert not planned.events.exists()

    def test_days_stay_as_typed_where_the_member_has_moved(
        self, client, manager, planned, ana
    ):
        before = as_typed(planned)
        ana.time_zone = "Asia/Tokyo"
        ana.save()

        assertContains(client.get(edit(planned)), "Ana Sousa is now in Tokyo.")
        client.post(edit(planned), typed(client, planned))

        assert as_typed(planned) == before

    def test_a_campaign_stays_chosen_without_a_lead_in_it(
        self, client, manager, planned
    ):
        planned.campaigns.add(dach := make_campaign("DACH"))

        assertContains(client.get(edit(planned)), "DACH, 0")
        client.post(edit(planned), typed(client, planned))

        assert list(planned.campaigns.all()) == [dach]

    def test_what_is_typed_is_saved_and_told(self, client, manager, planned):
        last = planned.last_day + timedelta(days=3)

        client.post(edit(planned), typed(client, planned, last_day=last.isoformat()))

        planned.refresh_from_db()
        assert planned.last_day == last
        assert "changed the days" in planned.events.get().sentence

    def test_what_somebody_changed_meanwhile_is_not_overwritten_unseen(
        self, client, manager, planned, cem
    ):
        mine = client.get(edit(planned))
        hidden = {"seen": mine.context["seen"]}
        theirs = typed(client, planned, covering=[str(cem.pk)])
        data = typed(client, planned, comment="Moved")
        client.post(edit(planned), theirs)

        response = client.post(edit(planned), data | hidden)

        assertContains(mine, 'name="seen" value="0"')
        assertContains(response, "changed who covers. Save again", status_code=409)
        assertContains(response, 'value="Moved"', status_code=409)
        assert [one.member for one in planned.coverers.all()] == [cem]

    def test_seen_and_saved_again_it_is_put_in_its_place(
        self, client, manager, planned, ben, cem
    ):
        data = typed(client, planned, comment="Moved") | {"seen": 0}
        client.post(edit(planned), typed(client, planned, covering=[str(cem.pk)]))
        refused = client.post(edit(planned), data)

        client.post(edit(planned), data | {"seen": refused.context["seen"]})

        assert [one.member for one in planned.coverers.all()] == [ben]

    def test_a_preview_does_not_count_as_having_seen_a_change(
        self, client, manager, planned, cem
    ):
        data = typed(client, planned) | {"seen": 0, "editing": planned.pk}
        client.post(edit(planned), typed(client, planned, covering=[str(cem.pk)]))

        response = client.post("/coverage/preview/", data)

        assert response.context["seen"] == 0

    def test_an_error_loses_nothing(self, client, manager, planned):
        data = typed(client, planned, last_day="2020-01-01", comment="Moved")

        response = client.post(edit(planned), data)

        assertContains(response, "It ends before it starts.", status_code=422)
        assertContains(response, 'value="Moved"', status_code=422)
        assertContains(response, "Save changes", status_code=422)

    def test_its_preview_does_not_overlap_with_itself(
        self, client, manager, planned, ana
    ):
        make_lead(owner=ana)

        response = client.post(
            "/coverage/preview/", typed(client, planned, editing=planned.pk),
            headers=htmx("planner"),
        )  # fmt: skip

        assertContains(response, "1 lead</span>")
        assertContains(response, f'action="{edit(planned)}"')


class TestWho:
    def test_a_member_edits_their_own_proposal(self, client, planned, ana):
        ana.user = make_user("Ana Sousa")
        ana.save()
        Coverage.objects.update(state="proposed")
        client.force_login(ana.user)

        client.post(edit(planned), typed(client, planned, comment="Later"))

        planned.refresh_from_db()
        assert (planned.comment, planned.state) == ("Later", "proposed")

    def test_not_once_it_is_scheduled(self, client, planned, ana):
        ana.user = make_user("Ana Sousa")
        ana.save()
        client.force_login(ana.user)

        assert client.get(edit(planned)).status_code == 403
        assert client.post(edit(planned)).status_code == 403

    def test_who_covers_from_another_team_may_stay(self, client, planned):
        planned.coverers.create(
            member=make_member("Fay Far", team=make_team()), position=1
        )
        lead = make_user("Tina Lead")
        planned.member.team.team_leads.add(lead)
        client.force_login(lead)
        before = as_typed(planned)

        client.post(edit(planned), typed(client, planned, comment="Later"))

        assert as_typed(planned) == before | {"comment": "Later"}

    def test_another_member_takes_its_place_nowhere(
        self, client, manager, planned, ben
    ):
        cem = make_member("Cem Kaya", team=ben.team)
        data = typed(client, planned, member=ben.pk, covering=cem.pk)
        response = client.post(edit(planned), data)

        assertContains(response, "It stays an absence of Ana", status_code=422)


class TestTooLate:
    @pytest.mark.parametrize("ask", ["get", "post"])
    def test_once_started_it_says_what_can_still_change(
        self, client, manager, planned, ask
    ):
        Coverage.objects.update(state="active")

        response = getattr(client, ask)(edit(planned))

        assertContains(response, "It has started", status_code=409)
        assertContains(response, f"/coverage/{planned.pk}/extend/", status_code=409)

    def test_once_over_it_offers_a_new_one(self, client, manager, planned):
        Coverage.objects.update(state="completed")

        response = client.get(edit(planned))

        assertContains(response, "Plan a new one", status_code=409)
