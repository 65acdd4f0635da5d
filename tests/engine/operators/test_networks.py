"""``cidr`` and ``not_cidr``."""

import pytest

from trailbell_engine.operators import Names, OperandError

PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
LINK_LOCAL = ["169.254.169.254", "fe80::1", "fe80::1%eth0"]
PUBLIC = ["8.8.8.8", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
SPECIAL = ["0.0.0.1", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::", "2001:db8::1", "ff02::1"]
NO_ADDRESS = ["", "localhost", "10.0.0", "010.0.0.1", "10.0.0.1/32", " 10.0.0.1", "10.0.0.1:80", "[::1]", 167772161]


class TestNetworks:
    """``cidr``: addresses of both families inside networks written out, named, or well known."""

    @pytest.mark.parametrize(
        ("name", "inside"),
        [("private", PRIVATE), ("loopback", LOOPBACK), ("link_local", LINK_LOCAL), ("public", PUBLIC)],
    )
    def test_well_known_networks(self, name, inside, a_test, an_event, it_holds):
        """The four names part the addresses between them; special ones belong to none."""
        test = a_test("ip", "cidr", name)
        held = [
            address
            for address in PRIVATE + LOOPBACK + LINK_LOCAL + PUBLIC + SPECIAL + NO_ADDRESS
            if it_holds(test, an_event({"ip": address}))
        ]
        assert held == inside

    @pytest.mark.parametrize("value", NO_ADDRESS)
    def test_what_is_no_address_is_in_no_network(self, value, a_test, an_event, it_holds):
        """``cidr`` is false and ``not_cidr`` true for what is no address."""
        event = an_event({"ip": value})
        assert not it_holds(a_test("ip", "cidr", ["0.0.0.0/0", "::/0", "public"]), event)
        assert it_holds(a_test("ip", "not_cidr", ["0.0.0.0/0", "::/0"]), event)

    @pytest.mark.parametrize(
        ("network", "value", "expected"),
        [
            ("203.0.113.0/24", "203.0.113.255", True),
            ("203.0.113.7", "203.0.113.7", True),
            ("203.0.113.7", "203.0.113.8", False),
            ("203.0.113.0/24", "::ffff:203.0.113.9", True),
            ("::ffff:203.0.113.0/120", "203.0.113.9", True),
            ("::ffff:203.0.113.0/120", "::ffff:203.0.113.9", True),
            ("2001:db8::/32", "2001:DB8:0::1", True),
            ("0.0.0.0/0", "::1", False),
            ("::/0", "10.0.0.1", False),
            ("::/0", "::ffff:10.0.0.1", False),
            (["10.0.0.0/8", "public"], "8.8.8.8", True),
        ],
    )
    def test_written_networks(self, network, value, expected, a_test, an_event, it_holds):
        """Families do not mix, but an IPv4 address in IPv6 clothes is the IPv4 address, in events and in rules."""
        assert it_holds(a_test("ip", "cidr", network), an_event({"ip": value})) is expected

    def test_a_named_list(self, a_test, an_event, it_holds):
        """A list of networks by name."""
        names = Names(lists={"offices": ("203.0.113.0/24", "2001:db8::/48")})
        assert it_holds(a_test("ip", "cidr", "offices", names=names), an_event({"ip": "203.0.113.5"}))

    @pytest.mark.parametrize(
        ("operand", "at", "message"),
        [
            ("10.0.0.1/8", (), "beyond its mask"),
            (["private", "10.0.0.300"], (1,), "no network"),
            ([["10.0.0.0/8"]], (0,), "found a list"),
            ([{"net": "10.0.0.0/8"}], (0,), "found a mapping"),
            ([None], (0,), "found null"),
            ([], (), "found a list"),
            (10, (), "found a number"),
            ("offices", (), "no list is called"),
        ],
    )
    def test_what_is_no_network(self, operand, at, message, a_test):
        """A wrong network is a problem at its own place."""
        with pytest.raises(OperandError, match=message) as refused:
            a_test("ip", "cidr", operand)
        assert refused.value.at == at

    def test_the_mask_s_fix_is_named(self, a_test):
        """Host bits beyond the mask: the network that was meant is offered."""
        with pytest.raises(OperandError) as refused:
            a_test("ip", "cidr", "10.1.2.3/8")
        assert refused.value.help == "write 10.0.0.0/8"
