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


def desk_with(server: SimulatedServer, *, seed: int) -> TrafficSimulation:
    return TrafficSimulation(new_limiter(), server, random.Random(seed))


def bulk(desk: TrafficSimulation, callers: int):
    return [desk.busy_caller(CallKind.NORMAL) for _ in range(callers)]


@SEEDS
def test_four_callers_use_the_budget_and_never_exceed_it(seed):
    server = SimulatedServer()
    desk = desk_with(server, seed=seed)

    desk.run(bulk(desk, 4), seconds=FIVE_MINUTES)

    assert server.most_in(60.0) <= 55
    assert server.most_in(2.0) <= 8
    assert server.ours_between(0, FIVE_MINUTES) >= 0.97 * 55 * 5


@SEEDS
@pytest.mark.parametrize("is_sliding", [True, False])
def test_our_own_calls_are_never_taken_for_those_of_others(seed, is_sliding):
    desk = desk_with(SimulatedServer(is_sliding=is_sliding), seed=seed)
    desk.tail = 0.2

    desk.run([*bulk(desk, 6), desk.clicker(every=5)], seconds=FIVE_MINUTES)

    assert desk.limiter.foreign_seen == 0


@SEEDS
def test_others_on_the_key_are_seen_and_left_room(seed):
    server = SimulatedServer(others_every=5.0)
    desk = desk_with(server, seed=seed)

    desk.run(bulk(desk, 4), seconds=2 * FIVE_MINUTES)

    assert server.most_in(60.0) <= server.limit
    assert server.ours_between(FIVE_MINUTES, 2 * FIVE_MINUTES) >= 0.97 * (55 - 12) * 5


@SEEDS
def test_clicks_do_not_wait_behind_bulk(seed):
    server = SimulatedServer()
    desk = desk_with(server, seed=seed)
    desk.tail = 0.0
    background = [*bulk(desk, 4), desk.busy_caller(CallKind.FULL)]

    desk.run([*background, desk.clicker(every=4.0)], seconds=FIVE_MINUTES)

    waits = sorted(desk.click_times)
    assert len(waits) > 70
    assert waits[int(len(waits) * 0.95)] < 1.6
    assert server.most_in(60.0) <= 55


def test_the_full_pass_gets_a_tenth():
    server = SimulatedServer()
    desk = desk_with(server, seed=1)

    desk.run([desk.busy_caller(CallKind.FULL)], seconds=FIVE_MINUTES)

    assert server.most_in(60.0) == 5
    assert server.ours_between(0, FIVE_MINUTES) >= 23
