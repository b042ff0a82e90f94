"""Turns go on from act to act, also where the next one has other weights."""

import pytest

from assignments.services.bulk.strategies import WeightedTurns
from tests.assignments.services.bulk.test_strategies import by_turns, pool_of


@pytest.mark.parametrize("times", [2, 50, 1000])
@pytest.mark.parametrize("before", range(1, 8))
@pytest.mark.parametrize("shares", [(1, 1), (1, 1, 1, 1), (3, 2, 1)])
def test_weights_of_another_scale_make_up_for_less_than_a_lead(shares, before, times):
    turns = WeightedTurns()
    by_turns(pool_of(*shares), before, turns)

    chosen = by_turns(pool_of(*(times * share for share in shares)), 60, turns)

    for place, share in enumerate(shares, start=1):
        assert abs(chosen.count(place) - 60 * share / sum(shares)) <= 1
