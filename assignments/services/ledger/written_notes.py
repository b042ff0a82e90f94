"""Notes that somebody writes on a lead, with no assignment to explain."""

from datetime import datetime, timedelta

from django.db import transaction

from assignments.models import Lead, Note, User
from assignments.services import access
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.notes import check_length, new_reference
from assignments.services.locks import lock_lead
from assignments.task_queue import nudge_dispatch

SAME_WITHIN = timedelta(minutes=1)  # a second press, or a form sent again


@transaction.atomic
def write_note(*, lead: Lead, text: str, author: User, at: datetime) -> Note:
    """Queue a note that somebody writes; the same text within a minute is one note.

    Who may move a lead may write on it. Raises NotAllowed or AssignmentRefused.
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
    check_length(text)
    written = lead.notes.filter(kind=Note.Kind.WRITTEN, author=author)
    same = written.filter(text=text, created_at__gt=at - SAME_WITHIN)
    return same.first() or _queue(lead, text, author, at)


def _queue(lead: Lead, text: str, author: User, at: datetime) -> Note:
    nudge_dispatch()
    return Note.objects.create(
        lead=lead,
        kind=Note.Kind.WRITTEN,
        author=author,
        text=text,
        reference=new_reference(),
        created_at=at,
    )
