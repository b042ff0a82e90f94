from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from assignments.services.absence_wording import (
    absence_in_words,
    coverers_in_words,
    day_back,
    day_runs_in_words,
    days_in_words,
    first_day_away,
    join_names,
    last_day_away,
    whole_percents,
)
from assignments.services.ledger.holds import hold_note_text
from tests.factories import MONDAY, make_campaign, make_coverage, make_lead, make_member

TODAY = date(2026, 5, 11)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 5, 14), date(2026, 5, 14), "14 May"),
        (date(2026, 5, 28), date(2026, 5, 29), "28 and 29 May"),
        (date(2026, 5, 4), date(2026, 5, 15), "4 to 15 May"),
        (date(2026, 4, 28), date(2026, 5, 3), "28 April to 3 May"),
        (date(2027, 5, 4), date(2027, 5, 15), "4 to 15 May 2027"),
        (date(2026, 12, 28), date(2027, 1, 3), "28 December 2026 to 3 January 2027"),
    ],
)
def test_days_are_said_as_people_do(first, last, words):
    assert days_in_words(first, last, today=TODAY) == words


def test_days_that_do_not_follow_each_other_are_said_in_runs():
    days = [date(2026, 5, 25), date(2026, 6, 4), date(2026, 6, 5)]

    assert day_runs_in_words(days, today=TODAY) == "25 May and 4 and 5 June"


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["A"], "A"), (["A", "B", "C"], "A, B and C")]
)
def test_names_are_listed(names, words):
    assert join_names(names) == words


@pytest.mark.parametrize(
    ("shares", "parts"),
    [([1, 1, 1], [34, 33, 33]), ([2, 1, 1], [50, 25, 25]), ([0, 0], [0, 0]), ([], [])],
)
def test_percents_add_up(shares, parts):
    assert whole_percents(shares) == parts


@pytest.mark.django_db
class TestCoverage:
    def test_whole_days_are_said_without_times(self):
        coverage = make_coverage(make_member(), zone="Asia/Tokyo")

        assert absence_in_words(coverage, today=TODAY) == "11 to 15 May"

    def test_a_part_of_a_day_is_said_with_its_times(self):
        at = MONDAY.replace(hour=13)
        coverage = make_coverage(
            make_member(), starts_at=at, ends_at=at + timedelta(hours=5),
            first_time=time(13), last_time=time(18), last_day=at.date(),
        )  # fmt: skip

        assert absence_in_words(coverage, today=TODAY) == "11 May, 13:00 to 18:00"

    def test_an_absence_from_now_on_is_said_with_its_beginning(self):
        coverage = make_coverage(make_member(), starts_at=MONDAY)

        assert absence_in_words(coverage, today=TODAY) == "11 May, 09:00 to 15 May"

    def test_shares_are_said_in_percent_and_own_scopes_by_name(self):
        ana, ben, cem = (make_member(name) for name in ("Ana", "Ben", "Cem"))
        coverage = make_coverage(make_member(), ana, ben, cem)
        coverage.coverers.get(member=cem).campaigns.add(make_campaign("DACH"))

        assert coverers_in_words(coverage) == "Ana 50 %, Ben 50 %, Cem (DACH)"

    def test_one_covering_member_needs_no_percent(self):
        coverage = make_coverage(make_member(), make_member("Ana Sousa"))

        assert coverers_in_words(coverage) == "Ana Sousa"


@pytest.mark.django_db
class TestLastDayAndReturn:
    """One day, in the zone of whoever is away, whoever reads it."""

    def test_reader_in_the_same_zone_is_told_the_days_alone(self):
        coverage = make_coverage(make_member(), zone="Europe/Berlin")
        reader = ZoneInfo("Europe/Stockholm")

        said = [day(coverage, reader) for day in (first_day_away, last_day_away)]

        assert said == ["Mon 11 May", "Fri 15 May"]
        assert day_back(coverage, reader) == "Sat 16 May"

    def test_reader_elsewhere_is_told_the_same_days_and_whose_they_are(self):
        coverage = make_coverage(make_member(), zone="Asia/Tokyo")
        reader = ZoneInfo("America/Los_Angeles")

        assert last_day_away(coverage, reader) == "Fri 15 May (Tokyo)"
        assert day_back(coverage, reader) == "Sat 16 May (Tokyo)"

    def test_what_is_stored_names_a_zone_that_is_not_the_sites(self):
        coverage = make_coverage(make_member(), zone="Asia/Tokyo")

        assert last_day_away(coverage) == "Fri 15 May (Tokyo)"

    def test_a_midnight_typed_as_the_end_does_not_count_its_day(self):
        coverage = make_coverage(
            make_member(), last_time=time(), ends_at=datetime(2026, 5, 15, tzinfo=UTC)
        )

        assert last_day_away(coverage) == "Thu 14 May"
        assert day_back(coverage) == "Fri 15 May"

    def test_an_end_within_a_day_is_said_with_its_time(self):
        ends_at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        coverage = make_coverage(make_member(), zone="Europe/Berlin", ends_at=ends_at)

        said = "Sun 25 Oct, 02:30 CEST (Berlin)"
        assert (last_day_away(coverage), day_back(coverage)) == (said, said)

    def test_a_midnight_that_the_clocks_skip_is_no_time_within_the_day(self):
        ends_at = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)  # 01:00 in Beirut
        coverage = make_coverage(
            make_member(), zone="Asia/Beirut", ends_at=ends_at,
            starts_at=ends_at - timedelta(days=3),
        )  # fmt: skip

        assert last_day_away(coverage) == "Sat 28 Mar (Beirut)"
        assert absence_in_words(coverage, today=TODAY) == "26 to 28 March"


@pytest.mark.django_db
def test_a_note_names_the_time_of_an_end_within_a_day():
    away, covering = make_member("Ana"), make_member("Ben")
    ends_at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    coverage = make_coverage(away, covering, zone="Europe/Berlin", ends_at=ends_at,
        starts_at=ends_at - timedelta(days=3))  # fmt: skip

    said = hold_note_text(
        "Until {last_day}.", coverage=coverage, lead=make_lead(), covering=covering
    )

    assert said == "Until Sun 29 Mar, 03:30 (Berlin)."
