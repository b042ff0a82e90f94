"""The days that the form proposes, and how the last one follows the first."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Coverage, Member
from dashboard.coverage.defaults import WEEKS_TO_TRY, next_monday, with_later_end
from tests.dashboard.pages import htmx
from tests.factories import make_coverage, make_member, make_team, make_user


def said(**fields: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update(fields)
    return data


@pytest.fixture
def own(client) -> Member:
    """A member of a team with a team lead, signed in."""
    user = make_user("Ngozi Eze")
    team = make_team(leads=(make_user("Theo Brandt"),))
    client.force_login(user)
    make_member("Luca Ferri", team=team)
    return make_member("Ngozi Eze", team=team, user=user, time_zone="UTC")


class TestFreeWeek:
    def test_an_absence_after_the_last_monday_that_is_tried_counts(self, client, own):
        monday = next_monday(timezone.localdate())
        last = monday + timedelta(weeks=WEEKS_TO_TRY - 1)
        days_before = (last - monday).days - 1
        make_coverage(own, first_day=monday, last_day=monday + timedelta(days_before))
        tuesday = last + timedelta(days=1)
        make_coverage(own, first_day=tuesday, last_day=tuesday)

        page = client.get("/coverage/new/")

        assert page.context["said"]["first_day"] == monday.isoformat()

    def test_the_last_week_that_is_tried_is_proposed_if_it_is_free(self, client, own):
        monday = next_monday(timezone.localdate())
        last = monday + timedelta(weeks=WEEKS_TO_TRY - 1)
        make_coverage(own, first_day=monday, last_day=last - timedelta(days=1))

        page = client.get("/coverage/new/")

        assert page.context["said"]["first_day"] == last.isoformat()
        assert not page.context["form"].errors


class TestLaterEnd:
    @pytest.mark.parametrize(
        ("first", "last"),
        [("2026-05-20", "2026-05-22"), ("2026-05-23", "2026-05-23")],
    )
    def test_moving_the_first_day_past_the_last_moves_that_to_friday(self, first, last):
        data = said(first_day=first, last_day="2026-05-15", drawn_first="2026-05-11")

        assert with_later_end(data)["last_day"] == last

    @pytest.mark.parametrize(
        "fields",
        [
            {"first_day": "2026-05-13", "drawn_first": "2026-05-11"},  # still before
            {"first_day": "2026-05-20", "drawn_first": "2026-05-20"},  # the last moved
            {"first_day": "2026-05-20"},  # not from our form
            {"first_day": "soon", "drawn_first": "2026-05-11"},
        ],
    )
    def test_else_the_last_day_stays_as_it_was_typed(self, fields):
        data = said(last_day="2026-05-15", **fields)

        assert with_later_end(data)["last_day"] == "2026-05-15"

    def test_it_is_saved_without_a_preview_in_between(self, client, own):
        form = client.get("/coverage/new/").context["said"]
        first = next_monday(timezone.localdate()) + timedelta(weeks=20)

        client.post(
            "/coverage/new/",
            form.dict() | {
                "covering": form.getlist("covering"),
                "drawn_first": form["first_day"],
                "first_day": first.isoformat(),
            },
        )  # fmt: skip

        assert Coverage.objects.get().last_day == first + timedelta(days=4)

    def test_the_preview_shows_it(self, client, own):
        form = client.get("/coverage/new/").context["said"]
        first = next_monday(timezone.localdate()) + timedelta(weeks=20)

        response = client.post(
            "/coverage/preview/",
            form.dict() | {
                "covering": form.getlist("covering"),
                "drawn_first": form["first_day"],
                "first_day": first.isoformat(),
            },
            headers=htmx("planner"),
        )  # fmt: skip

        friday = first + timedelta(days=4)
        assertContains(response, f'name="last_day" value="{friday.isoformat()}"')


class TestOwnAbsence:
    def test_a_member_plans_her_own_and_need_not_choose_herself(self, client, own):
        calendar, form = client.get("/coverage/"), client.get("/coverage/new/")

        assertContains(calendar, "Plan my absence")
        assertNotContains(calendar, "Plan coverage")
        assertContains(form, '<h1 class="one">Plan my absence</h1>')
        assertContains(form, f'type="hidden" name="member" value="{own.pk}"')
        assertContains(form, "autofocus")

    def test_proposing_names_who_was_told(self, client, own):
        form = client.get("/coverage/new/").context["said"]
        data = form.dict() | {"covering": form.getlist("covering")}

        response = client.post("/coverage/new/", data, follow=True)

        assertContains(response, "Theo Brandt has been told and can confirm it.")

    def test_proposing_names_all_who_were_told(self, client, own):
        own.team.team_leads.add(make_user("Maya Lindqvist"))
        form = client.get("/coverage/new/").context["said"]
        data = form.dict() | {"covering": form.getlist("covering")}

        response = client.post("/coverage/new/", data, follow=True)

        assertContains(response, "Maya Lindqvist")
        assertContains(response, "have been told. One of them confirms it.")

    def test_without_a_team_lead_a_sales_manager_confirms_it(self, client, own):
        own.team.team_leads.clear()
        form = client.get("/coverage/new/").context["said"]
        data = form.dict() | {"covering": form.getlist("covering")}

        response = client.post("/coverage/new/", data, follow=True)

        assertContains(response, "A sales manager has been told and can confirm it.")

    def test_a_manager_who_is_a_member_plans_both(self, client, manager):
        member = make_member("Sara Klein", user=manager)

        calendar = client.get("/coverage/")

        assertContains(calendar, f"?member={member.pk}")
        assertContains(calendar, "Plan my absence")
        assertContains(calendar, "Plan coverage")

    def test_the_heading_is_that_of_the_button_that_led_there(self, client, manager):
        member = make_member("Sara Klein", user=manager)
        make_member("Ben Okafor")

        own = client.get(f"/coverage/new/?member={member.pk}")
        anybodys = client.get("/coverage/new/")

        assertContains(own, '<h1 class="one">Plan my absence</h1>')
        assertContains(anybodys, '<h1 class="one">Plan coverage</h1>')
