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
from assignments.services.bulk import capacity
from assignments.services.bulk.allocation import GONE, is_set
from assignments.services.bulk.revalidation import Standing, scene_of, why_skip
from assignments.services.errors import AssignmentRefused

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
    return Changes(why | capacity.too_many(plan, without=why))


def _why(
    plan: SavedPlan, entries: Sequence[Entry], at: datetime
) -> Iterator[tuple[int, str]]:
    leads = _standings([entry.lead_id for entry in entries])
    scene = scene_of(plan, list(leads), at=at)
    for entry in entries:
        lead = leads.get(entry.lead_id)
        if why := why_skip(scene, entry, lead) if lead else GONE:
            yield entry.lead_id, why


def _standings(ids: Sequence[int]) -> dict[int, Standing]:
    """Plain values: of twenty thousand leads, models would take a second."""
    known = Lead.objects.filter(pk__in=ids)
    rows = known.values_list(
        "pk", "owner_id", is_set("owner_known_at"), is_set("gone_at")
    )
    return {
        pk: Standing(pk, owner_id, bool(is_known), bool(is_gone))
        for pk, owner_id, is_known, is_gone in rows.iterator(chunk_size=2000)
    }
