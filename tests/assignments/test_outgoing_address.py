"""Hosts that people type: only public ones are called, unless that is allowed."""

import socket
import threading

import pytest

from assignments.outgoing_address import AddressRefused, look_up

LINK_LOCAL = [
    "169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "::169.254.169.254",
    "64:ff9b::169.254.169.254", "64:ff9b:1::169.254.169.254", "2002:a9fe:a9fe::1",
]  # fmt: skip


def found(host, *, seconds=10.0, may_be_private=False):
    addresses = look_up(host, 443, seconds=seconds, may_be_private=may_be_private)
    return [str(address) for address in addresses]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "0.0.0.0", "::1", "[::1]",
     "fd00::1", "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "2130706433", "0x7f.1",
     "fec0::1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::93.184.216.34",
     "::10.0.0.1", "::93.184.216.34", "2002:a00:1::1", "2001:0:a00:1::1",
     "2001:0:5db8:d822:0:0:f5ff:fffe", *LINK_LOCAL],
)  # fmt: skip
def test_an_address_inside_the_network_is_refused(host):
    with pytest.raises(AddressRefused, match="inside this network"):
        found(host)


@pytest.mark.parametrize(
    "host",
    ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"],
)
def test_a_public_address_is_returned(host):
    assert found(host) == [host]


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "a" * 300, "\N{SNOWMAN}." * 90]
)
def test_a_host_that_is_not_found_is_refused(host):
    with pytest.raises(AddressRefused, match="There is no host"):
        found(host)


def test_a_look_up_that_hangs_is_left(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(5) and [])

    with pytest.raises(AddressRefused, match="took too long"):
        found("hooks.example.com", seconds=0.05)
    let_go.set()


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1"])
def test_a_private_address_may_be_allowed(host):
    assert found(host, may_be_private=True) == [host]


@pytest.mark.parametrize("host", LINK_LOCAL)
def test_a_link_local_address_is_never_allowed(host):
    with pytest.raises(AddressRefused, match="never called"):
        found(host, may_be_private=True)
