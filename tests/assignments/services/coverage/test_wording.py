from datetime import date, time, timedelta

import pytest

from assignments.services.coverage.wording import (
    absence_in_words,
    covered_by,
    days_in_words,
    listed,
    percents,
    runs_in_words,
)
from tests.factories import MONDAY, make_campaign, make_coverage, make_member

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

    assert runs_in_words(days, today=TODAY) == "25 May and 4 and 5 June"


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["A"], "A"), (["A", "B", "C"], "A, B and C")]
)
def test_names_are_listed(names, words):
    assert listed(names) == words


@pytest.mark.parametrize(
    ("shares", "parts"),
    [([1, 1, 1], [34, 33, 33]), ([2, 1, 1], [50, 25, 25]), ([0, 0], [0, 0]), ([], [])],
)
def test_percents_add_up(shares, parts):
    assert percents(shares) == parts


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

        assert covered_by(coverage) == "Ana 50 %, Ben 50 %, Cem (DACH)"

    def test_one_covering_member_needs_no_percent(self):
        coverage = make_coverage(make_member(), make_member("Ana Sousa"))

        assert covered_by(coverage) == "Ana Sousa"
