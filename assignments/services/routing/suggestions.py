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
from assignments.services.sight import Sight

State = Suggestion.State


def build_suggestion(
    rule: RuleData, lead: RoutedLead, choice: MemberChoice, *, at: datetime
) -> Suggestion:
    """Return a rule's suggestion, not yet saved; `choice` names a member.

    Its reason is cut to 500 characters.
    """
    assert choice.member_id is not None  # noqa: S101  only what is placed is suggested
    reason = f"Rule “{rule.name}” suggests {choice.suggestion}"
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
    """Return the open suggestions whose lead this user sees and may move, to an active
    member whom they may choose. A sales manager gets those of all leads.
    """
    known = Suggestion.objects.acceptable()
    movable = access.movable_owner_ids(user)
    if movable is None:
        return known
    owned = Q(lead__owner__in=[pk for pk in movable if pk is not None])
    if None in movable:
        owned |= Q(lead__owner=None, lead__owner_known_at__isnull=False)
    seen = Sight.of(user).leads("lead__")
    return known.filter(owned, seen, member__in=access.choosable_members(user))


def withdraw_stale(
    matched: Sequence[tuple[RoutedLead, RuleData]], *, at: datetime
) -> int:
    """Mark open suggestions as withdrawn that would not be made again at `at`; return
    how many.

    `matched`: all leads that rules decide about now, each with its rule. A rule's
    suggestion for any other lead is withdrawn.
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
    """Mark a suggestion as accepted and assign its lead; return the assignment.

    It is made by `actor`, with the suggestion's reason and "<actor> agreed."; a pending
    one to the same member is returned instead. Nothing is written if it raises:
    NotAllowed, Stale if the suggestion was decided already or the lead changed, or
    AssignmentRefused if the member is away or the lead cannot be assigned.
    """
    lead = lock_lead(suggestion.lead_id)
    suggestion = _decide(suggestion, State.ACCEPTED, actor, lead, at)
    if absence := absences_at(at).get(suggestion.member_id):
        raise AssignmentRefused(
            f"{suggestion.member} is {away_until(absence)} by now. Assign the lead by "
            "hand, to them all the same or to somebody else."
        )
    return assign_lead(
        lead=lead,
        to=suggestion.member,
        actor=actor,
        at=at,
        expected=suggestion.owner_id,
        reason=agreed_reason(suggestion.reason, actor),
    )


def agreed_reason(reason: str, actor: User) -> str:
    """Return a suggestion's reason for the ledger: in the past, and that `actor` agreed.

    It has at most 500 characters.
    """
    suggested = reason.replace("” suggests ", "” suggested ", 1)
    return f"{suggested[:420]} {actor} agreed."[:500]


@transaction.atomic
def dismiss_suggestion(*, suggestion: Suggestion, actor: User, at: datetime) -> None:
    """Mark a suggestion as dismissed: the lead stays, and rules leave it alone from now
    on.

    Raises NotAllowed if `actor` may not move the lead, or Stale if it was decided
    already.
    """
    lead = lock_lead(suggestion.lead_id)
    access.check_assign(actor, lead=lead, to=None)
    _decide(suggestion, State.DISMISSED, actor, lead, at)


def accept_suggestions(
    *, suggestions: Sequence[Suggestion], actor: User, at: datetime
) -> tuple[int, list[str]]:
    """Accept each suggestion in its own transaction.

    Return how many were accepted, and for each that raised AssignmentRefused the
    sentence "<lead>: <reason>".
    """
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
    """Set state and decider of an open suggestion and return it with its member.

    Raises Stale if it is not open.
    """
    hit = Suggestion.objects.open().filter(pk=suggestion.pk)
    if not hit.update(state=state, decided_by=actor, decided_at=at):
        now = Suggestion.objects.select_related("decided_by").get(pk=suggestion.pk)
        word = State(now.state).label.lower()
        by = f" by {now.decided_by}" if now.decided_by else ""
        raise Stale(f"The suggestion for {lead} has been {word}{by}.")
    return Suggestion.objects.select_related("member").get(pk=suggestion.pk)


def _free_members(at: datetime) -> frozenset[int]:
    active = access.active_members().values_list("pk", flat=True)
    away = Coverage.objects.away_at(at).values_list("member", flat=True)
    return frozenset(active) - frozenset(away)


def _still_holds(
    suggestion: Suggestion,
    wanted: tuple[RoutedLead, RuleData] | None,
    free: frozenset[int],
) -> bool:
    """Return whether the suggestion would be made again.

    `wanted`: its lead and the rule that decides about it now, None without. `free`: ids
    of active members who are not away. A rule's suggestion needs the same rule,
    suggesting and unchanged since, the same owner, and its member free and in the rule.
    A breach's needs `_still_waits` and its member free.
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
    """Return whether the breach's reply is still the last one and unanswered, and its
    lead present and with the owner of the suggestion.
    """
    is_owed = (
        suggestion.lead.answer_owed and suggestion.lead.last_reply_at == breach.reply_at
    )
    return (
        is_owed
        and suggestion.lead.owner_id == suggestion.owner_id
        and suggestion.lead.gone_at is None
    )
