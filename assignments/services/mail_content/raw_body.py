"""The raw body of a mail as it is kept, so that newer parsers can read it again."""

import re

LONGEST_KEPT = 1_000_000
# Pictures and files written into the markup: megabytes in which there are no words.
# Without white space in it, so that no word of a plain text is taken for data; encoded
# lines below each other are long.
_DATA = re.compile(
    r"(\bdata:(?:image|video|audio|font|application)/[\w.+-]{1,80}(?:;[\w=.+-]{1,80}){0,4},)"
    r"[^\s\"'<>()]+(?:\r?\n[A-Za-z0-9+/=]{50,})*",
    re.I,
)


def kept_body(body: str) -> tuple[str, int]:
    """Return the body without the data of embedded files, cut at 1,000,000 characters,
    and how many characters were cut off its end. The data does not count as cut.
    """
    slim = _DATA.sub(r"\1", body)
    return slim[:LONGEST_KEPT], max(0, len(slim) - LONGEST_KEPT)
