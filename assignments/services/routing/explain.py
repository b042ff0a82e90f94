"""Explanation for one lead: each routing rule in order, check by check."""

from dataclasses import dataclass
from datetime import datetime

from assignments.models import Lead
from assignments.services.bulk.strategies import MemberChoice
from assignments.services.routing.choose import choose, office_at
from assignments.services.routing.data import LeadFacts, Mode, RuleFacts
from assignments.services.routing.exclusions import standing_of
from assignments.services.routing.load import lead_facts, load_rules
from assignments.services.routing.match import Answer, answer_of, checks_of


@dataclass(frozen=True, slots=True)
class Step:
    """A rule compared with a lead."""

    rule: RuleFacts
    answer: Answer
    # The answer of each check, and the check in words.
    checks: list[tuple[Answer, str]]
    # Whether this rule decides about the lead.
    decides: bool

    @property
    def is_off(self) -> bool:
        return self.rule.mode == Mode.OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The rules compared with a lead, and the one that decides (None: no rule)."""

    lead: Lead
    steps: list[Step]
    # Why no rule may touch the lead now, or ""; its owner is then ignored in `steps`.
    alone: str
    rule: RuleFacts | None
    # The choice of that rule now; None while the lead has to be read first.
    choice: MemberChoice | None


def explain_lead(
    lead: Lead, *, at: datetime, rules: list[RuleFacts] | None = None
) -> Explanation:
    """Return what the rules (None: those in force) say about a lead. Writes nothing."""
    known = load_rules() if rules is None else rules
    row = Lead.objects.filter(pk=lead.pk)
    (routed,) = lead_facts(row)
    exclusions = standing_of(row, at=at)
    alone = "" if lead.gone_at is None else "Smartlead no longer has this lead."
    alone = alone or exclusions.reason_for(routed)
    if routed.owner_id is not None and routed.owner_id not in exclusions.covers:
        routed.owner_id = None
    steps, rule = _steps(routed, known)
    choice = None
    if rule and answer_of(rule, routed) is Answer.YES:
        choice = choose(rule, routed, office_at(at))
    return Explanation(lead=lead, steps=steps, alone=alone, rule=rule, choice=choice)


def _steps(
    lead: LeadFacts, rules: list[RuleFacts]
) -> tuple[list[Step], RuleFacts | None]:
    steps: list[Step] = []
    deciding: RuleFacts | None = None
    for rule in rules:
        answer = answer_of(rule, lead)
        is_first = deciding is None and rule.mode != Mode.OFF
        decides = is_first and answer is not Answer.NO
        checks = [(check.answer(lead), check.words(lead)) for check in checks_of(rule)]
        steps.append(Step(rule, answer, checks, decides))
        if decides:
            deciding = rule
    return steps, deciding
