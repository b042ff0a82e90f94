"""Hold the API key so that it is never shown."""

import re
from dataclasses import dataclass, field
from html import escape
from json import dumps
from urllib.parse import quote, quote_plus

from assignments.smartlead.errors import ServiceTrouble

# A shorter key is a sandbox's, and may be a word in somebody's mail.
MIN_REDACTED_LENGTH = 8


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The API key; `value` is left out of the `repr`."""

    value: str = field(repr=False)

    def require_usable(self) -> None:
        """Raise ServiceTrouble (kind `key`) if the key is empty or has characters other
        than printable ASCII.
        """
        if not self.value:
            raise _unusable_key_error("There is no API key. Set SMARTLEAD_API_KEY.")
        if not self.value.isascii() or not self.value.isprintable():
            raise _unusable_key_error(
                "SMARTLEAD_API_KEY holds characters that no key has. Copy it anew."
            )

    def redact(self, text: str) -> str:
        """Return the text with each occurrence of the key, in any letter case, as
        `***`. Its URL-quoted, HTML-escaped and JSON-escaped forms are replaced, too,
        also if quoted for a URL once more. With a key shorter than
        MIN_REDACTED_LENGTH the text is returned unchanged.
        """
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
