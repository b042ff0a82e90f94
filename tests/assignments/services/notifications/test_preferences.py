"""Quiet hours and digests in local time, also on days when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.notifications.preferences import (
    DEFAULTS,
    NotificationPreferences,
)
from assignments.services.time_zones import zone_or_default

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 5, 11)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]
).map(ZoneInfo)
MOMENTS = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))


def is_quiet(at, *, begin, end, zone):
    wishes = NotificationPreferences(
        zone=zone, choices=DEFAULTS, quiet_from=begin, quiet_to=end
    )
    return wishes.are_quiet(at)


@pytest.mark.parametrize(
    ("at", "begin", "end", "quiet"),
    [
        ("12:00", "20:00", "07:00", False),
        ("20:00", "20:00", "07:00", True),
        ("23:59", "20:00", "07:00", True),
        ("06:59", "20:00", "07:00", True),
        ("07:00", "20:00", "07:00", False),
        ("13:00", "12:00", "14:00", True),
        ("14:00", "12:00", "14:00", False),
        ("12:00", "09:00", "09:00", False),
    ],
)
def test_quiet_hours(at, begin, end, quiet):
    found = is_quiet(
        datetime.combine(DAY, time.fromisoformat(at), BERLIN),
        begin=time.fromisoformat(begin),
        end=time.fromisoformat(end),
        zone=BERLIN,
    )

    assert found is quiet


def test_the_hour_that_comes_twice_is_quiet_twice():
    begin, end = time(2, 30), time(3)
    first = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)

    both = [
        is_quiet(first + timedelta(hours=hour), begin=begin, end=end, zone=BERLIN)
        for hour in range(3)
    ]

    assert both == [True, True, False]


def test_the_hour_that_is_skipped_ends_nothing_too_late():
    at = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 3:00, a second after 1:59:59

    assert not is_quiet(at, begin=time(22), end=time(2, 30), zone=BERLIN)


@given(at=MOMENTS, begin=TIMES, end=TIMES, zone=ZONES)
def test_quiet_and_not_quiet_share_the_day(at, begin, end, zone):
    one = is_quiet(at, begin=begin, end=end, zone=zone)
    other = is_quiet(at, begin=end, end=begin, zone=zone)

    assert one != other if begin != end else not one


@given(at=MOMENTS, begin=TIMES, hours=st.integers(1, 22), zone=ZONES)
def test_nobody_is_kept_quiet_for_more_than_a_day(at, begin, hours, zone):
    end = time((begin.hour + hours) % 24, begin.minute)
    quarters = [at + timedelta(minutes=15 * part) for part in range(102)]

    assert not all(is_quiet(one, begin=begin, end=end, zone=zone) for one in quarters)


@given(at=MOMENTS, digest_at=TIMES, zone=ZONES)
def test_a_digest_is_never_ahead_and_never_two_days_old(at, digest_at, zone):
    wishes = NotificationPreferences(zone=zone, choices=DEFAULTS, digest_at=digest_at)
    last = wishes.last_digest(at)

    assert last <= at
    assert at - last < timedelta(hours=50)


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "", "../../etc/passwd", "a\0b", "Europe"]
)
def test_an_unknown_zone_counts_as_the_default(name, settings):
    settings.TIME_ZONE = "Europe/Berlin"

    assert zone_or_default(name) == BERLIN
