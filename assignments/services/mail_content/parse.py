"""One pipeline for the words of a mail: what rows, pages, search and messages show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assignments.services.mail_content.head_words import FORWARD_PREFIXES, SENT_FROM
from assignments.services.mail_content.history import MailSection, sections_of
from assignments.services.mail_content.lines import lines_of
from assignments.services.mail_content.markup import read_markup
from assignments.services.mail_content.plain_text import is_markup, read_plain_text
from assignments.services.mail_content.sanitized_html import page_markup

# Raise it with every change of what `parse_mail` or `preview_line` return: the worker
# then parses the mails that are kept again.
PARSER_VERSION = 2
_SENT_FROM = re.compile(SENT_FROM, re.IGNORECASE)
_FORWARD_SUBJECT = re.compile(
    rf"\s*(?:{'|'.join(map(re.escape, FORWARD_PREFIXES))})\s?[:：]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContent:
    """The parts of one mail.

    `own_text` is plain text: the writer's words without quoted history, entities
    resolved, lines separated by newlines; empty if the writer added no words.
    `display_html` is sanitised markup, safe to put into a page as it is, with the
    quoted history inside `<details>`. `images` counts the pictures that were replaced
    by a placeholder. `characters_cut` is how many characters, markup aside, were not
    read. `quoted_text` is the quoted history as plain text. If the mail forwards
    another, `forwarded_text` is that mail and `forwarded_from` its sender as written in
    its head ("" if unknown); a forwarded mail below no words of one's own is not folded
    away.
    """

    own_text: str
    display_html: str
    images: int = 0
    characters_cut: int = 0
    quoted_text: str = ""
    forwarded_from: str = ""
    forwarded_text: str = ""


def parse_mail(body: str, *, subject: str = "") -> MailContent:
    """Return the content of a mail from its raw body, which is read as HTML if
    `is_markup`.

    `quoted_text` holds all old parts. The first with the title of a forwarded mail is
    also `forwarded_text`. Outlook's forwards have no title: if the writer added no
    words and `subject` begins with "FW:", in the usual languages, it is the first old
    part.
    """
    read = read_markup(body) if is_markup(body) else read_plain_text(body)
    sections = sections_of(lines_of(read.parts))
    own_text = _own_text(sections)
    if not own_text and _FORWARD_SUBJECT.match(subject[:40]):
        for section in sections:
            section.is_forward = section.is_old
    forwarded = next((section for section in sections if section.is_forward), None)
    return MailContent(
        own_text=own_text,
        display_html=page_markup(read.parts, sections, unfolded=not own_text),
        images=sum(part.kind == "image" for part in read.parts),
        characters_cut=read.characters_cut,
        quoted_text="\n\n".join(section.text for section in sections if section.is_old),
        forwarded_from=forwarded.sender if forwarded else "",
        forwarded_text=forwarded.text if forwarded else "",
    )


def preview_line(content: MailContent) -> str:
    """Return the writer's words on one line, single blanks between them, without last
    lines like "Sent from my iPhone".

    If there are none and it forwards a mail: "Forwarded from ", the sender or "somebody
    else", ": " and that mail's words. Else "".
    """
    lines = content.own_text.split("\n")
    while lines and (not lines[-1].strip() or _is_sent_from(lines[-1])):
        lines.pop()
    if not lines and content.forwarded_text:
        sender = content.forwarded_from or "somebody else"
        return " ".join(f"Forwarded from {sender}: {content.forwarded_text}".split())
    return " ".join(" ".join(lines).split())


def _own_text(sections: Sequence[MailSection]) -> str:
    texts = [section.text for section in sections if not section.is_old]
    own = "\n".join(text for text in texts if text)
    written = [line for line in own.split("\n") if line and not _is_sent_from(line)]
    return own if written else ""


def _is_sent_from(line: str) -> bool:
    """Return True if `line`, of at most 100 characters, is what a telephone or program
    adds below each mail.
    """
    return len(line) <= 100 and bool(_SENT_FROM.match(line))
