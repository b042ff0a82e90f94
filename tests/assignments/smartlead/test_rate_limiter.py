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
    matching_window,
)

NOW = 1_000_000.0
MINUTE = RateWindow(5, 60.0)
TWO_SECONDS = RateWindow(8, 2.0)
NOTHING_SAID = RateReport()


def make_limiter(*windows: RateWindow, **fields) -> RateLimiter:
    return RateLimiter(windows=windows or (MINUTE,), deadline=15.0, **fields)


def take(
    limiter: RateLimiter, kind: CallKind = CallKind.INTERACTIVE, *, now: float = NOW
):
    return limiter.take(kind, now=now, token=f"call-{len(limiter.stamps)}")


def call(
    limiter: RateLimiter, kind: CallKind = CallKind.INTERACTIVE, *, now: float = NOW
) -> Stamp:
    stamp = take(limiter, kind, now=now)
    assert isinstance(stamp, Stamp)
    limiter.finish(stamp.token, now=now, rate=NOTHING_SAID)
    return stamp


class TestTake:
    def test_refuses_when_a_window_is_full_and_says_until_when(self):
        limiter = make_limiter()
        for second in range(5):
            call(limiter, now=NOW + second)

        answer = take(limiter, now=NOW + 10)

        assert answer == NotBefore(pytest.approx(NOW + 60, abs=0.1))

    def test_all_windows_hold_at_once(self):
        limiter = make_limiter(RateWindow(2, 2.0), RateWindow(55, 60.0))
        call(limiter)
        call(limiter)

        assert take(limiter) == NotBefore(pytest.approx(NOW + 2, abs=0.1))

    def test_counts_from_the_end_of_a_call(self):
        limiter = make_limiter(RateWindow(2, 2.0))
        slow = take(limiter)
        call(limiter)
        limiter.finish(slow.token, now=NOW + 5, rate=NOTHING_SAID)
        call(limiter, now=NOW + 5)

        answer = take(limiter, now=NOW + 6)

        assert answer == NotBefore(pytest.approx(NOW + 7, abs=0.1))

    def test_a_dead_caller_keeps_its_slot_until_its_deadline_and_a_window(self):
        limiter = make_limiter(RateWindow(1, 2.0))
        take(limiter)

        assert isinstance(take(limiter, now=NOW + 16.9), NotBefore)
        assert isinstance(take(limiter, now=NOW + 17.1), Stamp)

    def test_a_slot_given_back_is_free_at_once(self):
        limiter = make_limiter(RateWindow(1, 2.0))
        slot = take(limiter)

        limiter.give_back(slot.token, now=NOW)

        assert isinstance(take(limiter), Stamp)

    def test_bulk_leaves_one_slot_for_clicks(self):
        limiter = make_limiter(RateWindow(3, 60.0))
        call(limiter, CallKind.NORMAL)
        call(limiter, CallKind.NORMAL)

        assert isinstance(take(limiter, CallKind.NORMAL, now=NOW + 40), NotBefore)
        assert isinstance(take(limiter, CallKind.INTERACTIVE, now=NOW + 40), Stamp)

    def test_bulk_is_spread_over_the_window(self):
        limiter = make_limiter(RateWindow(55, 60.0))
        granted = [NOW]
        while granted[-1] < NOW + 20:
            answer = take(limiter, CallKind.NORMAL, now=granted[-1])
            if isinstance(answer, NotBefore):
                granted.append(answer.at)

        steps = [b - a for a, b in pairwise(granted)]
        assert steps == [pytest.approx(60 / 54)] * len(steps)

    def test_clicks_slow_bulk_down_so_that_slots_come_free_evenly(self):
        limiter = make_limiter(RateWindow(55, 60.0), paced_at=NOW)
        for _ in range(3):
            call(limiter, CallKind.INTERACTIVE)

        answer = take(limiter, CallKind.NORMAL)

        assert answer == NotBefore(pytest.approx(NOW + 4 * 60 / 54))

    def test_the_full_pass_takes_no_more_than_a_tenth(self):
        limiter = make_limiter(RateWindow(20, 60.0))
        call(limiter, CallKind.FULL)
        call(limiter, CallKind.FULL, now=NOW + 10)

        assert isinstance(take(limiter, CallKind.FULL, now=NOW + 20), NotBefore)
        assert isinstance(take(limiter, CallKind.NORMAL, now=NOW + 20), Stamp)


class TestAfterA429:
    def limited(
        self, limiter: RateLimiter, *, retry_after=None, now=NOW, rate=NOTHING_SAID
    ):
        stamp = take(limiter, CallKind.PROBE, now=now)
        assert isinstance(stamp, Stamp), stamp
        limiter.record_429(
            stamp.token, now=now, rate=rate, retry_after=retry_after, jitter=0.0
        )

    def test_nobody_goes_before_the_time_smartlead_named(self):
        limiter = make_limiter()

        self.limited(limiter, retry_after=30.0)

        assert take(limiter, now=NOW + 29) == NotBefore(NOW + 30)

    def test_without_a_time_the_pause_doubles_up_to_a_minute(self):
        limiter = make_limiter(RateWindow(55, 60.0))
        pauses, now = [], NOW
        for _ in range(7):
            self.limited(limiter, now=now)
            pauses.append(limiter.paused_until - now)
            now = limiter.paused_until + 3

        assert pauses == [2, 4, 8, 16, 32, 60, 60]

    def test_the_reset_header_stands_in_for_retry_after(self):
        limiter = make_limiter()

        self.limited(limiter, rate=RateReport(limit=5, remaining=0, resets_in=12.0))

        assert limiter.paused_until == NOW + 12

    def test_one_probe_goes_first_and_the_rest_wait_for_it(self):
        limiter = make_limiter()
        self.limited(limiter, retry_after=5.0)

        early = take(limiter, CallKind.INTERACTIVE, now=NOW + 5)
        probe = take(limiter, CallKind.PROBE, now=NOW + 5)
        second = take(limiter, CallKind.PROBE, now=NOW + 5)

        assert isinstance(early, NotBefore)
        assert early.probe_due
        assert isinstance(probe, Stamp)
        assert isinstance(second, NotBefore)
        assert not second.probe_due

    def test_an_answered_probe_opens_the_way(self):
        limiter = make_limiter()
        self.limited(limiter, retry_after=5.0)

        call(limiter, CallKind.PROBE, now=NOW + 5)

        assert isinstance(take(limiter, now=NOW + 6), Stamp)

    def test_a_limited_probe_means_a_longer_pause(self):
        limiter = make_limiter()
        self.limited(limiter)

        self.limited(limiter, now=NOW + 3)

        assert take(limiter, now=NOW + 5) == NotBefore(NOW + 7)

    def test_any_call_is_the_probe_when_nobody_sends_one(self):
        limiter = make_limiter()
        self.limited(limiter, retry_after=5.0)

        assert isinstance(take(limiter, CallKind.NORMAL, now=NOW + 7.1), Stamp)
        assert isinstance(take(limiter, CallKind.NORMAL, now=NOW + 7.1), NotBefore)

    def test_calls_that_were_under_way_together_are_one_strike(self):
        limiter = make_limiter()
        first, second = take(limiter), take(limiter)
        for stamp in (first, second):
            limiter.record_429(
                stamp.token, now=NOW, rate=NOTHING_SAID, retry_after=None, jitter=0.0
            )

        assert limiter.strikes == 1

    def test_an_older_call_that_succeeds_does_not_end_the_pause(self):
        limiter = make_limiter()
        older = take(limiter)
        self.limited(limiter, retry_after=5.0)

        limiter.finish(older.token, now=NOW + 1, rate=NOTHING_SAID)

        assert take(limiter, now=NOW + 2) == NotBefore(NOW + 5)

    def test_bulk_goes_at_half_its_pace_for_five_minutes(self):
        limiter = make_limiter(RateWindow(55, 60.0))
        self.limited(limiter, retry_after=1.0)
        call(limiter, CallKind.PROBE, now=NOW + 1)

        slowed = take(limiter, CallKind.NORMAL, now=NOW + 60), limiter.slowed_until
        limiter.paced_at = NOW + 60
        answer = take(limiter, CallKind.NORMAL, now=NOW + 60)

        assert isinstance(slowed[0], Stamp)
        assert slowed[1] == NOW + 300
        assert answer == NotBefore(pytest.approx(NOW + 60 + 2 * 60 / 54))

    def test_an_absurd_retry_after_is_probed_sooner(self):
        limiter = make_limiter()

        self.limited(limiter, retry_after=86_400.0)

        assert limiter.paused_until == NOW + 900


class TestOthersOnTheKey:
    def test_calls_that_are_not_ours_take_slots(self):
        limiter = make_limiter()
        stamp = take(limiter)

        limiter.finish(stamp.token, now=NOW, rate=RateReport(limit=5, remaining=1))

        assert limiter.foreign_seen == 3
        assert limiter.used(MINUTE, NOW) == 4

    def test_the_same_strangers_are_counted_once(self):
        limiter = make_limiter()
        first = take(limiter)
        limiter.finish(first.token, now=NOW, rate=RateReport(limit=5, remaining=2))
        second = take(limiter, now=NOW + 1)

        limiter.finish(second.token, now=NOW + 1, rate=RateReport(limit=5, remaining=1))

        assert limiter.foreign_seen == 2

    def test_calls_in_flight_may_have_been_counted(self):
        limiter = make_limiter()
        first, _second = take(limiter), take(limiter)

        limiter.finish(first.token, now=NOW + 1, rate=RateReport(limit=5, remaining=3))

        assert limiter.foreign_seen == 0

    def test_a_call_that_left_our_window_may_still_be_in_the_servers(self):
        limiter = make_limiter()
        call(limiter)
        slow = take(limiter, now=NOW + 59)

        limiter.finish(slow.token, now=NOW + 70, rate=RateReport(limit=5, remaining=3))

        assert limiter.foreign_seen == 0

    def test_a_higher_limit_of_the_server_is_not_a_stranger(self):
        limiter = make_limiter()
        stamp = take(limiter)

        limiter.finish(stamp.token, now=NOW, rate=RateReport(limit=6, remaining=5))

        assert limiter.foreign_seen == 0
        assert limiter.limit(MINUTE) == 5

    def test_a_lower_limit_of_the_server_becomes_ours(self):
        limiter = make_limiter()
        stamp = take(limiter)

        limiter.finish(stamp.token, now=NOW, rate=RateReport(limit=3, remaining=2))

        assert limiter.limit(MINUTE) == 3
        assert limiter.foreign_seen == 0

    def test_strangers_never_fill_more_than_the_window(self):
        limiter = make_limiter()
        stamp = take(limiter)

        limiter.finish(stamp.token, now=NOW, rate=RateReport(limit=15, remaining=0))

        assert len(limiter.stamps) == 6


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
    assert matching_window(rate, (TWO_SECONDS, RateWindow(55, 60.0))) == meant


class TestState:
    def reloaded(self, limiter: RateLimiter, *, now: float) -> RateLimiter:
        return RateLimiter.load(
            limiter.dump(), now=now, windows=limiter.windows, deadline=15.0, scale=1.0
        )

    def test_survives_the_row(self):
        limiter = make_limiter()
        call(limiter)
        take(limiter)

        assert self.reloaded(limiter, now=NOW).dump() == limiter.dump()

    def test_forgets_what_no_window_can_hold_any_more(self):
        limiter = make_limiter()
        call(limiter)

        assert self.reloaded(limiter, now=NOW + 200).stamps == []

    def test_a_clock_set_back_by_an_hour_blocks_for_no_more_than_a_window(self):
        limiter = make_limiter(RateWindow(1, 2.0))
        call(limiter)

        set_back = self.reloaded(limiter, now=NOW - 3600)

        assert take(set_back, now=NOW - 3600) == NotBefore(
            pytest.approx(NOW - 3598, abs=0.1)
        )
