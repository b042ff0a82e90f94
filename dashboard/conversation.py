"""Mails that strangers wrote, made safe to show; and a lead's notes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.safestring import SafeString, mark_safe

from assignments.models import Lead, Message, Note
from assignments.services.mail_content.parse import MailContent, parse_mail
from assignments.visible_text import displayed

FRESH = timedelta(seconds=30)  # a note on its way is looked at often for so long


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    message: Message
    content: MailContent

    @property
    def html(self) -> SafeString:
        return mark_safe(self.content.display_html)  # noqa: S308  sanitised when parsed

    @property
    def is_ours(self) -> bool:
        return self.message.direction == Message.Direction.SENT

    @property
    def attachments(self) -> list[str]:
        return list(_names(self.message.attachments))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNote:
    text: str
    author: str
    at: datetime | None
    ours: Note | None = None


def conversation_of(lead: Lead) -> list[ShownMessage]:
    return [
        ShownMessage(message=message, content=parse_mail(message.body_html))
        for message in lead.messages.all()
    ]


def notes_of(lead: Lead) -> list[ShownNote]:
    """Ours as they were sent, and those of Smartlead that are not ours read back."""
    ours = list(lead.notes.select_related("author", "assignment__actor"))
    references = [note.reference for note in ours]
    theirs = [
        ShownNote(text=note.text, author=note.author, at=note.created_at)
        for note in lead.smartlead_notes.all()
        if not any(reference in note.text for reference in references)
    ]
    mine = [
        ShownNote(
            text=note.text,
            author=_author(note),
            at=note.created_at,
            ours=note,
        )
        for note in ours
    ]
    return sorted([*mine, *theirs], key=lambda note: note.at or _LAST)


def poll_of(notes: list[ShownNote], *, at: datetime) -> str:
    """How often the notes are looked at again; empty when none is on its way."""
    pending = [
        note.ours.created_at for note in notes if note.ours and note.ours.is_pending
    ]
    if not pending:
        return ""
    return "every 2s" if at - max(pending) < FRESH else "every 15s"


def _author(note: Note) -> str:
    decided = note.assignment.actor if note.assignment else None
    return str(note.author or decided or "Handoff")


_LAST = datetime.max.replace(tzinfo=UTC)


def _names(attachments: object) -> Iterator[str]:
    for entry in attachments if isinstance(attachments, list) else []:
        if isinstance(entry, dict):
            name = entry.get("file_name") or entry.get("name") or entry.get("filename")
            yield displayed(str(name or "")) or "A file without a name"
        elif isinstance(entry, str):
            yield displayed(entry) or "A file without a name"
