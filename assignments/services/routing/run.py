"""Routing in the tick: leads that have come are assigned or suggested by the rules.

Decisions are made once without locks and again under them, so two ticks at once write
nothing twice, and a killed one leaves whole plans behind or nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from assignments.models import Batch, Campaign, Lead, Rotation, Suggestion
from assignments.models.assignment import Cause
from assignments.services.absences import absences_at
from assignments.services.bulk.strategies import MemberChoice
from assignments.services.ledger.batch import AutomaticPlan, Proposal, apply_plan
from assignments.services.routing import suggestions
from assignments.services.routing.choose import (
    RoutingContext,
    choose_member,
    routing_context,
    save_turns,
)
from assignments.services.routing.data import Mode, RoutedLead, RuleData
from assignments.services.routing.load import (
    covered_by_rules_since,
    load_leads,
    load_rules,
    routable_leads,
)
from assignments.services.routing.match import MatchAnswer, RuleMatch, first_match
from assignments.services.routing.skip_reasons import load_exclusions

LOCK = "routing"  # the rotation row that rules, ticks and suggestions lock first
CHUNK = 200
MOST = 2000  # leads placed in one tick; the next one goes on
READ_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """A lead that some rule decides about.

    `choice` is None if the lead is suggested already or has to be read first.
    """

    lead: RoutedLead
    match: RuleMatch
    choice: MemberChoice | None

    @property
    def is_placed(self) -> bool:
        return self.choice is not None and self.choice.member_id is not None


def route_new_leads(*, at: datetime) -> str:
    """Assign or suggest up to MOST leads by the rules; return "<count> leads routed."

    Before that, suggestions that are outdated are withdrawn, and campaigns are marked
    to be read whose leads wait for it. Each CHUNK of leads is one transaction.
    """
    rules = load_rules()
    decided = list(preview_decisions(rules, at=at))
    suggestions.withdraw_stale([(d.lead, d.match.rule) for d in decided], at=at)
    _ask_for_reading(decided, at)
    ids = [d.lead.map_id for d in decided if d.is_placed][:MOST]
    count = 0
    for start in range(0, len(ids), CHUNK):
        count += _route(ids[start : start + CHUNK], at)
    return f"{count} leads routed."


def count_waiting_leads(rules: Sequence[RuleData], *, at: datetime) -> int:
    """Return how many leads the next tick compares with the rules; 0 if all are off.

    These are present leads without an owner or with an absent one that came late enough
    for some rule, whether or not a rule matches or excludes them.
    """
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    if not active:
        return 0
    return covered_by_rules_since(routable_leads(absences_at(at)), active).count()


def preview_decisions(
    rules: Sequence[RuleData], *, at: datetime, only: Sequence[int] | None = None
) -> Iterator[RoutingDecision]:
    """Yield what the rules that are not off would do now, as `decide_leads` does.

    Nothing if all are off. Writes nothing. `only`: ids of the leads to look at; None:
    all.
    """
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    if not active:
        return
    context = routing_context(at)
    yield from decide_leads(active, context, at=at, only=only)


def decide_leads(
    rules: Sequence[RuleData],
    context: RoutingContext,
    *,
    at: datetime,
    only: Sequence[int] | None = None,
) -> Iterator[RoutingDecision]:
    """Yield a decision for each lead that some rule matches and that is not excluded.

    In the order in which the leads came. `choice` is None if the lead is suggested
    already or has to be read first. `rules`: those not off. `only`: ids of the leads to
    look at; None: all. Loads and rotations of the context are updated.
    """
    leads = covered_by_rules_since(routable_leads(context.away), rules)
    if only is not None:
        leads = leads.filter(pk__in=only)
    exclusions = load_exclusions(leads, at=at)
    suggested = suggestions.suggested_lead_ids()
    for lead in load_leads(leads):
        match = first_match(rules, lead)
        if match is None or exclusions.reason_for(lead):
            continue
        is_open = match.answer is MatchAnswer.YES and lead.map_id not in suggested
        yield RoutingDecision(
            lead, match, choose_member(match.rule, lead, context) if is_open else None
        )


def lock_routing() -> None:
    """Lock routing until the end of the transaction; the row is created if it is
    missing.

    Rules, rotations and decisions change one by one under it.
    """
    Rotation.objects.get_or_create(pk=LOCK)
    Rotation.objects.select_for_update().get(pk=LOCK)


@transaction.atomic
def _route(ids: Sequence[int], at: datetime) -> int:
    """Decide again about the leads with these ids under locks, and write it.

    Return how many were assigned or suggested. Rotations that were used are saved.
    """
    lock_routing()
    locked = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    still_there = [lead.pk for lead in locked.order_by("map_id")]
    rules = [rule for rule in load_rules() if rule.mode != Mode.OFF]
    context = routing_context(at)
    by_rule: dict[int, list[RoutingDecision]] = defaultdict(list)
    for decision in decide_leads(rules, context, at=at, only=still_there):
        if decision.is_placed:
            by_rule[decision.match.rule.pk].append(decision)
    for rule in rules:
        if rule.pk in by_rule:
            _carry_out(rule, by_rule[rule.pk], at)
    save_turns(context)
    return sum(len(placed) for placed in by_rule.values())


def _carry_out(rule: RuleData, placed: Sequence[RoutingDecision], at: datetime) -> None:
    """Write the decisions of one rule: suggestions in the mode SUGGEST, else one batch
    of assignments with a reference to the rule. Decisions without a choice are left
    out.
    """
    if rule.mode == Mode.SUGGEST:
        Suggestion.objects.bulk_create(
            suggestions.build_suggestion(rule, d.lead, d.choice, at=at)
            for d in placed
            if d.choice
        )
        return
    proposals = tuple(
        Proposal(d.lead.map_id, d.choice.member_id, choice_reason(rule, d.choice))
        for d in placed
        if d.choice
    )
    count = len(proposals)
    reason = f"Rule “{rule.name}” gave {count} lead{'' if count == 1 else 's'} away."
    plan = AutomaticPlan(
        cause=Cause.ROUTING,
        reason=reason,
        subject=f"Rule “{rule.name}”",
        proposals=proposals,
    )
    batch = apply_plan(plan, actor=None, at=at)
    Batch.objects.filter(pk=batch.pk).update(rule=rule.pk)


def choice_reason(rule: RuleData, choice: MemberChoice) -> str:
    return f"Rule “{rule.name}” chose {choice.sentence}"[:500]


def _ask_for_reading(decided: Sequence[RoutingDecision], at: datetime) -> None:
    """Clear `attributes_at` of campaigns whose leads have to be read first, so that
    they are read soon; not of one that was read within READ_AGAIN.
    """
    waiting = [
        d.lead.campaign_id or 0 for d in decided if d.match.answer is MatchAnswer.UNREAD
    ]
    if not waiting:
        return
    due = Q(attributes_at__isnull=False, attributes_at__lt=at - READ_AGAIN)
    Campaign.objects.filter(due, pk__in=waiting).update(attributes_at=None)
