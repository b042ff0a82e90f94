"""Words in braces that a note has filled in, lead by lead."""

import re
from collections.abc import Mapping, Sequence

IN_ASSIGNMENTS = ("lead", "company", "campaign", "owner", "previous")
_BRACES = re.compile(r"\{([^{}]{0,40})\}")


def problem(text: str, known: Sequence[str] = IN_ASSIGNMENTS) -> str:
    """What is wrong with the first unknown word, as a sentence; empty if all are known."""
    for word in _BRACES.findall(text):
        if word not in known:
            listed = ", ".join(f"{{{one}}}" for one in known)
            return f"“{{{word}}}” is no placeholder. Use {listed}, or leave the braces out."
    return ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """What a value contains is text: braces in a name are not filled in again."""
    return _BRACES.sub(lambda found: values.get(found[1], found[0]), text)
