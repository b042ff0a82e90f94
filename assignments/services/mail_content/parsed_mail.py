"""A mail with what the parser made of it, as `Message` stores it."""

import logging
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from assignments.models import Message
from assignments.services import plain_text
from assignments.services.mail_content.parse import (
    PARSER_VERSION,
    MailContent,
    parse_mail,
    preview_line,
)
from assignments.services.mail_content.raw_body import kept_body
from assignments.smartlead.records import HistoryEntry

LONGEST_OWN_TEXT = 2_000
LONGEST_DISPLAY = 500_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail(HistoryEntry):
    """A mail of a thread; `columns` are those of `Message` that the parser fills."""

    columns: dict[str, Any]

    @classmethod
    def of(cls, entry: HistoryEntry) -> Self:
        """Return the mail with the columns that the parser fills; a ParsedMail as it
        is.

        It may take half a second: not to be called while the database is locked.
        """
        if isinstance(entry, cls):
            return entry
        said = {field.name: getattr(entry, field.name) for field in fields(entry)}
        body, cut = kept_body(entry.body_html)
        columns = parsed_columns(
            body, subject=entry.subject, body_cut=cut, name=f"A mail of {entry.at}"
        )
        return cls(columns=columns, **said)


def parsed_columns(
    body: str, *, subject: str = "", body_cut: int, name: str
) -> dict[str, Any]:
    """Return the parser's columns of `Message` for the kept raw body `body`; `body_cut`
    is added to the characters that were not read.

    If the parser fails, that is logged under `name` without the mail's words, and the
    columns are empty and marked unreadable; nothing is raised.
    """
    try:
        content = _bounded(body, subject)
        preview = preview_line(content)
    except Exception as error:
        # Without its message, which may quote the mail.
        logger.error("%s could not be parsed: %s", name, type(error).__name__)
        return _columns(MailContent(own_text="", display_html=""), is_unreadable=True)
    return _columns(content, preview=preview, body_cut=body_cut)


def _bounded(body: str, subject: str) -> MailContent:
    """Return the content of the body; if its markup exceeds LONGEST_DISPLAY, that of
    the body's first half, quarter and so on, and the rest counts as cut.
    """
    content, length = parse_mail(body, subject=subject), len(body)
    while len(content.display_html) > LONGEST_DISPLAY and length > 1:
        length //= 2
        content = parse_mail(body[:length], subject=subject)
    cut = content.characters_cut + len(body) - length
    return replace(content, characters_cut=cut)


def _columns(
    content: MailContent,
    *,
    preview: str = "",
    body_cut: int = 0,
    is_unreadable: bool = False,
) -> dict[str, Any]:
    line = plain_text.storable_text(preview)
    return {
        "preview": plain_text.fit_to_column(line, model=Message, field="preview"),
        "own_text": plain_text.storable_text(content.own_text[:LONGEST_OWN_TEXT]),
        "display_html": plain_text.storable_text(content.display_html),
        "images": content.images,
        "characters_cut": content.characters_cut + body_cut,
        "is_unreadable": is_unreadable,
        "parser_version": PARSER_VERSION,
    }
