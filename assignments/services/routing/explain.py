"""Why this member, for one lead: each rule in order, check by check."""

from dataclasses import dataclass
from datetime import datetime

from assignments.models import Lead
from assignments.services.bulk.strategies import Choice
from assignments.services.routing.choose import choose, office_at
from assignments.services.routing.data import LeadFacts, Mode, RuleFacts
from assignments.services.routing.exclusions import standing_of
from assignments.services.routing.load import lead_facts, load_rules
from assignments.services.routing.match import Answer, answer_of, checks_of


@dataclass(frozen=True, slots=True)
class Step:
    """A rule held against a lead."""

    rule: RuleFacts
    answer: Answer
    # Each check in words, with its answer.
    checks: list[tuple[Answer, str]]
    # It is the one that decides.
    decides: bool

    @property
    def is_off(self) -> bool:
        return self.rule.mode == Mode.OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    lead: Lead
    steps: list[Step]
    # Why no rule touches it now; then the rules are shown as if nobody had it.
    alone: str
    rule: RuleFacts | None
    # What that rule would choose now; empty while it waits for a reading.
    choice: Choice | None


def explain_lead(
    lead: Lead, *, at: datetime, rules: list[RuleFacts] | None = None
) -> Explanation:
    known = load_rules() if rules is None else rules
    row = Lead.objects.filter(pk=lead.pk)
    (facts,) = lead_facts(row)
    standing = standing_of(row, at=at)
    alone = "" if lead.gone_at is None else "Smartlead no longer has this lead."
    alone = alone or standing.why_alone(facts)
    if facts.owner_id is not None and facts.owner_id not in standing.covers:
        facts.owner_id = None
    steps, rule = _steps(facts, known)
    choice = None
    if rule and answer_of(rule, facts) is Answer.YES:
        choice = choose(rule, facts, office_at(at))
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
        checks = [(one.answer(lead), one.words(lead)) for one in checks_of(rule)]
        steps.append(Step(rule, answer, checks, decides))
        if decides:
            deciding = rule
    return steps, deciding
