"""Check of the hosts that Handoff calls because somebody typed their address.

A loopback or private address would let its author reach what only this machine can.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings

IpAddress = IPv4Address | IPv6Address


class AddressRefused(Exception):
    """A host that Handoff does not call; the message is a sentence for its author."""


def public_addresses(host: str, port: int) -> list[IpAddress]:
    """Return the addresses of a host, at least one, all of them public.

    Connect to one of these, not to the name again, which may by then lead elsewhere.
    With the setting OUTGOING_PRIVATE private ones are allowed. Raises AddressRefused
    for a host that is not found or has an address that is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"There is no host “{host}”.") from error
    addresses = [ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    if not settings.OUTGOING_PRIVATE:
        for address in addresses:
            _check_public(address, host)
    return addresses


def _check_public(address: IpAddress, host: str) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    seen = mapped or address
    if not seen.is_global or seen.is_multicast:
        raise AddressRefused(
            f"“{host}” is an address inside this network. Set OUTGOING_PRIVATE=1 to "
            "allow such addresses."
        )
