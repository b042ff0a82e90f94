"""Stored mails and notes that no parser, or only an older one, has parsed, in portions.

`parser_version` is the queue. A worker that is killed leaves in it what it has not done.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from assignments.models import Lead, LeadNote, Message
from assignments.services import plain_text
from assignments.services.locks import lock_lead
from assignments.services.mail_content.mail_line import mail_line
from assignments.services.mail_content.parse import PARSER_VERSION
from assignments.services.mail_content.parsed_mail import parsed_columns
from assignments.services.mail_content.search_text import search_text_of

CHUNK = 20
MOST_CHUNKS_OF_LEAD = 10  # at once; the rest of a longer thread waits its turn
# So far the time of a mail may be from the time that the inbox gives for it.
SAME_MAIL = timedelta(minutes=1)


def is_waiting(text: Message | LeadNote) -> bool:
    return text.parser_version < PARSER_VERSION


def is_anything_unparsed(*, lead_id: int | None = None) -> bool:
    """Return True if mails or notes of the lead (None: of any lead) wait to be parsed."""
    waiting = (_waiting(Message, lead_id), _waiting(LeadNote, lead_id))
    return any(rows.exists() for rows in waiting)


def parse_texts_of(lead_id: int) -> None:
    """Parse the mails and notes of one lead that wait, up to 200, then show its newest
    mail in its row. Raises Lead.DoesNotExist.
    """
    for _ in range(MOST_CHUNKS_OF_LEAD):
        if parse_chunk(lead_id=lead_id) < CHUNK:
            break
    _show_newest_mail(lead_id)


def parse_chunk(*, lead_id: int | None = None) -> int:
    """Parse and store up to CHUNK mails and notes that wait, of one lead or of all;
    return how many.

    Mails come first: those of the oldest parser, the newest row first. The rows of
    their leads show the newest mail.
    """
    count = _parse_mails(lead_id)
    return count + _parse_notes(lead_id, most=CHUNK - count)


def _parse_mails(lead_id: int | None) -> int:
    wanted = _waiting(Message, lead_id).only(
        "lead_id", "subject", "body_html", "body_cut"
    )
    messages = list(wanted.order_by("parser_version", "-pk")[:CHUNK])
    parsed = {
        message.pk: parsed_columns(
            message.body_html,
            subject=message.subject,
            body_cut=message.body_cut,
            name=f"Mail {message.pk}",
        )
        for message in messages
    }
    with transaction.atomic():  # the parser is done: it must not hold the write lock
        for pk, columns in parsed.items():
            Message.objects.filter(pk=pk).update(**columns)
        for lead in sorted({message.lead_id for message in messages}):
            _show_newest_mail(lead)
    return len(messages)


def _parse_notes(lead_id: int | None, *, most: int) -> int:
    notes = list(_waiting(LeadNote, lead_id).only("text")[:most])
    for note in notes:
        columns = parsed_columns(note.text, body_cut=0, name=f"Note {note.pk}")
        kept = {name: columns[name] for name in ("display_html", "parser_version")}
        LeadNote.objects.filter(pk=note.pk).update(**kept)
    return len(notes)


def _waiting[T: (Message, LeadNote)](kind: type[T], lead_id: int | None) -> QuerySet[T]:
    waiting = kind._default_manager.filter(parser_version__lt=PARSER_VERSION)
    return waiting if lead_id is None else waiting.filter(lead=lead_id)


@transaction.atomic
def _show_newest_mail(lead_id: int) -> None:
    """Store the line of the newest stored mail as the lead's `last_message`, unless it
    is unparsed or the lead knows a newer mail.
    """
    lead = lock_lead(lead_id)
    stored = lead.messages.defer("body_html", "own_text", "display_html")
    newest = stored.newest_first().first()
    if newest is None or is_waiting(newest):
        return
    if lead.last_message and _knows_newer_mail(lead, newest):
        return
    line = plain_text.fit_to_column(mail_line(newest), model=Lead, field="last_message")
    if line != lead.last_message:
        lead.last_message, lead.last_message_mark = line, ""
        lead.search_text = search_text_of(lead, lead.campaign)
        lead.save(update_fields=["last_message", "last_message_mark", "search_text"])


def _knows_newer_mail(lead: Lead, message: Message) -> bool:
    moments = [moment for moment in (lead.last_reply_at, lead.last_sent_at) if moment]
    at = message.at
    return at is not None and any(moment > at + SAME_MAIL for moment in moments)
