"""Sentences about owners: who had a lead, who has it, and who changed that."""

from django.template import Library

from assignments.models import Assignment, Lead
from assignments.models.assignment import Cause, State
from dashboard.templatetags.handoff import short

register = Library()


@register.simple_tag
def owner_before(change: Assignment, brief: object = None) -> str:
    if not change.expected_known:
        return "Not known"
    return _name(change.expected, brief)


@register.simple_tag
def owner_after(change: Assignment, brief: object = None) -> str:
    return _name(change.to, brief)


@register.simple_tag
def owner_kept(change: Assignment, brief: object = None) -> str:
    """Return `stays with Ana B.` for a skipped change.

    `nobody`, or `its owner` if Smartlead did not say who that is, can stand for the
    name.
    """
    if not change.expected_known:
        return "stays with its owner"
    return (
        f"stays with {_name(change.expected, brief) if change.expected else 'nobody'}"
    )


def _name(member: object, brief: object) -> str:
    name = member or "Nobody"
    return short(name) if brief else str(name)


@register.simple_tag
def decided_by(change: Assignment) -> str:
    """Return `Ana Berg decided it` if the change has an actor.

    Else `Seen in Smartlead` if it was made there, or `Handoff decided it`.
    """
    if change.actor:
        return f"{change.actor} decided it"
    return (
        "Seen in Smartlead" if change.cause == Cause.OUTSIDE else "Handoff decided it"
    )


@register.simple_tag
def expecting(change: Assignment) -> str:
    """Return `, when Ana Berg had it`, the owner that the change replaces.

    `nobody` can stand for the name; `, not knowing who had it` if that was not known.
    Empty for a change made in Smartlead.
    """
    if change.cause == Cause.OUTSIDE:
        return ""
    if not change.expected_known:
        return ", not knowing who had it"
    return f", when {change.expected or 'nobody'} had it"


@register.filter
def outcome_or_reason(change: Assignment) -> str:
    """Return the change's outcome if it has one and is not done, else the reason why it
    was decided.
    """
    if change.outcome and change.state != State.DONE:
        return change.outcome
    return change.reason


@register.filter
def owner_now(lead: Lead) -> str:
    """Return who has the lead now.

    `gone from Smartlead`, `now with Ana Berg`, `now with nobody` or `owner not known`.
    """
    if lead.gone_at:
        return "gone from Smartlead"
    if lead.owner:
        return f"now with {lead.owner}"
    return "now with nobody" if lead.owner_is_known else "owner not known"


@register.filter
def who_has_it(lead: Lead) -> str:
    if lead.owner:
        return f"{lead.owner} has it."
    if lead.owner_is_known:
        return "Nobody has it."
    return "Smartlead has not said who has it."
