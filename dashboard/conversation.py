"""Mails that strangers wrote, made safe to show; and a lead's notes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from assignments.models import Lead, Message, Note
from dashboard.quoted import fold_markup, fold_text

LONGEST_BODY = 500_000
FRESH = timedelta(seconds=30)  # a note on its way is looked at often for so long
TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "hr", "i", "img", "li", "ol",
    "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "u", "ul",
    *(f"h{level}" for level in range(1, 7)),
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}
_IMAGE = re.compile(r'<img(?: alt="([^"]*)")?>')
_HEADING = re.compile(r"<(/?)h[1-6]>")
_EMPTY_LINK = re.compile(r"<a [^>]*>\s*</a>")
_LOOKS_LIKE_HTML = re.compile(r"<(?:/?[a-z][a-z0-9]*|!--|!doctype)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    html: SafeString
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    message: Message
    body: Body

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
        ShownMessage(message=message, body=safe_body(message.body_html))
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


def safe_body(text: str) -> Body:
    """Markup that can neither run, nor load, nor look like a part of our page."""
    text = text[:LONGEST_BODY]
    if not _LOOKS_LIKE_HTML.search(text):
        return Body(html=_plain_text(text), images=0)
    clean = nh3.clean(
        text,
        tags=TAGS,
        attributes={"a": {"href"}, "img": {"alt"}, "td": _SPANS, "th": _SPANS},
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    images = len(_IMAGE.findall(clean))
    clean = _IMAGE.sub(_named_image, clean)
    # Headings of a mail are no headings of our page.
    clean = _HEADING.sub(lambda tag: f"<{tag[1]}div>", clean)
    clean = fold_markup(_EMPTY_LINK.sub("", clean))
    return Body(html=mark_safe(clean), images=images)  # noqa: S308  cleaned above


_SPANS = {"colspan", "rowspan"}


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Links must lead out: a relative one would point into Handoff itself."""
    if attribute == "href":
        leads_out = _scheme(value) in SCHEMES and not {"<", ">"} & set(value)
        return value if leads_out else None
    if attribute in _SPANS:
        return value if value.isdecimal() and int(value) <= 20 else None
    return value


def _scheme(address: str) -> str:
    try:
        return urlsplit(address.strip()).scheme
    except ValueError:
        return ""


def _named_image(image: re.Match[str]) -> str:
    # What is harmless inside an attribute may be markup outside of it.
    name = escape(unescape(image[1] or ""))
    return f"<span>[image: {name}]</span>" if name else "<span>[image]</span>"


def _plain_text(text: str) -> SafeString:
    html = fold_text(escape(text.replace("\r\n", "\n").strip()))
    return mark_safe(html.replace("\n", "<br>"))  # noqa: S308  escaped above


def _names(attachments: object) -> Iterator[str]:
    for entry in attachments if isinstance(attachments, list) else []:
        if isinstance(entry, dict):
            name = entry.get("file_name") or entry.get("name") or entry.get("filename")
            yield str(name or "A file without a name")
        elif isinstance(entry, str):
            yield entry
