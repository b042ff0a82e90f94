from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from assignments.services.coverage.calendar import (
    common_absences,
    days_of_month,
    days_of_weeks,
    days_touched,
    timeline,
    uncovered_days_of,
)
from tests.dashboard.pages import queries_of
from tests.factories import MONDAY, make_coverage, make_hold, make_lead, make_member

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 11)
DAYS = days_of_weeks(MAY)
WEEK = (MONDAY, MONDAY + timedelta(days=5))


def bars(days=DAYS):
    """Each bar as its member, first day, length and kind."""
    shown = timeline(days, zone=UTC)
    return [
        (str(row.member), cell.day.day, cell.days, cell.kind)
        for row in shown.rows
        for cell in row.cells
        if cell.coverage
    ]


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor")


def test_an_absence_is_a_bar_over_its_days(ana, ben):
    make_coverage(ana, ben)

    assert bars() == [("Ana Sousa", 11, 5, "")]


def test_each_row_fills_its_days_exactly(ana, ben):
    make_coverage(ana, ben)
    make_coverage(ana, ben, first_day=MAY + timedelta(days=20))

    shown = timeline(DAYS, zone=UTC)

    assert [sum(cell.days for cell in row.cells) for row in shown.rows] == [42]


def test_an_absence_is_cut_at_the_edges(ana, ben):
    make_coverage(
        ana, ben, first_day=MAY - timedelta(days=3), last_day=MAY + timedelta(days=90)
    )

    assert bars() == [("Ana Sousa", 11, 42, "")]


@pytest.mark.parametrize(
    ("state", "kind"),
    [("proposed", "plan"), ("active", "live"), ("completed", "over")],
)
def test_a_bar_shows_how_it_stands(ana, ben, state, kind):
    make_coverage(ana, ben, state=state)

    assert [bar[3] for bar in bars()] == [kind]


def test_a_cancelled_one_is_left_out(ana, ben):
    make_coverage(ana, ben, state="cancelled", cancelled_at=MONDAY)

    assert bars() == []


def test_days_on_which_all_who_cover_are_away_are_a_gap(ana, ben):
    make_coverage(ana, ben)
    make_coverage(ben, make_member("Cem Kaya"), first_day=date(2026, 5, 14))

    assert bars()[:2] == [("Ana Sousa", 11, 3, ""), ("Ana Sousa", 14, 2, "gap")]


def test_a_fallback_closes_the_gap(ana, ben):
    make_coverage(ana, ben, fallback=make_member("Cem Kaya"))
    make_coverage(ben, make_member("Cem Kaya"), first_day=date(2026, 5, 14))

    assert "gap" not in [bar[3] for bar in bars()]


def test_a_proposal_is_no_absence_yet(ana, ben):
    make_coverage(ana, ben)
    make_coverage(ben, ana, state="proposed")

    assert ("Ana Sousa", 11, 5, "") in bars()


def test_a_deactivated_member_covers_nothing(ana, ben):
    ben.is_active = False
    ben.save()
    coverage = make_coverage(ana, ben)

    assert len(uncovered_days_of([coverage])[coverage.pk]) == 5


def test_the_days_are_those_of_each_members_zone(ana, ben):
    make_coverage(ana, ben, zone="Pacific/Kiritimati")
    make_coverage(ben, make_member(), zone="Pacific/Pago_Pago")

    # It is still Sunday there when her Monday is over.
    assert bars()[:2] == [("Ana Sousa", 11, 1, ""), ("Ana Sousa", 12, 4, "gap")]
    assert bars()[2][:3] == ("Ben Okafor", 11, 5)


def test_two_absences_of_one_day_stand_in_two_rows(ana, ben):
    for hour in (8, 13):
        at = MONDAY.replace(hour=hour)
        make_coverage(ana, ben, starts_at=at, ends_at=at + timedelta(hours=3))

    rows = timeline(DAYS, zone=UTC).rows

    assert [row.is_first for row in rows] == [True, False]


def test_a_month_is_its_days(ana):
    assert [days_of_month(date(2026, 2, 14))[place].day for place in (0, -1)] == [1, 28]


def test_the_number_of_queries_does_not_grow(ana, ben):
    def ask():
        timeline(DAYS, zone=UTC)

    make_hold(make_coverage(ana, ben), make_lead(owner=ben))
    few = queries_of(ask)
    for number in range(10):
        make_coverage(make_member(f"M {number}"), ben)

    assert queries_of(ask) == few


def hours(first: int, last: int):
    return (MONDAY + timedelta(hours=first), MONDAY + timedelta(hours=last))


def test_somebody_who_is_never_away_leaves_no_gap():
    assert common_absences(WEEK, [[], [WEEK]]) == []


def test_without_anybody_all_of_it_is_a_gap():
    assert common_absences(WEEK, []) == [WEEK]


def test_a_gap_is_where_all_are_away_at_once():
    assert common_absences(WEEK, [[hours(0, 30)], [hours(20, 40)]]) == [hours(20, 30)]


def test_absences_that_touch_each_other_leave_no_moment_between():
    gaps = common_absences(hours(0, 10), [[hours(0, 5), hours(5, 10)]])

    assert sum((last - first for first, last in gaps), timedelta()) == timedelta(
        hours=10
    )


def test_back_to_back_is_no_gap():
    assert common_absences(hours(0, 5), [[hours(5, 10)]]) == []


def test_days_are_those_of_the_zone():
    evening = (MONDAY.replace(hour=22), MONDAY.replace(hour=23))

    assert days_touched([evening], UTC) == [date(2026, 5, 11)]
    assert days_touched([evening], ZoneInfo("Asia/Tokyo")) == [date(2026, 5, 12)]


def test_a_window_that_ends_at_midnight_does_not_touch_the_next_day():
    midnight = MONDAY.replace(hour=0) + timedelta(days=1)

    assert days_touched([(MONDAY, midnight)], UTC) == [date(2026, 5, 11)]
