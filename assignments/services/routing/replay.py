"""The rules held against the leads of the last weeks: who would have got what.

As if none of these leads had had an owner, in the order in which they came, with who was
away at that time, each rotation from its beginning. Loads begin as they are now without
these leads.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from assignments.models import Coverage, Lead, Member
from assignments.services.bulk import open_leads
from assignments.services.bulk.allocation import last_given
from assignments.services.bulk.strategies import Tally
from assignments.services.routing.choose import Office, choose
from assignments.services.routing.data import LeadFacts, Mode, RuleFacts
from assignments.services.routing.load import CAME_AT, lead_facts
from assignments.services.routing.match import Answer, first_match

MOST = 5000
SHOWN = 100
NO_RULE = "No rule matches it."
NOT_READ = "It would wait until its campaign has been read."


@dataclass(frozen=True, slots=True)
class Replayed:
    lead_id: int
    owner_id: int | None
    to_id: int | None
    rule: str
    why: str


@dataclass(slots=True, kw_only=True)
class Replay:
    weeks: int
    total: int = 0
    is_cut: bool = False
    would: Counter[int | None] = field(default_factory=Counter)
    did: Counter[int | None] = field(default_factory=Counter)
    by_rule: Counter[int] = field(default_factory=Counter)
    unmatched: int = 0
    same: int = 0
    # The newest leads, as many as are shown.
    rows: list[Replayed] = field(default_factory=list)

    def add(self, one: Replayed, rule: RuleFacts | None) -> None:
        self.total += 1
        self.would[one.to_id] += 1
        self.did[one.owner_id] += 1
        self.same += one.to_id is not None and one.to_id == one.owner_id
        if rule is None:
            self.unmatched += 1
        else:
            self.by_rule[rule.pk] += 1


def replay(rules: Sequence[RuleFacts], *, weeks: int, at: datetime) -> Replay:
    """Reads, and writes nothing. The newest leads, if there are more than MOST."""
    start = at - timedelta(weeks=weeks)
    came = Lead.objects.present().annotate(came=CAME_AT).filter(came__gte=start)
    newest = list(
        came.order_by("-came", "-map_id").values_list("pk", flat=True)[: MOST + 1]
    )
    found = Replay(weeks=weeks, is_cut=len(newest) > MOST)
    leads = list(lead_facts(Lead.objects.filter(pk__in=newest[:MOST])))
    windows = _absences(start, at)
    office = _office(leads)
    # The past is what they are tried on: since when they apply does not count.
    active = [replace(rule, since=None) for rule in rules if rule.mode != Mode.OFF]
    told: list[Replayed] = []
    for lead in leads:
        office.away = _away_then(windows, lead.came_at)
        one, rule = _route(active, lead, office)
        found.add(one, rule)
        told.append(one)
    found.rows = told[: -SHOWN - 1 : -1]
    return found


def _route(
    rules: Sequence[RuleFacts], lead: LeadFacts, office: Office
) -> tuple[Replayed, RuleFacts | None]:
    owner, lead.owner_id = lead.owner_id, None
    match = first_match(rules, lead)
    if match is None:
        return Replayed(lead.map_id, owner, None, "", NO_RULE), None
    rule, answer = match
    if answer is not Answer.YES:
        return Replayed(lead.map_id, owner, None, rule.name, NOT_READ), rule
    choice = choose(rule, lead, office)
    told = Replayed(lead.map_id, owner, choice.member_id, rule.name, choice.sentence)
    return told, rule


def _office(leads: Iterable[LeadFacts]) -> Office:
    tally = Tally(loads=open_leads.open_leads(), last=last_given())
    for lead in leads:
        tally.lift(lead.owner_id, is_open=lead.is_open)
    members = {member.pk: member for member in Member.objects.all()}
    return Office(members=members, away={}, tally=tally)


def _absences(start: datetime, end: datetime) -> list[Coverage]:
    return list(Coverage.objects.overlapping(start, end))


def _away_then(windows: Sequence[Coverage], at: datetime) -> dict[int, Coverage]:
    return {one.member_id: one for one in windows if one.starts_at <= at < one.ends_at}
