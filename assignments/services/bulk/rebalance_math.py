"""Who should have how many leads, and who hands how many to whom.

Pure: loads, capacities and how many leads may move come in. Everybody gets their share,
rounded up or down, as far as the leads that may move allow it. Of all the ways to do
that, this is one with the fewest moves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A member who takes part: how many leads they have, and may give."""

    id: int
    load: int
    movable: int = 0
    capacity: int | None = None

    @property
    def lowest(self) -> int:
        return self.load - min(self.movable, max(self.load, 0))

    @property
    def highest(self) -> int | None:
        """Nobody is filled above what they should have at most."""
        return None if self.capacity is None else max(self.load, self.capacity)


@dataclass(frozen=True, slots=True)
class Transfer:
    from_id: int
    to_id: int
    count: int


def level(seats: Sequence[Seat]) -> dict[int, int]:
    """How many leads each should have in the end."""
    shares = fair_shares(seats)
    wanted = {pk: floor(share) for pk, share in shares.items()}
    left = sum(seat.load for seat in seats) - sum(wanted.values())
    uneven = [seat for seat in seats if shares[seat.id] != wanted[seat.id]]
    for seat in sorted(uneven, key=lambda one: _claim(one, shares[one.id]))[:left]:
        wanted[seat.id] += 1
    return wanted


def _claim(seat: Seat, share: Fraction) -> tuple[bool, Fraction, int]:
    """Who is rounded up first: it saves a move where they have that lead already."""
    return seat.load <= floor(share), floor(share) - share, seat.id


def fair_shares(seats: Sequence[Seat]) -> dict[int, Fraction]:
    """Shares by capacity; who cannot come down or go up to theirs keeps the nearest."""
    weights = _weights(seats)
    shares: dict[int, Fraction] = {}
    open_to_change = list(seats)
    while open_to_change:
        rest = Fraction(sum(seat.load for seat in seats)) - sum(shares.values())
        weight = sum((weights[seat.id] for seat in open_to_change), Fraction(0))
        asked = {seat.id: rest * weights[seat.id] / weight for seat in open_to_change}
        bound = _bound(open_to_change, asked)
        if not bound:
            return shares | asked
        shares |= bound
        open_to_change = [seat for seat in open_to_change if seat.id not in bound]
    return shares


def _bound(seats: Iterable[Seat], asked: dict[int, Fraction]) -> dict[int, Fraction]:
    """Those who miss their share, on the side where more leads are missed by."""
    nearest = {seat.id: _clamped(seat, asked[seat.id]) for seat in seats}
    missed = {pk: share - asked[pk] for pk, share in nearest.items()}
    total = sum(missed.values())
    return {
        pk: nearest[pk]
        for pk, by in missed.items()
        if by and (total == 0 or (by > 0) == (total > 0))
    }


def _clamped(seat: Seat, share: Fraction) -> Fraction:
    at_least = max(share, Fraction(seat.lowest))
    return at_least if seat.highest is None else min(at_least, Fraction(seat.highest))


def _weights(seats: Sequence[Seat]) -> dict[int, Fraction]:
    """Capacities; whoever has none counts like the average of the others."""
    known = [seat.capacity for seat in seats if seat.capacity]
    usual = Fraction(sum(known), len(known)) if known else Fraction(1)
    return {
        seat.id: usual if seat.capacity is None else _weight_of(seat.capacity)
        for seat in seats
    }


def _weight_of(capacity: int) -> Fraction:
    """Who should have none is still somebody: with the smallest share there is."""
    return Fraction(capacity) if capacity else Fraction(1, 10**9)


def transfers(seats: Sequence[Seat], wanted: dict[int, int]) -> Iterator[Transfer]:
    """Who gives to whom: no lead twice, and nobody both gives and gets."""
    givers = [[seat.id, seat.load - wanted[seat.id]] for seat in seats]
    giving = [pair for pair in givers if pair[1] > 0]
    needing = [[pk, -count] for pk, count in givers if count < 0]
    while giving and needing:
        count = min(giving[0][1], needing[0][1])
        yield Transfer(giving[0][0], needing[0][0], count)
        for queue in (giving, needing):
            queue[0][1] -= count
            if not queue[0][1]:
                queue.pop(0)
