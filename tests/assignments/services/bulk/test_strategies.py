"""Who is chosen, and why: promises that hold for any pool and any run."""

from collections import Counter
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from assignments.services.bulk.strategies import (
    ByTable,
    LeadToAssign,
    LeastBusy,
    LoadTally,
    NamedMember,
    PoolMember,
    RoundRobin,
    Strategy,
    WeightedTurns,
    members_over_share,
)

NAMES = ("Ana", "Ben", "Cem", "Dora", "Eve", "Finn", "Gus", "Hana")
weights = st.fractions(
    min_value=Fraction(1, 20), max_value=20, max_denominator=100
) | st.sampled_from([Fraction(1), Fraction(14), Fraction(1, 2)])


def any_run(*strategies: st.SearchStrategy):
    """Any of these; how long it takes is the machine's affair."""
    return lambda test: settings(deadline=None, max_examples=50)(
        any_of(*strategies)(test)
    )


def pool_of(*weights: Fraction | int, **fields) -> list[PoolMember]:
    return [
        PoolMember(id=place + 1, name=NAMES[place], weight=Fraction(weight), **fields)
        for place, weight in enumerate(weights)
    ]


def run(
    strategy: Strategy, count: int, tally: LoadTally | None = None, keys=()
) -> list[int]:
    """Who gets the next leads, all open and nobody's before."""
    tally = tally or LoadTally()
    chosen = []
    for _ in range(count):
        choice = strategy.choose(LeadToAssign(keys), tally)
        if choice.member_id is not None:
            chosen.append(choice.member_id)
            tally.give(choice.member_id, is_open=True)
    return chosen


def by_turns(pool, count, turns=None, tally=None) -> list[int]:
    return run(RoundRobin(pool, turns or WeightedTurns()), count, tally)


def given(strategy: Strategy, owners: list[int | None]) -> list[int]:
    """Who is really given a lead, of leads that these members have now."""
    tally, found = LoadTally(), []
    for owner in owners:
        choice = strategy.choose(LeadToAssign(owner_id=owner), tally)
        if choice.member_id is None or choice.member_id == owner:
            continue
        tally.give(choice.member_id, is_open=True)
        found.append(choice.member_id)
    return found


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


def without(pool: list[PoolMember], *away: int) -> list[PoolMember]:
    return [
        PoolMember(
            id=one.id,
            name=one.name,
            weight=one.weight,
            why_not="away until Fri 14 May" if one.id in away else "",
        )
        for one in pool
    ]


class TestRoundRobin:
    @any_run(st.integers(1, 8), st.integers(0, 60), st.integers(1, 60))
    def test_any_stretch_of_any_run_is_even_to_one(self, size, start, length):
        chosen = by_turns(pool_of(*[1] * size), start + length)

        counts = Counter({place + 1: 0 for place in range(size)})
        counts.update(chosen[start:])

        assert max(counts.values()) - min(counts.values()) <= 1

    @any_run(st.lists(weights, min_size=1, max_size=8), st.integers(1, 200))
    def test_nobody_is_ever_a_whole_lead_from_their_share(self, shares, length):
        counts = Counter(by_turns(pool_of(*shares), length))

        for place, weight in enumerate(shares):
            fair = length * weight / sum(shares)
            assert abs(counts[place + 1] - fair) < 1 + Fraction(1, 1000)

    @any_run(st.integers(0, 200))
    def test_one_in_fifteen_is_never_rounded_to_nothing(self, start):
        chosen = by_turns(pool_of(14, 1), start + 30)

        assert Counter(chosen[start:])[2] in {1, 2, 3}

    @any_run(
        st.lists(weights, min_size=1, max_size=6),
        st.lists(st.integers(1, 9), min_size=1, max_size=20),
    )
    def test_many_small_acts_are_dealt_like_one_large_one(self, shares, acts):
        pool, turns, tally = pool_of(*shares), WeightedTurns(), LoadTally()
        piecemeal: list[int] = []
        for count in acts:
            turns = WeightedTurns(dict(turns.ahead))  # as the database gives it back
            piecemeal += by_turns(pool, count, turns, tally)

        assert piecemeal == by_turns(pool, sum(acts))

    @any_run(st.integers(2, 6), st.integers(0, 30), st.integers(1, 60))
    def test_who_joins_is_dealt_in_from_now(self, size, before, length):
        turns, tally = WeightedTurns(), LoadTally()
        by_turns(pool_of(*[1] * (size - 1)), before, turns, tally)

        counts = Counter(by_turns(pool_of(*[1] * size), length, turns, tally))

        shares = [counts[place + 1] for place in range(size)]
        assert max(shares) - min(shares) <= 1

    @any_run(
        st.integers(2, 6), st.integers(0, 9), st.integers(0, 50), st.integers(1, 50)
    )
    def test_who_returns_makes_up_for_nothing(self, size, before, absence, length):
        pool, turns, tally = pool_of(*[1] * size), WeightedTurns(), LoadTally()
        by_turns(pool, before, turns, tally)
        gone = by_turns(without(pool, 1), absence, turns, tally)

        counts = Counter(by_turns(pool, length, turns, tally))

        shares = [counts[one.id] for one in pool]
        assert 1 not in gone
        assert max(shares) - min(shares) <= 1

    def test_a_tie_goes_to_whoever_waited_longest(self):
        tally = LoadTally(last={1: 30, 2: 10, 3: 20})

        assert by_turns(pool_of(1, 1, 1), 3, tally=tally) == [2, 3, 1]

    def test_others_turns_do_not_move_when_they_are_not_in_the_pool(self):
        pool, turns, tally = pool_of(1, 1, 1, 1), WeightedTurns(), LoadTally()
        first = by_turns(pool[:2], 1, turns, tally)
        by_turns(pool[2:], 7, turns, tally)

        assert first + by_turns(pool[:2], 1, turns, tally) == [1, 2]

    def test_says_whose_turn_and_who_was_passed_over(self):
        pool = without(pool_of(1, 1, 1), 1)

        choice = RoundRobin(pool, WeightedTurns()).choose(LeadToAssign(), LoadTally())

        assert choice.sentence == (
            "Ben: next of 2 in turn; Ana is away until Fri 14 May."
        )


class TestLeadsThatSomebodyHas:
    """A lead that stays uses up nobody's turn: even is counted over what is given."""

    @any_run(st.integers(1, 5), st.lists(st.none() | st.integers(1, 9), max_size=80))
    def test_what_is_given_is_even_to_one_however_many_stay(self, size, owners):
        pool = pool_of(*[1] * size)

        dealt = Counter(given(RoundRobin(pool, WeightedTurns()), owners))

        assert spread([dealt[one.id] for one in pool]) <= 1

    @any_run(
        st.lists(
            st.tuples(
                st.sets(st.integers(1, 4), min_size=1),
                st.lists(st.none() | st.integers(1, 9), max_size=30),
            ),
            max_size=6,
        )
    )
    def test_every_batch_is_even_to_one_while_members_come_and_go(self, acts):
        turns = WeightedTurns()
        for here, owners in acts:
            turns = WeightedTurns(dict(turns.ahead))  # as the database gives it back
            away = {1, 2, 3, 4} - here
            strategy = RoundRobin(without(pool_of(1, 1, 1, 1), *away), turns)

            dealt = Counter(given(strategy, owners))

            assert not away & dealt.keys()
            assert spread([dealt[pk] for pk in here]) <= 1

    @any_run(st.lists(st.integers(0, 60), min_size=2, max_size=5), st.integers(0, 60))
    def test_who_has_more_than_their_share_keeps_their_share(self, held, others):
        pool = pool_of(*[1] * len(held))
        owners = [place + 1 for place, count in enumerate(held) for _ in range(count)]
        owners += [None] * others
        most = ceil(len(owners) / len(pool))
        full = members_over_share(pool, Counter(owners))

        dealt = Counter(given(RoundRobin(pool, WeightedTurns(), full), owners))

        assert full == {one.id for one in pool if held[one.id - 1] > most}
        assert all(dealt[pk] <= most for pk in full)
        rest = [dealt[one.id] for one in pool if one.id not in full]
        assert not rest or spread(rest) <= 1

    def test_ones_own_leads_are_shared_with_whoever_helps(self):
        pool = pool_of(1, 1)
        full = members_over_share(pool, {1: 40})

        assert Counter(given(RoundRobin(pool, WeightedTurns(), full), [1] * 40)) == {
            2: 20
        }

    def test_without_more_than_their_share_everybody_keeps_what_they_have(self):
        assert given(RoundRobin(pool_of(1, 1), WeightedTurns()), [1, 2, 2, 1]) == []

    def test_who_cannot_be_given_leads_does_not_keep_theirs(self):
        pool = without(pool_of(1, 1), 1)

        assert given(RoundRobin(pool, WeightedTurns()), [1, 1]) == [2, 2]


class TestLeastBusy:
    @any_run(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 100))
    def test_the_fewest_are_filled_up_first(self, loads, length):
        tally = LoadTally(loads={place + 1: load for place, load in enumerate(loads)})

        run(LeastBusy(pool_of(*[1] * len(loads))), length, tally)

        given_some = [
            tally.loads[place + 1]
            for place, load in enumerate(loads)
            if tally.loads[place + 1] > load
        ]
        if given_some:
            assert max(given_some) - min(given_some) <= 1
            assert max(given_some) <= min(tally.loads.values()) + 1

    @any_run(st.lists(weights, min_size=1, max_size=6), st.integers(1, 200))
    def test_loads_grow_by_weight(self, shares, length):
        counts = Counter(run(LeastBusy(pool_of(*shares)), length))

        for place, weight in enumerate(shares):
            quota = length * weight / sum(shares)
            assert counts[place + 1] < quota + len(shares)
            assert counts[place + 1] > quota - len(shares)

    def test_each_lead_counts_for_the_next(self):
        tally = LoadTally(loads={1: 31, 2: 29})

        assert run(LeastBusy(pool_of(1, 1)), 4, tally) == [2, 2, 1, 2]

    def test_a_closed_lead_adds_no_load(self):
        tally = LoadTally(loads={1: 1})

        tally.lift(1, is_open=False)
        tally.give(2, is_open=False)

        assert (tally.load(1), tally.load(2)) == (1, 0)

    def test_a_tie_goes_to_whoever_waited_longest(self):
        assert run(LeastBusy(pool_of(1, 1)), 1, LoadTally(last={1: 9})) == [2]

    def test_among_equals_a_lead_stays_where_it_is(self):
        tally = LoadTally(loads={1: 4, 2: 4}, last={2: 9})

        choice = LeastBusy(pool_of(1, 1)).choose(LeadToAssign(owner_id=2), tally)

        assert choice.member_id == 2

    def test_says_how_busy_and_who_was_passed_over(self):
        pool = [*pool_of(1, 1), PoolMember(id=3, name="Tom", cap=50)]

        choice = LeastBusy(pool).choose(
            LeadToAssign(), LoadTally(loads={1: 12, 2: 9, 3: 50})
        )

        assert choice.sentence == "Ben: least busy of 2, 9 open; Tom is at 50 of 50."


@pytest.mark.parametrize(
    "kind", [LeastBusy, lambda pool: RoundRobin(pool, WeightedTurns())]
)
class TestEveryPool:
    @any_run(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 80))
    def test_nobody_is_given_more_than_the_cap(self, kind, caps, length):
        pool = [
            PoolMember(id=place + 1, name=NAMES[place], cap=cap)
            for place, cap in enumerate(caps)
        ]
        tally = LoadTally()

        chosen = run(kind(pool), length, tally)

        assert len(chosen) == min(length, sum(caps))
        assert all(tally.load(one.id) <= (one.cap or 0) for one in pool)

    @any_run(st.sets(st.integers(1, 5)), st.integers(1, 40))
    def test_who_is_away_is_never_chosen(self, kind, away, length):
        chosen = run(kind(without(pool_of(1, 1, 1, 1, 1), *away)), length)

        assert not away & set(chosen)
        assert len(chosen) == (0 if len(away) == 5 else length)

    def test_an_empty_pool_chooses_nobody(self, kind):
        choice = kind([]).choose(LeadToAssign(), LoadTally())

        assert choice.member_id is None
        assert choice.sentence == "Nobody can take it: the pool is empty."

    def test_a_pool_of_one_always_chooses_them(self, kind):
        assert run(kind(pool_of(Fraction(1, 7))), 5) == [1] * 5

    def test_when_everybody_is_away_it_says_so(self, kind):
        choice = kind(without(pool_of(1, 1), 1, 2)).choose(LeadToAssign(), LoadTally())

        assert choice.sentence == (
            "Nobody can take it: Ana is away until Fri 14 May; "
            "Ben is away until Fri 14 May."
        )

    def test_many_skipped_members_are_counted_instead_of_named(self, kind):
        pool = [*without(pool_of(*[1] * 6), 1, 2, 3, 4, 5)]

        choice = kind(pool).choose(LeadToAssign(), LoadTally())

        assert choice.sentence.endswith("; 2 more are away or full.")


class TestByTable:
    def strategy(self, *pool, default=None) -> ByTable:
        turns = WeightedTurns()
        return ByTable("territory", {"de": pool}, {"de": "DE"}, turns, default)

    def test_the_table_says_who(self):
        ana, ben = pool_of(1, 1)

        strategy = self.strategy(ben, default=LeastBusy([ana]))
        choice = strategy.choose(LeadToAssign(("berlin", "de")), LoadTally())

        assert (choice.member_id, choice.sentence) == (2, "Ben: territory DE.")

    def test_several_of_one_territory_take_turns(self):
        assert run(self.strategy(*pool_of(1, 1)), 4, keys=("de",)) == [1, 2, 1, 2]

    def test_a_lead_of_one_of_them_stays_and_uses_up_no_turn(self):
        strategy = self.strategy(*pool_of(1, 1))

        stays = strategy.choose(LeadToAssign(("de",), owner_id=2), LoadTally())

        assert stays.member_id == 2
        assert run(strategy, 2, keys=("de",)) == [1, 2]

    def test_a_key_without_an_entry_goes_to_the_default(self):
        strategy = self.strategy(default=LeastBusy(pool_of(1)))
        choice = strategy.choose(LeadToAssign(("fr",)), LoadTally())

        assert choice.sentence == (
            "Ana: the only one free, 0 open "
            "(by default: the territory table does not know it)."
        )

    def test_a_territory_whose_members_are_away_goes_to_the_default(self):
        ana, ben = without(pool_of(1, 1), 1)
        strategy = self.strategy(ana, default=LeastBusy([ben]))

        choice = strategy.choose(LeadToAssign(("de",)), LoadTally())

        assert choice.member_id == 2
        assert "territory DE: Ana is away until Fri 14 May" in choice.sentence

    def test_without_a_default_it_says_why_nobody(self):
        choice = self.strategy().choose(LeadToAssign(("fr",)), LoadTally())

        assert choice.sentence == (
            "Nobody for it: the territory table does not know it, and there is no default."
        )


def test_one_member_gets_everything_with_the_reason_given():
    (ana,) = pool_of(1)

    choice = NamedMember(ana, "Sara chose Ana").choose(LeadToAssign(), LoadTally())

    assert (choice.member_id, choice.sentence) == (1, "Sara chose Ana.")
