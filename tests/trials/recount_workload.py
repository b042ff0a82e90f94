"""The workload of members, worked out a second time. See docs/team.md."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.trials.recount_figures import Numbers, is_waiting, owner_and_home
from tests.trials.recount_sources import RecountData, RecountedLead

FOREVER = datetime.max.replace(tzinfo=UTC)
NOBODY, TOGETHER = "Nobody", "Together"


@dataclass(slots=True)
class RecountedLoad:
    open: int = 0
    held: int = 0
    coming: int = 0
    waiting: list[RecountedLead] = field(default_factory=list)
    overdue: int = 0

    def numbers(self) -> Numbers:
        oldest = min(self.waiting, key=_reply_order, default=None)
        return {
            "open": self.open,
            "held": self.held,
            "coming": self.coming,
            "waiting": len(self.waiting),
            "overdue": self.overdue,
            "oldest": oldest and oldest.id,
        }


def workload(data: RecountData, now: datetime) -> dict[int | str, RecountedLoad]:
    found: dict[int | str, RecountedLoad] = defaultdict(RecountedLoad)
    for lead in data.leads.values():
        for load in (found[lead.owner or NOBODY], found[TOGETHER]):
            _add_lead(lead, load, data, now)
    for to, count in data.coming.items():
        for load in (found[to], found[TOGETHER]):
            load.coming += count
    return found


def _add_lead(
    lead: RecountedLead, load: RecountedLoad, data: RecountData, now: datetime
) -> None:
    if lead.gone:
        return
    load.open += lead.last_reply is not None and lead.category not in data.closing
    owner, home = owner_and_home(lead, FOREVER)
    load.held += owner is not None and home not in {None, owner}
    if is_waiting(lead, data):
        load.waiting.append(lead)
        load.overdue += lead.due is not None and lead.due <= now


def _reply_order(lead: RecountedLead) -> tuple[datetime, int]:
    return lead.last_reply or FOREVER, lead.id
