"""The budget under constant load, judged by what a server counts on arrival."""

import random

import pytest

from assignments.smartlead.rate_limiter import CallKind
from tests.assignments.smartlead.traffic_simulation import (
    SimulatedServer,
    TrafficSimulation,
    new_limiter,
)

FIVE_MINUTES = 300.0
SEEDS = pytest.mark.parametrize("seed", range(5))


def make_traffic(server: SimulatedServer, *, seed: int) -> TrafficSimulation:
    return TrafficSimulation(new_limiter(), server, random.Random(seed))


def busy_callers(traffic: TrafficSimulation, callers: int):
    return [traffic.busy_caller(CallKind.NORMAL) for _ in range(callers)]


@SEEDS
def test_four_callers_use_the_budget_and_never_exceed_it(seed):
    server = SimulatedServer()
    traffic = make_traffic(server, seed=seed)

    traffic.run(busy_callers(traffic, 4), seconds=FIVE_MINUTES)

    assert server.most_in(60.0) <= 55
    assert server.most_in(2.0) <= 8
    assert server.ours_between(0, FIVE_MINUTES) >= 0.97 * 55 * 5


@SEEDS
@pytest.mark.parametrize("is_sliding", [True, False])
def test_our_own_calls_are_never_taken_for_those_of_others(seed, is_sliding):
    traffic = make_traffic(SimulatedServer(is_sliding=is_sliding), seed=seed)
    traffic.tail = 0.2

    traffic.run(
        [*busy_callers(traffic, 6), traffic.clicker(every=5)], seconds=FIVE_MINUTES
    )

    assert traffic.limiter.foreign_seen == 0


@SEEDS
def test_foreign_calls_are_counted_and_left_room(seed):
    server = SimulatedServer(others_every=5.0)
    traffic = make_traffic(server, seed=seed)

    traffic.run(busy_callers(traffic, 4), seconds=2 * FIVE_MINUTES)

    assert server.most_in(60.0) <= server.limit
    assert server.ours_between(FIVE_MINUTES, 2 * FIVE_MINUTES) >= 0.97 * (55 - 12) * 5


@SEEDS
def test_clicks_do_not_wait_behind_bulk(seed):
    server = SimulatedServer()
    traffic = make_traffic(server, seed=seed)
    traffic.tail = 0.0
    background = [*busy_callers(traffic, 4), traffic.busy_caller(CallKind.FULL)]

    traffic.run([*background, traffic.clicker(every=4.0)], seconds=FIVE_MINUTES)

    waits = sorted(traffic.click_times)
    assert len(waits) > 70
    assert waits[int(len(waits) * 0.95)] < 1.6
    assert server.most_in(60.0) <= 55


def test_the_full_pass_gets_a_tenth():
    server = SimulatedServer()
    traffic = make_traffic(server, seed=1)

    traffic.run([traffic.busy_caller(CallKind.FULL)], seconds=FIVE_MINUTES)

    assert server.most_in(60.0) == 5
    assert server.ours_between(0, FIVE_MINUTES) >= 23
