"""Taking back a decision about one lead: who may, when it is too late, and the act."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assignments.models import Assignment, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.services import access
from assignments.services.absence_wording import last_day_away
from assignments.services.absences import absences_at
from assignments.services.errors import (
    AssignmentRefused,
    NeedsConfirmation,
    NotAllowed,
)
from assignments.services.ledger import holds
from assignments.services.ledger.assign import write_decision
from assignments.services.ledger.transitions import LEAD_GONE, finalize
from assignments.services.locks import lock_lead
from assignments.services.sight import check_sees

NO_OWNER_BEFORE = (
    "Nobody had it before, and Smartlead cannot leave a lead without an owner. "
    "Assign it to somebody else."
)


@transaction.atomic
def undo_assignment(
    *,
    assignment: Assignment,
    actor: User,
    at: datetime,
    although_away: Collection[int] = (),
) -> Assignment:
    """Cancel a row that waits; give another's lead back by a new UNDO row. Return it.

    Raises AssignmentRefused or NotAllowed with the sentence of `undo_obstacles`, then
    NeedsConfirmation if the member before is away at `at` and not in `although_away`
    (ids; not for a waiting row), else as `write_decision`.
    """
    lead = lock_lead(assignment.lead_id)
    known = Assignment.objects.select_related("expected", "to", "actor", "lead__owner")
    assignment = known.get(pk=assignment.pk)
    _check_possible(assignment, actor)
    if assignment.state == State.WAITING:
        return _cancel_waiting(assignment, actor, at)
    assert assignment.expected is not None  # noqa: S101  _too_late has seen to it
    if assignment.expected_id not in although_away:
        _check_present(assignment.expected, assignment, at)
    return write_decision(
        lead=lead,
        to=assignment.expected,
        actor=actor,
        at=at,
        expected=assignment.to_id,
        cause=Cause.UNDO,
        reverses=assignment,
        reason=f"{actor} undid the change to {assignment.to}.",
        until="back" if assignment.until_back else "good",
    )


def _check_possible(assignment: Assignment, actor: User) -> None:
    if why_not := _too_late([assignment]).get(assignment.pk):
        raise AssignmentRefused(why_not)
    if not _is_own(assignment, actor):
        check_sees(actor, assignment.lead_id)
    if why_not := access.UndoRights.of(actor).why_not(assignment):
        raise NotAllowed(why_not)


def _is_own(assignment: Assignment, user: User) -> bool:
    """Return whether the user decided it by itself: then they may undo it unseen."""
    return assignment.actor_id == user.pk and assignment.batch_id is None


def undo_obstacles(changes: Collection[Assignment], user: User) -> dict[int, str]:
    """Return, by id, a sentence for each change that `user` cannot undo now.

    Those that they can undo are left out. The same few queries for any number, if
    `lead__owner`, `expected`, `to` and `actor` are loaded.
    """
    if not changes:
        return {}
    rights = access.UndoRights.of(user)
    denied = {change.pk: rights.why_not(change) for change in changes}
    return {pk: why for pk, why in denied.items() if why} | _too_late(changes)


def why_not_undo(assignment: Assignment, user: User) -> str | None:
    """Return a sentence why `user` cannot undo the assignment now; None if they can."""
    return undo_obstacles([assignment], user).get(assignment.pk)


def given_away(user: User, map_id: int) -> Assignment | None:
    """Return the change by which the user gave away a lead that they no longer see.

    It is the lead's newest one, theirs and of this lead alone; it goes out, is done and
    can be undone, or is the undo that brings the lead back. None without one. Members
    and the lead's owner are loaded.
    """
    counting = Assignment.objects.filter(
        lead=map_id, state__in=(State.WAITING, State.SENDING, State.DONE)
    )
    known = counting.select_related("expected", "to", "actor", "lead__owner")
    newest = known.order_by("-pk").first()
    if newest is None or not _is_own(newest, user):
        return None
    return newest if newest.is_pending or why_not_undo(newest, user) is None else None


def why_no_way_back(lead: Lead) -> str:
    """Return a sentence why a change of the lead's owner could not be undone; empty if
    it could, as far as can be told before it is made. Changes on their way are left
    out.
    """
    if not lead.owner_is_known:
        return "You cannot take this back: Handoff does not know who has the lead now."
    if lead.owner is None:
        return (
            "You cannot take this back: Smartlead cannot leave a lead without an owner."
        )
    if not lead.owner.is_active:
        return f"You cannot take this back: {lead.owner} has been deactivated."
    return ""


def _too_late(changes: Collection[Assignment]) -> dict[int, str]:
    """Return, by id, a sentence for each change that nobody can undo any more."""
    ids = [change.pk for change in changes]
    found = holds.ended_coverage_reasons(Assignment.objects.filter(pk__in=ids))
    newer = _newer_changes(changes)
    for change in changes:
        if why_not := _obstacle(change, newer.get(change.lead_id)):
            found.setdefault(change.pk, why_not)
    return found


def _newer_changes(changes: Collection[Assignment]) -> dict[int, Assignment]:
    """Return, by lead id, the newest change that is pending or done, if it is not one
    of `changes`.
    """
    counting = Assignment.objects.filter(
        lead__in={change.lead_id for change in changes},
        state__in=(State.WAITING, State.SENDING, State.DONE),
    )
    newest = counting.order_by().values("lead").annotate(newest=Max("pk"))
    rows = Assignment.objects.filter(pk__in=newest.values("newest"))
    others = rows.exclude(pk__in=[change.pk for change in changes])
    return {row.lead_id: row for row in others.select_related("actor", "to")}


def _obstacle(change: Assignment, newer: Assignment | None) -> str:
    """Return a sentence why it is too late to undo the change, else an empty text.

    It is if a coverage made the change, or (unless it waits) if it is final but not
    DONE, was seen in Smartlead, if the owner before is unknown, nobody or deactivated,
    or if the lead is gone or has moved on.
    """
    if change.is_of_coverage:
        return holds.MADE_BY_COVERAGE
    if change.state == State.WAITING:
        return ""
    if change.state not in {State.SENDING, State.DONE}:
        return "Nothing was changed, so there is nothing to undo."
    if change.cause == Cause.OUTSIDE:
        return "This was done in Smartlead. Assign the lead to change it."
    if change.lead.gone_at:
        return LEAD_GONE
    return _nobody_to_return_to(change) or _moved_on(change, newer)


def _nobody_to_return_to(change: Assignment) -> str:
    if not change.expected_known:
        return "Handoff does not know who had it before. Assign it to somebody."
    if change.expected is None:
        return NO_OWNER_BEFORE
    if not change.expected.is_active:
        return f"{change.expected} has been deactivated. Assign it to somebody."
    return ""


def _moved_on(change: Assignment, newer: Assignment | None) -> str:
    if newer and newer.is_pending:
        return "A newer change of this lead is on its way."
    lead = change.lead
    if change.state == State.DONE and lead.owner_id != change.to_id:
        return f"It has moved since: {lead.owner or 'nobody'} has it now."
    if newer:
        who = "somebody in Smartlead" if newer.cause == Cause.OUTSIDE else "Handoff"
        return f"It has moved since: {newer.actor or who} gave it to {newer.to}."
    return ""


def _cancel_waiting(waiting: Assignment, actor: User, at: datetime) -> Assignment:
    outcome = f"{actor} cancelled it before it was sent."
    finalize(waiting, state=State.CANCELLED, outcome=outcome, at=at)
    waiting.refresh_from_db()
    return waiting


def _check_present(before: Member, undone: Assignment, at: datetime) -> None:
    if absence := absences_at(at).get(before.pk):
        until = last_day_away(absence, timezone.get_current_timezone())
        raise NeedsConfirmation(
            f"{before} is away until {until}. Give the lead back all the same, or keep "
            f"it with {undone.to}."
        )
