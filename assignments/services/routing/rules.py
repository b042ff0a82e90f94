"""Changes of routing rules: save, order, copy, switch and remove.

All raise NotAllowed unless `actor` is a sales manager, and Stale if the rule was removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from assignments.models import Member, RoutingRule, RuleCondition, RuleMember, User
from assignments.models.lookup_table import LookupTable
from assignments.models.plan import StrategyKind
from assignments.services.access import Role, require_manager, role_of
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.people.unique_names import is_taken
from assignments.services.routing.data import Attribute
from assignments.services.routing.load import BY_TABLE
from assignments.services.routing.run import lock_routing
from assignments.visible_text import folded

ACT = "change the routing rules"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMemberInput:
    """A member of a rule's pool, as entered."""

    member: Member
    weight: Decimal = Decimal(1)
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInput:
    """A rule as entered. Conditions: (attribute, custom field) → values."""

    name: str
    mode: str
    whose: str
    strategy: str
    since: datetime | None = None
    table: LookupTable | None = None
    conditions: Mapping[tuple[str, str], Sequence[str]]
    pool: Sequence[PoolMemberInput] = ()


def check_may_read(user: User) -> None:
    """Raise NotAllowed unless the user leads a team or is a sales manager."""
    if role_of(user) == Role.MEMBER:
        raise NotAllowed("Only a team lead or a sales manager sees the routing rules.")


@transaction.atomic
def save_rule(
    *,
    actor: User,
    at: datetime,
    wish: RuleInput,
    rule: RoutingRule | None = None,
    seen: datetime | None = None,
) -> RoutingRule:
    """Create a rule behind the others, or change `rule`; return it saved.

    Conditions and pool are replaced by those of `wish`. `seen`: `changed_at` as the
    form showed it; None: not compared. Raises NotAllowed, Stale if the rule was changed
    since or removed, or AssignmentRefused with the sentence of `rule_problem`.
    """
    require_manager(actor, ACT)
    lock_routing()
    if rule is not None:
        rule = _current(rule.pk)
        if seen is not None and seen != rule.changed_at:
            raise Stale(f"{rule.changed_by} changed this rule meanwhile. Look again.")
    if problem := rule_problem(wish, rule):
        raise AssignmentRefused(problem)
    if rule is None:
        rule = RoutingRule(created_by=actor, position=_next_position())
    rule.name, rule.mode, rule.whose = wish.name, wish.mode, wish.whose
    rule.since, rule.strategy = wish.since, wish.strategy
    rule.table = wish.table if wish.strategy in BY_TABLE else None
    _stamp(rule, actor, at)
    _write_parts(rule, wish)
    return rule


def rule_problem(wish: RuleInput, rule: RoutingRule | None = None) -> str:
    """Return the first problem of the input, as a sentence; "" if there is none.

    The name is taken by a kept rule other than `rule`, table or members are missing,
    one member is to be chosen and there are more, or a condition has no known
    attribute.
    """
    others = RoutingRule.objects.kept()
    if rule is not None:
        others = others.exclude(pk=rule.pk)
    if is_taken(others, wish.name):
        return f"There is already a rule “{wish.name}”."
    if wish.strategy in BY_TABLE and wish.table is None:
        return "Choose the table that says who."
    if wish.strategy not in BY_TABLE and not wish.pool:
        return "Choose who should have the leads."
    if wish.strategy == StrategyKind.MEMBER and len(wish.pool) > 1:
        return "Choose one member only, or a way to spread the leads among several."
    if any(attribute not in Attribute for attribute, _ in wish.conditions):
        return "There is a condition on something that no lead has."
    return ""


@transaction.atomic
def set_mode(*, actor: User, rule: RoutingRule, mode: str, at: datetime) -> None:
    """Set the mode of a rule, and who changed it when.

    Raises NotAllowed, Stale if the rule was removed, or AssignmentRefused if `mode` is
    not one of RoutingRule.Mode.
    """
    require_manager(actor, ACT)
    lock_routing()
    rule = _current(rule.pk)
    if mode not in RoutingRule.Mode:
        raise AssignmentRefused("A rule is on, off, or only suggests.")
    rule.mode = mode
    _stamp(rule, actor, at)


@transaction.atomic
def move_rule(*, actor: User, rule: RoutingRule, up: bool) -> None:
    """Swap a rule with its neighbour before (`up`) or behind it; at the end it stays.

    All kept rules are numbered from 1. Raises NotAllowed, or Stale if it was removed.
    """
    require_manager(actor, ACT)
    lock_routing()
    rules = list(RoutingRule.objects.kept())
    place = next((i for i, kept in enumerate(rules) if kept.pk == rule.pk), None)
    if place is None:
        raise Stale(f"The rule “{rule}” has been removed.")
    other = place - 1 if up else place + 1
    if 0 <= other < len(rules):
        rules[place], rules[other] = rules[other], rules[place]
    for position, kept in enumerate(rules, start=1):
        kept.position = position
    RoutingRule.objects.bulk_update(rules, ["position"])


@transaction.atomic
def duplicate_rule(*, actor: User, rule: RoutingRule, at: datetime) -> RoutingRule:
    """Create a copy of a rule, its conditions and its pool right behind it, and return
    it.

    It is switched off and named "… (copy)", "… (copy 2)" and so on; the rules behind
    move down. Raises NotAllowed, or Stale if the rule was removed.
    """
    require_manager(actor, ACT)
    lock_routing()
    rule = _current(rule.pk)
    behind = RoutingRule.objects.kept().filter(position__gt=rule.position)
    behind.order_by().update(position=F("position") + 1)
    copy = RoutingRule(
        name=_free_name(rule.name),
        position=rule.position + 1,
        whose=rule.whose,
        since=rule.since,
        strategy=rule.strategy,
        table=rule.table,
        created_by=actor,
    )
    _stamp(copy, actor, at)
    _copy_parts(rule, copy)
    return copy


@transaction.atomic
def remove_rule(*, actor: User, rule: RoutingRule, at: datetime) -> None:
    """Mark a rule as removed by `actor`, switch it off and take its table away.

    Row, conditions and pool stay, for the history of its leads. Raises NotAllowed, or
    Stale if it was removed already.
    """
    require_manager(actor, ACT)
    lock_routing()
    rule = _current(rule.pk)
    rule.removed_at, rule.mode, rule.table = at, RoutingRule.Mode.OFF, None
    _stamp(rule, actor, at)


def _current(pk: int) -> RoutingRule:
    """Return the rule read anew.

    Raises Stale if it was removed. Callers hold the routing lock.
    """
    rule = RoutingRule.objects.select_related("changed_by").get(pk=pk)
    if rule.removed_at:
        raise Stale(f"{rule.changed_by} has removed the rule “{rule}”.")
    return rule


def _stamp(rule: RoutingRule, actor: User, at: datetime) -> None:
    rule.changed_by, rule.changed_at = actor, at
    rule.save()


def _write_parts(rule: RoutingRule, wish: RuleInput) -> None:
    rule.conditions.all().delete()
    rule.pool.all().delete()
    RuleCondition.objects.bulk_create(
        RuleCondition(
            rule=rule, attribute=attribute, custom_field=custom_field, values=[*values]
        )
        for (attribute, custom_field), values in wish.conditions.items()
    )
    RuleMember.objects.bulk_create(
        RuleMember(rule=rule, member=m.member, weight=m.weight, cap=m.cap)
        for m in wish.pool
    )


def _copy_parts(rule: RoutingRule, copy: RoutingRule) -> None:
    parts: list[RuleCondition | RuleMember] = [*rule.conditions.all(), *rule.pool.all()]
    for part in parts:
        part.pk, part.rule = None, copy
        part.save(force_insert=True)


def _free_name(name: str) -> str:
    """Return the name followed by " (copy)", " (copy 2)" and so on, the first that no
    kept rule has. The name is cut so that all of it fits in LONGEST_NAME.
    """
    names = RoutingRule.objects.kept().values_list("name", flat=True)
    taken = {folded(taken_name) for taken_name in names}
    for number in range(1, len(taken) + 2):
        ending = " (copy)" if number == 1 else f" (copy {number})"
        candidate = f"{name[: LONGEST_NAME - len(ending)]}{ending}"
        if folded(candidate) not in taken:
            return candidate
    raise AssertionError("there are more free names than taken ones")


def _next_position() -> int:
    last = RoutingRule.objects.kept().last()
    return last.position + 1 if last else 1
