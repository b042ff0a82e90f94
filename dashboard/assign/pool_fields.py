"""Form fields of a pool: who is ticked, with which share, filled up to how many."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from django import forms
from django.http import QueryDict

from assignments.models import Member
from dashboard.assign.member_choices import MemberOption

LARGEST_ID = 2**63 - 1
LONGEST_ID = 19  # its digits
MOST_WEIGHT = 1000
MOST_CAP = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChoice:
    """A member of the pool, and what was typed beside the name."""

    candidate: MemberOption
    is_ticked: bool
    weight: str = ""
    cap: str = ""

    @property
    def member(self) -> Member:
        return self.candidate.member


class PoolFields:
    """A pool of a form; `place` ends the names of its fields where a page has several
    pools.
    """

    def __init__(
        self, candidates: Iterable[MemberOption], data: QueryDict, place: str = ""
    ) -> None:
        ticked = {id_of(text): text for text in data.getlist(f"member{place}")}
        self.seats = [
            PoolChoice(
                candidate=one,
                is_ticked=ticked.pop(one.member.pk, None) is not None,
                weight=data.get(f"weight{place}_{one.member.pk}", "").strip(),
                cap=data.get(f"cap{place}_{one.member.pk}", "").strip(),
            )
            for one in candidates
        ]
        # Whoever was chosen, and is nobody to choose now.
        self.lost = list(ticked.values())

    @property
    def ticked(self) -> list[PoolChoice]:
        return [seat for seat in self.seats if seat.is_ticked]

    def chosen(self) -> list[PoolChoice]:
        """Return the ticked members in the order of the candidates.

        Raises ValidationError if the form also names one that is no candidate (any
        more).
        """
        if self.lost:
            raise forms.ValidationError(
                f"The member {self.lost[0][:30]} cannot be chosen (any more). "
                "Choose again."
            )
        return self.ticked

    def weights(self) -> dict[int, Fraction]:
        """Return the typed weights of ticked members by member id, rounded to two
        decimals. Members without a typed weight are left out; a comma may stand for
        the point. Raises ValidationError if one is not a number from 0.01 to
        MOST_WEIGHT.
        """
        said = {seat.member.pk: weight_of(seat) for seat in self.ticked}
        return {pk: weight for pk, weight in said.items() if weight is not None}

    def caps(self) -> dict[int, int]:
        said = {seat.member.pk: cap_of(seat) for seat in self.ticked}
        return {pk: cap for pk, cap in said.items() if cap is not None}


def weight_of(seat: PoolChoice) -> Fraction | None:
    if not seat.weight:
        return None
    try:
        weight = Decimal(seat.weight.replace(",", "."))
    except InvalidOperation:
        weight = Decimal(0)
    if not weight.is_finite() or not Decimal("0.01") <= weight <= MOST_WEIGHT:
        raise forms.ValidationError(
            f"The share of {seat.member} must be a number from 0.01 to {MOST_WEIGHT}."
        )
    return Fraction(round(weight, 2))


def cap_of(seat: PoolChoice) -> int | None:
    if not seat.cap:
        return None
    number = id_of(seat.cap)
    if number is None or number > MOST_CAP:
        raise forms.ValidationError(
            f"“Fill up to” of {seat.member} must be a number from 0 to {MOST_CAP:,}."
        )
    return number


def id_of(text: str) -> int | None:
    """Return the number in a text that a page sent; None unless it is all ASCII digits
    and from 0 to LARGEST_ID.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID):
        return None
    return number if (number := int(text)) <= LARGEST_ID else None


def is_id(text: str) -> bool:
    return id_of(text) is not None
