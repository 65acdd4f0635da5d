"""Which addresses a webhook may connect to."""

from __future__ import annotations

import ipaddress

import pytest

from trailbell_notifiers.transport.egress import allowed

PRIVATE = """
    127.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 169.254.169.254 0.0.0.0 255.255.255.255 224.0.0.1 192.0.2.1
    198.18.0.1 192.88.99.1 168.63.129.16 100.100.100.200 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 fd20:ce::254
    ff02::1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 2002:a9fe:a9fe:: 2002:7f00:1::
    2001::1 fec0::1 5f00::1 2001:db8::1 nonsense
"""


@pytest.mark.parametrize("address", [*PRIVATE.split(), ""])
def test_addresses_that_are_not_public(address):
    """Private, reserved, multicast, metadata, and those behind translation prefixes."""
    assert not allowed(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_addresses_that_are_public(address):
    """The ordinary internet."""
    assert allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "::ffff:169.254.169.254",
        "168.63.129.16",
    ],
)
def test_metadata_stays_denied_whatever_is_opened(address):
    """`allow_cidrs` of everything opens no metadata service."""
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    assert not allowed(address, everything)
    assert allowed("10.0.0.1", everything)
