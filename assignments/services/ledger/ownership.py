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
from assignments.services.outgoing_webhooks import payloads
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
    """Store the owner that Smartlead named, if asked later than what is known.

    Ignored while a row of the lead is sending, unless that has this `token`. If no
    owner was named, a GET only records that. A contradiction of a recent change only
    schedules another read. Another owner is stored with a done OUTSIDE row (none if no
    owner was known before), unless a waiting row that was sent before explains it: that
    becomes DONE. The same owner renews the times and verifies the last done row. `book`
    is loaded if not given.
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
    """Store the owner that we have written, the due time and who gets replies credited.

    `answered_at` becomes the time of knowledge, change and write: reads asked no later
    are ignored. `sure_at` is stored as `owner_sure_at`: when the call began, as
    somebody may have changed the owner since; None if not known. Clears a scheduled
    recheck.
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
    """Save the owner's fields and clear `recheck_at` and `rechecks`."""
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
    """Return a waiting row, sent before, whose target is the observed owner; else None.

    None too if that is the known owner.
    """
    if lead.owner_id == sighting.owner_id:
        return None
    sent = Assignment.objects.waiting().filter(lead=lead, sends__gt=0)
    return sent.filter(to__isnull=False, to=sighting.owner_id).first()


def _take_as_own_write(
    row: Assignment, lead: Lead, sighting: OwnerObservation, at: datetime
) -> None:
    """End the row as DONE and store its target as the owner that we wrote.

    Only a GET counts as sure. If the row is final already nothing is stored. See
    docs/design/coverage-rules.md, rule 31.
    """
    assert row.to_id is not None  # noqa: S101  `_lost_write` has seen to it
    sure_at = sighting.asked_at if sighting.by == "get" else None
    if finalize(row, state=State.DONE, outcome="", at=at):
        asked_at = sighting.asked_at
        record_owner_write(
            lead, owner_id=row.to_id, sure_at=sure_at, answered_at=asked_at
        )


def _record_withheld(lead: Lead, sighting: OwnerObservation) -> None:
    """Store when a GET did not name an owner and clear its recheck; ignore a list."""
    if sighting.by == "get":
        lead.owner_withheld_at = sighting.asked_at
        _save_settled(lead)


def _confirm(lead: Lead, sighting: OwnerObservation) -> None:
    """Store that the known owner was seen again, by a GET also that it is sure.

    A GET clears the recheck. `verified_at` of the newest done row is set if that goes
    to this owner and has none yet.
    """
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
    """Return whether to wait for another read; if so, schedule it.

    After a list: True if the owner changed within WRITE_MEMORY seconds; a GET is due at
    once. After a GET: True if we wrote the owner within WRITE_MEMORY, the first time
    and without `token`; a second GET is due RECHECK seconds later.
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
    """Store another owner, the due time and who gets replies credited.

    An unknown member is created. If an owner was known before, a done OUTSIDE row is
    written, its holds are updated, it is queued to be announced, and endpoints are told.
    """
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
        payloads.record_owner_change(outside, at=at)


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
