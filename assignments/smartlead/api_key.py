"""The API key: handled in one place, shown in none."""

import re
from dataclasses import dataclass, field
from html import escape
from json import dumps
from urllib.parse import quote, quote_plus

from assignments.smartlead.errors import ServiceTrouble

# A shorter "key" is a sandbox's, and might be a word of somebody's mail.
MIN_REDACTED_LENGTH = 8


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The API key, which no `repr` shows."""

    value: str = field(repr=False)

    def require_usable(self) -> None:
        if not self.value:
            raise _unusable_key_error("There is no API key. Set SMARTLEAD_API_KEY.")
        if not self.value.isascii() or not self.value.isprintable():
            raise _unusable_key_error(
                "SMARTLEAD_API_KEY holds characters that no key has. Copy it anew."
            )

    def redact(self, text: str) -> str:
        """The text without the key, should a server have echoed it."""
        value = self.value
        if len(value) < MIN_REDACTED_LENGTH:
            return text
        forms = {value, quote(value, safe=""), quote_plus(value)}
        forms |= {escape(value), dumps(value)[1:-1]}
        forms |= {quote(form, safe="") for form in forms}
        longest_first = sorted(forms, key=len, reverse=True)
        pattern = "|".join(re.escape(form) for form in longest_first)
        return re.sub(pattern, "***", text, flags=re.IGNORECASE)


def _unusable_key_error(sentence: str) -> ServiceTrouble:
    return ServiceTrouble(sentence, kind="key", surely_not_applied=True)
