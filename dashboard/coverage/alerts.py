"""Troubles of coverages with the button that resolves them for this viewer."""

from dataclasses import dataclass
from datetime import datetime

from assignments.models import User
from assignments.services.coverage.alerts import (
    CoverageRemedy,
    CoverageTrouble,
    to_confirm,
    troubles_for,
)
from dashboard.permissions import ViewerRights

MOST_IN_BANNER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    trouble: CoverageTrouble
    may_resolve: bool

    @property
    def remedy(self) -> str:
        """Return the trouble's own remedy, or CoverageRemedy.LOOK (no button) if this
        viewer may not resolve it.
        """
        return self.trouble.remedy if self.may_resolve else CoverageRemedy.LOOK

    @property
    def key(self) -> str:
        lead = self.trouble.lead
        return f"{self.trouble.coverage.pk}-{lead.pk if lead else self.trouble.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attentions:
    """Troubles of coverages, and `proposals`: how many this viewer may confirm."""

    all: list[Attention]
    proposals: int = 0

    @property
    def total(self) -> int:
        return len(self.all) + self.proposals

    @property
    def first(self) -> list[Attention]:
        return self.all[:MOST_IN_BANNER]

    @property
    def more(self) -> int:
        return max(0, len(self.all) - MOST_IN_BANNER)

    def __bool__(self) -> bool:
        return bool(self.all)


def attentions_of(user: User, *, at: datetime) -> Attentions:
    rights = ViewerRights.of(user)
    return Attentions(
        all=[
            Attention(trouble=one, may_resolve=_may_resolve(one, rights))
            for one in troubles_for(user, at)
        ],
        proposals=to_confirm(user, at=at).count(),
    )


def _may_resolve(trouble: CoverageTrouble, rights: ViewerRights) -> bool:
    member = trouble.coverage.member
    is_own = member.user_id == rights.user_id
    if trouble.remedy == CoverageRemedy.ACKNOWLEDGE and is_own:
        return True
    return rights.may_cover(member)
