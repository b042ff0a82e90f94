import pytest

from assignments.services.bulk.call_estimates import calls_per_minute, minutes_for


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ([(8, 2.0), (55, 60.0)], 54),
        ([(10, 1.0)], 540),
        ([(1, 1.0)], 60),
        ([(1, 300.0)], 1),
    ],
)
def test_one_call_of_the_longest_window_is_left_to_clicks(settings, limits, calls):
    settings.SMARTLEAD_RATE_LIMITS = limits

    assert calls_per_minute() == calls


def test_minutes_are_rounded_up(settings):
    settings.SMARTLEAD_RATE_LIMITS = [(55, 60.0)]

    assert (minutes_for(54), minutes_for(55)) == (1, 2)
