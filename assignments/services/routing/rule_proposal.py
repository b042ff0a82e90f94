"""Proposal of the routing rules for one lead that a person is about to give away.

Unlike in `explain`, only members count who are free now, and a rule's date and its choice
of owners do not: they say when it acts by itself, and not whose such leads are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assignments.models import Lead
from assignments.models.plan import StrategyKind
from assignments.services.bulk.allocation import newest_assignment_ids
from assignments.services.bulk.member_options import MemberOption
from assignments.services.bulk.strategies import LoadTally
from assignments.services.routing.choose import (
    RoutingContext,
    choose_member,
    saved_turns,
)
from assignments.services.routing.data import Mode, RoutedLead, RuleData, Whose
from assignments.services.routing.load import load_leads, load_rules
from assignments.services.routing.match import MatchAnswer, first_match

BY_RULE = {
    StrategyKind.MEMBER: "named by the rule “{}”",
    StrategyKind.ROUND_ROBIN: "next in turn, by the rule “{}”",
}
LEAST_BUSY = "least busy, by the rule “{}”"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProposal:
    """The member whom a rule names for a lead; `why` follows the name and a colon.

    `is_theirs`: the lead belongs to them by a table, or the rule names nobody else;
    otherwise they are the one whose turn it is.
    """

    member_id: int
    why: str
    is_theirs: bool


def rule_proposal(lead: Lead, free: Mapping[int, MemberOption]) -> RuleProposal | None:
    """Return what the first rule that fits the lead says, of the members in `free` (by
    id); None without such a rule or if it has nobody of them. Writes nothing.
    """
    rules = [
        replace(rule, whose=Whose.EITHER, since=None)
        for rule in load_rules()
        if rule.mode != Mode.OFF
    ]
    if not rules:
        return None
    (routed,) = load_leads(Lead.objects.filter(pk=lead.pk))
    routed.owner_id = None
    match = first_match(rules, routed)
    if match is None or match.answer is not MatchAnswer.YES:
        return None
    return _proposal(_of_free(match.rule, routed, free), routed, free)


def _of_free(
    rule: RuleData, lead: RoutedLead, free: Mapping[int, MemberOption]
) -> RuleData:
    """Return the rule with only those of `free`, and of its table the lead's lines."""
    pool = tuple(entry for entry in rule.pool if entry.member_id in free)
    table = rule.table
    if table is not None:
        keys = lead.keys(table.source, by_id=False)
        lines = {
            key: [pk for pk in table.lines[key] if pk in free]
            for key in keys
            if key in table.lines
        }
        table = replace(table, lines=lines)
    return replace(rule, pool=pool, table=table)


def _proposal(
    rule: RuleData, lead: RoutedLead, free: Mapping[int, MemberOption]
) -> RuleProposal | None:
    loads = {pk: option.shown_load for pk, option in free.items()}
    context = RoutingContext(
        members={pk: option.member for pk, option in free.items()},
        away={},
        tally=LoadTally(loads=loads, last=newest_assignment_ids()),
        ahead=saved_turns(),
    )
    member_id = choose_member(rule, lead, context).member_id
    if member_id is None:
        return None
    if rule.table is not None and rule.table.lines:
        # The closest key decides; with nobody free there, the default pool does.
        key, members = next(iter(rule.table.lines.items()))
        if member_id in members:
            why = f"{rule.table.shown[key]} is their {rule.table.kind}"
            return RuleProposal(member_id=member_id, why=why, is_theirs=True)
    words = BY_RULE.get(StrategyKind(rule.strategy), LEAST_BUSY)
    return RuleProposal(
        member_id=member_id,
        why=words.format(rule.name),
        is_theirs=rule.strategy == StrategyKind.MEMBER,
    )
