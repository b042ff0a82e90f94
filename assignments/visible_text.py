"""Text of strangers as people may see, compare and send it: pure, in linear time.

`visible` is for names and other single lines, `without_turning` for what leaves Handoff,
`isolated` for a text inside a page or sentence of ours, `folded` for every comparison.
"""

import re
import unicodedata
from html import escape

LONGEST_LINE = 2_000  # the longest that `visible` returns
_PIECE = 1_000  # normalising one piece is quadratic in its combining marks

# What changes the direction of the text around it.
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ISOLATE, _END = "\u2068", "\u2069"
_DROP_TURNING = dict.fromkeys(map(ord, TURNING))
_DROP_TURNING_BUT_ISOLATES = dict.fromkeys(map(ord, TURNING.strip(_ISOLATE + _END)))
# An isolate without its end, or an end alone, turns what follows it.
_UNPAIRED = re.compile(f"({_ISOLATE}[^{_ISOLATE}{_END}]*{_END})|[{_ISOLATE}{_END}]")

# Letters and signs for Unicode that show nothing.
_BLANK = "\u2800\u3164\uffa0"
_EMPTY = "\u115f\u1160\u17b4\u17b5\u180e\ufffc\U0001d159"
# Unicode's other ignorable characters; all that are unassigned yet among them.
_IGNORABLE = (
    "\u00ad\u034f\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_JOINERS = "\u200c\u200d"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_BLACK_FLAG = "\U0001f3f4"  # tags after it name the flag of a region
_FLAG = re.compile(f"{_BLACK_FLAG}[\U000e0020-\U000e007e]{{1,8}}\U000e007f")
_DROPPED = re.compile(f"[{_EMPTY}{_IGNORABLE}{TURNING}]")
_NOT_COMPARED = re.compile(
    f"[{_EMPTY}{_IGNORABLE}{TURNING}{_JOINERS}{_SELECTORS}{_TAGS}]"
)
# Marks stand on other characters; Cn and Co are shown as a box.
_UNSEEN = frozenset({"Mn", "Mc", "Me", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs"})
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BLANKS = re.compile(f"[{_BLANK}]")
_TAG = re.compile(f"[{_TAGS}]")
# Joiners join, and selectors select, only after something that can be seen.
_LOOSE = re.compile(f"(?:^|(?<=\\s))[{_JOINERS}{_SELECTORS}]+|[{_JOINERS}]+(?=\\s|$)")
_REPEATED = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")

_DOTTED_I = re.compile("[i\u0131]\u0307+|\u0131")
_PUNYCODE = re.compile(r"\bxn--([a-z0-9-]{1,59})")


def visible(text: str) -> str:
    """Return a name, subject or other line with only what can be seen in it; "" if
    nothing can.

    Joiners, variation selectors and flags stay where they belong to a visible
    character; white space becomes single blanks, none at the ends. Marks at the
    beginning are dropped. Only the first LONGEST_LINE characters are looked at.
    """
    if text.isascii() and text.isprintable():
        return text if len(text) <= LONGEST_LINE and _is_tidy(text) else _tidy(text)
    kept = _DROPPED.sub("", _BLANKS.sub(" ", _CONTROL.sub(" ", text[:LONGEST_LINE])))
    kept = _tidy(_LOOSE.sub("", _tidy(_REPEATED.sub(r"\1", _without_tags(kept)))))
    first = next((at for at, sign in enumerate(kept) if _is_seen(sign)), None)
    return "" if first is None else kept[first:]


def without_turning(text: str) -> str:
    """Return the text without the characters of TURNING, which change the direction of
    others.
    """
    return text if text.isascii() else text.translate(_DROP_TURNING)


def with_paired_isolates(text: str) -> str:
    """Return the text without turning characters, except each U+2068 with its end
    U+2069 that have no other of these two between them.
    """
    if text.isascii():
        return text
    kept = text.translate(_DROP_TURNING_BUT_ISOLATES)
    return _UNPAIRED.sub(lambda found: found[1] or "", kept)


class IsolatedText(str):
    """Text that turns no neighbour where an f-string or a template puts it.

    It is equal to its plain text, which `str` and joining give. Where sentences leave
    Handoff, `without_turning` takes the isolates away again.
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return format(f"{_ISOLATE}{with_paired_isolates(self)}{_END}", spec)

    def __html__(self) -> str:
        return escape(f"{self}")


def isolated(text: str) -> str:
    """Return the text; as IsolatedText if it has a letter from right to left."""
    if text.isascii() or not any(map(_is_right_to_left, text)):
        return text
    return IsolatedText(text)


def displayed(text: str) -> str:
    """Return a name or another line as a page shows it: visible, and isolated."""
    return isolated(visible(text))


def folded(text: str) -> str:
    """Return the text as it is compared: without regard to case, to how its letters are
    composed, to what cannot be seen, to dots on an i, or to how a domain is written
    (Punycode or not). Blanks stay as they are.
    """
    if text.isascii() and "xn--" not in (lowered := text.lower()):
        return lowered
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return "".join(map(_folded_piece, pieces))


def _folded_piece(text: str) -> str:
    plain = _NOT_COMPARED.sub("", unicodedata.normalize("NFKC", text)).casefold()
    if "xn--" in plain:
        plain = _PUNYCODE.sub(_decoded_label, plain)
        plain = _NOT_COMPARED.sub("", unicodedata.normalize("NFKC", plain)).casefold()
    plain = _DOTTED_I.sub("i", plain)
    return unicodedata.normalize("NFKC", plain)


def _decoded_label(found: re.Match[str]) -> str:
    """Return the label that a match of _PUNYCODE stands for, in Unicode; the match
    unchanged if it is no valid one.
    """
    try:
        label = found[1].encode().decode("punycode")
        is_right = label.encode("punycode").decode() == found[1]
        is_right = is_right and label.isprintable() and not label.isascii()
    except ValueError:
        return found[0]
    return label if is_right else found[0]


def _is_tidy(text: str) -> bool:
    return "  " not in text and text == text.strip()


def _tidy(text: str) -> str:
    return " ".join(text[:LONGEST_LINE].split())


def _without_tags(text: str) -> str:
    if not _TAG.search(text):
        return text
    flags = _FLAG.findall(text)
    return "".join(
        _TAG.sub("", part) + flag
        for part, flag in zip(_FLAG.split(text), [*flags, ""], strict=True)
    )


def _is_seen(sign: str) -> bool:
    """Return whether the character shows something by itself: no mark, blank or
    control.
    """
    return unicodedata.category(sign) not in _UNSEEN


def _is_right_to_left(sign: str) -> bool:
    return unicodedata.bidirectional(sign) in {"R", "AL", "AN"}
