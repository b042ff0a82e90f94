"""Replay of rules on the leads of the last weeks, to compare with their owners.

As if none of these leads had an owner, in the order in which they came, with the absences
of that time and each rotation from its start. Loads begin as they are now, without these
leads.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from assignments.models import Coverage, Lead, Member
from assignments.services.bulk import open_leads
from assignments.services.bulk.allocation import newest_assignment_ids
from assignments.services.bulk.strategies import LoadTally
from assignments.services.routing.choose import RoutingContext, choose_member
from assignments.services.routing.data import Mode, RoutedLead, RuleData
from assignments.services.routing.load import CAME_AT, load_leads
from assignments.services.routing.match import MatchAnswer, first_match
from assignments.services.sight import EVERYTHING, Sight

MOST = 5000
SHOWN = 100
NO_RULE = "No rule matches it."
NOT_READ = "It would wait until its campaign has been read."


@dataclass(frozen=True, slots=True)
class ReplayedLead:
    """A lead with its owner now and the member (None: nobody) the rules would choose.

    `rule` is the name of the rule that decides, "" if none matches.
    """

    lead_id: int
    owner_id: int | None
    to_id: int | None
    rule: str
    why: str


@dataclass(slots=True, kw_only=True)
class Replay:
    """Counts of a replay: by member for the rules (`would`) and the owners (`did`)."""

    weeks: int
    total: int = 0
    is_cut: bool = False  # whether there were more than MOST leads
    would: Counter[int | None] = field(default_factory=Counter)
    did: Counter[int | None] = field(default_factory=Counter)
    by_rule: Counter[int] = field(default_factory=Counter)
    unmatched: int = 0
    same: int = 0
    # The newest SHOWN leads, newest first.
    rows: list[ReplayedLead] = field(default_factory=list)

    def add(self, lead: ReplayedLead, rule: RuleData | None) -> None:
        self.total += 1
        self.would[lead.to_id] += 1
        self.did[lead.owner_id] += 1
        self.same += lead.to_id is not None and lead.to_id == lead.owner_id
        if rule is None:
            self.unmatched += 1
        else:
            self.by_rule[rule.pk] += 1


def replay_rules(
    rules: Sequence[RuleData],
    *,
    weeks: int,
    at: datetime,
    sight: Sight = EVERYTHING,
) -> Replay:
    """Return what the rules would have done with the seen leads that came in the last
    `weeks`.

    Of present leads the newest MOST, in the order in which they came, each as if it had
    no owner. Rules that are off are left out, `since` is ignored. Loads are those of
    now without these leads, absences those of each lead's moment. Writes nothing.
    """
    start = at - timedelta(weeks=weeks)
    seen = Lead.objects.present().filter(sight.leads())
    came = seen.annotate(came=CAME_AT).filter(came__gte=start)
    newest = list(
        came.order_by("-came", "-map_id").values_list("pk", flat=True)[: MOST + 1]
    )
    result = Replay(weeks=weeks, is_cut=len(newest) > MOST)
    leads = list(load_leads(Lead.objects.filter(pk__in=newest[:MOST])))
    absences = list(Coverage.objects.overlapping(start, at))
    context = _context_without(leads)
    # The rules are tried on the past, so the date from which they apply is ignored.
    active = [replace(rule, since=None) for rule in rules if rule.mode != Mode.OFF]
    replayed: list[ReplayedLead] = []
    for lead in leads:
        context.away = _away_then(absences, lead.came_at)
        row, rule = _route(active, lead, context)
        result.add(row, rule)
        replayed.append(row)
    result.rows = replayed[: -SHOWN - 1 : -1]
    return result


def _route(
    rules: Sequence[RuleData], lead: RoutedLead, context: RoutingContext
) -> tuple[ReplayedLead, RuleData | None]:
    """Return the outcome for one lead as if it had no owner, and the deciding rule or
    None.

    Sets the lead's `owner_id` to None; a choice updates the context.
    """
    owner, lead.owner_id = lead.owner_id, None
    match = first_match(rules, lead)
    if match is None:
        return ReplayedLead(lead.map_id, owner, None, "", NO_RULE), None
    rule, answer = match
    if answer is not MatchAnswer.YES:
        return ReplayedLead(lead.map_id, owner, None, rule.name, NOT_READ), rule
    choice = choose_member(rule, lead, context)
    to_id, why = choice.member_id, choice.sentence
    return ReplayedLead(lead.map_id, owner, to_id, rule.name, why), rule


def _context_without(leads: Iterable[RoutedLead]) -> RoutingContext:
    """Return a context with nobody away, rotations at their start, and the open leads
    of now by member without these leads.
    """
    tally = LoadTally(loads=open_leads.open_lead_counts(), last=newest_assignment_ids())
    for lead in leads:
        tally.lift(lead.owner_id, is_open=lead.is_open)
    members = {member.pk: member for member in Member.objects.all()}
    return RoutingContext(members=members, away={}, tally=tally)


def _away_then(absences: Sequence[Coverage], at: datetime) -> dict[int, Coverage]:
    """Return the absences with `starts_at` <= `at` < `ends_at`, by member id."""
    return {
        absence.member_id: absence
        for absence in absences
        if absence.starts_at <= at < absence.ends_at
    }
