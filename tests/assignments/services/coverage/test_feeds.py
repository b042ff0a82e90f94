from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar

from assignments.models import CalendarFeed
from assignments.services.coverage.feeds import (
    calendar_text,
    renew_feed,
    revoke_feed,
)
from assignments.services.refusals import NotAllowed
from tests.factories import (
    MONDAY,
    make_coverage,
    make_feed,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed():
    return make_feed()


def text(feed, at=MONDAY) -> str:
    return calendar_text(feed, at=at).decode()


def events(feed):
    return Calendar.from_ical(text(feed)).walk("VEVENT")


def away(feed, name="Ana Sousa", **fields):
    return make_coverage(
        make_member(name, team=feed.team), make_member("Ben"), **fields
    )


class TestText:
    def test_whole_days_end_on_the_day_after_the_last(self, feed):
        away(feed)

        (event,) = events(feed)

        assert event["DTSTART"].dt == date(2026, 5, 11)
        assert event["DTEND"].dt == date(2026, 5, 16)
        assert "DTSTART;VALUE=DATE:20260511\r\n" in text(feed)

    def test_parts_of_days_are_moments_in_utc(self, feed):
        start = datetime(2026, 5, 11, 13, tzinfo=UTC)
        away(
            feed,
            starts_at=start,
            ends_at=start + timedelta(hours=5),
            last_time=time(18),
        )

        assert "DTSTART:20260511T130000Z\r\n" in text(feed)
        assert "DTEND:20260511T180000Z\r\n" in text(feed)

    def test_names_are_escaped_and_long_lines_folded(self, feed):
        name = "Åsa, the; \\great\nBEGIN:VEVENT " + "é" * 90
        away(feed, name)

        said = text(feed)

        assert len(events(feed)) == 1
        assert all(len(line.encode()) <= 75 for line in said.split("\r\n"))
        assert "\\, the\\; \\\\great" in said.replace("\r\n ", "")
        assert str(events(feed)[0]["SUMMARY"]) == f"{name.replace('\n', ' ')} away"

    def test_the_same_until_something_changes(self, feed):
        coverage = away(feed)

        assert text(feed) == text(feed, at=MONDAY + timedelta(days=1))
        coverage.events.create(at=MONDAY, sentence="Extended.")
        assert "DTSTAMP:20260511T090000Z" in text(feed)

    def test_it_says_who_covers_and_when_nobody_does(self, feed):
        coverage = away(feed)
        cover = coverage.coverers.get().member
        make_coverage(cover, first_day=date(2026, 5, 15))

        assert str(events(feed)[0]["DESCRIPTION"]) == (
            "Covered by Ben. Nobody covers on 15 May."
        )

    def test_private_words_stay_private(self, feed):
        away(feed, comment="Surgery", start_note="secret note")

        assert "Surgery" not in text(feed)
        assert "secret" not in text(feed)

    def test_only_agreed_absences_of_the_own_team(self, feed):
        away(feed, state="proposed")
        away(feed, state="cancelled", cancelled_at=MONDAY)
        make_coverage(make_member("Other", team=make_team()))

        assert events(feed) == []


class TestAddress:
    def test_nobody_can_guess_it(self):
        feed = renew_feed(team=make_team(), actor=make_manager(), at=MONDAY)

        assert len(feed.token) >= 40

    def test_a_new_one_ends_the_old_one(self, feed):
        old = feed.token

        new = renew_feed(team=feed.team, actor=make_manager(), at=MONDAY)

        assert [known.token for known in CalendarFeed.objects.all()] == [new.token]
        assert new.token != old

    def test_a_team_lead_may_revoke_it(self):
        lead = make_user()
        feed = make_feed(make_team(leads=(lead,)))

        revoke_feed(team=feed.team, actor=lead)

        assert not CalendarFeed.objects.exists()

    @pytest.mark.parametrize("act", [renew_feed, revoke_feed])
    def test_others_may_not(self, feed, act):
        more = {"at": MONDAY} if act is renew_feed else {}
        with pytest.raises(NotAllowed, match="Only team leads of"):
            act(team=feed.team, actor=make_user(), **more)
