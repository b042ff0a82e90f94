"""What a reader sees of a mail's markup, with its folds closed."""

import re
from html import unescape

FOLD = "<details><summary>Quoted text</summary>"
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def seen(markup: str) -> str:
    """Return the text outside of folds, white space as single spaces."""
    return " ".join(unescape(_TAG.sub(" ", _FOLDED.sub(" ", markup))).split())


def folded(markup: str) -> str:
    """Return the text within folds, white space as single spaces."""
    within = " ".join(_FOLDED.findall(markup))
    return " ".join(unescape(_TAG.sub(" ", within)).split())
