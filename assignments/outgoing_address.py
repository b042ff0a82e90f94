"""Look-up of the hosts that Handoff calls because somebody typed their address.

A loopback or private address would let its author reach what only this machine can.
"""

import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

IpAddress = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_WITH_IPV4_LAST = (_NAT64, _LOCAL_NAT64, IPv6Network("::/96"))
# Python takes some of these for public: site-local, NAT64 of one's own, IPv4-compatible,
# 6to4, Teredo.
_NEVER_PUBLIC = [
    ip_network(network)
    for network in ("fec0::/10", _LOCAL_NAT64, "::/96", "2002::/16", "2001::/32")
]


class AddressRefused(Exception):
    """A host that Handoff does not call; the message is a sentence for sales managers,
    as it tells what names inside the network lead to.
    """


def look_up(
    host: str, port: int, *, seconds: float, may_be_private: bool
) -> list[IpAddress]:
    """Return the addresses of a host, at least one, each once, all of them allowed.

    Connect to one of these, not to the name again, which may by then lead elsewhere.
    Raises AddressRefused for a host that is not found within `seconds`, or has an
    address that is link-local or, unless `may_be_private`, not public.
    """
    addresses = _found(host.strip("[]"), port, seconds)
    for address in addresses:
        if any(inner.is_link_local for inner in (address, *_inner(address))):
            raise AddressRefused(
                f"“{host}” is an address inside this network that is never called."
            )
        if not may_be_private and not _is_public(address):
            raise AddressRefused(
                f"“{host}” is an address inside this network. Set OUTGOING_PRIVATE=1 "
                "to allow such addresses."
            )
    return addresses


def _found(host: str, port: int, seconds: float) -> list[IpAddress]:
    """Return what the system knows of a host.

    Its look-up has no time-out, so a thread makes it. One that hangs is abandoned; as a
    daemon it does not delay the end of the process.
    """
    found: list[IpAddress] = []
    is_unknown = threading.Event()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            is_unknown.set()
        else:
            known = (str(row[4][0]).partition("%")[0] for row in rows)
            found.extend(dict.fromkeys(map(ip_address, known)))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if is_unknown.is_set():
        raise AddressRefused(f"There is no host “{host}”.")
    if not found:
        raise AddressRefused(f"Looking up the host “{host}” took too long.")
    return list(found)


def _is_public(address: IpAddress) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return _is_public(address.ipv4_mapped)
    if any(address in network for network in _NEVER_PUBLIC):
        return False
    is_public = address.is_global and not address.is_multicast
    return is_public and all(_is_public(inner) for inner in _inner(address))


def _inner(address: IpAddress) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses to which a gateway may pass on what is sent to this."""
    if not isinstance(address, IPv6Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if any(address in network for network in _WITH_IPV4_LAST):
        yield IPv4Address(int(address) & 0xFFFFFFFF)
