"""Header fields and addresses of mails, written so that each reader decodes the same text.

The standard library's own folding glues or doubles blanks between encoded words, and
differently from version to version.
"""

import base64
import re
import string
import unicodedata
from collections.abc import Iterator
from email.headerregistry import (
    Address,
    HeaderRegistry,
    UniqueAddressHeader,
    UniqueUnstructuredHeader,
)
from email.policy import SMTP, Policy
from typing import Any

import idna

LONGEST_LINE = 76  # of a line with encoded words, RFC 2047
_AROUND = len("=?utf-8?b?" + "?=")
# What stands for itself in a Q-encoded word, wherever the word may stand.
_Q = {ord(letter): letter for letter in string.ascii_letters + string.digits} | {
    32: "_"
}
# What may stand as it is: one blank between words, nothing that looks encoded.
_PLAIN = re.compile(r"(?!.*=\?)[!-~]+(?: [!-~]+)*")
# A display name without quotes: the atoms of RFC 5322.
_ATOMS = re.compile(
    r"(?!.*=\?)[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.A
)


def encoded_words(text: str, *, used: int) -> str:
    """Return `text` as RFC 2047 encoded words, separated by CRLF and a blank.

    One Q-encoded word if it fits on the first line, which holds `used` characters
    already (Python's reader puts blanks between the words of a name); else base64 words
    of one line each.
    """
    encoded = text.encode("utf-8", "replace")
    readable = "".join(_Q.get(byte) or f"={byte:02X}" for byte in encoded)
    if used + _AROUND + len(readable) <= LONGEST_LINE:
        return f"=?utf-8?q?{readable}?="
    chunks = _chunks(text, (LONGEST_LINE - used - _AROUND) // 4 * 3)
    return "\r\n ".join(
        f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks
    )


def _chunks(text: str, room: int) -> Iterator[bytes]:
    """Yield the text in UTF-8, cut between characters.

    The first piece has at most `room` bytes, the others what an encoded word on a line
    of its own can hold.
    """
    chunk = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > room:
            yield chunk
            chunk, room = b"", (LONGEST_LINE - 1 - _AROUND) // 4 * 3
        chunk += encoded
    yield chunk


def wire_address(address: str) -> str:
    """Return the address as mail servers know it: the domain in ASCII (IDNA 2008).

    The part before the @ stays, in NFC, and may need SMTPUTF8. Raises ValueError if the
    domain is no valid one.
    """
    local, at, domain = address.rpartition("@")
    if at and not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode()
    return unicodedata.normalize("NFC", local) + at + domain


class ExactTextHeader(UniqueUnstructuredHeader):
    """A header whose text is taken and decoded to the letter."""

    name: str  # given by the registry

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse("", kwds)  # an encoded word in the text is text, and not decoded
        kwds["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        text, used = str(self), len(self.name) + len(": ")
        is_plain = _PLAIN.fullmatch(text) and used + len(text) <= LONGEST_LINE
        written = text if is_plain or not text else encoded_words(text, used=used)
        return f"{self.name}: {written}\r\n"


class UnfoldedHeader(UniqueUnstructuredHeader):
    """A header in ASCII that programs read, such as a link: on one line."""

    name: str  # given by the registry

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}\r\n"


class ExactAddressHeader(UniqueAddressHeader):
    """Addresses one a line, each display name decoded to the letter."""

    name: str  # given by the registry

    def fold(self, *, policy: Policy) -> str:
        used = len(self.name) + len(": ")
        written = [_mailbox(address, used=used) for address in self.addresses]
        return f"{self.name}: " + ",\r\n ".join(written) + "\r\n"


def _mailbox(address: Address, *, used: int) -> str:
    name = address.display_name
    if not name:
        return address.addr_spec
    if not _ATOMS.fullmatch(name) or used + len(name) > LONGEST_LINE:
        name = encoded_words(name, used=used)
    return f"{name}\r\n <{address.addr_spec}>"


_registry = HeaderRegistry()
_registry.map_to_type("subject", ExactTextHeader)  # type: ignore[arg-type]
_registry.map_to_type("list-unsubscribe", UnfoldedHeader)  # type: ignore[arg-type]
for _name in ("from", "to", "reply-to"):
    # The registry itself adds the base class that the type asks for.
    _registry.map_to_type(_name, ExactAddressHeader)  # type: ignore[arg-type]
EXACT = SMTP.clone(header_factory=_registry)
