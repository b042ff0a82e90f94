"""One line for a mail: its own words, or a sentence if it has none."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from assignments.models import Message
from assignments.services.mail_content.file_names import (
    attachment_names,
    short_file_name,
)
from assignments.services.mail_content.parse import PARSER_VERSION
from assignments.services.mail_content.parsed_mail import ParsedMail
from assignments.smartlead.records import HistoryEntry

UNREADABLE = "a mail that could not be shown here"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMail:
    """The line of a conversation's newest mail. `mark` changes with mail and parser."""

    line: str
    mark: str


def last_mail(entry: HistoryEntry) -> LastMail:
    """Parse a mail, unless it is a ParsedMail; return its line and mark.

    It may take half a second: not to be called while the database is locked.
    """
    message = Message(
        direction=entry.direction,
        is_bounce=entry.is_bounce,
        attachments=[asdict(attachment) for attachment in entry.attachments],
        **ParsedMail.of(entry).columns,
    )
    return LastMail(line=mail_line(message), mark=mark_of(entry))


def mark_of(entry: HistoryEntry) -> str:
    """Return a hex SHA-256 of the mail (with its body and attachments) and the parser's
    version: a mail with the same mark has the same line.
    """
    mail = (entry.direction, entry.at, entry.body_html, entry.attachments)
    said = f"{PARSER_VERSION} {entry.is_bounce} {entry.message_id} {mail!r}"
    return sha256(said.encode()).hexdigest()


def newest_mail(history: Sequence[HistoryEntry]) -> HistoryEntry:
    """Return the mail with the latest time, the last of several; if none has a time,
    the last one. `history` must not be empty.
    """
    dated = [(entry.at, place) for place, entry in enumerate(history) if entry.at]
    return history[max(dated)[1] if dated else -1]


def mail_line(message: Message) -> str:
    """Return the preview of a parsed mail; `no_words` if it is empty, UNREADABLE if the
    parser failed.
    """
    if message.is_unreadable:
        return UNREADABLE
    return message.preview or no_words(message)


def no_words(message: Message) -> str:
    """Return "sent without text" ("replied", "bounced"), with ": " and the first file's
    name if there are files, and the number of further ones.
    """
    did = "sent" if message.direction == Message.Direction.SENT else "replied"
    sentence = f"{'bounced' if message.is_bounce else did} without text"
    names = attachment_names(message.attachments)
    if not names:
        return sentence
    more = len(names) - 1
    files = f" and {more} more file{'s' if more > 1 else ''}" if more else ""
    return f"{sentence}: {short_file_name(names[0])}{files}"
