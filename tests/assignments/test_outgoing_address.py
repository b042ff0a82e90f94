"""Hosts that people type: only public ones are called, unless that is allowed."""

import pytest

from assignments.outgoing_address import AddressRefused, public_addresses


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0",
     "::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1",
     "2130706433", "0x7f.1"],
)  # fmt: skip
def test_an_address_inside_the_network_is_refused(host):
    with pytest.raises(AddressRefused, match="inside this network"):
        public_addresses(host, 443)


def test_a_public_address_is_returned():
    assert [str(one) for one in public_addresses("93.184.216.34", 443)] == [
        "93.184.216.34"
    ]


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "a" * 300, "\N{SNOWMAN}." * 90]
)
def test_a_host_that_is_not_found_is_refused(host):
    with pytest.raises(AddressRefused, match="There is no host"):
        public_addresses(host, 443)


def test_a_private_address_is_allowed_where_the_operator_says_so(settings):
    settings.OUTGOING_PRIVATE = True

    assert [str(one) for one in public_addresses("127.0.0.1", 80)] == ["127.0.0.1"]
