"""Which leads a coverage takes: its scope, held against one lead."""

from dataclasses import dataclass
from typing import Self

from assignments.models import Coverage, Lead
from assignments.services.coverage.rotation import Topic


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


def topic_of(lead: Lead) -> Topic:
    return Topic(campaign_id=lead.campaign_id, category_id=lead.category_id)


def is_open(lead: Lead) -> bool:
    """Replied, and not in a closing category; the lead comes with its category."""
    return lead.last_reply_at is not None and not (
        lead.category is not None and lead.category.is_closing
    )
