"""The calendar of absences, and its feed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import CalendarFeed
from tests.dashboard.pages import queries_of
from tests.factories import (
    make_coverage,
    make_feed,
    make_hold,
    make_lead,
    make_member,
    make_team,
    make_user,
)


def today():
    return timezone.localdate()


class TestCalendar:
    def test_shows_who_is_away_and_who_covers(self, client, manager, ana, ben):
        coverage = make_coverage(ana, ben, first_day=today(), state="active")
        make_hold(coverage, make_lead(owner=ben))

        response = client.get("/coverage/")

        assertContains(response, "covered by Ben Okafor, 1 lead out")
        assertContains(response, f'href="/coverage/{coverage.pk}/"')

    def test_days_without_cover_are_said_in_words(self, client, manager, ana, ben):
        make_coverage(ana, ben, first_day=today())
        make_coverage(ben, make_member(), first_day=today())

        assertContains(client.get("/coverage/"), "Nobody covers on")

    def test_goes_back_and_forth_by_weeks_and_by_month(self, client, manager):
        weeks = client.get("/coverage/?from=2026-05-13")
        month = client.get("/coverage/?by=month&from=2026-05-13")

        assertContains(weeks, "11 May to 21 June")
        assertContains(weeks, "?from=2026-03-30")
        assertContains(weeks, "?from=2026-06-22")
        assertContains(month, "1 to 31 May")
        assertContains(month, "by=month&amp;from=2026-04-01")

    def test_an_absence_far_from_the_shown_weeks_is_still_listed(
        self, client, manager, ana, ben
    ):
        make_coverage(ana, ben, first_day=today() + timedelta(days=100))

        assertContains(client.get("/coverage/"), "Ana Sousa")

    @pytest.mark.parametrize("query", ["from=soon", "by=year", "from=9999-01-01"])
    def test_nonsense_is_refused_in_words(self, client, manager, query):
        response = client.get(f"/coverage/?{query}")

        assertContains(response, "data-sentence", status_code=400)

    def test_who_is_no_member_is_not_offered_to_plan(self, client, stranger):
        assertNotContains(client.get("/coverage/"), "Plan coverage")

    def test_the_number_of_queries_does_not_grow(self, client, manager, ana, ben):
        make_coverage(ana, ben, first_day=today())
        few = queries_of(lambda: client.get("/coverage/"))
        for number in range(8):
            member = make_member(f"M {number}")
            coverage = make_coverage(member, ben, first_day=today())
            make_hold(coverage, make_lead(owner=ben))

        assert queries_of(lambda: client.get("/coverage/")) == few


CALENDAR = {"Accept-Encoding": "gzip, deflate, br", "User-Agent": "Calendar"}


class TestFeed:
    def test_opens_without_a_login(self, client, ana, ben):
        feed = make_feed()
        ana.team = feed.team
        ana.save()
        make_coverage(ana, ben, first_day=today())

        response = client.get(f"/coverage/calendar/{feed.token}.ics")

        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        assert b"SUMMARY:Ana Sousa away" in response.content
        assert "no-store" in response["Cache-Control"]

    def test_goes_out_as_it_is_though_pages_are_compressed(self, client, db):
        feed = make_feed()
        for name in ("Ana", "Ben", "Cem"):
            make_coverage(make_member(name, team=feed.team), first_day=today())

        answers = [
            client.get(f"/coverage/calendar/{feed.token}.ics", headers=CALENDAR)
            for _ in range(3)
        ]

        for answer in answers:
            assert answer.content.startswith(b"BEGIN:VCALENDAR")
            assert "Content-Encoding" not in answer
            assert answer["Content-Length"] == str(len(answer.content))
        assert len({answer["ETag"] for answer in answers}) == 1

    def test_answers_head_like_get(self, client, db):
        path = f"/coverage/calendar/{make_feed().token}.ics"

        get = client.get(path, headers=CALENDAR)
        head = client.head(path, headers=CALENDAR)

        moving = {"Date", "Expires", "X-Request-ID"}
        assert {k: v for k, v in head.items() if k not in moving} == {
            k: v for k, v in get.items() if k not in moving
        }
        assert head.status_code == get.status_code == 200

    def test_is_not_sent_again_while_it_is_the_same(self, client, db):
        feed = make_feed()
        path = f"/coverage/calendar/{feed.token}.ics"
        known = {"If-None-Match": client.get(path)["ETag"]}

        assert client.get(path, headers=known).status_code == 304
        make_coverage(make_member("Ana", team=feed.team), first_day=today())
        assert client.get(path, headers=known).status_code == 200

    def test_an_unknown_address_is_not_there(self, client, db):
        assert client.get("/coverage/calendar/guess.ics").status_code == 404

    @pytest.mark.parametrize("method", ["OPTIONS", "PROPFIND", "POST"])
    def test_no_log_shows_the_address(self, db, caplog, method):
        client = Client(enforce_csrf_checks=True)
        feed = make_feed(token="known-to-subscribers")

        client.generic(method, f"/coverage/calendar/{feed.token}.ics")

        assert "/coverage/calendar/***" in caplog.text
        assert feed.token not in caplog.text

    def test_a_manager_makes_and_revokes_the_address(self, client, manager):
        team = make_team()

        assertRedirects(client.post(f"/coverage/feeds/{team.pk}/"), "/coverage/")
        feed = CalendarFeed.objects.get()
        assertContains(client.get("/coverage/"), f"{feed.token}.ics")
        client.post(f"/coverage/feeds/{team.pk}/revoke/")

        assert client.get(f"/coverage/calendar/{feed.token}.ics").status_code == 404

    def test_a_team_lead_sees_only_the_own_team(self, client, db):
        lead = make_user()
        make_feed(make_team(leads=(lead,)), token="mine")
        make_feed(token="theirs")
        client.force_login(lead)

        response = client.get("/coverage/")

        assertContains(response, "mine.ics")
        assertNotContains(response, "theirs.ics")

    @pytest.mark.parametrize("act", ["", "revoke/"])
    def test_a_member_may_not(self, client, stranger, act):
        feed = make_feed()

        response = client.post(f"/coverage/feeds/{feed.team.pk}/{act}")

        assert response.status_code == 403
        assert CalendarFeed.objects.get() == feed
