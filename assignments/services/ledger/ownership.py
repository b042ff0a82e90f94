"""The owner of a lead as Smartlead names it, and how well it is known.

Nothing else writes `Lead.owner` (docs/design/design.md, rules 1 and 4). Callers hold a
transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings

from assignments.models import Assignment, Lead, Member
from assignments.models.assignment import Cause, State
from assignments.services.ledger import holds
from assignments.services.ledger.transitions import finalize
from assignments.services.notifications import assignments
from assignments.services.replies import record
from assignments.services.sla.deadlines import update_deadlines
from assignments.services.sla.policy import SlaPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerObservation:
    """One answer of Smartlead about a lead's owner."""

    owner_id: int | None
    known: bool
    asked_at: datetime
    by: Literal["list", "get"]


def observe_owner(
    *,
    map_id: int,
    sighting: OwnerObservation,
    at: datetime,
    token: str = "",
    book: SlaPolicy | None = None,
) -> None:
    """Take in what Smartlead said about an owner, if it is newer than what is known.

    A change that is not ours is written as a done row with cause OUTSIDE. Ignored while
    another row of the lead is sending; `token` names the sending row for which the lead
    was read. `book`: targets and hours, if the caller has loaded them.
    """
    lead = Lead.objects.select_for_update().get(pk=map_id)
    if _is_old(lead, sighting) or _is_in_flight(lead, token):
        return
    if not sighting.known:
        _record_withheld(lead, sighting)
    elif not token and (lost := _lost_write(lead, sighting)):
        _take_as_own_write(lost, lead, sighting, at)
    elif lead.owner_is_known and lead.owner_id == sighting.owner_id:
        _confirm(lead, sighting)
    elif lead.owner_is_known and _needs_another_look(lead, sighting, at, token):
        return
    else:
        _store_new_owner(lead, sighting, at, book or SlaPolicy())


def record_owner_write(
    lead: Lead, *, owner_id: int, sure_at: datetime | None, answered_at: datetime
) -> None:
    """Store the owner that we have written ourselves.

    Reads asked before `answered_at` are ignored from now on. `sure_at` is when the call
    began, or None: the owner is surely not older than that, while somebody may have
    changed it again before a paused process looked at the answer.
    """
    lead.owner_id = owner_id
    lead.owner_sure_at = sure_at
    lead.owner_known_at = answered_at
    lead.owner_changed_at = lead.owner_written_at = answered_at
    update_deadlines([lead], SlaPolicy())
    _save_settled(lead)
    record.reattribute(lead)


_OWNER_FIELDS = (
    "owner",
    "owner_known_at",
    "owner_sure_at",
    "owner_changed_at",
    "owner_written_at",
    "owner_withheld_at",
    "answer_due_at",
    "recheck_at",
    "rechecks",
)


def _save_settled(lead: Lead) -> None:
    """Save the owner; no further read is needed."""
    lead.recheck_at, lead.rechecks = None, 0
    lead.save(update_fields=_OWNER_FIELDS)


def _is_old(lead: Lead, sighting: OwnerObservation) -> bool:
    return lead.owner_known_at is not None and (
        sighting.asked_at <= lead.owner_known_at
    )


def _is_in_flight(lead: Lead, token: str) -> bool:
    sending = Assignment.objects.sending().filter(lead=lead)
    return (sending.exclude(token=token) if token else sending).exists()


def _lost_write(lead: Lead, sighting: OwnerObservation) -> Assignment | None:
    """Return the waiting row whose lost write has landed after all, else None."""
    if lead.owner_id == sighting.owner_id:
        return None
    sent = Assignment.objects.waiting().filter(lead=lead, sends__gt=0)
    return sent.filter(to__isnull=False, to=sighting.owner_id).first()


def _take_as_own_write(
    row: Assignment, lead: Lead, sighting: OwnerObservation, at: datetime
) -> None:
    """Finish a row whose write has landed: nobody else did it.

    See docs/design/coverage-rules.md, rule 31.
    """
    assert row.to_id is not None  # noqa: S101  `_lost_write` has seen to it
    sure_at = sighting.asked_at if sighting.by == "get" else None
    if finalize(row, state=State.DONE, outcome="", at=at):
        asked_at = sighting.asked_at
        record_owner_write(
            lead, owner_id=row.to_id, sure_at=sure_at, answered_at=asked_at
        )


def _record_withheld(lead: Lead, sighting: OwnerObservation) -> None:
    """Note when a read of the lead did not name an owner; lists are not counted."""
    if sighting.by == "get":
        lead.owner_withheld_at = sighting.asked_at
        _save_settled(lead)


def _confirm(lead: Lead, sighting: OwnerObservation) -> None:
    """Note that the known owner still holds, and verify the lead's last done row."""
    lead.owner_known_at = sighting.asked_at
    if sighting.by == "get":
        lead.owner_sure_at = sighting.asked_at
        lead.recheck_at, lead.rechecks = None, 0
    lead.save(update_fields=_OWNER_FIELDS)
    last = lead.assignments.filter(state=State.DONE).order_by("-finished_at").first()
    if last and last.verified_at is None and last.to_id == lead.owner_id:
        Assignment.objects.filter(pk=last.pk, verified_at=None).update(
            verified_at=sighting.asked_at
        )


def _needs_another_look(
    lead: Lead, sighting: OwnerObservation, at: datetime, token: str
) -> bool:
    """Schedule another read of a lead if a contradiction is not to be believed yet.

    A list may lag behind a recent change, so it only asks for a GET. A GET that
    contradicts our own recent write is asked a second time, later; one for a sending
    assignment (`token`) is taken as it is. Returns whether to wait for that read.
    """
    if sighting.by == "list":
        if not _is_recent(lead.owner_changed_at, at):
            return False
        lead.recheck_at = lead.recheck_at or at
    else:
        if token or lead.rechecks or not _is_recent(lead.owner_written_at, at):
            return False
        lead.recheck_at = at + timedelta(seconds=settings.RECHECK)
        lead.rechecks = 1
    lead.save(update_fields=_OWNER_FIELDS)
    return True


def _is_recent(moment: datetime | None, at: datetime) -> bool:
    memory = timedelta(seconds=settings.WRITE_MEMORY)
    return moment is not None and moment >= at - memory


def _store_new_owner(
    lead: Lead, sighting: OwnerObservation, at: datetime, book: SlaPolicy
) -> None:
    """Store another owner than was known, and write the row of that outside change."""
    if sighting.owner_id is not None:
        Member.objects.get_or_create(
            id=sighting.owner_id, defaults={"source": Member.Source.ROWS}
        )
    outside = _write_outside_row(lead, sighting, at) if lead.owner_is_known else None
    if outside:
        lead.owner_changed_at = sighting.asked_at
    lead.owner_id = sighting.owner_id
    lead.owner_known_at = sighting.asked_at
    lead.owner_sure_at = sighting.asked_at if sighting.by == "get" else None
    lead.owner_written_at = None
    update_deadlines([lead], book)
    _save_settled(lead)
    record.reattribute(lead)
    if outside:
        holds.apply_final_state(outside, at=at)
        assignments.queue_announcement(outside, at=at)


def _write_outside_row(
    lead: Lead, sighting: OwnerObservation, at: datetime
) -> Assignment:
    return Assignment.objects.create(
        lead=lead,
        expected_id=lead.owner_id,
        to_id=sighting.owner_id,
        cause=Cause.OUTSIDE,
        reason="Changed in Smartlead, not in Handoff.",
        state=State.DONE,
        created_at=at,
        finished_at=at,
        verified_at=sighting.asked_at,
    )
