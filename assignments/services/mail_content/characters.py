"""Characters that are no words: those that turn text, and those that cannot be seen."""

import re

# Embeddings, overrides and isolates, and the marks that stand alone.
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
# Senders fill hidden first words with these, so that inboxes show nothing else.
_INVISIBLE = (
    "\u200b\u2060\ufeff\u00ad\u034f\u180e\u115f\u1160\u3164\uffa0\u2061\u2062\u2063"
)
_CONTROLS = "".join(map(chr, {*range(32), *range(127, 160)} - set(b"\t\n\r\f\x85")))
_NO_WORDS = str.maketrans("", "", _TURNING + _INVISIBLE + _CONTROLS)
# Joiners belong into Persian words and into emoji, but nowhere beside a space.
_JOINER_RUNS = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_LOOSE_JOINERS = re.compile("(?<!\\S)[\u200c\u200d]|[\u200c\u200d](?!\\S)")


def without_invisible(text: str) -> str:
    """Return `text` without control characters (white space stays), marks of direction
    and invisible characters.

    Of joiners, one stays between two visible characters: words and emoji need them.
    """
    if text.isascii():
        return text.translate(_NO_WORDS)
    text = text.translate(_NO_WORDS)
    return _LOOSE_JOINERS.sub("", _JOINER_RUNS.sub(r"\1", text))
