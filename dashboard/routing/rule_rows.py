"""Rules as lines of their list: what they ask for, to whom they give, what is wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assignments.models import Member, RoutingRule
from assignments.models.plan import StrategyKind
from assignments.services.routing.data import RuleFacts, Seat, Whose
from assignments.services.routing.match import MOST_NAMED, name_of

MOST_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class Coming:
    """By rule, leads that it takes with the next tick, and those that find nobody."""

    placed: Counter[int] = field(default_factory=Counter)
    stuck: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    rule: RuleFacts
    place: int
    asks: list[str]
    gives: str
    flaws: list[str]
    coming: int
    stuck: int
    is_first: bool
    is_last: bool

    @property
    def modes(self) -> list[tuple[str, str, bool]]:
        words = (("on", "On"), ("suggest", "Suggest"), ("off", "Off"))
        return [(value, label, value == self.rule.mode) for value, label in words]

    @property
    def is_off(self) -> bool:
        return self.rule.mode == RoutingRule.Mode.OFF


def rows_of_rules(
    rules: Sequence[RuleFacts],
    *,
    flaws: Mapping[int, list[str]],
    coming: Coming,
) -> list[RuleRow]:
    members = Member.objects.in_bulk({pk for rule in rules for pk in rule.members})
    return [
        RuleRow(
            rule=rule,
            place=place,
            asks=asks_of(rule),
            gives=gives_of(rule, members),
            flaws=flaws.get(rule.pk, []),
            coming=coming.placed[rule.pk],
            stuck=coming.stuck[rule.pk],
            is_first=place == 1,
            is_last=place == len(rules),
        )
        for place, rule in enumerate(rules, start=1)
    ]


def asks_of(rule: RuleFacts) -> list[str]:
    """Return the conditions of a rule in words, one each."""
    whose = {
        Whose.NOBODYS: "no owner",
        Whose.AWAY: "owner away, not covered",
        Whose.EITHER: "no owner, or owner away and not covered",
    }
    asked = [whose[Whose(rule.whose)]]
    for condition in rule.conditions:
        shown = list(condition.values.values())
        rest = len(shown) - MOST_NAMED
        listed = ", ".join(shown[:MOST_NAMED]) + (f" and {rest} more" * (rest > 0))
        asked.append(f"{name_of(condition.looked)}: {listed}")
    return asked


def gives_of(rule: RuleFacts, members: Mapping[int, Member]) -> str:
    label = StrategyKind(rule.strategy).label
    pool = [_seat_in_words(seat, members[seat.member_id]) for seat in rule.pool]
    rest = len(pool) - MOST_MEMBERS
    named = ", ".join(pool[:MOST_MEMBERS]) + (f" and {rest} more" * (rest > 0))
    if rule.table:
        default = f", by default {named}" if named else ""
        return f"{label}: by “{rule.table.name}”{default}"
    return f"{label}: {named}"


def _seat_in_words(seat: Seat, member: Member) -> str:
    """Return a member's name, with weight and limit if they are set."""
    said = [f"weight {float(seat.weight):g}"] if seat.weight != 1 else []
    said += [] if seat.cap is None else [f"up to {seat.cap:,}"]
    return f"{member} ({', '.join(said)})" if said else f"{member}"
