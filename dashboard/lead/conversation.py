"""Mails and notes of a lead as its page shows them, safe from what strangers wrote."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.http import Http404
from django.utils.safestring import SafeString, mark_safe

from assignments.models import Lead, Message, Note
from assignments.services.mail_content.file_names import attachment_names
from assignments.services.mail_content.mail_line import mail_line, no_words
from assignments.services.mail_content.parse_waiting import is_waiting
from assignments.services.replies.correspondents import Correspondents

FRESH = timedelta(seconds=30)  # a note on its way is looked at often for so long
PERHAPS_SENT = "it may or may not be in Smartlead; Handoff does not send it again"
NOTE_LOOKS = {
    Note.State.DONE: "good",
    Note.State.UNCONFIRMED: "warn",
    Note.State.REFUSED: "bad",
}
MAILS_OPEN = 3  # of a conversation: the newest ones
MOST_HEADERS = 50  # of earlier mails, each opened by itself
LONGEST_OPEN = 100_000  # characters of markup; what is longer is opened by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A mail with its content, or only its header: then `display_html` is empty."""

    message: Message
    display_html: str = ""
    is_shortened: bool = False
    is_open: bool = True
    is_asked_for: bool = False  # by itself: then it gets the focus
    sender: str = ""
    recipient: str = ""

    @property
    def html(self) -> SafeString:
        return mark_safe(self.display_html)  # noqa: S308  sanitised when it was parsed

    @property
    def has_table(self) -> bool:
        return "<table" in self.display_html

    @property
    def is_ours(self) -> bool:
        return self.message.direction == Message.Direction.SENT

    @property
    def is_waiting(self) -> bool:
        return is_waiting(self.message)

    @property
    def line(self) -> str:
        return "" if self.is_waiting else mail_line(self.message)

    @property
    def no_words(self) -> str:
        """Return the sentence that stands for a mail without text, such as `replied
        without text`; empty if it has a preview.
        """
        return "" if self.message.preview else no_words(self.message)

    @property
    def attachments(self) -> list[str]:
        return attachment_names(self.message.attachments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The part of a thread that a page shows, oldest mail first.

    `newest` have their content, `earlier` their headers, but for one that was asked for.
    `before` is the id of the earliest of them if there are still earlier ones; `has_gap`
    tells whether mails between them and the newest ones are left out.
    """

    newest: list[ShownMessage]
    earlier: list[ShownMessage]
    earlier_count: int
    before: int | None
    has_gap: bool

    @property
    def state(self) -> list[tuple[int, bool]]:
        """Return (id, waits to be parsed) of each of the newest mails, oldest first,
        for a poll to compare.
        """
        return [(shown.message.pk, shown.is_waiting) for shown in self.newest]

    @property
    def is_being_prepared(self) -> bool:
        return any(shown.is_waiting for shown in (*self.newest, *self.earlier))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNote:
    text: str
    html: str = ""  # safe; empty while it is not parsed, and for ours
    author: str
    at: datetime | None
    ours: Note | None = None

    @property
    def look(self) -> str:
        """Return the CSS class of the state of our note: `good` if done, `warn` if
        unconfirmed, `bad` if refused, else empty.
        """
        return NOTE_LOOKS.get(Note.State(self.ours.state), "") if self.ours else ""

    @property
    def state_words(self) -> str:
        """Return the state of our note in words, such as `in Smartlead`; empty for a
        note that is not ours.
        """
        return _state_words(self.ours) if self.ours else ""


def conversation_of(lead: Lead, *, before: str = "", opened: str = "") -> Conversation:
    """Return the newest MAILS_OPEN mails of a lead, and up to MOST_HEADERS headers of
    earlier ones, both oldest first. `before` and `opened` are ids of mails as text,
    or empty. Headers are of mails before `before`; empty, before the newest.
    `opened` is shown whole; if it is on neither list, the headers begin with it.
    Raises Http404 if the lead has no such mail.
    """
    mail = _opened_mail(lead, opened) if opened else None
    newest = _with(mail, _bounded(lead))
    headers, has_gap = _headers(lead, before), bool(before)
    if mail and mail not in newest:
        if mail.message not in [shown.message for shown in headers[:MOST_HEADERS]]:
            # Not on the first page of headers: let one begin with it.
            headers, has_gap = [mail, *_headers(lead, opened)], True
        headers = _with(mail, headers)
    earlier = headers[:MOST_HEADERS][::-1]
    people = Correspondents(lead, [shown.message for shown in (*newest, *earlier)])
    return Conversation(
        newest=_addressed(newest, people),
        earlier=_addressed(earlier, people),
        earlier_count=max(0, lead.messages.count() - MAILS_OPEN),
        before=earlier[0].message.pk if len(headers) > MOST_HEADERS else None,
        has_gap=has_gap,
    )


def _addressed(shown: list[ShownMessage], people: Correspondents) -> list[ShownMessage]:
    """Return the mails with the names of who wrote and who got them."""
    return [
        replace(
            mail,
            sender=people.sender_of(mail.message),
            recipient=people.recipient_of(mail.message),
        )
        for mail in shown
    ]


def _with(mail: ShownMessage | None, shown: list[ShownMessage]) -> list[ShownMessage]:
    """Return the list with `mail` in the place of the same mail; unchanged if that is
    not in it, or `mail` is None.
    """
    return [mail if mail and mail.message == each.message else each for each in shown]


def mail_of(lead: Lead, number: str) -> ShownMessage:
    """Return the mail of the lead with the id `number`, with all of its content, as
    asked for. Raises Http404 if the lead has none.
    """
    mail = _opened_mail(lead, number)
    return _addressed([mail], Correspondents(lead, [mail.message]))[0]


def _opened_mail(lead: Lead, number: str) -> ShownMessage:
    message = _stored(lead, number)
    return ShownMessage(
        message=message, display_html=message.display_html, is_asked_for=True
    )


def _stored(lead: Lead, number: str) -> Message:
    wanted = int(number) if number.isdecimal() and len(number) < 19 else 0
    message = lead.messages.defer("body_html").filter(pk=wanted).first()
    if message is None:
        raise Http404
    return message


def _bounded(lead: Lead) -> list[ShownMessage]:
    """Return the newest MAILS_OPEN mails, oldest first, with their content.

    One with more than LONGEST_OPEN characters of markup has none and is marked as
    shortened.
    """
    newest = lead.messages.newest_first().defer("body_html", "display_html")
    messages = list(newest[:MAILS_OPEN])[::-1]
    stored = lead.messages.filter(pk__in=[message.pk for message in messages])
    fitting = stored.alias(length=Length("display_html")).filter(
        length__lte=LONGEST_OPEN
    )
    content = dict(fitting.values_list("pk", "display_html"))
    return [
        ShownMessage(
            message=message,
            display_html=content.get(message.pk, ""),
            is_shortened=message.pk not in content,
        )
        for message in messages
    ]


def _headers(lead: Lead, before: str) -> list[ShownMessage]:
    """Return mails without content, newest first: those before the mail `before`, or
    before the newest MAILS_OPEN if that is empty. There are MOST_HEADERS at most,
    and one more if others follow. Raises Http404 if the lead has no mail `before`.
    """
    stored = lead.messages.newest_first()
    first = 0 if before else MAILS_OPEN
    if before:
        stored = stored.older_than(_stored(lead, before))
    headers: QuerySet[Message] = stored.defer("body_html", "own_text", "display_html")
    return [
        ShownMessage(message=message, is_open=False)
        for message in headers[first : first + MOST_HEADERS + 1]
    ]


def notes_of(lead: Lead) -> list[ShownNote]:
    """Return all of our notes and Smartlead's notes that contain no reference of ours,
    oldest first. Notes without a time come last. `html` of Smartlead's is empty
    until it is parsed.
    """
    ours = list(lead.notes.select_related("author", "assignment__actor"))
    references = [note.reference for note in ours]
    theirs = [
        ShownNote(
            text=note.text,
            html=mark_safe("" if is_waiting(note) else note.display_html),  # noqa: S308
            author=note.author,
            at=note.created_at,
        )
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


def _state_words(note: Note) -> str:
    match note.state:
        case Note.State.DONE:
            return "in Smartlead"
        case Note.State.UNCONFIRMED:
            return f"not confirmed: {note.outcome or PERHAPS_SENT}"
        case Note.State.REFUSED:
            return f"refused: {note.outcome}"
        case Note.State.CANCELLED:
            return f"not sent: {note.outcome}"
    if note.kind != Note.Kind.WRITTEN:
        return "is sent to Smartlead once the owner has changed"
    return "sending" if note.state == Note.State.SENDING else "waiting to be sent"


def poll_of(notes: list[ShownNote], *, at: datetime) -> str:
    """Return `every 2s` if our newest pending note is younger than FRESH, `every 15s`
    if it is older; empty if none is pending.
    """
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
