"""Limit the calls of each key by sliding windows, counted when a call arrives."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

DEFAULT_LIMITS = ((60, 60.0),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The decision about one call, with the figures for its headers (seconds)."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_in: float


class SlidingWindow:
    """A limit of `count` calls of one key within any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self._passed: deque[float] = deque()
        self._arrived: deque[float] = deque()
        self._others_at: float | None = None
        self.most_arrived = 0

    def arrive(self, now: float, *, share: float) -> None:
        """Count an arrival, admitted or not, for the peak in `most_arrived`; drop calls
        older than the window; add those of another client that uses `share` of the
        limit. It takes no room itself: `admit` does.
        """
        self._drop(self._passed, now)
        self._drop(self._arrived, now)
        self._arrived.append(now)
        self.most_arrived = max(self.most_arrived, len(self._arrived))
        self._let_others_call(now, share)

    def has_room(self) -> bool:
        return len(self._passed) < self.count

    def admit(self, now: float) -> None:
        self._passed.append(now)

    def remaining(self) -> int:
        return max(0, self.count - len(self._passed))

    def reset_in(self, now: float) -> float:
        oldest = self._passed[0] if self._passed else now
        return max(0.0, oldest + self.seconds - now)

    def _drop(self, stamps: deque[float], now: float) -> None:
        while stamps and stamps[0] <= now - self.seconds:
            stamps.popleft()

    def _let_others_call(self, now: float, share: float) -> None:
        """Add the calls up to `now` of another client that uses `share` of the limit,
        evenly spaced, from one window ago on at most; those without room are left
        out. A share of 0 ends the series.
        """
        if not share:
            self._others_at = None
            return
        step = self.seconds / (share * self.count)
        at = max(self._others_at or 0.0, now - self.seconds) + step
        while at <= now:
            if self.has_room():
                self._passed.append(at)
            self._others_at = at
            at += step
        self._passed = deque(sorted(self._passed))
        self._others_at = self._others_at or now


class ServerRateLimiter:
    def __init__(
        self, limits: Sequence[tuple[int, float]], *, clock: Callable[[], float]
    ) -> None:
        self.limits = tuple(limits)
        self.refused_count = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, list[SlidingWindow]] = {}

    def arrive(self, key: str, *, share: float = 0.0) -> Admission:
        """Count one call of a key, and return if it is admitted, with the figures for
        its headers. An admitted call takes room in every window; a refused one takes
        none and counts in `refused_count`. `share` is the share of the limit that
        another client uses.
        """
        now = self._clock()
        with self._lock:
            windows = self._windows.setdefault(key, self._new_windows())
            for window in windows:
                window.arrive(now, share=share)
            is_allowed = all(window.has_room() for window in windows)
            for window in windows if is_allowed else ():
                window.admit(now)
            self.refused_count += not is_allowed
            return self._admission(windows, now, is_allowed=is_allowed)

    def peaks(self) -> dict[str, int]:
        """Return the most calls, refused ones included, that one key made within each
        window, by the window's name ("60/60s"); 0 without calls.
        """
        with self._lock:
            return {
                f"{count}/{seconds:g}s": max(
                    (windows[at].most_arrived for windows in self._windows.values()),
                    default=0,
                )
                for at, (count, seconds) in enumerate(self.limits)
            }

    def _new_windows(self) -> list[SlidingWindow]:
        return [SlidingWindow(count, seconds) for count, seconds in self.limits]

    def _admission(
        self, windows: list[SlidingWindow], now: float, *, is_allowed: bool
    ) -> Admission:
        longest = max(windows, key=lambda window: window.seconds)
        full = [window.reset_in(now) for window in windows if not window.has_room()]
        wait = longest.reset_in(now) if is_allowed else max(full)
        return Admission(
            is_allowed=is_allowed,
            limit=longest.count,
            remaining=longest.remaining(),
            reset_in=wait,
        )


def retry_after(grant: Admission) -> int:
    return max(1, ceil(grant.reset_in))
