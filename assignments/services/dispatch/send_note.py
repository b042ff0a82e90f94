"""Send one note to Smartlead: as an assignment, but unrepeatable.

Smartlead can neither change nor delete a note, so one that may have arrived is looked
for by its reference before it is sent again. Where notes can't be read back it stays
`unconfirmed` and is not repeated. See docs/design/design.md, rule 6.
"""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, QuerySet
from django.db.models.functions import Coalesce

from assignments.models import Account, Note
from assignments.services.dispatch.context import DispatchContext, retry_delay
from assignments.services.dispatch.failure_policy import record_outage, refusal_sentence
from assignments.services.dispatch.queue import DispatchClaim
from assignments.smartlead.budget import Slot
from assignments.smartlead.errors import (
    AmbiguousWrite,
    NotesUnreadable,
    NotSent,
    Refused,
    ServiceTrouble,
)

UNCONFIRMED = (
    "Smartlead did not confirm it and this account cannot read notes back. It may be "
    "there; Handoff does not send it again."
)


def send_note(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Send a claimed note by one call, and store what became of it.

    DONE with Smartlead's id; REFUSED; waiting again if it surely did not arrive; else
    still SENDING, to be settled by a read. An unclear answer or ServiceTrouble (no 429)
    adds a failure; the latter records an outage. Without a call (claim lost or too
    short, writes paused) the slot is given back, and a note still ours waits again.
    """
    note = _load_claimed(claim)
    start_by = _stamp(context, note, claim) if note else None
    if note is None or start_by is None:
        context.budget.give_back(slot)
        return _wait_again(note, context.clock()) if note else None
    context.emit("note stamped")
    try:
        with context.client.use_slot(slot):
            smartlead_id = context.client.create_note(
                map_id=note.lead_id, text=note.full_text, start_by=start_by
            )
    except NotSent:
        return _record_not_applied(note, context.clock())
    except Refused as error:
        return _finish(
            note, Note.State.REFUSED, refusal_sentence(error), context.clock()
        )
    except AmbiguousWrite:
        return _leave_unsettled(note, context.clock(), settle_at=context.clock())
    except ServiceTrouble as error:
        return _record_failure(context, note, error)
    context.emit("note answered")
    return _finish(note, Note.State.DONE, "", context.clock(), smartlead_id)


def settle_note(context: DispatchContext, claim: DispatchClaim, slot: Slot) -> None:
    """Read the notes of a claimed note's lead by one call, and look for its reference.

    DONE if it is there, waiting again if not. UNCONFIRMED if notes cannot be read
    (Refused, NotesUnreadable, or without a call for a lead without `person_id`).
    ServiceTrouble adds a failure, records an outage (a 429 does not), and it is settled
    later; at once if the call was not sent. A lost claim gives the slot back.
    """
    note = _load_claimed(claim)
    if note is None:
        return context.budget.give_back(slot)
    if note.lead.person_id is None:
        context.budget.give_back(slot)
        return _finish(note, Note.State.UNCONFIRMED, UNCONFIRMED, context.clock())
    try:
        with context.client.use_slot(slot):
            sent_notes = context.client.notes(note.lead.person_id)
    except (NotesUnreadable, Refused):
        return _finish(note, Note.State.UNCONFIRMED, UNCONFIRMED, context.clock())
    except NotSent:
        _mine(note).update(lease_until=context.clock())
        return None
    except ServiceTrouble as error:
        at = context.clock()
        _leave_unsettled(note, at, settle_at=at + retry_delay(note.failures))
        return record_outage(error, at)
    context.emit("notes read")
    for sent_note in sent_notes:
        if note.reference in sent_note.text:
            at = context.clock()
            return _finish(note, Note.State.DONE, "", at, sent_note.id)
    return _wait_again(note, context.clock())


def _load_claimed(claim: DispatchClaim) -> Note | None:
    rows = Note.objects.select_related("lead", "author")
    return rows.filter(pk=claim.pk, token=claim.token).first()


def _stamp(context: DispatchContext, note: Note, claim: DispatchClaim) -> float | None:
    """Mark the note as sent (`sent_at`, `settle_at`, one more in `sends`).

    Returns the monotonic time to start by; None, with nothing marked, if the claim is
    lost or too short for a call, or all writes are paused.
    """
    monotonic, now = time.monotonic(), context.clock()
    spare = claim.lease_until - now - timedelta(seconds=settings.CALL_DEADLINE)
    is_stamped = spare > timedelta(0) and (
        Note.objects.filter(
            Exists(Account.objects.filter(pk=1, paused_at=None)),
            pk=note.pk,
            token=note.token,
            state=Note.State.SENDING,
        ).update(
            sent_at=now,
            settle_at=now + timedelta(seconds=settings.QUIET),
            sends=F("sends") + 1,
        )
    )
    return monotonic + spare.total_seconds() if is_stamped else None


def _record_failure(
    context: DispatchContext, note: Note, error: ServiceTrouble
) -> None:
    at = context.clock()
    if error.surely_not_applied:
        _record_not_applied(note, at, failed=error.kind != "rate_limit")
    else:
        _leave_unsettled(note, at)
    record_outage(error, at)


def _record_not_applied(note: Note, at: datetime, *, failed: bool = False) -> None:
    """Take one off `sends`, add a failure if `failed`, and let the note wait again."""
    _mine(note).update(sends=F("sends") - 1)
    if failed:
        _count_failure(note, at)
    _wait_again(note, at)


def _leave_unsettled(
    note: Note, at: datetime, settle_at: datetime | None = None
) -> None:
    """Add a failure and end the lease; the note stays SENDING until it is settled.

    `settle_at`: from when on; None keeps the moment set before the call.
    """
    _count_failure(note, at)
    _mine(note).update(lease_until=at, settle_at=settle_at or F("settle_at"))


def _wait_again(note: Note, at: datetime) -> None:
    """Let the note wait, for `retry_delay` if it has failed; its claim is cleared."""
    _mine(note).update(
        state=Note.State.WAITING,
        token="",
        lease_until=None,
        sent_at=None,
        settle_at=None,
        not_before=at + retry_delay(note.failures) if note.failures else None,
    )


def _finish(
    note: Note,
    state: Note.State,
    outcome: str,
    at: datetime,
    smartlead_id: int | None = None,
) -> None:
    _mine(note).update(
        state=state,
        outcome=outcome,
        finished_at=at,
        smartlead_id=smartlead_id,
        token="",
        lease_until=None,
    )


def _count_failure(note: Note, at: datetime) -> None:
    _mine(note).update(
        failures=F("failures") + 1, first_failed_at=Coalesce("first_failed_at", at)
    )
    note.failures += 1


def _mine(note: Note) -> QuerySet[Note]:
    """Return the note as a query set; empty once the claim is no longer ours."""
    return Note.objects.filter(pk=note.pk, token=note.token)
