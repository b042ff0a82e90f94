"""Texts of strangers, made small and plain enough for a column."""

import html
import re

import nh3
from django.db.models import CharField, Model

LONGEST_BODY = 20_000  # a preview needs no more of a mail than this
_BLOCKS = re.compile(
    r"<(?=/?(?:p|div|br|li|tr|td|th|table|ul|ol|h[1-6]|blockquote|hr)\b)", re.I
)
# Where mail clients put what the writer answers to.
_QUOTE_IN_HTML = re.compile(
    r"<blockquote\b"
    r"|<div[^>]{0,200}\b(?:gmail_quote|yahoo_quoted|moz-cite-prefix|OutlookMessageHeader)"
    r"|<[a-z]+[^>]{0,200}\bid=[\"']?(?:appendonsend|divRplyFwdMsg)",
    re.I,
)
_QUOTE_IN_TEXT = re.compile(
    r"(?:^|\s)(?:"
    r"-{2,}\s?(?:Original Message|Ursprüngliche Nachricht|Message d'origine)"
    r"|(?:On|Am|Le|El|Il|Em|Op|Den|W dniu)\s[^\n]{4,120}?\s"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|schreef|skrev|napisał)\b"
    r"[^\n]{0,80}?:"
    r"|Sent from my \w+$"
    r"|From:\s[^\n]{1,200}?\s(?:Sent|Date):\s"
    r")"
)

_QUOTED_LINE = re.compile(r"^\s?>.*$", re.M)


def fitted(text: str, *, model: type[Model], field: str) -> str:
    """The text, cut to the length of its column."""
    column = model._meta.get_field(field)
    length = column.max_length if isinstance(column, CharField) else None
    return text[:length]


def storable(text: str) -> str:
    """Return `text` without what a database refuses: NUL, halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def plain(body: str) -> str:
    """The text of a mail without its markup, white space folded."""
    spaced = _BLOCKS.sub(" <", body[:LONGEST_BODY])
    # Without any allowed tag, nh3 leaves nothing but escaped text.
    return " ".join(html.unescape(nh3.clean(spaced, tags=set())).split())


def preview(body: str) -> str:
    """What the writer wrote, without what they answered to; all if they only quoted."""
    own = _QUOTE_IN_HTML.split(body[:LONGEST_BODY], maxsplit=1)[0]
    if "<" not in own:
        own = _QUOTED_LINE.sub("", own)
    return _QUOTE_IN_TEXT.split(plain(own), maxsplit=1)[0].strip() or plain(body)
