"""Rules as lines of their list: what they ask for, to whom they give, what is wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assignments.models import Member, RoutingRule
from assignments.models.plan import StrategyKind
from assignments.services.routing.data import RuleData, RulePoolMember, Whose
from assignments.services.routing.match import MOST_NAMED, attribute_name

MOST_MEMBERS = 6


@dataclass(frozen=True, slots=True)
class Coming:
    """Numbers of leads by rule id for the next tick.

    `placed` are those the rule gives to a member, `stuck` those nobody can be found for.
    """

    placed: Counter[int] = field(default_factory=Counter)
    stuck: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    rule: RuleData
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
    def mode(self) -> str:
        return next(label for _, label, is_on in self.modes if is_on)

    @property
    def coming_sentence(self) -> str:
        leads = f"{self.coming:,} lead{'' if self.coming == 1 else 's'}"
        is_suggested = self.rule.mode == RoutingRule.Mode.SUGGEST
        act = "to suggest" if is_suggested else "to give away"
        return f"{leads} {act} with the next minute."

    @property
    def stuck_sentence(self) -> str:
        if self.stuck == 1:
            return (
                "1 lead matches, and nobody can take it now. "
                "It is tried again each minute."
            )
        return (
            f"{self.stuck:,} leads match, and nobody can take them now. "
            "They are tried again each minute."
        )

    @property
    def is_off(self) -> bool:
        return self.rule.mode == RoutingRule.Mode.OFF


def rows_of_rules(
    rules: Sequence[RuleData],
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


def asks_of(rule: RuleData) -> list[str]:
    """Return which leads the rule takes, by owner, then a line per condition.

    `Campaign: Spring, Autumn and 3 more`: MOST_NAMED values are named, the others
    counted.
    """
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
        asked.append(f"{attribute_name(condition.source)}: {listed}")
    return asked


def gives_of(rule: RuleData, members: Mapping[int, Member]) -> str:
    label = StrategyKind(rule.strategy).label
    pool = [_seat_in_words(seat, members[seat.member_id]) for seat in rule.pool]
    rest = len(pool) - MOST_MEMBERS
    named = ", ".join(pool[:MOST_MEMBERS]) + (f" and {rest} more" * (rest > 0))
    if rule.table:
        default = f", by default {named}" if named else ""
        return f"{label}: by “{rule.table.name}”{default}"
    return f"{label}: {named}"


def _seat_in_words(seat: RulePoolMember, member: Member) -> str:
    """Return `Ana Berg (weight 2, up to 5)`; a weight of 1 and a missing limit are left
    out.
    """
    said = [f"weight {float(seat.weight):g}"] if seat.weight != 1 else []
    said += [] if seat.cap is None else [f"up to {seat.cap:,}"]
    return f"{member} ({', '.join(said)})" if said else f"{member}"
