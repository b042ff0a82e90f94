"""Matching of rules with leads, check by check, and each check in words. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol

from django.utils import timezone

from assignments.models.lookup_table import LookupTable
from assignments.services.periods import short_day
from assignments.services.routing.data import (
    FROM_CAMPAIGN,
    Attribute,
    ConditionData,
    LeadAttribute,
    Mode,
    RoutedLead,
    RuleData,
    TableData,
    Whose,
)
from assignments.visible_text import isolated

MOST_NAMED = 4
NOT_READ = "that has not been read from Smartlead yet"


class MatchAnswer(Enum):
    """Result of a check or a rule; UNREAD: known once the lead has been read."""

    YES = "yes"
    NO = "no"
    UNREAD = "unread"


class RuleCheck(Protocol):
    """One condition of a rule."""

    def answer(self, lead: RoutedLead) -> MatchAnswer: ...

    def words(self, lead: RoutedLead) -> str:
        """Return the condition and the lead's own value in words, without a full stop:
        "location is Paris or Lyon: it is Berlin", for example.
        """


class RuleMatch(NamedTuple):
    """The rule that decides about a lead; with UNREAD it may, once the lead is read."""

    rule: RuleData
    answer: MatchAnswer


def first_match(rules: Iterable[RuleData], lead: RoutedLead) -> RuleMatch | None:
    """Return the first rule that is not off and does not answer NO, with its answer.

    The answer is YES or UNREAD. None if there is no such rule.
    """
    for rule in rules:
        if rule.mode == Mode.OFF:
            continue
        if (answer := rule_answer(rule, lead)) is not MatchAnswer.NO:
            return RuleMatch(rule, answer)
    return None


def rule_answer(rule: RuleData, lead: RoutedLead) -> MatchAnswer:
    """Return NO if any check says no, else UNREAD if one is unread, else YES.

    A rule that is off is compared like any other.
    """
    result = MatchAnswer.YES
    for check in rule_checks(rule):
        answer = check.answer(lead)
        if answer is MatchAnswer.NO:
            return answer
        if answer is MatchAnswer.UNREAD:
            result = answer
    return result


def rule_checks(rule: RuleData) -> Iterator[RuleCheck]:
    """Yield the rule's checks in the order in which they are shown.

    The owner state; the date, if `since` is set; each condition; NotClosedCheck if no
    condition is about the category; TableCheck if there is a table but no pool.
    """
    yield OwnerStateCheck(rule.whose)
    if rule.since:
        yield SinceCheck(rule.since)
    for condition in rule.conditions:
        yield ConditionCheck(condition)
    if not has_category_condition(rule):
        yield NotClosedCheck()
    if rule.table and not rule.pool:
        yield TableCheck(rule.table)


def has_category_condition(rule: RuleData) -> bool:
    return any(
        condition.source.attribute == Attribute.CATEGORY
        for condition in rule.conditions
    )


@dataclass(frozen=True, slots=True)
class OwnerStateCheck:
    """The owner state: none, or away (exclusions ruled out that a coverage cares)."""

    whose: str

    def answer(self, lead: RoutedLead) -> MatchAnswer:
        wanted = Whose.NOBODYS if lead.owner_id is None else Whose.AWAY
        return _yes_or_no(self.whose in {wanted, Whose.EITHER})

    def words(self, lead: RoutedLead) -> str:
        has = "it has no owner" if lead.owner_id is None else "its owner is away"
        match self.whose:
            case Whose.NOBODYS:
                return f"for leads without an owner: {has}"
            case Whose.AWAY:
                return f"for leads whose owner is away: {has}"
            case _:
                return f"for leads without an owner or whose owner is away: {has}"


@dataclass(frozen=True, slots=True)
class SinceCheck:
    """The lead came at or after a moment."""

    since: datetime

    def answer(self, lead: RoutedLead) -> MatchAnswer:
        return _yes_or_no(lead.came_at >= self.since)

    def words(self, lead: RoutedLead) -> str:
        return f"came since {_moment(self.since)}: it came {_moment(lead.came_at)}"


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """The lead's attribute is one of the condition's values."""

    condition: ConditionData

    def answer(self, lead: RoutedLead) -> MatchAnswer:
        source, values = self.condition.source, self.condition.values
        keys = lead.keys(source, by_id=True)
        if any(key in values for key in keys):
            return MatchAnswer.YES
        return _unread_or_no(source, lead, keys)

    def words(self, lead: RoutedLead) -> str:
        shown = list(self.condition.values.values())
        more = len(shown) - MOST_NAMED
        listed = " or ".join(shown[:MOST_NAMED]) + (f" or {more} more" * (more > 0))
        source = self.condition.source
        return (
            f"{attribute_name(source)} is {listed}: {_lead_value(source, lead, self)}"
        )


@dataclass(frozen=True, slots=True)
class NotClosedCheck:
    """The lead's category is not a closing one."""

    def answer(self, lead: RoutedLead) -> MatchAnswer:
        return _yes_or_no(not lead.is_closed)

    def words(self, lead: RoutedLead) -> str:
        return (
            f"conversation not closed: its category is {lead.category_name or 'none'}"
        )


@dataclass(frozen=True, slots=True)
class TableCheck:
    """The table has an entry for the lead; only asked if there is no default pool."""

    table: TableData

    def answer(self, lead: RoutedLead) -> MatchAnswer:
        keys = lead.keys(self.table.source, by_id=False)
        if any(key in self.table.lines for key in keys):
            return MatchAnswer.YES
        return _unread_or_no(self.table.source, lead, keys)

    def words(self, lead: RoutedLead) -> str:
        name, source = self.table.name, self.table.source
        value = _lead_value(source, lead, self)
        return (
            f"the table “{name}” has a line for its {attribute_name(source)}: {value}"
        )


def attribute_name(source: LeadAttribute) -> str:
    """Return the attribute in words: “name” for a custom field, "domain of the e-mail",
    "ending of the e-mail", else its label in small letters.
    """
    match source.attribute:
        case Attribute.CUSTOM:
            return f"“{source.custom_field}”"
        case Attribute.EMAIL_DOMAIN:
            return "domain of the e-mail"
        case Attribute.TOP_LEVEL_DOMAIN:
            return "ending of the e-mail"
        case _:
            return str(LookupTable.Attribute(source.attribute).label).lower()


def _lead_value(source: LeadAttribute, lead: RoutedLead, check: RuleCheck) -> str:
    """Return the lead's value in words: "it is …", or "it has none" without one.

    A campaign is "it is in none", a category "it is none". NOT_READ if `check` answers
    UNREAD.
    """
    if check.answer(lead) is MatchAnswer.UNREAD:
        return NOT_READ
    match source.attribute:
        case Attribute.CAMPAIGN:
            return f"it is {lead.campaign_name or 'in none'}"
        case Attribute.CATEGORY:
            return f"it is {lead.category_name or 'none'}"
        case Attribute.LOCATION if lead.location:
            return f"it is {lead.location}"
    keys = lead.keys(source, by_id=True)
    return f"it is {isolated(keys[0])}" if keys else "it has none"


def _unread_or_no(
    source: LeadAttribute, lead: RoutedLead, keys: tuple[str, ...]
) -> MatchAnswer:
    """Return UNREAD if the lead has no such value (`keys` is empty), it may have one in
    its campaign's list of leads, and that has not been read; else NO.
    """
    is_unread = not keys and not lead.is_read and source.attribute in FROM_CAMPAIGN
    return MatchAnswer.UNREAD if is_unread else MatchAnswer.NO


def _yes_or_no(is_yes: bool) -> MatchAnswer:  # noqa: FBT001  it is all there is to say
    return MatchAnswer.YES if is_yes else MatchAnswer.NO


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{short_day(local)} {local:%Y, %H:%M}"
