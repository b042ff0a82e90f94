"""Compute which call may be made now, from the times of earlier calls.

Pure: times are passed in as `now`, in wall-clock seconds. `budget.py` keeps the state
in a row that all processes share.

The server counts a call when it arrives, some time between its start and its end. So a
slot is busy from the start of its call until one window after the end; then no window
of the server can hold more calls than we have slots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

CLOCK_MARGIN = 0.01  # the server may round its clock
MAX_CATCH_UP_CALLS = 3  # paced calls that may be made at once after a pause
FULL_PASS_SHARE = 0.1
BACKOFF = (2.0, 60.0)  # seconds: first and longest pause after a bare 429
LONGEST_PAUSE = 900.0
SLOWED_FOR = 300.0
PROBE_GRACE = 2.0  # seconds; then any call may serve as the probe
PROBE_POLL = 0.25
FOREIGN = "foreign"


class CallKind(StrEnum):
    INTERACTIVE = "interactive"  # somebody waits: clicks, settling, opening a lead
    NORMAL = "normal"  # bulk, coverage, head pass
    FULL = "full"  # the full pass, on a tenth of the budget
    PROBE = "probe"  # one read, to see whether Smartlead takes calls again


@dataclass(frozen=True, slots=True)
class RateWindow:
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stamp:
    token: str
    kind: str
    taken_at: float
    ended_at: float | None = None

    def end(self, now: float, *, deadline: float) -> float:
        """Return when the call ended; for one in flight the earliest possible end,
        which is `now` or, if that has passed, its deadline.
        """
        if self.ended_at is not None:
            return self.ended_at
        return min(now, self.taken_at + deadline)


@dataclass(frozen=True, slots=True)
class NotBefore:
    """No slot before `at`. If `probe_due`, all wait until one PROBE was answered."""

    at: float
    probe_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateReport:
    """The server's own count, from `x-ratelimit-…` headers; None is not given."""

    limit: int | None = None
    remaining: int | None = None
    resets_in: float | None = None


@dataclass(slots=True, kw_only=True)
class RateLimiter:
    windows: tuple[RateWindow, ...]
    deadline: float
    scale: float = 1.0
    stamps: list[Stamp] = field(default_factory=list)
    paced_at: float = 0.0
    paused_at: float = 0.0
    paused_until: float = 0.0
    slowed_until: float = 0.0
    strikes: int = 0  # 429s in a row; above 0, only a probe is allowed
    server_limits: dict[str, int] = field(
        default_factory=dict
    )  # as the server reported, by window
    foreign_seen: int = 0
    last_report_at: float = 0.0  # time of the last report of the server's count

    # ── Taking ──────────────────────────────────────────────────────────────────
    def take(self, kind: CallKind, *, now: float, token: str) -> Stamp | NotBefore:
        if held := self._wait_after_429(kind, now):
            return held
        at = max(self._next_free_time(kind, now), self._paced_start(kind, now))
        if at > now:
            return NotBefore(at)
        self._postpone_paced_calls(1, now)
        stamp = Stamp(token, kind, now)
        self.stamps.append(stamp)
        return stamp

    def _wait_after_429(self, kind: CallKind, now: float) -> NotBefore | None:
        """Return the wait after a 429, or None if this call need not wait for one.

        All wait until the pause ends. Then they wait, asking every PROBE_POLL, until
        one call was answered: a PROBE may be made at once (`probe_due` asks for one),
        any other call after PROBE_GRACE, but none while such a call is in flight.
        """
        if not self.strikes:
            return None
        if now < self.paused_until:
            return NotBefore(self.paused_until)
        if any(self._is_probing(stamp, now) for stamp in self.stamps):
            return NotBefore(now + PROBE_POLL * self.scale)
        grace_over = now >= self.paused_until + PROBE_GRACE * self.scale
        if kind is CallKind.PROBE or grace_over:
            return None
        return NotBefore(now + PROBE_POLL * self.scale, probe_due=True)

    def _is_probing(self, stamp: Stamp, now: float) -> bool:
        is_in_flight = stamp.ended_at is None and now < stamp.taken_at + self.deadline
        return is_in_flight and stamp.taken_at >= self.paused_until

    def _next_free_time(self, kind: CallKind, now: float) -> float:
        spare = 0 if kind is CallKind.INTERACTIVE else 1
        times = [
            self._time_with_room(
                self.stamps, window, max(1, self.limit(window) - spare), now=now
            )
            for window in self.windows
        ]
        if kind is CallKind.FULL:
            share = max(1, int(self.limit(self.longest) * FULL_PASS_SHARE))
            full = [stamp for stamp in self.stamps if stamp.kind == CallKind.FULL]
            times.append(self._time_with_room(full, self.longest, share, now=now))
        return max(times)

    def _time_with_room(
        self, stamps: Iterable[Stamp], window: RateWindow, allowed: int, *, now: float
    ) -> float:
        busy = self._busy_ends(stamps, window, now)
        return now if len(busy) < allowed else busy[len(busy) - allowed]

    def _busy_ends(
        self, stamps: Iterable[Stamp], window: RateWindow, now: float
    ) -> list[float]:
        hold = window.seconds + CLOCK_MARGIN * self.scale
        ends = (stamp.end(now, deadline=self.deadline) + hold for stamp in stamps)
        return sorted(end for end in ends if end > now)

    def _paced_start(self, kind: CallKind, now: float) -> float:
        return (
            now
            if kind is CallKind.INTERACTIVE
            else self.paced_at + self._pace_interval(now)
        )

    def _postpone_paced_calls(self, calls: int, now: float) -> None:
        """Move the next paced call later by `calls` intervals, after calls of any kind;
        at most to one longest window from now. Unused time counts for
        MAX_CATCH_UP_CALLS calls only.

        So slots become free evenly: if clicks came on top of a full pace, the window
        would be full before its first slot is free again, and the next click would have
        to wait.
        """
        step = self._pace_interval(now)
        paced_at = (
            max(self.paced_at, now - (MAX_CATCH_UP_CALLS + 1) * step) + calls * step
        )
        self.paced_at = min(paced_at, now + self.longest.seconds)

    def _pace_interval(self, now: float) -> float:
        # Other users of the key take the spare slot, so leave half a slot more.
        spare = 1.5 if any(stamp.kind == FOREIGN for stamp in self.stamps) else 1.0
        step = self.longest.seconds / max(1.0, self.limit(self.longest) - spare)
        return step * 2 if now < self.slowed_until else step

    def limit(self, window: RateWindow) -> int:
        return min(
            window.count, self.server_limits.get(_window_key(window), window.count)
        )

    @property
    def longest(self) -> RateWindow:
        return max(self.windows, key=lambda window: window.seconds)

    # ── Ending ──────────────────────────────────────────────────────────────────
    def give_back(self, token: str, *, now: float) -> None:
        kept = [stamp for stamp in self.stamps if stamp.token != token]
        if len(kept) < len(self.stamps):
            self.stamps = kept
            self.paced_at -= self._pace_interval(now)

    def finish(self, token: str, *, now: float, rate: RateReport) -> None:
        stamp = self._end(token, now)
        if stamp is None:
            return
        self._learn_from(stamp, rate, now=now)
        if stamp.taken_at >= self.paused_until:
            self.strikes = 0

    def record_429(
        self,
        token: str,
        *,
        now: float,
        rate: RateReport,
        retry_after: float | None,
        jitter: float,
    ) -> None:
        """End the call's stamp, learn from `rate`, and pause all calls until
        `paused_until`, which never moves back. Calls taken before the last strike
        count with it, not as another.

        The pause is `retry_after`, else `rate.resets_in` (each plus up to 0.25 s;
        LONGEST_PAUSE if it is longer); with neither a BACKOFF that doubles by strikes,
        plus up to a quarter. `jitter` is from 0 to 1. Paced calls are twice as far
        apart for SLOWED_FOR.
        """
        stamp = self._end(token, now)
        if stamp is not None:
            self._learn_from(stamp, rate, now=now)
        if not self.strikes or stamp is None or stamp.taken_at > self.paused_at:
            self.strikes += 1
            self.paused_at = now
        pause = self._pause_seconds(retry_after or rate.resets_in, jitter)
        self.paused_until = max(self.paused_until, now + pause)
        self.slowed_until = now + SLOWED_FOR * self.scale

    def _pause_seconds(self, asked: float | None, jitter: float) -> float:
        if asked and asked <= LONGEST_PAUSE:
            return asked + jitter * 0.25 * self.scale
        first, longest = BACKOFF
        backoff = min(first * 2.0 ** min(self.strikes - 1, 10), longest) * self.scale
        return LONGEST_PAUSE * self.scale if asked else backoff * (1 + jitter / 4)

    def _end(self, token: str, now: float) -> Stamp | None:
        for index, stamp in enumerate(self.stamps):
            if stamp.token == token and stamp.ended_at is None:
                ended_at = stamp.end(now, deadline=self.deadline)
                self.stamps[index] = replace(stamp, ended_at=ended_at)
                return self.stamps[index]
        return None

    # ── Others on the same key ──────────────────────────────────────────────────
    def _learn_from(self, stamp: Stamp, rate: RateReport, *, now: float) -> None:
        """Adopt the server's limit for the window that the report is about, and add the
        calls it counted that were not ours as FOREIGN stamps. These also postpone
        paced calls and count in `foreign_seen`. Do nothing if no window matches;
        without `remaining` adopt the limit only.
        """
        window = matching_window(rate, self.windows)
        if window is None:
            return
        if rate.limit is not None:
            self.server_limits[_window_key(window)] = rate.limit
        if rate.remaining is None:
            return
        counted = [
            other.kind == FOREIGN
            for other in self.stamps
            if other.end(now, deadline=self.deadline) + window.seconds > stamp.taken_at
        ]
        foreign = foreign_calls(
            used=(rate.limit or window.count) - rate.remaining,
            ours=counted.count(False),
            known=counted.count(True),
        )
        room = max(0, max(w.count for w in self.windows) - counted.count(True))
        since = min(now - self.last_report_at, window.seconds)
        self.stamps += spread_foreign_calls(min(foreign, room), over=since, now=now)
        self.last_report_at = now
        self._postpone_paced_calls(foreign, now)
        self.foreign_seen += foreign

    # ── State ───────────────────────────────────────────────────────────────────
    @classmethod
    def load(
        cls,
        state: dict[str, Any],
        *,
        now: float,
        windows: Sequence[RateWindow],
        deadline: float,
        scale: float,
    ) -> Self:
        """Return a limiter with the state that `dump` returned; missing values are the
        defaults. Times in the future are limited, as a clock set back must not block
        calls, and stamps too old to matter are dropped.
        """
        limiter = cls(windows=tuple(windows), deadline=deadline, scale=scale)
        kept = limiter.longest.seconds + deadline * 2
        for token, kind, taken_at, ended_at in state.get("stamps", []):
            ended = None if ended_at is None else min(ended_at, now)
            stamp = Stamp(token, kind, min(taken_at, now), ended)
            if stamp.end(now, deadline=deadline) + kept > now:
                limiter.stamps.append(stamp)
        latest_pace = now + limiter.longest.seconds
        limiter.paced_at = min(state.get("paced_at", 0.0), latest_pace)
        limiter.paused_at = min(state.get("paused_at", 0.0), now)
        latest_pause = now + max(LONGEST_PAUSE, LONGEST_PAUSE * scale)
        limiter.paused_until = min(state.get("paused_until", 0.0), latest_pause)
        latest_slow = now + SLOWED_FOR * scale
        limiter.slowed_until = min(state.get("slowed_until", 0.0), latest_slow)
        limiter.strikes = state.get("strikes", 0)
        limiter.server_limits = state.get("named", {})
        limiter.foreign_seen = state.get("foreign_seen", 0)
        limiter.last_report_at = min(state.get("noticed_at", 0.0), now)
        return limiter

    def dump(self) -> dict[str, Any]:
        return {
            "stamps": [[s.token, s.kind, s.taken_at, s.ended_at] for s in self.stamps],
            "paced_at": self.paced_at,
            "paused_at": self.paused_at,
            "paused_until": self.paused_until,
            "slowed_until": self.slowed_until,
            "strikes": self.strikes,
            "named": self.server_limits,
            "foreign_seen": self.foreign_seen,
            "noticed_at": self.last_report_at,
        }

    def used(self, window: RateWindow, now: float) -> int:
        return len(self._busy_ends(self.stamps, window, now))


def foreign_calls(*, used: int, ours: int, known: int) -> int:
    """Return how many calls the server counted beyond ours and the known foreign ones;
    never below 0.

    `ours` includes calls in flight, which it may not have counted, so that none of our
    own calls is taken for a foreign one.
    """
    return max(0, used - ours - known)


def spread_foreign_calls(calls: int, *, over: float, now: float) -> list[Stamp]:
    """Return that many ended FOREIGN stamps: one at `now`, the others evenly over the
    `over` seconds before it, newest first.

    With one time for all, they would become free at once and be counted at once again:
    in every window there would be a while without calls.
    """
    moments = (now - over * at / calls for at in range(calls))
    return [Stamp("", FOREIGN, moment, moment) for moment in moments]


def matching_window(
    rate: RateReport, windows: Sequence[RateWindow]
) -> RateWindow | None:
    """Return the window of ours whose count is nearest to the reported limit, or None.
    A report without a limit counts as one of the longest window's.

    None: a limit below 1, over 4 times more or less than that count, or a reset later
    than 1.5 windows plus 1 s. So a limit per hour is not applied to a minute.
    """
    longest = max(windows, key=lambda window: window.seconds)
    limit = longest.count if rate.limit is None else rate.limit
    if limit < 1:
        return None
    nearest = min(windows, key=lambda window: _ratio(limit, window.count))
    is_too_far = _ratio(limit, nearest.count) > 4
    is_too_long = rate.resets_in is not None and (
        rate.resets_in > nearest.seconds * 1.5 + 1
    )
    return None if is_too_far or is_too_long else nearest


def _ratio(a: float, b: float) -> float:
    return max(a, b) / min(a, b)


def _window_key(window: RateWindow) -> str:
    return f"{window.seconds:g}"
