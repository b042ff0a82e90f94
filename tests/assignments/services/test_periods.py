from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from assignments.services.periods import (
    absence_window,
    begins_a_day,
    clock_change,
    clock_time,
)


def moments(first, last, zone, first_time=None, last_time=None) -> tuple[str, str]:
    pair = absence_window(
        date.fromisoformat(first),
        date.fromisoformat(last),
        first_time,
        last_time,
        zone,
    )
    assert all(moment.tzinfo is UTC for moment in pair)
    return pair[0].strftime("%d %H:%M"), pair[1].strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "starts", "ends"),
    [
        ("UTC", "11 00:00", "12 00:00"),
        ("Europe/Berlin", "10 22:00", "11 22:00"),
        ("Pacific/Pago_Pago", "11 11:00", "12 11:00"),  # UTC-11
        ("Pacific/Kiritimati", "10 10:00", "11 10:00"),  # UTC+14
        ("Asia/Kathmandu", "10 18:15", "11 18:15"),
    ],
)
def test_one_day_is_from_midnight_to_midnight_of_its_zone(zone, starts, ends):
    assert moments("2026-05-11", "2026-05-11", zone) == (starts, ends)


def test_times_narrow_the_first_and_the_last_day():
    found = moments("2026-05-11", "2026-05-15", "UTC", time(13, 30), time(9))

    assert found == ("11 13:30", "15 09:00")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-05-11", 24)]
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(day, hours):
    starts_at, ends_at = absence_window(
        date.fromisoformat(day), date.fromisoformat(day), None, None, "Europe/Berlin"
    )

    assert (ends_at - starts_at).total_seconds() == hours * 3600


def test_a_time_that_the_clocks_skip_is_the_moment_when_they_do():
    found = moments("2026-03-29", "2026-03-29", "Europe/Berlin", time(2, 30))

    assert found[0] == "29 01:30"


def test_a_midnight_that_the_clocks_skip_is_where_the_day_begins():
    # In Beirut the clocks go from 00:00 to 01:00.
    starts_at, _ = absence_window(
        date(2026, 3, 29), date(2026, 3, 29), None, None, "Asia/Beirut"
    )

    assert starts_at == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


def test_of_a_time_that_comes_twice_the_first_counts():
    found = moments("2026-10-25", "2026-10-25", "Europe/Berlin", time(2, 30))

    assert found[0] == "25 00:30"


def test_back_to_back_absences_meet_without_overlap():
    _, ends_at = absence_window(
        date(2026, 3, 27), date(2026, 3, 28), None, None, "Europe/Berlin"
    )
    starts_at, _ = absence_window(
        date(2026, 3, 29), date(2026, 3, 31), None, None, "Europe/Berlin"
    )

    assert ends_at == starts_at


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "at", "zone", "said"),
    [
        (
            date(2026, 3, 29),
            time(2, 30),
            "Europe/Berlin",
            "02:30 does not exist on Sun 29 Mar: the clocks are put forward. "
            "It counts as 03:30.",
        ),
        (
            date(2026, 10, 25),
            time(2, 30),
            "Europe/Berlin",
            "02:30 comes twice on Sun 25 Oct: the clocks are put back. "
            "The first one counts, 02:30 CEST.",
        ),
        (
            date(2026, 4, 5),
            time(1, 45),
            "Australia/Lord_Howe",  # by half an hour
            "01:45 comes twice on Sun 5 Apr: the clocks are put back. "
            "The first one counts, 01:45 +11.",
        ),
        (date(2026, 3, 29), time(3), "Europe/Berlin", ""),
        (date(2026, 3, 29), time(1, 59), "Europe/Berlin", ""),
        (date(2026, 3, 29), time(2, 30), "UTC", ""),
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_said(day, at, zone, said):
    assert clock_change(day, at, zone) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30 CET"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), "03:30"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "03:30"),
    ],
)
def test_a_time_that_comes_twice_is_told_apart(moment, said):
    assert clock_time(moment.astimezone(BERLIN)) == said


@pytest.mark.parametrize(
    ("moment", "zone", "begins"),
    [
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), "Asia/Beirut", True),  # 01:00
        (datetime(2026, 3, 27, 22, 0, tzinfo=UTC), "Asia/Beirut", True),  # 00:00
        (datetime(2026, 11, 1, 4, 0, tzinfo=UTC), "America/Havana", True),
        (datetime(2026, 11, 1, 5, 0, tzinfo=UTC), "America/Havana", False),  # again
        (datetime(2026, 5, 11, 0, 1, tzinfo=UTC), "UTC", False),
    ],
)
def test_a_day_begins_once_also_where_midnight_is_skipped_or_repeated(
    moment, zone, begins
):
    assert begins_a_day(moment.astimezone(ZoneInfo(zone))) is begins
