"""Levelling loads: everybody near their share, with as few moves as can be."""

from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from assignments.services.bulk.rebalance_math import (
    MemberLoad,
    Transfer,
    fair_shares,
    target_loads,
    transfers,
)


def free(*loads: int) -> list[MemberLoad]:
    """Members without a capacity, all of whose leads may move."""
    return [
        MemberLoad(id=pk, load=load, movable=load)
        for pk, load in enumerate(loads, start=1)
    ]


def moves(seats: list[MemberLoad], wanted: dict[int, int]) -> int:
    return sum(max(seat.load - wanted[seat.id], 0) for seat in seats)


@st.composite
def offices(draw) -> list[MemberLoad]:
    """Up to four members with a few leads each."""
    small = st.integers(0, 6)
    capacity = st.none() | st.integers(1, 8)
    return [
        MemberLoad(
            id=pk, load=draw(small), movable=draw(small), capacity=draw(capacity)
        )
        for pk in range(1, draw(st.integers(1, 4)) + 1)
    ]


def fewest(seats: list[MemberLoad]) -> int:
    """Every division of the leads is tried that leaves all near their share."""
    shares = fair_shares(seats)
    total = sum(seat.load for seat in seats)
    near = [
        [n for n in range(total + 1) if abs(n - shares[seat.id]) < 1] for seat in seats
    ]
    found = [
        moves(seats, {seat.id: n for seat, n in zip(seats, counts, strict=True)})
        for counts in product(*near)
        if sum(counts) == total
    ]
    return min(found)


def possible(seats: list[MemberLoad]) -> list[tuple[int, ...]]:
    """Every division of the leads that the members' limits allow."""
    total = sum(seat.load for seat in seats)
    allowed = [
        range(seat.lowest, 1 + (total if seat.highest is None else seat.highest))
        for seat in seats
    ]
    return [counts for counts in product(*allowed) if sum(counts) == total]


class TestTargetLoads:
    def test_everybody_ends_within_one_of_everybody(self):
        assert target_loads(free(9, 1, 0)) == {1: 4, 2: 3, 3: 3}

    def test_by_capacity_where_one_is_given(self):
        seats = [
            MemberLoad(id=1, load=30, movable=30, capacity=60),
            MemberLoad(id=2, load=30, movable=30, capacity=40),
        ]

        assert target_loads(seats) == {1: 36, 2: 24}

    def test_who_is_without_a_capacity_counts_like_the_average_of_the_others(self):
        seats = [
            MemberLoad(id=1, load=30, movable=30, capacity=20),
            MemberLoad(id=2, load=0, capacity=40),
            MemberLoad(id=3, load=0),
        ]

        assert target_loads(seats) == {1: 7, 2: 13, 3: 10}

    def test_equal_loads_stay(self):
        assert target_loads(free(4, 3, 4)) == {1: 4, 2: 3, 3: 4}

    def test_who_may_give_nothing_keeps_all_and_the_others_share_the_rest(self):
        seats = [MemberLoad(id=1, load=10), *free(9, 8, 1)[1:]]

        assert target_loads(seats) == {1: 10, 2: 5, 3: 4}

    def test_nobody_is_filled_above_their_capacity(self):
        seats = [
            MemberLoad(id=1, load=20, movable=20),
            MemberLoad(id=2, load=0, capacity=3),
        ]

        assert target_loads(seats) == {1: 17, 2: 3}

    def test_a_capacity_of_zero_ends_with_at_most_one_lead(self):
        seats = [
            MemberLoad(id=1, load=5, movable=5, capacity=0),
            MemberLoad(id=2, load=0),
        ]

        assert target_loads(seats) == {1: 1, 2: 4}

    @given(offices())
    def test_no_lead_is_lost_and_no_limit_broken(self, seats):
        wanted = target_loads(seats)

        assert tuple(wanted[seat.id] for seat in seats) in possible(seats)

    @given(offices())
    def test_no_other_way_to_the_same_shares_takes_fewer_moves(self, seats):
        assert moves(seats, target_loads(seats)) == fewest(seats)

    @given(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    def test_without_limits_nobody_has_two_more_and_no_other_way_moves_fewer(
        self, loads
    ):
        seats = free(*loads)
        wanted = target_loads(seats)

        even = [
            moves(seats, dict(enumerate(counts, start=1)))
            for counts in possible(seats)
            if max(counts) - min(counts) <= 1
        ]
        assert max(wanted.values()) - min(wanted.values()) <= 1
        assert moves(seats, wanted) == min(even)

    @given(offices())
    def test_whoever_is_off_their_share_is_held_there_by_a_limit(self, seats):
        """The most loaded who could give has no more than anybody who could get."""
        shares, weight = fair_shares(seats), _weights(seats)
        giving = [s for s in seats if shares[s.id] > s.lowest]
        getting = [s for s in seats if s.highest is None or shares[s.id] < s.highest]

        for giver, getter in product(giving, getting):
            assert (
                shares[giver.id] / weight[giver.id]
                <= shares[getter.id] / weight[getter.id]
            )


def _weights(seats: list[MemberLoad]) -> dict[int, Fraction]:
    known = [seat.capacity for seat in seats if seat.capacity]
    usual = Fraction(sum(known), len(known)) if known else Fraction(1)
    return {seat.id: Fraction(seat.capacity or usual) for seat in seats}


class TestTransfers:
    def test_givers_hand_on_until_the_others_have_what_they_need(self):
        seats = free(9, 1, 0)

        assert list(transfers(seats, target_loads(seats))) == [
            Transfer(1, 2, 2),
            Transfer(1, 3, 3),
        ]

    @given(offices())
    def test_they_make_the_loads_what_was_wanted_and_nobody_gives_and_gets(self, seats):
        wanted = target_loads(seats)
        handed = list(transfers(seats, wanted))

        loads = {seat.id: seat.load for seat in seats}
        for one in handed:
            loads[one.from_id] -= one.count
            loads[one.to_id] += one.count
        assert loads == wanted
        assert not {t.from_id for t in handed} & {t.to_id for t in handed}
