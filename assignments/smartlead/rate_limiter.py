"""The arithmetic of the budget: which call may go now, from the stamps of those before.

Pure: times come in as `now` and are wall-clock seconds. `budget.py` keeps the state in a
row that all processes share.

The server counts a call when it arrives, which is some time between take and end. So a
slot is busy from take until a window after its end; then no window of the server can
hold more calls than we have slots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

CLOCK_MARGIN = 0.01  # the server may round its clock
MAX_CATCH_UP_CALLS = 3  # paced calls that a late caller may make up for at once
FULL_PASS_SHARE = 0.1
BACKOFF = (2.0, 60.0)  # first and longest pause after a 429 without Retry-After
LONGEST_PAUSE = 900.0
SLOWED_FOR = 300.0
PROBE_GRACE = 2.0  # then any call may be the probe, should nobody have sent one
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
        """When it ended; for a call in flight the earliest that can be: now."""
        if self.ended_at is not None:
            return self.ended_at
        return min(now, self.taken_at + deadline)


@dataclass(frozen=True, slots=True)
class NotBefore:
    """No slot now. `probe_due`: all wait for one PROBE to be taken and answered."""

    at: float
    probe_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateReport:
    """What a server says about its own count, in `x-ratelimit-…` headers."""

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
    strikes: int = 0  # 429s in a row; above 0, only a probe may go
    server_limits: dict[str, int] = field(
        default_factory=dict
    )  # limits the server named
    foreign_seen: int = 0
    last_report_at: float = 0.0  # the last answer that told the server's count

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
        """After a 429: nothing until the pause is over, then one probe at a time."""
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
        """Push back the next paced call, for every call that anybody makes.

        Only then do slots come free evenly: were clicks to come on top of a full pace,
        the window would be full before its first slot is free again, and the next click
        would wait for that.
        """
        step = self._pace_interval(now)
        paced_at = (
            max(self.paced_at, now - (MAX_CATCH_UP_CALLS + 1) * step) + calls * step
        )
        self.paced_at = min(paced_at, now + self.longest.seconds)

    def _pace_interval(self, now: float) -> float:
        # Others take the spare slot without asking: half a slot more for them.
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
        """A 429. Calls that were under way together are one strike, not many."""
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
        """Learn the server's limit, and what it counted that was not ours."""
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
        """From the stored state. A clock that was set back must not block for hours."""
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
    """Calls the server counted that were neither ours nor known before.

    `ours` is the most of ours that it can have counted, calls in flight included, so a
    call of our own is never taken for somebody else's.
    """
    return max(0, used - ours - known)


def spread_foreign_calls(calls: int, *, over: float, now: float) -> list[Stamp]:
    """Calls of others at unknown moments since the last count, the newest just now.

    Were they all put at one moment, they would all come free at one moment too, and be
    noticed together again: nobody could call for a while in every window.
    """
    moments = (now - over * at / calls for at in range(calls))
    return [Stamp("", FOREIGN, moment, moment) for moment in moments]


def matching_window(
    rate: RateReport, windows: Sequence[RateWindow]
) -> RateWindow | None:
    """The window of ours that a server's limit speaks about; None where it is neither.

    A limit for the hour, say, must not be held against the minute. One that is not
    named is taken to be the limit we were configured with, of the longest window.
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


def _ratio(one: float, other: float) -> float:
    return max(one, other) / min(one, other)


def _window_key(window: RateWindow) -> str:
    return f"{window.seconds:g}"
