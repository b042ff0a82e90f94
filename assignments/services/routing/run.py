"""The tick's part: leads that have just come are given away, or suggested.

What is found is looked at again under the locks, so two ticks at once write nothing
twice, and a killed one leaves whole plans behind or nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from assignments.models import Batch, Campaign, Lead, Rotation, Suggestion
from assignments.models.assignment import Cause
from assignments.services.absences import away_now
from assignments.services.bulk.strategies import Choice
from assignments.services.ledger.batch import Plan, Proposal, apply_plan
from assignments.services.routing import suggestions
from assignments.services.routing.choose import Office, choose, keep_turns, office_at
from assignments.services.routing.data import LeadFacts, Mode, RuleFacts
from assignments.services.routing.exclusions import standing_of
from assignments.services.routing.load import (
    came_since,
    lead_facts,
    load_rules,
    without_owner_or_of,
)
from assignments.services.routing.match import Answer, Match, first_match

LOCK = "routing"  # a row that rules, ticks and suggestions take first of all
CHUNK = 200
MOST = 2000  # leads that one tick gives away; the next one goes on
READ_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Found:
    """A lead that some rule decides about.

    Without a choice: it is suggested already, or has to be read first.
    """

    lead: LeadFacts
    match: Match
    choice: Choice | None

    @property
    def is_placed(self) -> bool:
        return self.choice is not None and self.choice.member_id is not None


def run(*, at: datetime) -> str:
    """Route what has come. Returns what was done, for the log."""
    rules = load_rules()
    found = list(foresee(rules, at=at))
    suggestions.withdraw_stale([(one.lead, one.match.rule) for one in found], at=at)
    _ask_for_reading(found, at)
    ids = [one.lead.map_id for one in found if one.is_placed][:MOST]
    count = 0
    for start in range(0, len(ids), CHUNK):
        count += _route(ids[start : start + CHUNK], at)
    return f"{count} leads routed."


def how_many_wait(rules: Sequence[RuleFacts], *, at: datetime) -> int:
    """Leads that the next tick holds against the rules: counted, not looked at."""
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    if not active:
        return 0
    return came_since(without_owner_or_of(away_now(at)), active).count()


def foresee(
    rules: Sequence[RuleFacts], *, at: datetime, only: Sequence[int] | None = None
) -> Iterator[Found]:
    """What the rules would do now, lead by lead in the order in which they came."""
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    if not active:
        return
    office = office_at(at)
    yield from decisions(active, office, at=at, only=only)


def decisions(
    rules: Sequence[RuleFacts],
    office: Office,
    *,
    at: datetime,
    only: Sequence[int] | None = None,
) -> Iterator[Found]:
    leads = came_since(without_owner_or_of(office.away), rules)
    if only is not None:
        leads = leads.filter(pk__in=only)
    standing = standing_of(leads, at=at)
    suggested = suggestions.already_suggested()
    for lead in lead_facts(leads):
        match = first_match(rules, lead)
        if match is None or standing.why_alone(lead):
            continue
        is_open = match.answer is Answer.YES and lead.map_id not in suggested
        yield Found(lead, match, choose(match.rule, lead, office) if is_open else None)


def lock() -> None:
    """Rules, rotations and what follows from them change one after the other."""
    Rotation.objects.get_or_create(pk=LOCK)
    Rotation.objects.select_for_update().get(pk=LOCK)


@transaction.atomic
def _route(ids: Sequence[int], at: datetime) -> int:
    lock()
    locked = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    still_there = [lead.pk for lead in locked.order_by("map_id")]
    rules = [rule for rule in load_rules() if rule.mode != Mode.OFF]
    office = office_at(at)
    given: dict[int, list[Found]] = defaultdict(list)
    for one in decisions(rules, office, at=at, only=still_there):
        if one.is_placed:
            given[one.match.rule.pk].append(one)
    for rule in rules:
        if rule.pk in given:
            _carry_out(rule, given[rule.pk], at)
    keep_turns(office)
    return sum(len(some) for some in given.values())


def _carry_out(rule: RuleFacts, found: Sequence[Found], at: datetime) -> None:
    if rule.mode == Mode.SUGGEST:
        Suggestion.objects.bulk_create(
            suggestions.suggestion(rule, one.lead, one.choice, at=at)
            for one in found
            if one.choice
        )
        return
    proposals = tuple(
        Proposal(one.lead.map_id, one.choice.member_id, chose(rule, one.choice))
        for one in found
        if one.choice
    )
    count = len(proposals)
    reason = f"Rule “{rule.name}” gave {count} lead{'' if count == 1 else 's'} away."
    plan = Plan(cause=Cause.ROUTING, reason=reason, proposals=proposals)
    batch = apply_plan(plan, actor=None, at=at)
    Batch.objects.filter(pk=batch.pk).update(rule=rule.pk)


def chose(rule: RuleFacts, choice: Choice) -> str:
    return f"Rule “{rule.name}” chose {choice.sentence}"[:500]


def _ask_for_reading(found: Sequence[Found], at: datetime) -> None:
    """Leads wait for what only their campaign knows: it is read soon, not in a day."""
    waiting = [
        one.lead.campaign_id or 0 for one in found if one.match.answer is Answer.UNREAD
    ]
    if not waiting:
        return
    due = Q(attributes_at__isnull=False, attributes_at__lt=at - READ_AGAIN)
    Campaign.objects.filter(due, pk__in=waiting).update(attributes_at=None)
