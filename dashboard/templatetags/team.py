"""Sentences about what members carry, and what a coverage ties them to."""

from django.template import Library

from assignments.models import Coverage, LookupTable, Member, RoutingRule
from assignments.services.bulk.rebalance import RebalanceTarget
from dashboard.templatetags.handoff import absence

register = Library()


@register.filter
def mobility(share: RebalanceTarget) -> str:
    """Return how many leads may move, then those that may not, by reason.

    `40 may move, 3 in a live conversation`. A reason without leads is left out. `not
    yours to move` if the viewer may not move this member's leads.
    """
    if not share.is_theirs:
        return "not yours to move"
    kinds = {
        "live": "in a live conversation",
        "held": "held in a coverage",
        "on_the_way": "on the way already",
    }
    kept = [
        f"{share.kinds[kind]:,} {words}"
        for kind, words in kinds.items()
        if share.kinds[kind]
    ]
    return ", ".join([f"{share.kinds['movable']:,} may move", *kept])


@register.simple_tag
def held_for_others(coverage: Coverage, held: int, member: Member) -> str:
    leads = "1 lead is" if held == 1 else f"{held:,} leads are"
    days = absence(coverage)
    return (
        f"{leads} with {member} only for {coverage.member}, {days}, and not moved here."
    )


@register.simple_tag
def held_by_others(held: int, member: Member) -> str:
    """Return a sentence on leads that others cover for `member`: they go back
    afterwards, or stay with who covers if the member is deactivated. Empty if `held`
    is 0.
    """
    if not held:
        return ""
    covered, back, stay = (
        ("1 lead is covered", "goes", "stays")
        if held == 1
        else (f"{held:,} leads are covered", "go", "stay")
    )
    return (
        f"{covered} and {back} back to {member} afterwards, "
        f"or {stay} with who covers once {member} is deactivated."
    )


@register.simple_tag
def still_coming(count: int, member: Member) -> str:
    """Return a sentence with the number of leads on the way to `member`, and the advice
    to come back when they have arrived, or to cancel that first.
    """
    leads = "1 lead is" if count == 1 else f"{count:,} leads are"
    arrived = "it has arrived" if count == 1 else "they have arrived"
    return (
        f"{leads} still on the way to {member}. "
        f"Come back when {arrived}, or cancel that first."
    )


@register.simple_tag
def rule_without(rule: RoutingRule, member: Member) -> str:
    """Return what a rule does once `member` is deactivated; `rule.others` counts the
    active members beside them in its pool.
    """
    others: int = getattr(rule, "others", 0)
    if others:
        rest = "1 other member" if others == 1 else f"{others} other members"
        return f"it passes {member} over and goes on with {rest}."
    if rule.table_id is not None:
        return f"{member} is its only default; without them the table alone decides."
    return f"{member} is its only member, so it gives leads to nobody. Change it."


@register.simple_tag
def table_without(table: LookupTable, member: Member) -> str:
    """Return what the lines of a table do once `member` is deactivated; `table.named`
    counts those that name them.
    """
    named: int = getattr(table, "named", 0)
    lines = "1 line names" if named == 1 else f"{named:,} lines name"
    return (
        f"{lines} {member}. Others of the same value get these leads, "
        "or else the default of the rule."
    )
