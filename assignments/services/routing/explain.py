"""Explanation for one lead: each routing rule in order, check by check."""

from dataclasses import dataclass
from datetime import datetime

from assignments.models import Lead
from assignments.services.bulk.strategies import MemberChoice
from assignments.services.routing.choose import choose_member, routing_context
from assignments.services.routing.data import Mode, RoutedLead, RuleData
from assignments.services.routing.load import load_leads, load_rules
from assignments.services.routing.match import MatchAnswer, rule_answer, rule_checks
from assignments.services.routing.skip_reasons import load_exclusions


@dataclass(frozen=True, slots=True)
class RuleStep:
    """A rule compared with a lead."""

    rule: RuleData
    answer: MatchAnswer
    # The answer of each check, and the check in words.
    checks: list[tuple[MatchAnswer, str]]
    # Whether this rule decides about the lead.
    decides: bool

    @property
    def is_off(self) -> bool:
        return self.rule.mode == Mode.OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The rules compared with a lead, and the one that decides (None: no rule)."""

    lead: Lead
    steps: list[RuleStep]
    # Why no rule may touch the lead now, or ""; its owner is then ignored in `steps`.
    alone: str
    rule: RuleData | None
    # The choice of that rule now; None while the lead has to be read first.
    choice: MemberChoice | None


def explain_lead(
    lead: Lead, *, at: datetime, rules: list[RuleData] | None = None
) -> Explanation:
    """Return what the rules say about a lead at `at`, read anew. Writes nothing.

    `rules` None: all that were not removed. Steps, rule and choice are given even if
    `alone` says that no rule may touch the lead; an owner who is not away then counts
    as none. `rule`: the first one that is not off and does not answer NO. `choice` only
    if it answers YES. Raises ValueError if the lead is not in the database.
    """
    known = load_rules() if rules is None else rules
    row = Lead.objects.filter(pk=lead.pk)
    (routed,) = load_leads(row)
    exclusions = load_exclusions(row, at=at)
    alone = "" if lead.gone_at is None else "Smartlead no longer has this lead."
    alone = alone or exclusions.reason_for(routed)
    if routed.owner_id is not None and routed.owner_id not in exclusions.covers:
        routed.owner_id = None
    steps, rule = _steps(routed, known)
    choice = None
    if rule and rule_answer(rule, routed) is MatchAnswer.YES:
        choice = choose_member(rule, routed, routing_context(at))
    return Explanation(lead=lead, steps=steps, alone=alone, rule=rule, choice=choice)


def _steps(
    lead: RoutedLead, rules: list[RuleData]
) -> tuple[list[RuleStep], RuleData | None]:
    steps: list[RuleStep] = []
    deciding: RuleData | None = None
    for rule in rules:
        answer = rule_answer(rule, lead)
        is_first = deciding is None and rule.mode != Mode.OFF
        decides = is_first and answer is not MatchAnswer.NO
        checks = [
            (check.answer(lead), check.words(lead)) for check in rule_checks(rule)
        ]
        steps.append(RuleStep(rule, answer, checks, decides))
        if decides:
            deciding = rule
    return steps, deciding
