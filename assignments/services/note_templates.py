"""Placeholders in braces, which a note has filled in for each lead."""

import re
from collections.abc import Mapping, Sequence

ASSIGNMENT_PLACEHOLDERS = ("lead", "company", "campaign", "owner", "previous")
_PLACEHOLDER = re.compile(r"\{([^{}]{0,40})\}")


def placeholder_problem(
    text: str, known: Sequence[str] = ASSIGNMENT_PLACEHOLDERS
) -> str:
    """Return a sentence about the first `{word}` that is not in `known`, else "".

    Braces around more than 40 characters are no placeholder.
    """
    for word in _PLACEHOLDER.findall(text):
        if word not in known:
            names = ", ".join(f"{{{name}}}" for name in known)
            return (
                f"“{{{word}}}” is no placeholder. Use {names}, or leave the braces out."
            )
    return ""


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each `{name}` of `values` replaced by its value.

    Others are unchanged. Braces within a value are not filled in again.
    """
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
