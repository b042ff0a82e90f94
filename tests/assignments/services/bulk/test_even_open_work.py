"""Least busy leaves the open work of a pool as even as it can be."""

from collections import Counter
from itertools import permutations

from hypothesis import strategies as st

from assignments.services.bulk.strategies import (
    LeadToAssign,
    LeastBusy,
    LoadTally,
    PoolMember,
    Strategy,
)
from tests.assignments.services.bulk.test_strategies import (
    NAMES,
    any_run,
    pool_of,
    weights,
)


def deal(strategy: Strategy, owners: list[int], tally: LoadTally) -> Counter[int]:
    """How many of these open leads everybody got or kept; owner 0 is nobody."""
    dealt: Counter[int] = Counter()
    for owner in owners:
        owner_id = owner or None
        tally.lift(owner_id, is_open=True)
        choice = strategy.choose(LeadToAssign(owner_id=owner_id), tally)
        if choice.member_id is None:
            tally.put_back(owner_id, is_open=True)
            continue
        dealt[choice.member_id] += 1
        if choice.member_id == owner_id:
            tally.keep(choice.member_id, is_open=True)
        else:
            tally.give(choice.member_id, is_open=True)
    return dealt


def has_room(member: PoolMember, tally: LoadTally) -> bool:
    return member.cap is None or tally.load(member.id) < member.cap


@any_run(st.data())
def test_the_open_work_ends_as_even_as_it_can_be(data):
    size = data.draw(st.integers(2, 5))
    numbers = st.integers(0, 30)
    pool = [
        PoolMember(
            id=place + 1,
            name=NAMES[place],
            weight=data.draw(weights),
            cap=data.draw(st.none() | numbers),
            why_not=data.draw(st.sampled_from(["", "", "", "away"])),
        )
        for place in range(size)
    ]
    # 0: nobody's; one above the pool: of somebody outside it.
    owners = data.draw(st.lists(st.integers(0, size + 1), max_size=60))
    others = {pk: data.draw(numbers) for pk in range(1, size + 2)}
    tally = LoadTally(loads=dict(Counter(owners) + Counter(others)))

    dealt = deal(LeastBusy(pool), owners, tally)

    for one, other in permutations(pool, 2):
        if dealt[one.id] and not other.why_not and has_room(other, tally):
            gap = tally.load(one.id) / one.weight
            assert gap <= (tally.load(other.id) + 1) / other.weight


def test_leads_that_are_not_open_do_not_unsettle_the_open_ones():
    tally, kinds = LoadTally(), [True, False] * 10

    for is_open in kinds:
        lead = LeadToAssign(is_open=is_open)
        choice = LeastBusy(pool_of(1, 1)).choose(lead, tally)
        tally.give(choice.member_id or 0, is_open=is_open)

    assert tally.loads == {1: 5, 2: 5}
    assert tally.quiet == {1: 5, 2: 5}
