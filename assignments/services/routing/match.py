"""Whether a rule matches a lead, check by check, and each check in words. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol

from django.utils import timezone

from assignments.models.lookup_table import Mapping as Table
from assignments.services.periods import short_day
from assignments.services.routing.data import (
    FROM_CAMPAIGN,
    Attribute,
    ConditionFacts,
    LeadFacts,
    Looked,
    Mode,
    RuleFacts,
    TableFacts,
    Whose,
)
from assignments.visible_text import isolated

MOST_NAMED = 4
NOT_READ = "that has not been read from Smartlead yet"


class Answer(Enum):
    YES = "yes"
    NO = "no"
    UNREAD = "unread"


class Check(Protocol):
    """One thing that a rule asks about a lead."""

    def answer(self, lead: LeadFacts) -> Answer: ...

    def words(self, lead: LeadFacts) -> str:
        """What it asks, and what the lead has to say to it."""


class Match(NamedTuple):
    """The rule that decides about a lead; UNREAD: once the lead has been read."""

    rule: RuleFacts
    answer: Answer


def first_match(rules: Iterable[RuleFacts], lead: LeadFacts) -> Match | None:
    for rule in rules:
        if rule.mode == Mode.OFF:
            continue
        if (answer := answer_of(rule, lead)) is not Answer.NO:
            return Match(rule, answer)
    return None


def answer_of(rule: RuleFacts, lead: LeadFacts) -> Answer:
    """Whether it matches, be it on or off."""
    found = Answer.YES
    for check in checks_of(rule):
        answer = check.answer(lead)
        if answer is Answer.NO:
            return answer
        if answer is Answer.UNREAD:
            found = answer
    return found


def checks_of(rule: RuleFacts) -> Iterator[Check]:
    yield ForWhom(rule.whose)
    if rule.since:
        yield Since(rule.since)
    for condition in rule.conditions:
        yield OneOf(condition)
    if not asks_category(rule):
        yield NotClosed()
    if rule.table and not rule.pool:
        yield InTable(rule.table)


def asks_category(rule: RuleFacts) -> bool:
    return any(
        condition.looked.attribute == Attribute.CATEGORY
        for condition in rule.conditions
    )


@dataclass(frozen=True, slots=True)
class ForWhom:
    """Who comes this far has no owner, or one whose absence no coverage looks after."""

    whose: str

    def answer(self, lead: LeadFacts) -> Answer:
        wanted = Whose.NOBODYS if lead.owner_id is None else Whose.AWAY
        return _yes(self.whose in {wanted, Whose.EITHER})

    def words(self, lead: LeadFacts) -> str:
        has = "it has no owner" if lead.owner_id is None else "its owner is away"
        match self.whose:
            case Whose.NOBODYS:
                return f"for leads without an owner: {has}"
            case Whose.AWAY:
                return f"for leads whose owner is away: {has}"
            case _:
                return f"for leads without an owner or whose owner is away: {has}"


@dataclass(frozen=True, slots=True)
class Since:
    since: datetime

    def answer(self, lead: LeadFacts) -> Answer:
        return _yes(lead.came_at >= self.since)

    def words(self, lead: LeadFacts) -> str:
        return f"came since {_moment(self.since)}: it came {_moment(lead.came_at)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    condition: ConditionFacts

    def answer(self, lead: LeadFacts) -> Answer:
        looked, values = self.condition.looked, self.condition.values
        keys = lead.keys(looked, by_id=True)
        if any(key in values for key in keys):
            return Answer.YES
        return _unread_or_no(looked, lead, keys)

    def words(self, lead: LeadFacts) -> str:
        shown = list(self.condition.values.values())
        rest = len(shown) - MOST_NAMED
        listed = " or ".join(shown[:MOST_NAMED]) + (f" or {rest} more" * (rest > 0))
        looked = self.condition.looked
        return f"{name_of(looked)} is {listed}: {_said(looked, lead, self)}"


@dataclass(frozen=True, slots=True)
class NotClosed:
    def answer(self, lead: LeadFacts) -> Answer:
        return _yes(not lead.is_closed)

    def words(self, lead: LeadFacts) -> str:
        return (
            f"conversation not closed: its category is {lead.category_name or 'none'}"
        )


@dataclass(frozen=True, slots=True)
class InTable:
    """A table without a default says nothing about leads that it does not know."""

    table: TableFacts

    def answer(self, lead: LeadFacts) -> Answer:
        keys = lead.keys(self.table.looked, by_id=False)
        if any(key in self.table.lines for key in keys):
            return Answer.YES
        return _unread_or_no(self.table.looked, lead, keys)

    def words(self, lead: LeadFacts) -> str:
        looked = self.table.looked
        said = _said(looked, lead, self)
        return f"the table “{self.table.name}” has a line for its {name_of(looked)}: {said}"


def name_of(looked: Looked) -> str:
    match looked.attribute:
        case Attribute.CUSTOM:
            return f"“{looked.custom_field}”"
        case Attribute.EMAIL_DOMAIN:
            return "domain of the e-mail"
        case Attribute.TOP_LEVEL_DOMAIN:
            return "ending of the e-mail"
        case _:
            return str(Table.Attribute(looked.attribute).label).lower()


def _said(looked: Looked, lead: LeadFacts, check: Check) -> str:
    if check.answer(lead) is Answer.UNREAD:
        return NOT_READ
    match looked.attribute:
        case Attribute.CAMPAIGN:
            return f"it is {lead.campaign_name or 'in none'}"
        case Attribute.CATEGORY:
            return f"it is {lead.category_name or 'none'}"
        case Attribute.LOCATION if lead.location:
            return f"it is {lead.location}"
    keys = lead.keys(looked, by_id=True)
    return f"it is {isolated(keys[0])}" if keys else "it has none"


def _unread_or_no(looked: Looked, lead: LeadFacts, keys: tuple[str, ...]) -> Answer:
    is_open = not keys and not lead.is_read and looked.attribute in FROM_CAMPAIGN
    return Answer.UNREAD if is_open else Answer.NO


def _yes(is_so: bool) -> Answer:  # noqa: FBT001  a question's own answer
    return Answer.YES if is_so else Answer.NO


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{short_day(local)} {local:%Y, %H:%M}"
