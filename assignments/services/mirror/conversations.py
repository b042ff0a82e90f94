"""The conversation and the notes of one lead, fetched when somebody opens it."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q

from assignments.models import Account, Lead, LeadNote, Message
from assignments.models.conversation import BY_EVENT
from assignments.services import account, plain_text
from assignments.services.locks import lock_lead
from assignments.services.mail_content.parse_waiting import parse_texts_of
from assignments.services.mail_content.parsed_mail import ParsedMail
from assignments.services.mail_content.raw_body import kept_body
from assignments.services.mirror import sync_sources
from assignments.services.mirror.import_leads import refresh_reply_times, save_row
from assignments.services.mirror.session import (
    BudgetExhausted,
    SyncReport,
    SyncSession,
    Unavailable,
)
from assignments.services.mirror.sync_sources import NOTES, THREADS
from assignments.services.replies import own_mail, record
from assignments.smartlead.budget import CallBudget, CallKind
from assignments.smartlead.client import Client
from assignments.smartlead.errors import NotesUnreadable, Refused
from assignments.smartlead.list_parsing import SkippedRow
from assignments.smartlead.records import HistoryEntry, LeadRow, NoteRow

LONGEST_KEY = 300
# So long Smartlead's conversations may lag behind its events.
EVENTS_LEAD_BY = timedelta(minutes=10)


def refresh_lead(
    *, map_id: int, client: Client, budget: CallBudget, at: datetime
) -> SyncReport:
    """Read a lead, its conversation and its notes from Smartlead and store them; return
    counts.

    Stored texts that wait for the parser are parsed first. Nothing is read if the
    database belongs to another account. The conversation is read only if
    `is_conversation_stale`, the notes only if `has_newer_mail`. Errors of Smartlead are
    stored with their source and in the report, not raised; an outage or a lack of
    budget ends the reading.
    """
    reading = SyncSession(
        client=client,
        budget=budget,
        # All of it counts as asked now: to call a read older than it is does no harm.
        clock=lambda: at,
        sleep=time.sleep,
        until=at + timedelta(seconds=settings.SEAT_TIME),
    )
    if Lead.objects.filter(pk=map_id).exists():
        parse_texts_of(map_id)  # needs no Smartlead, which may be down
    if account.binding_problem(account.current_account()):
        return reading.report
    try:
        _open(reading, map_id)
    except (BudgetExhausted, Unavailable):
        # No slot, or an outage that the account tells of: the next opening goes on.
        return reading.report
    return reading.report


def has_newer_mail(lead: Lead, fetched_at: datetime | None) -> bool:
    """Return True if the lead's `listed_reply_at` or `last_sent_at` is later than
    `fetched_at`, or if `fetched_at` is None.
    """
    mails = [moment for moment in (lead.listed_reply_at, lead.last_sent_at) if moment]
    return fetched_at is None or any(moment > fetched_at for moment in mails)


def is_conversation_stale(lead: Lead) -> bool:
    """Return True if the conversation was never fetched, a mail is newer than the last
    fetch, or an event told of a mail that the last fetch may have missed.
    """
    return has_newer_mail(lead, lead.thread_at) or _awaits_mails(lead)


def _open(reading: SyncSession, map_id: int) -> None:
    row: LeadRow | None = None
    with reading.reporting(THREADS):
        row, at = reading.ask(CallKind.INTERACTIVE, lambda client: client.lead(map_id))
        if row:
            save_row(row, asked_at=at, at=at, by="get")
    lead = Lead.objects.filter(pk=map_id).first()
    if lead is None:
        return  # a webhook named it, but Smartlead does not know it
    if is_conversation_stale(lead):
        with reading.reporting(THREADS):
            _fetch_thread(reading, lead, row)
    if has_newer_mail(lead, lead.notes_at):
        with reading.reporting(NOTES):
            _fetch_notes(reading, lead)


# ── The conversation ────────────────────────────────────────────────────────────
def _fetch_thread(reading: SyncSession, lead: Lead, row: LeadRow | None) -> None:
    brought: Sequence[HistoryEntry] = (row and row.history) or ()
    try:
        found = _ask_history(reading, lead)
    except Refused:
        # Asking again would not help: what the lead itself brought must do.
        save_conversation(lead=lead, history=brought, at=reading.clock())
        raise
    save_conversation(
        lead=lead, history=found or brought, at=reading.clock(), is_whole=bool(found)
    )


def _ask_history(reading: SyncSession, lead: Lead) -> Sequence[HistoryEntry]:
    campaign_id, person_id = lead.campaign_id, lead.person_id
    if campaign_id is None or person_id is None:
        return ()
    found, _ = reading.ask(
        CallKind.INTERACTIVE,
        lambda client: client.history(campaign_id=campaign_id, lead_id=person_id),
    )
    return found


def save_conversation(
    *,
    lead: Lead,
    history: Sequence[HistoryEntry],
    at: datetime,
    is_whole: bool = False,
) -> None:
    """Store the mails of `history` that are not stored yet, leave stored ones as they
    are, and set `thread_at` to `at`.

    Own addresses, Reply rows and reply times follow; then the lead's unparsed texts are
    parsed. Mails that only events told of are deleted if `history` has them; if
    `is_whole` (nothing is missing in it) also those from 10 minutes before `at` or
    earlier. Raises Lead.DoesNotExist.
    """
    with transaction.atomic():
        locked = lock_lead(lead.pk)
        promised = record.due_promises([locked])
        own_mail.remember_senders([(lead.email, history)])
        told = own_mail.mark_own_mails({lead.pk: (lead.email, history)})[lead.pk]
        known = record.known_mails({lead.pk: ()})[lead.pk]
        history = [record.marked_as_known(mail, known) for mail in told]
        _keep_mails(_new_messages(lead, history))
        _drop_told(lead, history, up_to=at - EVENTS_LEAD_BY if is_whole else None)
        Lead.objects.filter(pk=lead.pk).update(thread_at=at)
        mails = {lead.pk: record.mails_of(history)}
        record.record_mails(mails, promised=promised)
        refresh_reply_times([locked])
    parse_texts_of(lead.pk)


def _new_messages(lead: Lead, history: Sequence[HistoryEntry]) -> list[Message]:
    known = set(lead.messages.values_list("key", flat=True))
    return [_message(lead, mail) for mail in history if _key(mail) not in known]


def save_told_mail(*, lead: Lead, mail: HistoryEntry, at: datetime) -> None:
    """Store a mail that only an event told of, at its time or at `at`, whichever is
    earlier.

    Its key marks it as such until a conversation is read. Nothing is stored if the mail
    is stored already, or if a conversation was read at least 10 minutes after that
    time.
    """
    moment = min(mail.at or at, at)
    if lead.thread_at and moment <= lead.thread_at - EVENTS_LEAD_BY:
        return  # a conversation that was read later has it, or there is no such mail
    if lead.messages.filter(key=_key(mail)).exists():
        return
    told = _message(lead, mail)
    told.at, told.key = moment, _key_until_read(mail)
    _keep_mails([told])


def _awaits_mails(lead: Lead) -> bool:
    """Return True if an event alone told of a mail and the conversation was never
    fetched, or no later than 10 minutes after that mail.
    """
    told = lead.messages.told_by_events()
    if lead.thread_at:
        told = told.filter(at__gt=lead.thread_at - EVENTS_LEAD_BY)
    return told.exists()


def _drop_told(
    lead: Lead, history: Sequence[HistoryEntry], *, up_to: datetime | None
) -> None:
    brought = Q(key__in=[_key_until_read(mail) for mail in history])
    if up_to:
        brought |= Q(at__lte=up_to)
    lead.messages.told_by_events().filter(brought).delete()


def _keep_mails(mails: Sequence[Message]) -> None:
    Message.objects.bulk_create(mails, ignore_conflicts=True)


def _message(lead: Lead, entry: HistoryEntry) -> Message:
    body, cut = kept_body(entry.body_html)
    columns = entry.columns if isinstance(entry, ParsedMail) else {}
    return Message(
        lead=lead,
        key=_key(entry),
        direction=entry.direction,
        sender=_fit(entry.sender, Message, "sender"),
        recipient=_fit(entry.recipient, Message, "recipient"),
        cc=list(entry.cc),
        at=entry.at,
        subject=_fit(entry.subject, Message, "subject"),
        body_html=body,
        body_cut=cut,
        is_bounce=entry.is_bounce,
        is_automatic=entry.is_automatic,
        attachments=[asdict(attachment) for attachment in entry.attachments],
        **columns,
    )


def _key(entry: HistoryEntry) -> str:
    """Return the message id; without one, or if it is longer than 300 characters, the
    hex SHA-256 of id, direction, sender, time and body.
    """
    if entry.message_id and len(entry.message_id) <= LONGEST_KEY:
        return entry.message_id
    parts = (entry.message_id, entry.direction, entry.sender, entry.at, entry.body_html)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _key_until_read(entry: HistoryEntry) -> str:
    return BY_EVENT + hashlib.sha256(_key(entry).encode()).hexdigest()


# ── Notes ───────────────────────────────────────────────────────────────────────
def _fetch_notes(reading: SyncSession, lead: Lead) -> None:
    person_id = lead.person_id
    if person_id is None:
        return
    try:
        rows, at = reading.ask(
            CallKind.INTERACTIVE, lambda client: client.notes(person_id)
        )
    except NotesUnreadable:
        # Not a fault: some accounts can't. Pages say so, and show our own notes.
        _note_readable(lead, is_readable=False, at=reading.clock())
        return
    save_notes(lead=lead, rows=rows, at=at)
    parse_texts_of(lead.pk)
    _note_readable(lead, is_readable=True, at=at)


@transaction.atomic
def save_notes(*, lead: Lead, rows: Sequence[NoteRow], at: datetime) -> None:
    """Store the notes that have an id and are not stored yet; stored ones stay as they
    are.

    Notes without an id are counted as unreadable rows of the source NOTES.
    """
    LeadNote.objects.bulk_create(
        [
            LeadNote(
                lead=lead,
                smartlead_id=row.id,
                text=row.text,
                author=_fit(row.created_by, LeadNote, "author"),
                created_at=row.created_at,
            )
            for row in rows
            if row.id is not None
        ],
        ignore_conflicts=True,
    )
    nameless = [
        SkippedRow(reason="The note has no usable id.", excerpt=row.text[:500])
        for row in rows
        if row.id is None
    ]
    sync_sources.record_unreadable(NOTES, nameless, at=at)


def _note_readable(lead: Lead, *, is_readable: bool, at: datetime) -> None:
    Lead.objects.filter(pk=lead.pk).update(
        notes_at=at, notes_unreadable=not is_readable
    )
    Account.objects.filter(pk=account.current_account().pk).update(
        notes_readable=is_readable
    )


def _fit(text: str, model: type[Model], field: str) -> str:
    return plain_text.fit_to_column(text, model=model, field=field)
