"""Which leads a coverage takes, and which covering member gets the next one.

A smooth weighted rotation over the members; its credits are kept, so that it runs on
over the leads that arrive later (docs/design/coverage-rules.md, rule 30).
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from assignments.models import Coverage, Lead

STEPS_IN = "steps in, because nobody else is free"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTopic:
    """The properties of a lead that decide who may cover it."""

    campaign_id: int | None
    category_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageScope:
    """The leads that a coverage takes. Empty campaigns or categories stand for all.

    `is_all`: also leads that are not open.
    """

    is_all: bool = False
    campaigns: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        """Return the scope of a coverage, with the ids of its campaigns and categories."""
        return cls(
            is_all=coverage.scope == Coverage.Scope.ALL,
            campaigns=frozenset(campaign.pk for campaign in coverage.campaigns.all()),
            categories=frozenset(category.pk for category in coverage.categories.all()),
        )

    def takes(self, topic: LeadTopic, *, is_open: bool) -> bool:
        """Return whether the scope includes a lead with this topic.

        It must be open unless `is_all`, and its campaign and category among those of
        the scope, if any.
        """
        return (
            (self.is_all or is_open)
            and (not self.campaigns or topic.campaign_id in self.campaigns)
            and (not self.categories or topic.category_id in self.categories)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationCandidate:
    """A covering member with a share, or with a narrower scope of their own."""

    member_id: int
    share: Decimal
    campaigns: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()

    @property
    def is_narrow(self) -> bool:
        return bool(self.campaigns or self.categories)

    def fits(self, topic: LeadTopic) -> bool:
        """Return whether campaign and category are among their own, if they have any."""
        return (not self.campaigns or topic.campaign_id in self.campaigns) and (
            not self.categories or topic.category_id in self.categories
        )


@dataclass(frozen=True, slots=True)
class Allocation:
    """The member chosen for a lead.

    `why` is half a sentence: “covers half of the leads”.
    """

    member_id: int
    why: str


@dataclass(slots=True)
class CoverageRotation:
    """The covering members in the order of the form, with their credits."""

    candidates: Sequence[RotationCandidate]
    fallback_id: int | None = None
    credits: dict[int, Decimal] = field(default_factory=dict)

    @classmethod
    def fresh(
        cls, candidates: Iterable[RotationCandidate], fallback_id: int | None = None
    ) -> Self:
        """Return a rotation of these candidates in their order, without credits."""
        return cls(tuple(candidates), fallback_id)

    def next_member(
        self, topic: LeadTopic, *, free: Container[int], prefer: Sequence[int] = ()
    ) -> Allocation | None:
        """Return who gets this lead, and why; None if nobody is free.

        The first of `prefer` who is in `free` and may cover it (fitting candidate or
        fallback) gets it, and credits stay. Then come free candidates whose narrow
        scope fits, then those with a share: the most credit wins, and credits change.
        The fallback comes last.
        """
        for member_id in prefer:
            if member_id in free and (
                allocation := self._allocation_of(member_id, topic)
            ):
                return allocation
        if group := self._available(topic, free):
            chosen = self._take_turn(group)
            return Allocation(chosen.member_id, self._reason(chosen))
        if self.fallback_id is not None and self.fallback_id in free:
            return Allocation(self.fallback_id, STEPS_IN)
        return None

    def may_keep(
        self, member_id: int, topic: LeadTopic, *, free: Container[int]
    ) -> bool:
        """Return whether this owner of the lead may keep it, in `free` or not.

        A candidate whose scope fits may; the fallback only while no candidate is free
        for it.
        """
        covers = any(
            candidate.member_id == member_id and candidate.fits(topic)
            for candidate in self.candidates
        )
        is_fallback = member_id == self.fallback_id
        return covers or (is_fallback and not self._available(topic, free))

    def _allocation_of(self, member_id: int, topic: LeadTopic) -> Allocation | None:
        """Return an allocation to a fitting candidate or the fallback, else None."""
        for candidate in self.candidates:
            if candidate.member_id == member_id and candidate.fits(topic):
                return Allocation(member_id, self._reason(candidate))
        if member_id != self.fallback_id:
            return None
        return Allocation(member_id, STEPS_IN)

    def _available(
        self, topic: LeadTopic, free: Container[int]
    ) -> list[RotationCandidate]:
        """Return the candidates in `free` to choose from, in order.

        Those with a narrow scope that fits; if there are none, those with a share above
        0 and no narrow scope.
        """
        present = [one for one in self.candidates if one.member_id in free]
        narrow = [one for one in present if one.is_narrow and one.fits(topic)]
        general = [one for one in present if not one.is_narrow and one.share > 0]
        return narrow or general

    def _take_turn(self, group: Sequence[RotationCandidate]) -> RotationCandidate:
        """Add the weights to the credits; return the member with the most credit.

        Of equals it is the first. The sum of the weights is taken from their credit.
        """
        weights = _weights(group)
        for member_id, weight in weights.items():
            self.credits[member_id] = self._credit(member_id) + weight
        chosen = max(group, key=lambda candidate: self._credit(candidate.member_id))
        self.credits[chosen.member_id] -= sum(weights.values())
        return chosen

    def _credit(self, member_id: int) -> Decimal:
        return self.credits.get(member_id, Decimal(0))

    def _reason(self, chosen: RotationCandidate) -> str:
        if chosen.campaigns and not chosen.categories:
            return "covers this campaign"
        if chosen.is_narrow:
            return "covers leads of this kind"
        total = sum(
            candidate.share for candidate in self.candidates if not candidate.is_narrow
        )
        return f"covers {_share_in_words(chosen.share / total)}"


def topic_of(lead: Lead) -> LeadTopic:
    return LeadTopic(campaign_id=lead.campaign_id, category_id=lead.category_id)


def is_open_lead(lead: Lead) -> bool:
    """Return whether the lead has replied and has no closing category."""
    return lead.last_reply_at is not None and not (
        lead.category is not None and lead.category.is_closing
    )


def _weights(group: Sequence[RotationCandidate]) -> Mapping[int, Decimal]:
    """Return the shares by member id; 1 for each if none is above 0."""
    if any(candidate.share > 0 for candidate in group):
        return {candidate.member_id: candidate.share for candidate in group}
    return {candidate.member_id: Decimal(1) for candidate in group}


def _share_in_words(share: Decimal) -> str:
    if share == 1:
        return "all of the leads"
    if share == Decimal("0.5"):
        return "half of the leads"
    return f"{share * 100:.0f} % of the leads"
