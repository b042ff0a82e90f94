"""Suggestions of rules and breaches: open until accepted, dismissed or outdated."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.models import (
    Assignment,
    Breach,
    Coverage,
    Lead,
    Member,
    Suggestion,
    User,
)
from assignments.services import access
from assignments.services.absences import absences_at
from assignments.services.bulk.allocation import away_until
from assignments.services.bulk.strategies import MemberChoice
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger.assign import assign_lead
from assignments.services.locks import lock_lead
from assignments.services.routing.data import Mode, RoutedLead, RuleData

State = Suggestion.State


def build_suggestion(
    rule: RuleData, lead: RoutedLead, choice: MemberChoice, *, at: datetime
) -> Suggestion:
    """Return a rule's suggestion, not yet saved."""
    assert choice.member_id is not None  # noqa: S101  only what is placed is suggested
    reason = f"Rule “{rule.name}” suggests {choice.sentence}"
    return Suggestion(
        rule_id=rule.pk,
        lead_id=lead.map_id,
        member_id=choice.member_id,
        owner_id=lead.owner_id,
        reason=reason[:500],
        created_at=at,
    )


def suggested_lead_ids() -> frozenset[int]:
    """Return the ids of leads with an open suggestion."""
    return frozenset(Suggestion.objects.open().values_list("lead", flat=True))


def open_suggestions_for(user: User) -> QuerySet[Suggestion]:
    """Return the open suggestions that this user may accept."""
    known = Suggestion.objects.open()
    movable = access.movable_owner_ids(user)
    if movable is None:
        return known
    owned = Q(lead__owner__in=[pk for pk in movable if pk is not None])
    if None in movable:
        owned |= Q(lead__owner=None, lead__owner_known_at__isnull=False)
    return known.filter(owned, member__in=access.choosable_members(user))


def withdraw_stale(
    matched: Sequence[tuple[RoutedLead, RuleData]], *, at: datetime
) -> int:
    """Withdraw suggestions that would not be made any more; return how many.

    `matched`: all leads that rules decide about now, each with its rule.
    """
    wanted = {lead.map_id: (lead, rule) for lead, rule in matched}
    free = _free_members(at)
    stale = [
        suggestion.pk
        for suggestion in Suggestion.objects.open().select_related("breach", "lead")
        if not _still_holds(suggestion, wanted.get(suggestion.lead_id), free)
    ]
    if not stale:
        return 0
    open_ones = Suggestion.objects.open().filter(pk__in=stale)
    return open_ones.update(state=State.WITHDRAWN, decided_at=at)


@transaction.atomic
def accept_suggestion(
    *, suggestion: Suggestion, actor: User, at: datetime
) -> Assignment:
    """Accept a suggestion: assign the lead in the actor's name, with the rule's reason.

    Raises NotAllowed, Stale if it was decided already, or AssignmentRefused if the
    member is away by now.
    """
    lead = lock_lead(suggestion.lead_id)
    suggestion = _decide(suggestion, State.ACCEPTED, actor, lead, at)
    if absence := absences_at(at).get(suggestion.member_id):
        raise AssignmentRefused(
            f"{suggestion.member} is {away_until(absence)} by now. Assign the lead by "
            "hand, to them all the same or to somebody else."
        )
    reason = suggestion.reason.replace("” suggests ", "” suggested ", 1)
    return assign_lead(
        lead=lead,
        to=suggestion.member,
        actor=actor,
        at=at,
        expected=suggestion.owner_id,
        reason=f"{reason[:420]} {actor} agreed."[:500],
    )


@transaction.atomic
def dismiss_suggestion(*, suggestion: Suggestion, actor: User, at: datetime) -> None:
    """Dismiss a suggestion: the lead stays, and rules leave it alone from now on.

    Raises NotAllowed, or Stale if it was decided already.
    """
    lead = lock_lead(suggestion.lead_id)
    access.check_assign(actor, lead=lead, to=None)
    _decide(suggestion, State.DISMISSED, actor, lead, at)


def accept_suggestions(
    *, suggestions: Sequence[Suggestion], actor: User, at: datetime
) -> tuple[int, list[str]]:
    """Accept all that can be; return how many, and a sentence for each other one."""
    problems = []
    for suggestion in suggestions:
        try:
            accept_suggestion(suggestion=suggestion, actor=actor, at=at)
        except AssignmentRefused as refusal:
            problems.append(f"{suggestion.lead}: {refusal}")
    return len(suggestions) - len(problems), problems


def _decide(
    suggestion: Suggestion, state: State, actor: User, lead: Lead, at: datetime
) -> Suggestion:
    """Close an open suggestion and return it with its member. Raises Stale."""
    hit = Suggestion.objects.open().filter(pk=suggestion.pk)
    if not hit.update(state=state, decided_by=actor, decided_at=at):
        now = Suggestion.objects.select_related("decided_by").get(pk=suggestion.pk)
        word = State(now.state).label.lower()
        by = f" by {now.decided_by}" if now.decided_by else ""
        raise Stale(f"The suggestion for {lead} has been {word}{by}.")
    return Suggestion.objects.select_related("member").get(pk=suggestion.pk)


def _free_members(at: datetime) -> frozenset[int]:
    active = Member.objects.filter(is_active=True).values_list("pk", flat=True)
    away = Coverage.objects.away_at(at).values_list("member", flat=True)
    return frozenset(active) - frozenset(away)


def _still_holds(
    suggestion: Suggestion,
    wanted: tuple[RoutedLead, RuleData] | None,
    free: frozenset[int],
) -> bool:
    """Return whether it would be made again: `wanted` is its lead and rule by now.

    `free`: ids of active members who are not away.
    """
    if suggestion.breach is not None:
        return (
            _still_waits(suggestion, suggestion.breach) and suggestion.member_id in free
        )
    if wanted is None:
        return False
    lead, rule = wanted
    return (
        rule.pk == suggestion.rule_id
        and rule.mode == Mode.SUGGEST
        and (rule.changed_at is None or rule.changed_at <= suggestion.created_at)
        and lead.owner_id == suggestion.owner_id
        and suggestion.member_id in free & rule.members
    )


def _still_waits(suggestion: Suggestion, breach: Breach) -> bool:
    """Return whether the same reply is unanswered, with the same owner."""
    is_owed = (
        suggestion.lead.answer_owed and suggestion.lead.last_reply_at == breach.reply_at
    )
    return (
        is_owed
        and suggestion.lead.owner_id == suggestion.owner_id
        and suggestion.lead.gone_at is None
    )
