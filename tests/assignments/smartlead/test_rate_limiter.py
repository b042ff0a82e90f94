from itertools import pairwise

import pytest

from assignments.smartlead.rate_limiter import (
    CallKind,
    NotBefore,
    RateLimiter,
    RateReport,
    RateWindow,
    Stamp,
    foreign_calls,
    window_meant,
)

NOW = 1_000_000.0
MINUTE = RateWindow(5, 60.0)
TWO_SECONDS = RateWindow(8, 2.0)
NOTHING_SAID = RateReport()


def a_meter(*windows: RateWindow, **fields) -> RateLimiter:
    return RateLimiter(windows=windows or (MINUTE,), deadline=15.0, **fields)


def take(
    meter: RateLimiter, kind: CallKind = CallKind.INTERACTIVE, *, now: float = NOW
):
    return meter.take(kind, now=now, token=f"call-{len(meter.stamps)}")


def call(
    meter: RateLimiter, kind: CallKind = CallKind.INTERACTIVE, *, now: float = NOW
) -> Stamp:
    stamp = take(meter, kind, now=now)
    assert isinstance(stamp, Stamp)
    meter.finish(stamp.token, now=now, rate=NOTHING_SAID)
    return stamp


class TestTake:
    def test_refuses_when_a_window_is_full_and_says_until_when(self):
        meter = a_meter()
        for second in range(5):
            call(meter, now=NOW + second)

        answer = take(meter, now=NOW + 10)

        assert answer == NotBefore(pytest.approx(NOW + 60, abs=0.1))

    def test_all_windows_hold_at_once(self):
        meter = a_meter(RateWindow(2, 2.0), RateWindow(55, 60.0))
        call(meter)
        call(meter)

        assert take(meter) == NotBefore(pytest.approx(NOW + 2, abs=0.1))

    def test_counts_from_the_end_of_a_call(self):
        meter = a_meter(RateWindow(2, 2.0))
        slow = take(meter)
        call(meter)
        meter.finish(slow.token, now=NOW + 5, rate=NOTHING_SAID)
        call(meter, now=NOW + 5)

        answer = take(meter, now=NOW + 6)

        assert answer == NotBefore(pytest.approx(NOW + 7, abs=0.1))

    def test_a_dead_caller_keeps_its_slot_until_its_deadline_and_a_window(self):
        meter = a_meter(RateWindow(1, 2.0))
        take(meter)

        assert isinstance(take(meter, now=NOW + 16.9), NotBefore)
        assert isinstance(take(meter, now=NOW + 17.1), Stamp)

    def test_a_slot_given_back_is_free_at_once(self):
        meter = a_meter(RateWindow(1, 2.0))
        slot = take(meter)

        meter.give_back(slot.token, now=NOW)

        assert isinstance(take(meter), Stamp)

    def test_bulk_leaves_one_slot_for_clicks(self):
        meter = a_meter(RateWindow(3, 60.0))
        call(meter, CallKind.NORMAL)
        call(meter, CallKind.NORMAL)

        assert isinstance(take(meter, CallKind.NORMAL, now=NOW + 40), NotBefore)
        assert isinstance(take(meter, CallKind.INTERACTIVE, now=NOW + 40), Stamp)

    def test_bulk_is_spread_over_the_window(self):
        meter = a_meter(RateWindow(55, 60.0))
        granted = [NOW]
        while granted[-1] < NOW + 20:
            answer = take(meter, CallKind.NORMAL, now=granted[-1])
            if isinstance(answer, NotBefore):
                granted.append(answer.at)

        steps = [b - a for a, b in pairwise(granted)]
        assert steps == [pytest.approx(60 / 54)] * len(steps)

    def test_clicks_slow_bulk_down_so_that_slots_come_free_evenly(self):
        meter = a_meter(RateWindow(55, 60.0), paced_at=NOW)
        for _ in range(3):
            call(meter, CallKind.INTERACTIVE)

        answer = take(meter, CallKind.NORMAL)

        assert answer == NotBefore(pytest.approx(NOW + 4 * 60 / 54))

    def test_the_full_pass_takes_no_more_than_a_tenth(self):
        meter = a_meter(RateWindow(20, 60.0))
        call(meter, CallKind.FULL)
        call(meter, CallKind.FULL, now=NOW + 10)

        assert isinstance(take(meter, CallKind.FULL, now=NOW + 20), NotBefore)
        assert isinstance(take(meter, CallKind.NORMAL, now=NOW + 20), Stamp)


class TestAfterA429:
    def limited(
        self, meter: RateLimiter, *, retry_after=None, now=NOW, rate=NOTHING_SAID
    ):
        stamp = take(meter, CallKind.PROBE, now=now)
        assert isinstance(stamp, Stamp), stamp
        meter.limited(
            stamp.token, now=now, rate=rate, retry_after=retry_after, jitter=0.0
        )

    def test_nobody_goes_before_the_time_smartlead_named(self):
        meter = a_meter()

        self.limited(meter, retry_after=30.0)

        assert take(meter, now=NOW + 29) == NotBefore(NOW + 30)

    def test_without_a_time_the_pause_doubles_up_to_a_minute(self):
        meter = a_meter(RateWindow(55, 60.0))
        pauses, now = [], NOW
        for _ in range(7):
            self.limited(meter, now=now)
            pauses.append(meter.paused_until - now)
            now = meter.paused_until + 3

        assert pauses == [2, 4, 8, 16, 32, 60, 60]

    def test_the_reset_header_stands_in_for_retry_after(self):
        meter = a_meter()

        self.limited(meter, rate=RateReport(limit=5, remaining=0, resets_in=12.0))

        assert meter.paused_until == NOW + 12

    def test_one_probe_goes_first_and_the_rest_wait_for_it(self):
        meter = a_meter()
        self.limited(meter, retry_after=5.0)

        early = take(meter, CallKind.INTERACTIVE, now=NOW + 5)
        probe = take(meter, CallKind.PROBE, now=NOW + 5)
        second = take(meter, CallKind.PROBE, now=NOW + 5)

        assert isinstance(early, NotBefore)
        assert early.probe_due
        assert isinstance(probe, Stamp)
        assert isinstance(second, NotBefore)
        assert not second.probe_due

    def test_an_answered_probe_opens_the_way(self):
        meter = a_meter()
        self.limited(meter, retry_after=5.0)

        call(meter, CallKind.PROBE, now=NOW + 5)

        assert isinstance(take(meter, now=NOW + 6), Stamp)

    def test_a_limited_probe_means_a_longer_pause(self):
        meter = a_meter()
        self.limited(meter)

        self.limited(meter, now=NOW + 3)

        assert take(meter, now=NOW + 5) == NotBefore(NOW + 7)

    def test_any_call_is_the_probe_when_nobody_sends_one(self):
        meter = a_meter()
        self.limited(meter, retry_after=5.0)

        assert isinstance(take(meter, CallKind.NORMAL, now=NOW + 7.1), Stamp)
        assert isinstance(take(meter, CallKind.NORMAL, now=NOW + 7.1), NotBefore)

    def test_calls_that_were_under_way_together_are_one_strike(self):
        meter = a_meter()
        first, second = take(meter), take(meter)
        for stamp in (first, second):
            meter.limited(
                stamp.token, now=NOW, rate=NOTHING_SAID, retry_after=None, jitter=0.0
            )

        assert meter.strikes == 1

    def test_an_older_call_that_succeeds_does_not_end_the_pause(self):
        meter = a_meter()
        older = take(meter)
        self.limited(meter, retry_after=5.0)

        meter.finish(older.token, now=NOW + 1, rate=NOTHING_SAID)

        assert take(meter, now=NOW + 2) == NotBefore(NOW + 5)

    def test_bulk_goes_at_half_its_pace_for_five_minutes(self):
        meter = a_meter(RateWindow(55, 60.0))
        self.limited(meter, retry_after=1.0)
        call(meter, CallKind.PROBE, now=NOW + 1)

        slowed = take(meter, CallKind.NORMAL, now=NOW + 60), meter.slowed_until
        meter.paced_at = NOW + 60
        answer = take(meter, CallKind.NORMAL, now=NOW + 60)

        assert isinstance(slowed[0], Stamp)
        assert slowed[1] == NOW + 300
        assert answer == NotBefore(pytest.approx(NOW + 60 + 2 * 60 / 54))

    def test_an_absurd_retry_after_is_probed_sooner(self):
        meter = a_meter()

        self.limited(meter, retry_after=86_400.0)

        assert meter.paused_until == NOW + 900


class TestOthersOnTheKey:
    def test_calls_that_are_not_ours_take_slots(self):
        meter = a_meter()
        stamp = take(meter)

        meter.finish(stamp.token, now=NOW, rate=RateReport(limit=5, remaining=1))

        assert meter.foreign_seen == 3
        assert meter.used(MINUTE, NOW) == 4

    def test_the_same_strangers_are_counted_once(self):
        meter = a_meter()
        first = take(meter)
        meter.finish(first.token, now=NOW, rate=RateReport(limit=5, remaining=2))
        second = take(meter, now=NOW + 1)

        meter.finish(second.token, now=NOW + 1, rate=RateReport(limit=5, remaining=1))

        assert meter.foreign_seen == 2

    def test_calls_in_flight_may_have_been_counted(self):
        meter = a_meter()
        first, _second = take(meter), take(meter)

        meter.finish(first.token, now=NOW + 1, rate=RateReport(limit=5, remaining=3))

        assert meter.foreign_seen == 0

    def test_a_call_that_left_our_window_may_still_be_in_the_servers(self):
        meter = a_meter()
        call(meter)
        slow = take(meter, now=NOW + 59)

        meter.finish(slow.token, now=NOW + 70, rate=RateReport(limit=5, remaining=3))

        assert meter.foreign_seen == 0

    def test_a_higher_limit_of_the_server_is_not_a_stranger(self):
        meter = a_meter()
        stamp = take(meter)

        meter.finish(stamp.token, now=NOW, rate=RateReport(limit=6, remaining=5))

        assert meter.foreign_seen == 0
        assert meter.limit(MINUTE) == 5

    def test_a_lower_limit_of_the_server_becomes_ours(self):
        meter = a_meter()
        stamp = take(meter)

        meter.finish(stamp.token, now=NOW, rate=RateReport(limit=3, remaining=2))

        assert meter.limit(MINUTE) == 3
        assert meter.foreign_seen == 0

    def test_strangers_never_fill_more_than_the_window(self):
        meter = a_meter()
        stamp = take(meter)

        meter.finish(stamp.token, now=NOW, rate=RateReport(limit=15, remaining=0))

        assert len(meter.stamps) == 6


@pytest.mark.parametrize(
    ("used", "ours", "known", "foreign"),
    [(10, 10, 0, 0), (10, 12, 0, 0), (10, 7, 0, 3), (10, 7, 3, 0), (-5, 1, 0, 0)],
)
def test_foreign_calls_are_what_nothing_else_explains(used, ours, known, foreign):
    assert foreign_calls(used=used, ours=ours, known=known) == foreign


@pytest.mark.parametrize(
    ("rate", "meant"),
    [
        (RateReport(limit=60), RateWindow(55, 60.0)),
        (RateReport(limit=120), RateWindow(55, 60.0)),
        (RateReport(limit=10), TWO_SECONDS),
        (RateReport(remaining=3), RateWindow(55, 60.0)),
        (RateReport(limit=1000), None),
        (RateReport(limit=0), None),
        (RateReport(limit=60, resets_in=59.0), RateWindow(55, 60.0)),
        (RateReport(limit=60, resets_in=3000.0), None),
    ],
)
def test_a_limit_is_held_against_the_window_it_speaks_about(rate, meant):
    assert window_meant(rate, (TWO_SECONDS, RateWindow(55, 60.0))) == meant


class TestState:
    def reloaded(self, meter: RateLimiter, *, now: float) -> RateLimiter:
        return RateLimiter.load(
            meter.dump(), now=now, windows=meter.windows, deadline=15.0, scale=1.0
        )

    def test_survives_the_row(self):
        meter = a_meter()
        call(meter)
        take(meter)

        assert self.reloaded(meter, now=NOW).dump() == meter.dump()

    def test_forgets_what_no_window_can_hold_any_more(self):
        meter = a_meter()
        call(meter)

        assert self.reloaded(meter, now=NOW + 200).stamps == []

    def test_a_clock_set_back_by_an_hour_blocks_for_no_more_than_a_window(self):
        meter = a_meter(RateWindow(1, 2.0))
        call(meter)

        set_back = self.reloaded(meter, now=NOW - 3600)

        assert take(set_back, now=NOW - 3600) == NotBefore(
            pytest.approx(NOW - 3598, abs=0.1)
        )
