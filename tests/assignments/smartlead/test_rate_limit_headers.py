import pytest

from assignments.smartlead.rate_limit_headers import parse_rate_headers, seconds_left
from assignments.smartlead.rate_limiter import RateReport

NOW = 1_777_000_000.0


@pytest.mark.parametrize(
    ("reset", "left"),
    [(0, 0), (42, 42), (NOW + 42, 42), ((NOW + 42) * 1000, 42), (NOW - 5, 0)],
)
def test_a_reset_is_read_by_its_size(reset, left):
    assert seconds_left(reset, now=NOW) == pytest.approx(left)


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({}, RateReport()),
        (
            {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0"},
            RateReport(limit=60, remaining=0),
        ),
        ({"x-ratelimit-limit": "60, 60;w=60"}, RateReport(limit=60)),
        ({"x-ratelimit-remaining": "-3"}, RateReport(remaining=0)),
        ({"x-ratelimit-limit": "many", "x-ratelimit-reset": "soon"}, RateReport()),
    ],
)
def test_headers_say_what_they_say(headers, rate):
    assert parse_rate_headers(headers, now=NOW) == rate
