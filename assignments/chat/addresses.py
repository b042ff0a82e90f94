"""Addresses of chat channels, as the services give them or as apprise writes them."""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from assignments.chat.plugins import open_channel, plugin_class
from assignments.chat.services import BY_SCHEME, SERVICES, ChatService
from assignments.outgoing_address import AddressRefused, look_up

LONGEST = 2_000
LOOK_UP_SECONDS = 5.0
NO_ADDRESS = (
    "This is no address that Handoff can send to. Copy it whole from the service: the "
    "address of an incoming webhook of Slack, Mattermost or Rocket.Chat, of a workflow "
    "of Teams, or an address as apprise writes it."
)
RETIRED = (
    "Microsoft has ended the connectors of Teams. Make a workflow “When a Teams webhook "
    "request is received” in the channel, and copy the address of that."
)
# The same whether there is no such host or a private one: names inside the network are
# nothing that members may ask for.
CANNOT_SEND = (
    "Handoff cannot send to this host. Check its name. It must be a public one, unless "
    "OUTGOING_PRIVATE=1 is set and a sales manager adds the channel."
)
NEEDS_TLS = "This address is not encrypted. Copy the one that begins with https://."
# Modes of ntfy and Matrix in which somebody else runs the service.
_HOSTED_MODES = {"cloud", "t2bot", "hookshot"}
# What Mattermost and Rocket.Chat give, on whatever host they run.
_HOOK = re.compile(
    r"^(?P<path>(?:/[\w.-]+)*)/hooks/(?P<first>\w{8,64})(?:/(?P<second>\w{8,128}))?/?$",
    re.ASCII,
)


class NoChatAddress(Exception):
    """An address that is none of a channel; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class ChatAddress:
    """A checked address. `host` is empty unless people run the service themselves."""

    service: ChatService
    host: str
    address: str


def read_address(typed: str, *, may_be_private: bool = False) -> ChatAddress:
    """Return the channel behind an address that somebody typed.

    Nothing is sent; a host that is typed is looked up, and must be public and have TLS
    unless `may_be_private`. Options that would have apprise
    read a file, skip a check or wait longer are left out. Raises NoChatAddress.
    """
    address = typed.strip()
    parts = _split(address)
    if parts.scheme == "http" and not may_be_private:
        raise NoChatAddress(NEEDS_TLS)
    if parts.scheme in {"http", "https"}:
        service, address = _from_web_address(address, parts)
    elif parts.scheme in BY_SCHEME:
        service = BY_SCHEME[parts.scheme]
        address = _cleaned(service, address, keep_plain=may_be_private)
    else:
        raise NoChatAddress(NO_ADDRESS)
    channel = _opened(service, address)
    host = _checked_host(service, channel, may_be_private=may_be_private)
    return ChatAddress(service, host, address)


def _split(address: str) -> SplitResult:
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if not is_plain or not 0 < len(address) <= LONGEST:
        raise NoChatAddress(NO_ADDRESS)
    try:
        return urlsplit(address)
    except ValueError as error:
        raise NoChatAddress(NO_ADDRESS) from error


def _from_web_address(address: str, parts: SplitResult) -> tuple[ChatService, str]:
    """Return the service and apprise's form of an address that a service gave."""
    host = (parts.hostname or "").lower()
    if host.endswith(("webhook.office.com", "outlook.office.com")):
        raise NoChatAddress(RETIRED)
    for service in SERVICES.values():
        native = _with_options(address, service.options)
        if _is_native(service, native):
            return service, native
    found = _HOOK.match(parts.path)
    if found is None or "@" in parts.netloc or (found["second"] and found["path"]):
        raise NoChatAddress(NO_ADDRESS)
    service = SERVICES["rocket" if found["second"] else "mattermost"]
    is_secure = parts.scheme == "https"
    scheme = service.schemes[0] if is_secure else service.plain_scheme
    if found["second"]:
        token = f"{found['first']}/{found['second']}"
        return service, f"{scheme}://{token}@{parts.netloc}/"
    return service, f"{scheme}://{parts.netloc}{found['path']}/{found['first']}"


def _is_native(service: ChatService, address: str) -> bool:
    with suppress(TypeError, ValueError):
        return bool(plugin_class(service).parse_native_url(address))
    return False


def _cleaned(service: ChatService, address: str, *, keep_plain: bool) -> str:
    """Return the address with the options of its service only, and with TLS."""
    scheme, _, rest = _with_options(address, service.options).partition("://")
    if scheme.lower() == service.plain_scheme and not keep_plain:
        scheme = service.schemes[0]
    return f"{scheme.lower()}://{rest}"


def _with_options(address: str, allowed: frozenset[str]) -> str:
    # Channels are written “/#sales”, which is no fragment.
    base, mark, query = address.replace("/#", "/%23").partition("?")
    pairs = [
        (name, value) for name, value in parse_qsl(query) if name.lower() in allowed
    ]
    return f"{base}?{urlencode(pairs)}" if mark and pairs else base


def _opened(service: ChatService, address: str) -> Any:
    try:
        return open_channel(service, address)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise NoChatAddress(NO_ADDRESS) from error


def _checked_host(service: ChatService, channel: Any, *, may_be_private: bool) -> str:
    """Return the host that people run the service on, once it has been looked up.

    Empty for a service with its own host, whose address may have a secret in its place.
    """
    if not service.is_self_hosted or getattr(channel, "mode", "") in _HOSTED_MODES:
        return ""
    host, port = f"{channel.host}", channel.port or (443 if channel.secure else 80)
    try:
        look_up(host, port, seconds=LOOK_UP_SECONDS, may_be_private=may_be_private)
    except AddressRefused as refusal:
        raise NoChatAddress(CANNOT_SEND) from refusal
    return host[:253]
