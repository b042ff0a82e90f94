"""Strategies that choose a member for a lead.

See docs/design/design.md, section 7.

Pure: each gets a lead and a running tally of loads, and returns a member with the
sentence that explains the choice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import NamedTuple, Protocol

MOST_NAMED = 3  # skipped members in one sentence
TURN = 10**15  # parts of a lead, and ticks of a turn at weight 1
_TOLERANCE = 10**9  # parts or ticks that count as no difference
_CACHE_SIZE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMember:
    """A candidate for leads.

    `weight` is their share relative to the others, `cap` the most open leads they may
    have (None: no limit). A non-empty `why_not` excludes them: away or deactivated, in
    words that follow "is".
    """

    id: int
    name: str
    weight: Fraction = Fraction(1)
    cap: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class MemberChoice:
    """The member a strategy chose, or None for nobody, with the reason.

    `text` is the reason without its full stop, `aside` an addition in brackets.
    `lasting` is the text without the loads of the moment, if it has some.
    """

    member_id: int | None
    text: str
    aside: str = ""
    lasting: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.text} ({self.aside})." if self.aside else f"{self.text}."

    @property
    def suggestion(self) -> str:
        """Return the sentence without the loads of the moment, to be read later."""
        return replace(self, text=self.lasting or self.text).sentence


class LeadToAssign(NamedTuple):
    """A lead to choose a member for: its keys for lookup tables, and its owner.

    `is_open`: it counts as open work.
    """

    keys: Sequence[str] = ()
    owner_id: int | None = None
    is_open: bool = True


@dataclass(slots=True)
class LoadTally:
    """Open leads and the last assignment of each member, updated as a plan grows."""

    loads: dict[int, int] = field(default_factory=dict)
    # Newest assignment by member: a higher number is later, a missing member had none.
    last: dict[int, int] = field(default_factory=dict)
    latest: int = 1 << 62  # after every row of the ledger
    # Leads dealt in this plan that are not open: no load, but dealt evenly as well.
    quiet: dict[int, int] = field(default_factory=dict)

    def load(self, member_id: int) -> int:
        return self.loads.get(member_id, 0)

    def lift(self, owner_id: int | None, *, is_open: bool) -> None:
        """Take an open lead with an owner off that owner's load; ignore others."""
        if is_open and owner_id is not None:
            self.loads[owner_id] = self.load(owner_id) - 1

    def put_back(self, owner_id: int | None, *, is_open: bool) -> None:
        """Add an open lead with an owner to that owner's load; ignore others."""
        if is_open and owner_id is not None:
            self.loads[owner_id] = self.load(owner_id) + 1

    def give(self, member_id: int, *, is_open: bool) -> None:
        """Count a lead for the member as `keep` does, and as their newest assignment."""
        self.latest += 1
        self.last[member_id] = self.latest
        self.keep(member_id, is_open=is_open)

    def keep(self, member_id: int, *, is_open: bool) -> None:
        """Add an open lead to the member's load, another to their `quiet` leads."""
        self.put_back(member_id, is_open=is_open)
        if not is_open:
            self.quiet[member_id] = self.quiet.get(member_id, 0) + 1


class Strategy(Protocol):
    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        """Return the choice of the member who gets or keeps the lead, or of nobody.

        Rotations move on with each lead given; the tally is left to the caller.
        """


@dataclass(frozen=True, slots=True)
class NamedMember:
    """The member whom a person named: chosen even if away or at their cap."""

    member: PoolMember
    text: str

    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        return MemberChoice(self.member.id, self.text)


@dataclass(frozen=True, slots=True)
class OnlyMember:
    """The single member of a routing rule: not chosen while away or at their cap."""

    member: PoolMember

    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        free, skipped = split_by_availability([self.member], tally)
        if not free:
            return none_free(skipped)
        return MemberChoice(self.member.id, f"{self.member.name}: the rule's only")


@dataclass(slots=True)
class LeastBusy:
    """The free member with the fewest open leads for their weight.

    So each lead evens out the open work of the pool. Leads that are not open are no
    work: these are dealt evenly among themselves, whatever anybody has open.
    """

    pool: Sequence[PoolMember]

    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        free, skipped = split_by_availability(self.pool, tally)
        if not free:
            return none_free(skipped)
        chosen = min(free, key=lambda member: _busyness(member, lead, tally))
        why, load = _why_chosen(chosen, free, lead, tally)
        lasting = f"{chosen.name}: {why}"
        text = with_skipped(f"{lasting}, {load}", skipped)
        return MemberChoice(chosen.id, text, lasting=lasting)


def _why_chosen(
    chosen: PoolMember, free: Sequence[PoolMember], lead: LeadToAssign, tally: LoadTally
) -> tuple[str, str]:
    """Return e.g. "least busy of 3" and "12 open"; the numbers without this lead."""
    load = f"{tally.load(chosen.id)} open"
    if len(free) == 1:
        return "the only one free", load
    if not lead.is_open:
        dealt = tally.quiet.get(chosen.id, 0)
        return "closed and quiet leads are dealt evenly", f"{dealt} so far"
    by_share = " by share" if len({member.weight for member in free}) > 1 else ""
    return f"least busy of {len(free)}{by_share}", load


def _busyness(
    member: PoolMember, lead: LeadToAssign, tally: LoadTally
) -> tuple[float, bool, int, int]:
    """Return the sort key of LeastBusy, lowest first: the load with this lead, per
    weight.

    The load is of open leads for an open one, else of those dealt though not open.
    Among equals the present owner comes first, then the fewest of the other kind, then
    the longest without a new lead.
    """
    loads = tally.load(member.id), tally.quiet.get(member.id, 0)
    count, others = loads if lead.is_open else loads[::-1]
    share = round((count + 1) / float(member.weight), 9)
    return share, member.id != lead.owner_id, others, tally.last.get(member.id, 0)


@dataclass(slots=True)
class WeightedTurns:
    """A weighted rotation: nobody is ever a whole lead away from their share.

    Each member's next turn begins when their last one is used up, 1/weight later; of
    those whose turn has begun, the one whose turn ends first is chosen (worst-case fair
    queueing). `ahead` says by member how far they are ahead of their share, in parts
    of a lead (TURN parts are one), so that it stays fair if weights change. `given`
    counts the leads given by this object.
    """

    ahead: dict[int, int] = field(default_factory=dict)
    given: int = 0

    def take(
        self,
        free: Sequence[PoolMember],
        pool: Iterable[PoolMember],
        tally: LoadTally,
    ) -> PoolMember:
        """Return the free member whose turn it is; update `ahead` and `given`.

        `pool` also holds members who are not free: they save up no turns. Raises
        ValueError if `free` is empty.
        """
        begun = self._begun(free)
        if not begun:
            self._advance(min(self._ticks_to_turn(member) for member in free), pool)
            begun = self._begun(free)
        chosen = min(begun, key=lambda member: self._urgency(member, tally))
        self.ahead[chosen.id] += TURN
        self.given += 1
        total = _total(tuple(member.weight for member in free))
        self._advance(int(TURN / total), pool)
        free_ids = {member.id for member in free}
        for member in pool:
            if member.id not in free_ids:  # nobody saves turns up while away or full
                self.ahead[member.id] = max(self.ahead.get(member.id, 0), 0)
        return chosen

    def _begun(self, free: Sequence[PoolMember]) -> list[PoolMember]:
        return [
            member
            for member in free
            if self.ahead.setdefault(member.id, 0) <= _TOLERANCE
        ]

    def _ticks_to_turn(self, member: PoolMember) -> int:
        return _ticks(self.ahead[member.id], member.weight)

    def _urgency(self, member: PoolMember, tally: LoadTally) -> tuple[int, int]:
        """Return a sort key: the end of the turn, then the member's last assignment."""
        ends = _ticks(self.ahead[member.id] + TURN, member.weight)
        return (ends + _TOLERANCE // 2) // _TOLERANCE, tally.last.get(member.id, 0)

    def _advance(self, ticks: int, pool: Iterable[PoolMember]) -> None:
        for member in pool:
            share = ticks * member.weight.numerator // member.weight.denominator
            self.ahead[member.id] = self.ahead.get(member.id, 0) - share


def _ticks(parts: int, weight: Fraction) -> int:
    """Return how many ticks pass until `parts` of a lead are a weight's share."""
    return parts * weight.denominator // weight.numerator


@lru_cache(_CACHE_SIZE)
def _total(weights: tuple[Fraction, ...]) -> Fraction:
    return sum(weights, Fraction(0))


@dataclass(slots=True)
class RoundRobin:
    """Members in turn, by weight; a lead of a free pool member stays with them.

    Members of `over_share` hold more than their share of the leads at hand: their leads
    are dealt like any other, and one that falls to them takes their turn.
    """

    pool: Sequence[PoolMember]
    turns: WeightedTurns
    over_share: frozenset[int] = frozenset()

    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        free, skipped = split_by_availability(self.pool, tally)
        if not free:
            return none_free(skipped)
        if lead.owner_id not in self.over_share and (kept := _kept(lead, free)):
            return kept
        chosen = self.turns.take(free, self.pool, tally)
        rank = "the only one free" if len(free) == 1 else f"next of {len(free)} in turn"
        text = with_skipped(f"{chosen.name}: {rank}", skipped)
        return MemberChoice(chosen.id, text)


def members_over_share(
    pool: Sequence[PoolMember], held: Mapping[int, int]
) -> frozenset[int]:
    """Return the ids of members who hold more leads than their share, rounded up.

    `held` counts these leads by owner; those of 0 (nobody) or of owners outside the
    pool add to what is shared, by weight. Members with a `why_not` have no share and
    are left out.
    """
    free = [member for member in pool if not member.why_not]
    total = _total(tuple(member.weight for member in free)) or 1
    share = Fraction(sum(held.values())) / total
    return frozenset(
        member.id
        for member in free
        if held.get(member.id, 0) > ceil(share * member.weight)
    )


def _kept(lead: LeadToAssign, free: Iterable[PoolMember]) -> MemberChoice | None:
    """Return the choice of the lead's owner if they are among `free`, else None."""
    for member in free:
        if member.id == lead.owner_id:
            return MemberChoice(member.id, f"{member.name} has it already")
    return None


@dataclass(slots=True)
class ByTable:
    """The members a lookup table names for a lead's key, in turn; else `default`.

    `kind` is the table's kind in words, `shown` the value to show for each key.
    """

    kind: str
    table: Mapping[str, Sequence[PoolMember]]
    shown: Mapping[str, str]
    turns: WeightedTurns
    default: Strategy | None = None

    def choose(self, lead: LeadToAssign, tally: LoadTally) -> MemberChoice:
        key = next((key for key in lead.keys if key in self.table), None)
        if key is None:
            why = f"the {self.kind} table does not know it"
            return self._by_default(why, lead, tally)
        pool = self.table[key]
        free, skipped = split_by_availability(pool, tally)
        value = self.shown[key]
        if not free:
            return self._by_default(f"{self.kind} {value}: {skipped}", lead, tally)
        if kept := _kept(lead, free):
            return kept
        chosen = self.turns.take(free, pool, tally)
        text = with_skipped(f"{chosen.name}: {self.kind} {value}", skipped)
        return MemberChoice(chosen.id, text)

    def _by_default(
        self, why: str, lead: LeadToAssign, tally: LoadTally
    ) -> MemberChoice:
        if self.default is None:
            return MemberChoice(None, f"Nobody for it: {why}, and there is no default")
        choice = self.default.choose(lead, tally)
        is_chosen = choice.member_id is not None
        return replace(choice, aside=f"by default: {why}" if is_chosen else why)


def lowest_cap(*caps: int | None) -> int | None:
    """Return the lowest of the caps that are not None; None if there is none."""
    return min((cap for cap in caps if cap is not None), default=None)


def split_by_availability(
    pool: Sequence[PoolMember], tally: LoadTally
) -> tuple[list[PoolMember], str]:
    """Return the members who can be given a lead, and the others in words.

    Others have a `why_not` or are at their cap. The words ("Ana is away until Fri 15
    May; Ben is at 9 of 9", MOST_NAMED by name) are empty if all can.
    """
    free: list[PoolMember] = []
    skipped: list[str] = []
    for member in pool:
        if why_not := member.why_not or _full(member, tally):
            skipped.append(f"{member.name} is {why_not}")
        else:
            free.append(member)
    return free, _listed(tuple(skipped))


def _full(member: PoolMember, tally: LoadTally) -> str:
    """Return e.g. "at 9 of 9" for a member who has reached their cap, else ""."""
    if member.cap is None or (load := tally.load(member.id)) < member.cap:
        return ""
    return f"at {load} of {member.cap}"


@lru_cache(_CACHE_SIZE)
def _listed(skipped: tuple[str, ...]) -> str:
    """Join the first MOST_NAMED with "; ", and "2 more are away or full" for the rest."""
    named, rest = skipped[:MOST_NAMED], len(skipped) - MOST_NAMED
    return "; ".join([*named, f"{rest} more are away or full"] if rest > 0 else named)


def with_skipped(text: str, skipped: str) -> str:
    """Return the text, with "; " and `skipped` appended unless that is empty."""
    return f"{text}; {skipped}" if skipped else text


def none_free(skipped: str) -> MemberChoice:
    """Return the choice of nobody: "Nobody can take it: " and `skipped`.

    For an empty `skipped`: "the pool is empty".
    """
    return MemberChoice(None, f"Nobody can take it: {skipped or 'the pool is empty'}")
