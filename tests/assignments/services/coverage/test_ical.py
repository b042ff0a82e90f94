import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar

from assignments.models import CalendarFeed
from assignments.services.coverage.ical import render_feed, renew_feed, revoke_feed
from assignments.services.errors import NotAllowed
from assignments.visible_text import visible
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
    return render_feed(feed, at=at).decode()


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
        summary = str(events(feed)[0]["SUMMARY"])
        assert summary == f"Åsa, the; \\great BEGIN:VEVENT {'é' * 90} away"

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


HOSTILE = [
    "a, b; c\\d",
    "North\r\nBEGIN:VEVENT",
    "x\ny",
    "x\ry",
    "x\x0b\x1b[2J\x07\x85y",
    "\u2028\u2029\u202egnp.exe",
    'say "hi": yes',
    "😀" * 40,
    "é" * 33 + "x",
]


class TestValidity:
    """What RFC 5545 asks of a calendar, read line by line."""

    def test_an_empty_feed_is_a_calendar_with_a_component(self, feed):
        check_calendar(text(feed))

        assert Calendar.from_ical(text(feed)).subcomponents

    @pytest.mark.parametrize("name", HOSTILE)
    def test_holds_whatever_teams_and_members_are_called(self, feed, name):
        feed.team.name = name[:100]
        feed.team.save()
        away(feed, name)

        check_calendar(text(feed))

        shown = Calendar.from_ical(text(feed))
        calendar_name = re.sub(r"\\([\\,;])", r"\1", str(shown["X-WR-CALNAME"]))
        assert calendar_name == f"Away: {visible(name)}"
        assert [str(event["SUMMARY"]) for event in shown.walk("VEVENT")] == [
            f"{visible(name)} away"
        ]


def check_calendar(said: str) -> None:
    assert said.endswith("\r\n")
    folded = said.removesuffix("\r\n").split("\r\n")
    assert all(len(line.encode()) <= 75 for line in folded)
    lines = re.sub("\r\n[ \t]", "", said).removesuffix("\r\n").split("\r\n")
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", "".join(lines))
    open_ones, seen = [], []
    for line in lines:
        name, value = re.fullmatch(r"([A-Z-]+)(?:;[A-Z]+=[^:;]+)*:(.*)", line).groups()
        if name == "BEGIN":
            open_ones.append(value)
            seen.append((tuple(open_ones), "BEGIN"))
        elif name == "END":
            assert open_ones.pop() == value
        else:
            seen.append((tuple(open_ones), name))
        if name in {"SUMMARY", "DESCRIPTION", "X-WR-CALNAME"}:
            assert re.fullmatch(r"(?:[^\\,;]|\\[\\,;nN])*", value)
    assert open_ones == []
    assert seen.count((("VCALENDAR",), "PRODID")) == 1
    assert seen.count((("VCALENDAR",), "VERSION")) == 1
    assert [place for place, name in seen if name == "BEGIN" and len(place) > 1]
    for name in ("UID", "DTSTAMP", "DTSTART"):
        events_of = seen.count((("VCALENDAR", "VEVENT"), "BEGIN"))
        assert seen.count((("VCALENDAR", "VEVENT"), name)) == events_of


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
