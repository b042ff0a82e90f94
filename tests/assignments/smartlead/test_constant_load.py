"""The budget under constant load, on a simulated clock, judged by a simulated server."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from assignments.smartlead.meter import Kind, Meter, NotBefore, Rate, Window

WINDOWS = (Window(8, 2.0), Window(55, 60.0))
FIVE_MINUTES = 300.0


@dataclass
class Server:
    """Counts calls when they arrive, and says so like Smartlead."""

    limit: int = 60
    window: float = 60.0
    arrivals: list[float] = field(default_factory=list)

    def arrive(self, at: float) -> Rate:
        self.arrivals.append(at)
        used = sum(1 for arrival in self.arrivals if at - self.window < arrival <= at)
        return Rate(limit=self.limit, remaining=max(0, self.limit - used))

    def most_in(self, seconds: float) -> int:
        arrivals = sorted(self.arrivals)
        return max(
            sum(1 for other in arrivals if start <= other < start + seconds)
            for start in arrivals
        )


@dataclass
class Desk:
    """Several callers who always have another call to make."""

    meter: Meter
    server: Server
    rng: random.Random
    tail: float = 0.01
    kinds: tuple[Kind, ...] = (Kind.NORMAL,) * 4
    waits: dict[Kind, list[float]] = field(default_factory=dict)

    def run(self, seconds: float) -> None:
        turns = [(self.rng.random() / 10, n, self._calls(k)) for n, k in enumerate(self.kinds)]
        heapq.heapify(turns)
        while turns and turns[0][0] < seconds:
            now, number, calls = heapq.heappop(turns)
            heapq.heappush(turns, (calls.send(now) or now, number, calls))

    def _calls(self, kind: Kind) -> "Caller":
        return Caller(self, kind)


class Caller:
    def __init__(self, desk: Desk, kind: Kind) -> None:
        self._steps = self._live(desk, kind)
        next(self._steps)

    def send(self, now: float) -> float:
        return self._steps.send(now)

    def _live(self, desk, kind):
        now = yield 0.0
        for number in range(10_000):
            token = f"{id(self)}-{number}"
            asked_at = now
            while isinstance(taken := desk.meter.take(kind, now=now, token=token), NotBefore):
                now = yield max(taken.at, now + 0.001) + desk.rng.random() * 0.005
            desk.waits.setdefault(kind, []).append(now - asked_at)
            latency = 5.0 if desk.rng.random() < desk.tail else 0.2
            now = yield now + latency * desk.rng.random()
            rate = desk.server.arrive(now)
            now = yield now + latency / 2
            desk.meter.finish(token, now=now, rate=rate)
