"""What changed between the preview of a plan and its confirmation.

Said before the plan is confirmed, by the rules that the writing goes by. What changes
after that is a skipped row of the batch.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from assignments.models import Lead, SavedPlan
from assignments.models.plan import Entry
from assignments.services.proposing import GONE
from assignments.services.refusals import AssignmentRefused
from assignments.services.skipping import scene_of, why_skip

AT_ONCE = 10_000  # leads in one query; SQLite takes some thirty thousand parameters


@dataclass(frozen=True, slots=True)
class Changes:
    """Leads that would move by the preview and will be skipped now, with the reason."""

    why: dict[int, str]

    @property
    def count(self) -> int:
        return len(self.why)

    @property
    def stamp(self) -> str:
        """Stands for exactly these changes on the page that shows them."""
        if not self.why:
            return ""
        lines = "\n".join(f"{pk} {why}" for pk, why in sorted(self.why.items()))
        return hashlib.sha256(lines.encode()).hexdigest()[:20]


class PlanChanged(AssignmentRefused):
    """It can be confirmed once the changes have been seen."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        leads = "1 lead" if changes.count == 1 else f"{changes.count:,} leads"
        super().__init__(
            f"Nothing is assigned yet: {leads} changed since this preview."
        )


def changes_since(plan: SavedPlan, *, at: datetime) -> Changes:
    moving = [entry for entry in plan.entries() if entry.to_id is not None]
    why: dict[int, str] = {}
    for some in batched(moving, AT_ONCE):
        why.update(_why(plan, some, at))
    return Changes(why)


def _why(
    plan: SavedPlan, entries: Sequence[Entry], at: datetime
) -> Iterator[tuple[int, str]]:
    known = Lead.objects.filter(pk__in=[entry.lead_id for entry in entries])
    leads = known.only("owner", "owner_known_at", "gone_at").in_bulk()
    scene = scene_of(plan, leads, at=at)
    for entry in entries:
        if entry.lead_id not in leads:
            yield entry.lead_id, GONE
        elif why := why_skip(scene, entry, leads[entry.lead_id]):
            yield entry.lead_id, why
