"""The address a request comes from, as far as it can be believed."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address, or None if it cannot be known.

    Begins with the peer (REMOTE_ADDR; empty for a Unix socket of this machine). While
    the address is empty or one of TRUSTED_PROXIES, the next entry of X-Forwarded-For
    from the right replaces it; an entry that is no address ends this. What stands
    further left was written by the client and is not believed. None for a peer that is
    no address.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    # A peer without an address is on a Unix socket of this machine.
    nearest = request.META.get("REMOTE_ADDR", "")
    address = _parsed(nearest)
    if nearest and address is None:
        return None
    while hops and (address is None or _is_trusted(address)):
        further = _parsed(hops.pop())
        if further is None:
            break
        address = further
    return str(address) if address else None


def is_from_trusted_proxy(request: HttpRequest) -> bool:
    """Return whether the peer is one of TRUSTED_PROXIES, or on a Unix socket here."""
    nearest = request.META.get("REMOTE_ADDR", "")
    address = _parsed(nearest)
    return not nearest or (address is not None and _is_trusted(address))


def is_from_this_machine(request: HttpRequest) -> bool:
    """Return whether the peer itself has a loopback address."""
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    return address is not None and address.is_loopback


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _parsed(text: str) -> Address | None:
    """Return the address in `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` or
    `[2001:db8::1]:4711`; None if it is none of these. Quotes and a scope (`%eth0`)
    are dropped; an IPv4 address mapped into IPv6 is returned as IPv4.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
