"""Callers and a server on a simulated clock: minutes of traffic in a few milliseconds."""

import heapq
import random
from bisect import bisect_right, insort
from collections.abc import Generator
from dataclasses import dataclass, field

from assignments.smartlead.rate_limiter import (
    CallKind,
    NotBefore,
    RateLimiter,
    RateReport,
    RateWindow,
)

WINDOWS = (RateWindow(8, 2.0), RateWindow(55, 60.0))

# A caller yields the time at which it goes on, and is told the time when it does.
type Caller = Generator[float, float]


def new_limiter() -> RateLimiter:
    return RateLimiter(windows=WINDOWS, deadline=15.0)


@dataclass
class SimulatedServer:
    """Counts calls as they arrive, over a sliding window or in fixed ones."""

    limit: int = 60
    is_sliding: bool = True
    others_every: float | None = None  # seconds between calls of others on the key
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    ours: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    _next_other: float = 0.0

    def arrive(self, at: float) -> RateReport:
        while self.others_every and self._next_other <= at:
            insort(self.arrivals, self._next_other)
            self._next_other += self.others_every * self.rng.uniform(0.5, 1.5)
        insort(self.ours, at)
        insort(self.arrivals, at)
        since = at - 60.0 if self.is_sliding else at - at % 60.0 - 1e-9
        used = bisect_right(self.arrivals, at) - bisect_right(self.arrivals, since)
        return RateReport(limit=self.limit, remaining=max(0, self.limit - used))

    def most_in(self, seconds: float) -> int:
        found = self.arrivals
        return max(
            bisect_right(found, start + seconds - 1e-9) - index
            for index, start in enumerate(found)
        )

    def ours_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.ours)


@dataclass
class TrafficSimulation:
    limiter: RateLimiter
    server: SimulatedServer
    rng: random.Random
    tail: float = 0.01  # share of calls that take 5 s
    latency: float = 0.2
    click_times: list[float] = field(default_factory=list)

    def run(self, callers: list[Caller], *, seconds: float) -> None:
        turns = [(next(caller), n, caller) for n, caller in enumerate(callers)]
        heapq.heapify(turns)
        while turns[0][0] < seconds:
            now, n, caller = heapq.heappop(turns)
            heapq.heappush(turns, (caller.send(now), n, caller))

    def busy_caller(self, kind: CallKind) -> Caller:
        """Always has another call to make."""
        now = yield self.rng.random() / 10
        while True:
            now = yield from self.call(kind, now)

    def clicker(self, *, every: float) -> Caller:
        """Each click costs a read and a write."""
        now = yield every
        while True:
            begun = now
            now = yield from self.call(CallKind.INTERACTIVE, now)
            now = yield from self.call(CallKind.INTERACTIVE, now)
            self.click_times.append(now - begun)
            now = yield max(now, begun + every)

    def call(self, kind: CallKind, now: float) -> Generator[float, float, float]:
        token = f"{self.rng.random()}"
        taken = self.limiter.take(kind, now=now, token=token)
        while isinstance(taken, NotBefore):
            now = yield max(taken.at, now) + self.rng.random() * 0.01
            taken = self.limiter.take(kind, now=now, token=token)
        latency = 5.0 if self.rng.random() < self.tail else self.latency
        way_there = latency * self.rng.random()
        now = yield now + way_there
        rate = self.server.arrive(now)
        now = yield now + latency - way_there
        self.limiter.finish(token, now=now, rate=rate)
        return now
