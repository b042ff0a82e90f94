from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from assignments.services.coverage.gaps import days_of, uncovered
from tests.factories import MONDAY

WEEK = (MONDAY, MONDAY + timedelta(days=5))


def hours(first: int, last: int):
    return (MONDAY + timedelta(hours=first), MONDAY + timedelta(hours=last))


def test_somebody_who_is_never_away_leaves_no_gap():
    assert uncovered(WEEK, [[], [WEEK]]) == []


def test_without_anybody_all_of_it_is_a_gap():
    assert uncovered(WEEK, []) == [WEEK]


def test_a_gap_is_where_all_are_away_at_once():
    assert uncovered(WEEK, [[hours(0, 30)], [hours(20, 40)]]) == [hours(20, 30)]


def test_absences_that_touch_each_other_leave_no_moment_between():
    gaps = uncovered(hours(0, 10), [[hours(0, 5), hours(5, 10)]])

    assert sum((last - first for first, last in gaps), timedelta()) == timedelta(
        hours=10
    )


def test_back_to_back_is_no_gap():
    assert uncovered(hours(0, 5), [[hours(5, 10)]]) == []


def test_days_are_those_of_the_zone():
    evening = (MONDAY.replace(hour=22), MONDAY.replace(hour=23))

    assert days_of([evening], UTC) == [date(2026, 5, 11)]
    assert days_of([evening], ZoneInfo("Asia/Tokyo")) == [date(2026, 5, 12)]


def test_a_window_that_ends_at_midnight_does_not_touch_the_next_day():
    midnight = MONDAY.replace(hour=0) + timedelta(days=1)

    assert days_of([(MONDAY, midnight)], UTC) == [date(2026, 5, 11)]
