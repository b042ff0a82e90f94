"""Decisions of a person about the owner of one lead: assign, retry, dismiss."""

from datetime import datetime
from enum import Enum
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Hold, Lead, Member, User
from assignments.models.assignment import Cause, State, Urgency
from assignments.services import access
from assignments.services.absence_wording import last_day_away
from assignments.services.absences import absences_at
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger import holds, notes
from assignments.services.ledger.new_row import (
    NOTHING_PENDING,
    PendingRows,
    expect_owner,
    pending_rows,
    supersede,
)
from assignments.services.ledger.transitions import LEAD_GONE
from assignments.services.locks import lock_lead
from assignments.task_queue import nudge_dispatch


class AnyOwner(Enum):
    ANY = "any"


# The caller does not say which owner the page showed.
ANY_OWNER = AnyOwner.ANY


@transaction.atomic
def assign_lead(
    *,
    lead: Lead,
    to: Member,
    actor: User,
    at: datetime,
    expected: int | AnyOwner | None = ANY_OWNER,
    note: str = "",
    reason: str = "",
    cause: Cause = Cause.MANUAL,
    until: Literal["good", "back"] = "good",
) -> Assignment:
    """Write and return a row that gives the lead to `to`; cancel one that waits.

    It is WAITING and the dispatcher woken; or SKIPPED if cancelling alone leaves the
    lead with `to`. A row pending to `to` already gets the note and is returned.
    `expected`: member id of the pending target, or else owner, that the page showed.
    Raises NotAllowed; Stale if `expected` is wrong; AssignmentRefused (lead gone, `to`
    inactive or owner, bad note, `until="back"` without a coverage).
    """
    lead = lock_lead(lead.pk)
    access.check_assign(actor, lead=lead, to=to)
    return write_decision(
        lead=lead,
        to=to,
        actor=actor,
        at=at,
        expected=expected,
        note=note,
        reason=reason,
        cause=cause,
        until=until,
    )


def write_decision(
    *,
    lead: Lead,
    to: Member,
    actor: User,
    at: datetime,
    expected: int | AnyOwner | None = ANY_OWNER,
    note: str = "",
    reason: str = "",
    cause: Cause = Cause.MANUAL,
    reverses: Assignment | None = None,
    until: Literal["good", "back"] = "good",
) -> Assignment:
    """Do what `assign_lead` does to a lead that the caller has locked, for an actor
    whose right the caller has checked. Raises all that it raises but NotAllowed.
    """
    pending = pending_rows([lead.pk]).get(lead.pk, NOTHING_PENDING)
    _check_possible(lead, to, pending.newest, expected)
    if pending.newest and pending.newest.to_id == to.pk:
        return _join_pending(pending.newest, actor, note, at)
    if until == "back":
        _check_covered(lead, pending.sending)
    row = Assignment(lead=lead, to=to, actor=actor, cause=cause, created_at=at)
    row.reason = reason or f"{actor} chose {to} by hand."
    row.reverses = reverses
    row.until_back = until == "back"
    _save_in_place(row, pending, note)
    return row


def _save_in_place(row: Assignment, pending: PendingRows, note: str) -> None:
    """Save a new row with the owner it expects; cancel the lead's waiting row first.

    A row that ends as SKIPPED by that updates the holds; for any other the note is
    queued and the dispatcher woken. Raises AssignmentRefused for a note that is too
    long.
    """
    at = row.created_at
    expect_owner(row, row.lead, pending)
    if pending.waiting:
        outcome = f"A newer decision replaced it before it was sent, by {row.actor}."
        supersede(pending.waiting, row, outcome=outcome, at=at)
    row.save()
    if row.state == State.SKIPPED:
        holds.apply_final_state(row, at=at)
    else:
        notes.attach_note(row, text=note, at=at)
        nudge_dispatch()


@transaction.atomic
def retry_assignment(
    *, assignment: Assignment, actor: User, at: datetime
) -> Assignment:
    """Write a refused or overtaken row again, dismiss the old one; return the new row.

    It takes over the note that was not sent, and the holds that wait. It expects the
    owner that an overtaken row found, or that a refused row expected. Its cause becomes
    MANUAL unless a hold waits for it. Raises Stale for a row in another state;
    AssignmentRefused if a coverage would give the lead to somebody away; else as
    `assign_lead`.
    """
    if assignment.state not in {State.REFUSED, State.OVERTAKEN}:
        raise Stale("This assignment was not refused. Reload to see how it stands.")
    assert assignment.to is not None  # noqa: S101  only `outside` rows go to nobody
    _check_target_present(assignment, at)
    # If no coverage waits for it any more, it is this person's own decision.
    is_wanted = _waiting_holds(assignment).exists()
    row = assign_lead(
        lead=assignment.lead,
        to=assignment.to,
        actor=actor,
        at=at,
        expected=_expected_owner(assignment),
        note=notes.unsent_note_text(assignment),
        reason=assignment.reason,
        cause=Cause(assignment.cause) if is_wanted else Cause.MANUAL,
        until="back" if assignment.until_back else "good",
    )
    holds.adopt_retry(refused=assignment, retry=row)
    dismiss_assignment(assignment=assignment, actor=actor, at=at)
    return row


def _waiting_holds(assignment: Assignment) -> QuerySet[Hold]:
    """Return the standing (planned or live) holds whose `move` is this assignment."""
    return Hold.objects.standing().filter(move=assignment)


def _check_target_present(assignment: Assignment, at: datetime) -> None:
    """Raise AssignmentRefused if the target is away at `at` and a hold waits for it.

    Holds of the coverage of this very absence do not count.
    """
    absence = absences_at(at).get(assignment.to_id or 0)
    if absence and _waiting_holds(assignment).exclude(coverage=absence).exists():
        until = last_day_away(absence, timezone.get_current_timezone())
        raise AssignmentRefused(
            f"{assignment.to} is away until {until}. Try again after that, or assign "
            f"{assignment.lead} to somebody who is there."
        )


def _expected_owner(assignment: Assignment) -> int | AnyOwner | None:
    if assignment.state == State.OVERTAKEN:
        return assignment.found_id
    return assignment.expected_id if assignment.expected_known else ANY_OWNER


@transaction.atomic
def dismiss_assignment(*, assignment: Assignment, actor: User, at: datetime) -> None:
    """Set `dismissed_at` of a final assignment, unless it is set already.

    An assignment that is not final is left alone. Raises NotAllowed if `actor` neither
    decided it nor may move the lead.
    """
    if assignment.actor_id != actor.pk:
        access.check_assign(actor, lead=assignment.lead, to=None)
    Assignment.objects.final().filter(pk=assignment.pk, dismissed_at=None).update(
        dismissed_at=at
    )


def _check_possible(
    lead: Lead, to: Member, newest: Assignment | None, expected: int | AnyOwner | None
) -> None:
    """Raise AssignmentRefused or Stale if the lead cannot be given to `to` now.

    Refused: the lead is gone, `to` is deactivated, or `to` is the known owner and
    nothing is pending. Stale: `expected` is given and is not the target of the pending
    row `newest`, or without such a row not the owner.
    """
    shown = newest.to_id if newest else lead.owner_id
    if lead.gone_at:
        raise AssignmentRefused(LEAD_GONE)
    if not to.is_active:
        raise AssignmentRefused(f"{to} has been deactivated. Choose somebody else.")
    if expected is not ANY_OWNER and expected != shown:
        holder = (newest.to if newest else lead.owner) or "nobody"
        going = "is on its way to" if newest else "is now with"
        raise Stale(f"{lead} {going} {holder}. Look again before you change it.")
    if not newest and lead.owner_is_known and lead.owner_id == to.pk:
        raise AssignmentRefused(f"{to} already has {lead}.")


def _check_covered(lead: Lead, sending: Assignment | None) -> None:
    """Raise AssignmentRefused unless a hold of the lead is live or waits for `sending`."""
    held = Hold.objects.live().filter(lead=lead)
    if not held.exists() and not (sending and sending.changes.exists()):
        raise AssignmentRefused(
            f"{lead} is not covered for anybody by now. Assign it for good."
        )


def _join_pending(row: Assignment, actor: User, note: str, at: datetime) -> Assignment:
    """Queue the note with a pending row and return that row, its urgency set to CLICK.

    Wakes the dispatcher if the urgency was another. Raises AssignmentRefused if the
    note is too long or the row carries another one.
    """
    if row.urgency != Urgency.CLICK:
        row.urgency = Urgency.CLICK
        row.save(update_fields=["urgency"])
        nudge_dispatch()
    notes.attach_note(row, text=note, at=at, author=actor)
    return row
