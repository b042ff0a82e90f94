"""What holds for any week, zone and moment."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.sla.working_time import (
    Week,
    WorkingCalendar,
    add_working_time,
    working_time_between,
)

NINE_TO_FIVE: Week = (((540, 1020),),) * 5 + ((), ())
# Berlin and New York change at night, Santiago and Cairo at midnight, Lord Howe by half
# an hour, St. John's is half an hour off, Kiritimati is a day ahead.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo",
    "Australia/Lord_Howe", "America/St_Johns", "Pacific/Kiritimati", "Africa/Casablanca",
]  # fmt: skip
MINUTE = timedelta(minutes=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def days(draw) -> tuple[tuple[int, int], ...]:
    marks = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return tuple((a * 15, b * 15) for a, b in pairs)


@st.composite
def calendars(draw) -> WorkingCalendar:
    week = draw(st.tuples(*[days()] * 7).filter(any))
    off = draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20))
    return WorkingCalendar(ZoneInfo(draw(st.sampled_from(ZONES))), week, frozenset(off))


moments = st.integers(0, 365 * 24 * 60 * 60).map(lambda s: YEAR + timedelta(seconds=s))
amounts = st.integers(1, 3000).map(lambda n: n * MINUTE)


def is_working(moment: datetime, calendar: WorkingCalendar) -> bool:
    wall = moment.astimezone(calendar.zone)
    spent = wall.hour * 60 + wall.minute + wall.second / 60
    spans = calendar.week[wall.weekday()]
    on = wall.date() not in calendar.off
    return on and any(opens <= spent < closes for opens, closes in spans)


@given(calendars(), moments, amounts)
def test_the_working_time_before_the_moment_is_the_time_asked_for(
    calendar, start, wanted
):
    end = add_working_time(start, wanted, calendar)

    assert end is None or working_time_between(start, end, calendar) == wanted


@given(calendars(), moments, amounts)
def test_the_moment_ends_working_time_and_never_lies_outside(calendar, start, wanted):
    end = add_working_time(start, wanted, calendar)

    assert end is None or is_working(end - timedelta(seconds=0.5), calendar)


@given(calendars(), moments, moments, amounts)
def test_a_later_start_is_never_due_earlier(calendar, one, other, wanted):
    first, second = (
        add_working_time(start, wanted, calendar) for start in sorted((one, other))
    )

    assert second is None or (first is not None and first <= second)


@given(calendars(), moments, amounts, amounts)
def test_more_minutes_are_never_due_earlier(calendar, start, one, other):
    less, more = (
        add_working_time(start, wanted, calendar) for wanted in sorted((one, other))
    )

    assert more is None or (less is not None and less <= more)


@given(calendars(), st.tuples(moments, moments, moments))
def test_the_parts_of_a_period_add_up(calendar, three):
    start, middle, end = sorted(three)

    parts = working_time_between(start, middle, calendar) + working_time_between(
        middle, end, calendar
    )

    assert parts == working_time_between(start, end, calendar)


@given(calendars(), moments)
def test_each_minute_counts_as_the_wall_says(calendar, start):
    start = start.replace(second=0)
    told = sum(is_working(start + at * MINUTE, calendar) for at in range(60 * 30))

    assert (
        working_time_between(start, start + timedelta(hours=30), calendar)
        == told * MINUTE
    )


@pytest.mark.parametrize(
    "never",
    [
        WorkingCalendar(ZoneInfo("UTC"), ((),) * 7),
        WorkingCalendar(
            ZoneInfo("UTC"),
            NINE_TO_FIVE,
            frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(1200)),
        ),
    ],
    ids=["a week without hours", "nothing but holidays"],
)
def test_where_nobody_ever_works_there_is_no_moment(never):
    assert add_working_time(YEAR, MINUTE, never) is None
    assert working_time_between(YEAR, YEAR + timedelta(days=900), never) == timedelta()
