"""Finds the lines that mail programs write above an old mail.

Three kinds: labels ("From: … Sent: … To: …"), a sentence of its own line ("On Monday
Ana wrote:"), and a title ("-----Original Message-----", "Begin forwarded message:").
Structure decides together with words, since programs of one language differ, and a
writer uses the same words: a line names a date or an address, ends with a colon, and
stands alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assignments.services.mail_content.head_words import (
    DATE_WORDS,
    FORWARDED,
    LABELS,
    ORIGINAL,
    WEEKDAYS,
    WROTE,
)
from assignments.services.mail_content.lines import MailLine

_LONGEST_SENTENCE = 400
_MOST_HEAD_LINES = 40
_MOST_WRAPPED = 3
_MOST_SENTENCES = 1_000  # that look like one; a hostile mail may be full of them

_LONGEST_LABEL = 40
_VERB = re.compile(rf"(?<!\w)(?:{WROTE})(?![^\W\d_])", re.IGNORECASE)
_VERB_OF_ASIA = re.compile(r"写道|寫道|のメール|書きました|작성|쓴 글|썼습니다")
_EMAIL = re.compile(r"[^\s<>@()\[\]:;,]{1,64}@[^\s<>@()\[\]:;,]{1,200}")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_YEAR = re.compile(
    r"(?<!\d)(?:19|20)\d{2}(?!\d)|(?<!\d)\d{1,2}[./-] ?\d{1,2}[./-] ?\d{2}(?!\d)"
)
_EMAIL_AT_END = re.compile(r"@[^\s<>@]{1,200}[>)\]»\"']{0,3}$")
_RULE = re.compile(r"[-_=*–—‐‑―]{8,}$")
_DASHED = re.compile(
    r"[-_=*–—‐‑―]{2,}\s{0,5}([^\s‐-][^\n]{1,70}?)\s{0,5}[-_=*–—‐‑―]{2,}\s{0,3}:?$"
)
_TELLING = re.compile(r"[@\d]")  # an address or a date has one of these
_SPACE_AND_MARKS = " \t*_|>\"'«»“”‘’()[]"
_TITLES = {words.casefold(): False for words in ORIGINAL}
_TITLES |= {words.casefold(): True for words in FORWARDED}
_LABELS_IN_LINE = re.compile(
    r"(?:^|(?<=\s))(" + "|".join(map(re.escape, sorted(LABELS, key=len, reverse=True)))
    + r")\s?[*_]{0,2}\s?[:：]"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """The lines from where it was found up to `end` are the head of an old mail."""

    end: int
    is_forward: bool = False


def label_of(text: str) -> str:
    """Return the kind of label (from, sent, date, to, cc, subject, other) before the
    first colon of `text`; "" if that is no label, or beyond 40 characters.
    """
    return _label_kind(text[:_LONGEST_LABEL])


@lru_cache(maxsize=1_000)  # a line is looked at for each head that may include it
def _label_kind(start: str) -> str:
    return LABELS.get(_label_and_value(start)[0].casefold(), "")


def value_of(text: str) -> str:
    """Return the stripped text behind the first colon of `text`; "" if there is no
    colon within 40 characters, or "//" follows it.
    """
    return _label_and_value(text)[1]


def _label_and_value(text: str) -> tuple[str, str]:
    start = text[:_LONGEST_LABEL]
    if not start.isascii():
        start = start.replace("：", ":")
    label, colon, _ = start.partition(":")
    if not colon or text.startswith("//", len(label) + 1):
        return "", ""
    return label.strip(" *_|\t"), text[len(label) + 1 :].strip(" *_;,")


def find_head(lines: Sequence[MailLine], place: int) -> Head | None:
    """Return the head that begins at `place` with a title, a drawn line or labels; None
    if none does.
    """
    head = _titled(lines, place)
    if head:
        return head
    return _labelled(lines, place, is_announced=_is_announced(lines, place))


def is_forward_title(text: str) -> bool:
    return _title(text) is True


def _is_announced(lines: Sequence[MailLine], place: int) -> bool:
    above = lines[place].above
    return above.has_rule or above.has_border or above.begins_old


def _title(text: str) -> bool | None:
    """Return True for the title of a forwarded mail, False for one of another old mail,
    None for other texts.
    """
    if len(text) > 120:
        return None
    words = text.strip(" -_=*–—‐‑―>:：|").casefold()
    is_forward = _TITLES.get(words)
    if is_forward is not None or not _DASHED.match(text):
        return is_forward
    return next((_TITLES[title] for title in _TITLES if title in words), None)


def _titled(lines: Sequence[MailLine], place: int) -> Head | None:
    """Return the head that begins with a title or a drawn line; None if there is none.

    A drawn line needs labels below it; a title needs these, dashes around it, or a
    colon.
    """
    text = lines[place].text
    if not text or len(text) > 120:
        return None
    is_forward = _title(text)
    is_dashed = bool(_DASHED.match(text))
    if is_forward is None and not is_dashed and not _RULE.match(text):
        return None
    below = place + 1
    if below < len(lines):
        head = _labelled(lines, below, is_announced=True)
        if head or (is_forward is not None and label_of(lines[below].text)):
            return Head(head.end if head else below + 1, bool(is_forward))
    if is_forward is None or not (is_dashed or text.endswith((":", "："))):
        return None
    return Head(below, is_forward)


def _labelled(
    lines: Sequence[MailLine], place: int, *, is_announced: bool
) -> Head | None:
    block = _LabelBlock()
    if not label_of(lines[place].text):
        return _of_unknown_language(lines, place) if is_announced else None
    for at in range(place, min(place + _MOST_HEAD_LINES, len(lines))):
        if not block.takes(lines[at], at):
            break
    if block.is_head(is_announced=is_announced):
        return Head(block.end)
    return None


class _LabelBlock:
    """Lines with labels, as far as they belong to one head."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.end = 0
        self.lines_without = 0
        self.has_email = False
        self.is_dated = self.names_day = False

    def takes(self, line: MailLine, place: int) -> bool:
        kind = label_of(line.text)
        if self.end and line.above.has_blank:
            return False
        if kind and kind in self.kinds and kind not in {"cc", "other"}:
            return False
        if kind:
            self.kinds.add(kind)
            self.kinds |= _further_kinds(line.text)
            self.end, self.lines_without = place + 1, 0
        else:
            # A value on a line of its own, or the rest of a long one.
            self.lines_without += 1
            is_list = "@" in line.text or ";" in line.text
            if self.lines_without > 2 and not is_list:
                return False
        if kind in {"from", "to", "cc"} or is_address_line(line.text):
            self.has_email |= bool(_EMAIL.search(line.text[:500]))
        self.is_dated |= _is_dated(line.text)
        self.names_day |= _names_day(value_of(line.text) or line.text)
        return True

    def is_head(self, *, is_announced: bool) -> bool:
        kinds = self.kinds
        if is_announced and len(kinds & {"from", "sent", "date", "to", "subject"}) > 1:
            return "from" in kinds or self.has_email
        if "from" not in kinds or len(kinds) < 3:
            return False
        # "From: Rotterdam, To: Hamburg, Date: 12 May" is an order, not a head; so is
        # one with "Subject: two pallets", and one with "Sent: by rail".
        if self.has_email or ("sent" in kinds and self.names_day):
            return True
        return self.is_dated and {"date", "subject"} <= kinds


def is_address_line(text: str) -> bool:
    return text.startswith("<") or text.endswith(">")


def _further_kinds(text: str) -> set[str]:
    """Return the kinds of all labels in a line of at least 30 characters that begins
    with a from, sent or date label, since some converters join a whole head; empty
    if fewer than three.
    """
    if len(text) < 30 or label_of(text) not in {"from", "sent", "date"}:
        return set()
    labels = _LABELS_IN_LINE.findall(text[:1_000].casefold())
    kinds = {LABELS[label] for label in labels}
    return kinds if len(kinds) > 2 else set()


def _of_unknown_language(lines: Sequence[MailLine], place: int) -> Head | None:
    """Return a head of three or four lines of "label: value" with a date and a time in
    one of them, whatever the labels are; else None.
    """
    texts = [line.text[:500] for line in lines[place : place + 4]]
    labelled = 0
    for text in texts:
        if not value_of(text):
            break
        labelled += 1
    texts = texts[:labelled]
    is_dated = any(_YEAR.search(text) and _CLOCK.search(text) for text in texts)
    return Head(place + labelled) if labelled > 2 and is_dated else None


def sentence_heads(
    lines: Sequence[MailLine], quoted: Sequence[bool]
) -> dict[int, Head]:
    """Return heads like "On Monday Ana wrote:", of up to three lines, by the place of
    their first line.

    `quoted` tells which lines are quotations; no head ends on one of these.
    """
    heads: dict[int, Head] = {}
    tried = 0
    for last, line in enumerate(lines):
        end = last + 1
        is_quoted_below = end < len(lines) and quoted[end]
        if quoted[last] or not _may_end_sentence(line.text, is_quoted_below):
            continue
        above = lines[max(end - _MOST_WRAPPED, 0) : end]
        if not (is_quoted_below or any(_TELLING.search(it.text) for it in above)):
            continue
        tried += 1
        if tried > _MOST_SENTENCES:
            break
        first = _first_line(lines, end, quoted, is_quoted_below=is_quoted_below)
        if first is not None:
            heads[first] = Head(end)
    return heads


def _first_line(
    lines: Sequence[MailLine],
    end: int,
    quoted: Sequence[bool],
    *,
    is_quoted_below: bool,
) -> int | None:
    # The shortest is the head: what stands above it is no part of it, unless that is
    # the date which the head has to have.
    found = None
    for first in range(end - 1, max(end - 1 - _MOST_WRAPPED, -1), -1):
        is_end_of_own = found is not None and lines[first].text.endswith(
            (".", "!", "?")
        )
        if is_end_of_own:
            break
        if _is_sentence(lines[first:end], is_quoted_below=is_quoted_below):
            is_dated = _is_dated(lines[first].text)
            if found is None or (is_dated and _begins_dated(lines[first].text)):
                found = first
            if is_dated:
                break
        if not _continues(lines, first, quoted):
            break
    return found


def _names_day(text: str) -> bool:
    """Return True if a word of the text begins with a digit or is a weekday."""
    words = _WORD.findall(text[:500].casefold())
    return any(word[0].isdigit() or word in WEEKDAYS for word in words)


def _is_dated(text: str) -> bool:
    return bool(_CLOCK.search(text[:500]) or _YEAR.search(text[:500]))


def _continues(lines: Sequence[MailLine], place: int, quoted: Sequence[bool]) -> bool:
    """Return True if there is a line before `place` that is not quoted, with neither a
    blank nor a rule between them.
    """
    gap = lines[place].above
    return place > 0 and not (gap.has_blank or gap.has_rule or quoted[place - 1])


def _may_end_sentence(text: str, is_quoted_below: bool) -> bool:  # noqa: FBT001
    if text.endswith((":", "：", ": ", ":*", ":_")):
        return True
    return text.endswith("--") or (is_quoted_below and bool(_EMAIL_AT_END.search(text)))


def _is_sentence(lines: Sequence[MailLine], *, is_quoted_below: bool) -> bool:
    text = " ".join(line.text for line in lines)
    if len(text) > _LONGEST_SENTENCE:
        return False
    core = text.strip(" \t*_-–—‐‑―:：").rstrip()
    has_email, clock = bool(_EMAIL.search(core)), _CLOCK.search(core)
    is_dated = _is_dated(core)
    if not (has_email or is_dated or is_quoted_below):
        return False
    has_verb, ends_with_verb = _verb(core)
    if not has_verb:
        # "2026年5月4日(月) 10:12 Maya Ito <maya@…>:" in whatever language, and with a
        # verb no table knows if a quotation follows
        if is_quoted_below and has_email and clock and _YEAR.search(core):
            return True
        is_plain = bool(_EMAIL_AT_END.search(core)) and _begins_with_date(core)
        return is_plain and is_dated and bool(clock or is_quoted_below)
    if has_email:
        return is_dated or (ends_with_verb and len(core) < 160) or is_quoted_below
    if is_dated and _begins_dated(core):
        return True
    return (bool(clock) and len(core) < 160) or (ends_with_verb and is_quoted_below)


def _verb(core: str) -> tuple[bool, bool]:
    found = [*_VERB.finditer(core), *_VERB_OF_ASIA.finditer(core)]
    if not found or not core[: found[-1].start()].strip(_SPACE_AND_MARKS):
        return bool(found and core[found[-1].end() :].strip()), False
    # The writer's name, an address or a date; else the sentence is the writer's own.
    tail = core[found[-1].end() :].strip(_SPACE_AND_MARKS + ",،.:")
    if not tail:
        return True, True
    if _EMAIL.search(tail) or (len(tail) <= 80 and (_CLOCK.search(tail))):
        return True, False
    is_name = not tail[0].islower() and len(tail.split()) <= 5
    return is_name, False


def _begins_with_date(core: str) -> bool:
    first = core.lstrip(_SPACE_AND_MARKS)[:1]
    return first.isdigit() or _first_word(core) in WEEKDAYS | {"בתאריך", "ב", "in"}


def _begins_dated(core: str) -> bool:
    return _begins_with_date(core) or _first_word(core) in DATE_WORDS


_FIRST_WORD = re.compile(r"[^\W\d_][\w']*")
_WORD = re.compile(r"[\w']+")


def _first_word(core: str) -> str:
    word = _FIRST_WORD.search(core[:40])
    return word[0].casefold() if word else ""
