"""Notes that are queued for leads: with an assignment, or written by themselves."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from assignments.models import Assignment, Lead, Note, User
from assignments.services import access
from assignments.services.errors import AssignmentRefused
from assignments.services.locks import lock_lead
from assignments.task_queue import nudge_dispatch
from assignments.visible_text import without_turning

LONGEST_NOTE = 5_000  # characters of one note
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that two people read differently


def attach_note(
    row: Assignment,
    *,
    text: str,
    at: datetime,
    kind: Note.Kind = Note.Kind.ASSIGNED,
    author: User | None = None,
) -> Note | None:
    """Create and return a waiting note that is sent once the assignment is done.

    Its text is stripped. Returns None for a blank one, and the row's note of this kind,
    in any state, if it has the same text. Raises AssignmentRefused if that has another
    text or the text is over LONGEST_NOTE. `author` defaults to the row's actor.
    """
    text = without_turning(text).strip()
    if not text:
        return None
    check_note_length(text)
    earlier = row.notes.filter(kind=kind).first()
    if earlier and earlier.text == text:
        return earlier
    if earlier:
        raise AssignmentRefused(
            f"This change to {row.to} already carries a note. Wait until it is done, "
            "then write another."
        )
    return Note.objects.create(
        lead=row.lead,
        assignment=row,
        kind=kind,
        author=author or row.actor,
        text=text,
        reference=new_note_reference(),
        created_at=at,
    )


def check_note_length(text: str) -> None:
    """Raise AssignmentRefused if the text has more than LONGEST_NOTE characters."""
    if len(text) > LONGEST_NOTE:
        raise AssignmentRefused(
            f"The note has {len(text):,} characters; {LONGEST_NOTE:,} is the most. "
            "Shorten it."
        )


def new_note_reference() -> str:
    """Return "H-" and seven random capitals or digits, such as H-7KQ2XMP."""
    return "H-" + "".join(secrets.choice(_LETTERS) for _ in range(7))


def unsent_note_text(row: Assignment) -> str:
    """Return the text of the row's cancelled ASSIGNED note; "" if there is none."""
    dropped = row.notes.filter(state=Note.State.CANCELLED, kind=Note.Kind.ASSIGNED)
    note = dropped.first()
    return note.text if note else ""


SAME_NOTE_WITHIN = timedelta(minutes=1)  # a second press, or a form sent again


@transaction.atomic
def write_note(*, lead: Lead, text: str, author: User, at: datetime) -> Note:
    """Create and return a waiting note on a lead, and wake the dispatcher.

    If this author wrote the same text on it within the last minute, that note is
    returned. Raises NotAllowed if the author may not move the lead, AssignmentRefused
    if the lead is gone or the text is blank or longer than LONGEST_NOTE.
    """
    text = text.strip()
    lead = lock_lead(lead.pk)
    access.check_assign(author, lead=lead, to=None)
    if lead.gone_at:
        raise AssignmentRefused(
            f"Smartlead no longer has {lead}: nothing can be added."
        )
    if not text:
        raise AssignmentRefused("Write something first.")
    check_note_length(text)
    written = lead.notes.filter(kind=Note.Kind.WRITTEN, author=author)
    same = written.filter(text=text, created_at__gt=at - SAME_NOTE_WITHIN)
    if earlier := same.first():
        return earlier
    nudge_dispatch()
    return Note.objects.create(
        lead=lead,
        kind=Note.Kind.WRITTEN,
        author=author,
        text=text,
        reference=new_note_reference(),
        created_at=at,
    )
