"""What each member carries, a second time: read docs/team.md."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.trials.recount_figures import Numbers, owner_and_home, waits
from tests.trials.recount_sources import Facts, Lead

FOREVER = datetime.max.replace(tzinfo=UTC)
NOBODY, TOGETHER = "Nobody", "Together"


@dataclass(slots=True)
class Load:
    open: int = 0
    held: int = 0
    coming: int = 0
    waiting: list[Lead] = field(default_factory=list)
    overdue: int = 0

    def numbers(self) -> Numbers:
        oldest = min(self.waiting, key=_since, default=None)
        return {
            "open": self.open,
            "held": self.held,
            "coming": self.coming,
            "waiting": len(self.waiting),
            "overdue": self.overdue,
            "oldest": oldest and oldest.id,
        }


def workload(facts: Facts, now: datetime) -> dict[int | str, Load]:
    found: dict[int | str, Load] = defaultdict(Load)
    for lead in facts.leads.values():
        for load in (found[lead.owner or NOBODY], found[TOGETHER]):
            _add(lead, load, facts, now)
    for to, count in facts.coming.items():
        for load in (found[to], found[TOGETHER]):
            load.coming += count
    return found


def _add(lead: Lead, load: Load, facts: Facts, now: datetime) -> None:
    if lead.gone:
        return
    load.open += lead.last_reply is not None and lead.category not in facts.closing
    owner, home = owner_and_home(lead, FOREVER)
    load.held += owner is not None and home not in {None, owner}
    if waits(lead, facts):
        load.waiting.append(lead)
        load.overdue += lead.due is not None and lead.due <= now


def _since(lead: Lead) -> tuple[datetime, int]:
    return lead.last_reply or FOREVER, lead.id
