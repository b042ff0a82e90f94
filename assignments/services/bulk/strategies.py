"""How a member is chosen, lead by lead against a running tally.

See docs/design/design.md, section 7.

Pure: who is in the pool, how busy they are and whose turn it is come in; a member and
the sentence that explains the choice come out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple, Protocol

MOST_NAMED = 3  # of those who were passed over, in one sentence
TURN = 10**15  # parts of a lead, and ticks of a turn at weight 1
_GRAIN = 10**9  # parts or ticks that count as no difference
_MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMember:
    """Somebody who may be chosen. `why_not`: away or deactivated, in words."""

    id: int
    name: str
    weight: Fraction = Fraction(1)
    cap: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who, and why. `member_id` None: nobody, and why nobody."""

    member_id: int | None
    sentence: str


class Offer(NamedTuple):
    """A lead that looks for a member: what tables may know it by, and who has it."""

    keys: Sequence[str] = ()
    owner_id: int | None = None


@dataclass(slots=True)
class Tally:
    """Who has how many open leads and who was given one last, as a plan grows."""

    loads: dict[int, int] = field(default_factory=dict)
    # The newest assignment to each: the higher, the later. Who is missing had none.
    last: dict[int, int] = field(default_factory=dict)
    latest: int = 1 << 62  # after every row of the ledger
    # Dealt in this plan without being open: nobody's load, and yet not all to one.
    quiet: dict[int, int] = field(default_factory=dict)

    def load(self, member_id: int) -> int:
        return self.loads.get(member_id, 0)

    def lift(self, owner_id: int | None, *, is_open: bool) -> None:
        """An open lead that is about to be dealt weighs on nobody."""
        if is_open and owner_id is not None:
            self.loads[owner_id] = self.load(owner_id) - 1

    def put_back(self, owner_id: int | None, *, is_open: bool) -> None:
        if is_open and owner_id is not None:
            self.loads[owner_id] = self.load(owner_id) + 1

    def give(self, member_id: int, *, is_open: bool) -> None:
        self.latest += 1
        self.last[member_id] = self.latest
        self.keep(member_id, is_open=is_open)

    def keep(self, member_id: int, *, is_open: bool) -> None:
        """It stays with whom it was dealt to: counted, but nothing new to them."""
        self.put_back(member_id, is_open=is_open)
        if not is_open:
            self.quiet[member_id] = self.quiet.get(member_id, 0) + 1


class Strategy(Protocol):
    def choose(self, lead: Offer, tally: Tally) -> Choice:
        """Who gets this lead, or keeps it."""


@dataclass(frozen=True, slots=True)
class OneMember:
    """A person's explicit choice: also of somebody away or full, after a warning."""

    member: PoolMember
    sentence: str

    def choose(self, lead: Offer, tally: Tally) -> Choice:
        return Choice(self.member.id, self.sentence)


@dataclass(slots=True)
class LeastBusy:
    pool: Sequence[PoolMember]

    def choose(self, lead: Offer, tally: Tally) -> Choice:
        free, passed = divide(self.pool, tally)
        if not free:
            return Choice(None, nobody(passed))
        chosen = min(free, key=lambda one: _busyness(one, lead, tally))
        has = f"{tally.load(chosen.id)} open"
        if quiet := tally.quiet.get(chosen.id):
            has += f" and {quiet} closed or quiet of these"
        rank = "the only one free" if len(free) == 1 else f"least busy of {len(free)}"
        return Choice(chosen.id, told(f"{chosen.name}: {rank}, {has}", passed))


def _busyness(one: PoolMember, lead: Offer, tally: Tally) -> tuple[float, bool, int]:
    """Among equals the lead stays where it is, or goes to who has waited longest."""
    count = tally.load(one.id) + tally.quiet.get(one.id, 0) + 1
    share = round(count / float(one.weight), 9)
    return share, one.id != lead.owner_id, tally.last.get(one.id, 0)


@dataclass(slots=True)
class Turns:
    """Whose turn it is, by weight: after any number of leads nobody is a whole lead
    away from their share.

    Each member's next turn begins when their last one is used up, 1/weight later; of
    those whose turn has begun, the one whose turn ends first is chosen (worst-case fair
    queueing). `ahead` is how far each one is ahead of their share, in parts of a lead:
    so that nobody owes more than a lead where the weights are others the next time.
    """

    ahead: dict[int, int] = field(default_factory=dict)
    given: int = 0

    def take(
        self, free: Sequence[PoolMember], pool: Iterable[PoolMember], tally: Tally
    ) -> PoolMember:
        begun = self._begun(free)
        if not begun:
            self._pass(min(self._begins_in(one) for one in free), pool)
            begun = self._begun(free)
        chosen = min(begun, key=lambda one: self._urgency(one, tally))
        self.ahead[chosen.id] += TURN
        self.given += 1
        self._pass(int(TURN / _total(tuple(one.weight for one in free))), pool)
        is_free = {one.id for one in free}
        for one in pool:
            if one.id not in is_free:  # nobody saves turns up while away or full
                self.ahead[one.id] = max(self.ahead.get(one.id, 0), 0)
        return chosen

    def _begun(self, free: Sequence[PoolMember]) -> list[PoolMember]:
        return [one for one in free if self.ahead.setdefault(one.id, 0) <= _GRAIN]

    def _begins_in(self, one: PoolMember) -> int:
        return _ticks(self.ahead[one.id], one.weight)

    def _urgency(self, one: PoolMember, tally: Tally) -> tuple[int, int]:
        ends = _ticks(self.ahead[one.id] + TURN, one.weight)
        return (ends + _GRAIN // 2) // _GRAIN, tally.last.get(one.id, 0)

    def _pass(self, ticks: int, pool: Iterable[PoolMember]) -> None:
        for one in pool:
            share = ticks * one.weight.numerator // one.weight.denominator
            self.ahead[one.id] = self.ahead.get(one.id, 0) - share


def _ticks(parts: int, weight: Fraction) -> int:
    """How long it takes until so much of a lead is somebody's share."""
    return parts * weight.denominator // weight.numerator


@lru_cache(_MOST_REMEMBERED)
def _total(weights: tuple[Fraction, ...]) -> Fraction:
    return sum(weights, Fraction(0))


@dataclass(slots=True)
class RoundRobin:
    """Each is given as many as the next; a lead that stays is not given to anybody.

    Who has more than their share of the leads at hand (`overfull`) keeps their share:
    their leads are dealt like any other, and one that falls to them is their turn.
    """

    pool: Sequence[PoolMember]
    turns: Turns
    overfull: frozenset[int] = frozenset()

    def choose(self, lead: Offer, tally: Tally) -> Choice:
        free, passed = divide(self.pool, tally)
        if not free:
            return Choice(None, nobody(passed))
        if lead.owner_id not in self.overfull and (stays := _stays(lead, free)):
            return stays
        chosen = self.turns.take(free, self.pool, tally)
        alone = (
            "the only one free" if len(free) == 1 else f"next of {len(free)} in turn"
        )
        return Choice(chosen.id, told(f"{chosen.name}: {alone}", passed))


def overfull(pool: Sequence[PoolMember], held: Mapping[int, int]) -> frozenset[int]:
    """Who of the pool has more than their share of the leads to be dealt.

    `held`: how many of these leads each member has.
    """
    free = [one for one in pool if not one.why_not]
    share = Fraction(sum(held.values())) / (_total(tuple(m.weight for m in free)) or 1)
    return frozenset(
        one.id for one in free if held.get(one.id, 0) > ceil(share * one.weight)
    )


def _stays(lead: Offer, free: Iterable[PoolMember]) -> Choice | None:
    """With somebody who could be given it, a lead is where it should be."""
    for one in free:
        if one.id == lead.owner_id:
            return Choice(one.id, f"{one.name} has it already.")
    return None


@dataclass(slots=True)
class Mapped:
    """Territory or expertise: a table says who; nobody there, then the default."""

    word: str
    table: Mapping[str, Sequence[PoolMember]]
    shown: Mapping[str, str]
    turns: Turns
    default: Strategy | None = None

    def choose(self, lead: Offer, tally: Tally) -> Choice:
        key = next((key for key in lead.keys if key in self.table), None)
        if key is None:
            return self._by_default(
                f"the {self.word} table does not know it", lead, tally
            )
        pool = self.table[key]
        free, passed = divide(pool, tally)
        value = self.shown[key]
        if not free:
            return self._by_default(f"{self.word} {value}: {passed}", lead, tally)
        if stays := _stays(lead, free):
            return stays
        chosen = self.turns.take(free, pool, tally)
        return Choice(chosen.id, told(f"{chosen.name}: {self.word} {value}", passed))

    def _by_default(self, why: str, lead: Offer, tally: Tally) -> Choice:
        if self.default is None:
            return Choice(None, f"Nobody for it: {why}, and there is no default.")
        choice = self.default.choose(lead, tally)
        if choice.member_id is None:
            return Choice(None, f"{choice.sentence[:-1]} ({why}).")
        return Choice(choice.member_id, f"{choice.sentence[:-1]} (by default: {why}).")


def lower_of(*caps: int | None) -> int | None:
    return min((cap for cap in caps if cap is not None), default=None)


def divide(pool: Sequence[PoolMember], tally: Tally) -> tuple[list[PoolMember], str]:
    """Those who can be given a lead, and the others in words."""
    free: list[PoolMember] = []
    passed: list[str] = []
    for one in pool:
        if why_not := one.why_not or _full(one, tally):
            passed.append(f"{one.name} is {why_not}")
        else:
            free.append(one)
    return free, _few(tuple(passed))


def _full(one: PoolMember, tally: Tally) -> str:
    if one.cap is None or (load := tally.load(one.id)) < one.cap:
        return ""
    return f"at {load} of {one.cap}"


@lru_cache(_MOST_REMEMBERED)
def _few(passed: tuple[str, ...]) -> str:
    named, rest = passed[:MOST_NAMED], len(passed) - MOST_NAMED
    return "; ".join([*named, f"{rest} more are away or full"] if rest > 0 else named)


def told(sentence: str, passed: str) -> str:
    return f"{sentence}; {passed}." if passed else f"{sentence}."


def nobody(passed: str) -> str:
    return f"Nobody can take it: {passed or 'the pool is empty'}."
