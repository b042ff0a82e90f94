"""Arithmetic of rebalancing: target loads, and the transfers to reach them. Pure.

Everybody gets their share by capacity, rounded up or down, as far as the leads that may
move allow it. Of all the ways to do that, this is one with the fewest moves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLoad:
    """A member's open leads, how many of them may move, and their capacity."""

    id: int
    load: int
    movable: int = 0
    capacity: int | None = None

    @property
    def lowest(self) -> int:
        """Return the load without the movable leads."""
        return self.load - min(self.movable, max(self.load, 0))

    @property
    def highest(self) -> int | None:
        """Return the capacity, or the load if that is more; None without a capacity."""
        return None if self.capacity is None else max(self.load, self.capacity)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A number of leads to move from one member to another."""

    from_id: int
    to_id: int
    count: int


def target_loads(members: Sequence[MemberLoad]) -> dict[int, int]:
    """Return, by member id, how many leads each should have; the sum stays the same.

    `fair_shares`, rounded down, and for some up: first for members who have that lead
    already, then by the largest fraction, then by id.
    """
    shares = fair_shares(members)
    wanted = {pk: floor(share) for pk, share in shares.items()}
    left = sum(member.load for member in members) - sum(wanted.values())
    uneven = [member for member in members if shares[member.id] != wanted[member.id]]
    uneven.sort(key=lambda member: _rounding_order(member, shares[member.id]))
    for member in uneven[:left]:
        wanted[member.id] += 1
    return wanted


def _rounding_order(member: MemberLoad, share: Fraction) -> tuple[bool, Fraction, int]:
    """Return the sort key of rounding up: who has the lead, largest fraction, id."""
    return member.load <= floor(share), floor(share) - share, member.id


def fair_shares(members: Sequence[MemberLoad]) -> dict[int, Fraction]:
    """Return, by member id, the unrounded share of all leads by capacity.

    Members without a capacity weigh the average of the others. A member who cannot
    reach their share gets the nearest load between `lowest` and `highest`, and the
    others share the rest.
    """
    weights = _weights(members)
    shares: dict[int, Fraction] = {}
    open_to_change = list(members)
    while open_to_change:
        rest = Fraction(sum(member.load for member in members)) - sum(shares.values())
        weight = sum((weights[member.id] for member in open_to_change), Fraction(0))
        asked = {
            member.id: rest * weights[member.id] / weight for member in open_to_change
        }
        bound = _bound(open_to_change, asked)
        if not bound:
            return shares | asked
        shares |= bound
        open_to_change = [member for member in open_to_change if member.id not in bound]
    return shares


def _bound(
    members: Iterable[MemberLoad], asked: dict[int, Fraction]
) -> dict[int, Fraction]:
    """Return the nearest possible loads of members who cannot have what is asked.

    Only of the side, too many or too few, on which more leads are missed in total (both
    if equal); empty if all can have it.
    """
    nearest = {member.id: _clamped(member, asked[member.id]) for member in members}
    missed = {pk: share - asked[pk] for pk, share in nearest.items()}
    total = sum(missed.values())
    return {
        pk: nearest[pk]
        for pk, by in missed.items()
        if by and (total == 0 or (by > 0) == (total > 0))
    }


def _clamped(member: MemberLoad, share: Fraction) -> Fraction:
    at_least = max(share, Fraction(member.lowest))
    return (
        at_least if member.highest is None else min(at_least, Fraction(member.highest))
    )


def _weights(members: Sequence[MemberLoad]) -> dict[int, Fraction]:
    """Return capacities by member id; those without weigh the average of those above 0.

    That is 1 if there are none. A capacity of 0 weighs 1/10**9.
    """
    known = [member.capacity for member in members if member.capacity]
    tiny = Fraction(1, 10**9)
    usual = Fraction(sum(known), len(known)) if known else Fraction(1)
    return {
        # A capacity of 0 weighs almost nothing, but never exactly nothing.
        member.id: usual
        if member.capacity is None
        else Fraction(member.capacity or tiny)
        for member in members
    }


def transfers(
    members: Sequence[MemberLoad], wanted: dict[int, int]
) -> Iterator[Transfer]:
    """Yield transfers to the wanted loads; nobody both gives and receives.

    Givers and receivers are taken in the order of `members`, until one side is done.
    """
    surplus = [[member.id, member.load - wanted[member.id]] for member in members]
    giving = [pair for pair in surplus if pair[1] > 0]
    needing = [[pk, -count] for pk, count in surplus if count < 0]
    while giving and needing:
        count = min(giving[0][1], needing[0][1])
        yield Transfer(giving[0][0], needing[0][0], count)
        for queue in (giving, needing):
            queue[0][1] -= count
            if not queue[0][1]:
                queue.pop(0)
