"""Who of the covering members gets the next lead: a smooth weighted rotation.

Pure; the rotation of a coverage runs on over its arrivals (coverage rules, 30).
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from assignments.models import Coverage, Lead

STEPS_IN = "steps in, because nobody else is free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What of a lead decides who may cover it."""

    campaign_id: int | None
    category_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Empty campaigns or categories stand for all of them."""

    is_all: bool = False
    campaigns: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        """Reads the prefetched campaigns and categories."""
        return cls(
            is_all=coverage.scope == Coverage.Scope.ALL,
            campaigns=frozenset(one.pk for one in coverage.campaigns.all()),
            categories=frozenset(one.pk for one in coverage.categories.all()),
        )

    def takes(self, topic: Topic, *, is_open: bool) -> bool:
        return (
            (self.is_all or is_open)
            and (not self.campaigns or topic.campaign_id in self.campaigns)
            and (not self.categories or topic.category_id in self.categories)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A covering member as the form lists them, with a share or a narrower scope."""

    member_id: int
    share: Decimal
    campaigns: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()

    @property
    def is_narrow(self) -> bool:
        return bool(self.campaigns or self.categories)

    def fits(self, topic: Topic) -> bool:
        return (not self.campaigns or topic.campaign_id in self.campaigns) and (
            not self.categories or topic.category_id in self.categories
        )


@dataclass(frozen=True, slots=True)
class Dealt:
    member_id: int
    # Half a sentence: "covers half of the leads".
    why: str


@dataclass(slots=True)
class Rotation:
    """The order of one coverage, in the order of the form. Dealing moves it on."""

    candidates: Sequence[Candidate]
    fallback_id: int | None = None
    credits: dict[int, Decimal] = field(default_factory=dict)

    @classmethod
    def fresh(
        cls, candidates: Iterable[Candidate], fallback_id: int | None = None
    ) -> "Rotation":
        return cls(tuple(candidates), fallback_id)

    def deal(
        self, topic: Topic, *, free: Container[int], prefer: Sequence[int] = ()
    ) -> Dealt | None:
        """Whose turn it is for this lead among those who are free; None for nobody.

        `prefer`: they have it, or it is planned for them. The first of them who may
        have it keeps it, and the rotation stands still.
        """
        for member_id in prefer:
            if member_id in free and (known := self._suited(member_id, topic)):
                return known
        if group := self._group(topic, free):
            chosen = self._charge(group)
            return Dealt(chosen.member_id, self._why(chosen))
        if self.fallback_id is not None and self.fallback_id in free:
            return Dealt(self.fallback_id, STEPS_IN)
        return None

    def may_keep(self, member_id: int, topic: Topic, *, free: Container[int]) -> bool:
        """Return whether whoever has the lead already may go on having it.

        A covering member may; the fallback only while no covering member is free.
        """
        covers = any(
            one.member_id == member_id and one.fits(topic) for one in self.candidates
        )
        is_fallback = member_id == self.fallback_id
        return covers or (is_fallback and not self._group(topic, free))

    def _suited(self, member_id: int, topic: Topic) -> Dealt | None:
        for one in self.candidates:
            if one.member_id == member_id and one.fits(topic):
                return Dealt(one.member_id, self._why(one))
        if member_id != self.fallback_id:
            return None
        return Dealt(member_id, STEPS_IN)

    def _group(self, topic: Topic, free: Container[int]) -> list[Candidate]:
        there = [one for one in self.candidates if one.member_id in free]
        narrow = [one for one in there if one.is_narrow and one.fits(topic)]
        general = [one for one in there if not one.is_narrow and one.share > 0]
        return narrow or general

    def _charge(self, group: Sequence[Candidate]) -> Candidate:
        weights = _weights(group)
        for member_id, weight in weights.items():
            self.credits[member_id] = self._credit(member_id) + weight
        chosen = max(group, key=lambda one: self._credit(one.member_id))
        self.credits[chosen.member_id] -= sum(weights.values())
        return chosen

    def _credit(self, member_id: int) -> Decimal:
        return self.credits.get(member_id, Decimal(0))

    def _why(self, chosen: Candidate) -> str:
        if chosen.campaigns and not chosen.categories:
            return "covers this campaign"
        if chosen.is_narrow:
            return "covers leads of this kind"
        whole = sum(one.share for one in self.candidates if not one.is_narrow)
        return f"covers {_part(chosen.share / whole)}"


def topic_of(lead: Lead) -> Topic:
    return Topic(campaign_id=lead.campaign_id, category_id=lead.category_id)


def is_open(lead: Lead) -> bool:
    """Replied, and not in a closing category; the lead comes with its category."""
    return lead.last_reply_at is not None and not (
        lead.category is not None and lead.category.is_closing
    )


def _weights(group: Sequence[Candidate]) -> Mapping[int, Decimal]:
    """By share; those with a narrow scope may have been given none: equal parts."""
    if any(one.share > 0 for one in group):
        return {one.member_id: one.share for one in group}
    return {one.member_id: Decimal(1) for one in group}


def _part(part: Decimal) -> str:
    if part == 1:
        return "all of the leads"
    if part == Decimal("0.5"):
        return "half of the leads"
    return f"{part * 100:.0f} % of the leads"
