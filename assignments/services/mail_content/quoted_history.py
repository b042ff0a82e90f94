"""What a mail repeats of earlier ones, folded away.

Works on markup that has been cleaned already: every tag is closed, and there are no
attributes but those we let through. Some programs mark a quotation (`blockquote`, `>`);
Outlook only writes the old mail's head below the answer, in its user's language.
"""

import re
from dataclasses import dataclass
from itertools import islice

_FOLD = "<details><summary>Quoted text</summary><blockquote>"
_UNFOLD = "</blockquote></details>"
_QUOTE = re.compile(r"<(/?)blockquote>")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
_VOID = {"br", "hr"}

_GAP = r"(?:\s|&nbsp;|</?(?:b|strong|span|i|em|u)>)*"
_FROM = re.compile(rf"(?:^|>|\n){_GAP}(From|Von|De|Da|Van|Från|Fra|Od){_GAP}:")
# A head is three of its lines near each other; one alone is only a word.
_REST = [
    re.compile(rf"(?:>|\n){_GAP}(?:{words}){_GAP}:")
    for words in (
        "Sent|Date|Gesendet|Datum|Envoyé|Enviado|Enviada|Inviato|Verzonden|Skickat|Sendt",
        "To|An|À|Para|A|Aan|Till|Til|Do",
    )
]
_NEAR = 1500
_MOST_TRIED = 50  # a hostile mail may hold the word a hundred thousand times
_ORIGINAL = re.compile(r"^[-_]{2,} ?(?:Original|Ursprüngliche) .{4,20}[-_]{2,}", re.M)
_WROTE = r"(?:^[^\n]{1,200}(?:wrote|schrieb|écrit|escribió|scritto)[^\n]{0,80}:\n+)?"
_QUOTED_LINES = re.compile(rf"{_WROTE}(?:^&gt;.*(?:\n|$))+", re.M)


def fold_markup(html: str) -> str:
    """Cleaned HTML with its quotations, and the old mail below an answer, folded."""
    place = _head_of_old_mail(html)
    span = None if place is None else _around(html, place)
    if span is None:
        return _fold_quotes(html)
    start, end = span
    answer, old, rest = html[:start], html[start:end], html[end:]
    return f"{_fold_quotes(answer)}{_FOLD}{old}{_UNFOLD}{_fold_quotes(rest)}"


def fold_text(text: str) -> str:
    """The same for escaped plain text, whose lines are still lines."""
    line = _ORIGINAL.search(text)
    places = [line.start() if line else None, _head_of_old_mail(text)]
    place = min((found for found in places if found), default=len(text))
    answer, old = text[:place], text[place:].strip()
    folded = _QUOTED_LINES.sub(lambda lines: f"{_FOLD}{lines[0]}{_UNFOLD}", answer)
    return f"{folded}{_FOLD}{old}{_UNFOLD}" if old else folded


def _head_of_old_mail(text: str) -> int | None:
    for head in islice(_FROM.finditer(text), _MOST_TRIED):
        near = text[head.end() : head.end() + _NEAR]
        if all(line.search(near) for line in _REST):
            return head.start(1)
    return None


def _fold_quotes(html: str) -> str:
    """Quotations folded; one within another stays as it is."""
    depth = 0

    def fold(tag: re.Match[str]) -> str:
        nonlocal depth
        was, depth = depth, depth + (-1 if tag[1] else 1)
        if min(was, depth) > 0:
            return tag[0]
        return _UNFOLD if tag[1] else _FOLD

    return _QUOTE.sub(fold, html)


@dataclass(slots=True)
class _Open:
    """An element that is open at some place."""

    name: str
    start: int
    is_first: bool  # nothing stands before it in its parent
    is_empty: bool = True  # so far


def _around(html: str, place: int) -> tuple[int, int] | None:
    """From where the old mail begins to the end of what holds it and the answer.

    None if nothing stands above it, or if it is part of a quotation anyhow.
    """
    path = _path_to(html, place)
    if any(element.name == "blockquote" for element in path):
        return None
    start, is_first = place, path[-1].is_empty
    while is_first and len(path) > 1:
        element = path.pop()
        start, is_first = element.start, element.is_first
    return None if is_first else (start, _end_of_parent(html, start))


def _path_to(html: str, place: int) -> list[_Open]:
    path = [_Open("", 0, is_first=True)]
    at = 0
    for tag in [*_TAG.finditer(html, 0, place), None]:
        text = html[at : tag.start() if tag else place]
        if text.replace("&nbsp;", "").strip():
            path[-1].is_empty = False
        if tag is None:
            break
        at = tag.end()
        if tag[1] and len(path) > 1:
            closed = path.pop()
            path[-1].is_empty &= closed.is_empty
        elif not tag[1] and tag[2] not in _VOID:
            path.append(_Open(tag[2], tag.start(), is_first=path[-1].is_empty))
    return path


def _end_of_parent(html: str, start: int) -> int:
    depth = 0
    for tag in _TAG.finditer(html, start):
        if tag[2] in _VOID:
            continue
        depth += -1 if tag[1] else 1
        if depth < 0:
            return tag.start()
    return len(html)
