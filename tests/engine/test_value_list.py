"""Long lists: data under a name, of which sets and spans are made once for all rules."""

import ipaddress
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.compile import compile_predicate
from trailbell_engine.operators import OPERATORS, Names, OperandError
from trailbell_engine.path import Path
from trailbell_engine.predicate import Test as Holds
from trailbell_engine.predicate import to_json
from trailbell_engine.value_list import ValueList

_NETWORKS = st.one_of(
    st.ip_addresses().map(str),
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)).map(lambda pair: _network(*pair)),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)).map(lambda pair: _network(*pair)),
)


def _network(address, bits):
    return str(ipaddress.ip_network((address, bits), strict=False))


def _operand(operator, values):
    names = Names(lists={"l": ValueList(values, "l", "0")})
    return OPERATORS[operator].prepare("l", names)


def test_it_is_named_and_not_written_out():
    """In a rule's version and in explanations a million values are one word."""
    assert to_json(Holds(Path(("a",)), "in", _operand("in", ["x"] * 3))) == {"path": "a", "in": {"list": "l"}}


def test_what_is_made_of_it_is_made_once():
    """Every rule that uses the list shares it."""
    values, made = ValueList(["x"], "l", "0"), []
    for _ in range(3):
        assert values.derived("size", lambda: made.append(1) or len(values)) == 1
    assert made == [1]


def test_a_copy_in_another_process_is_equal():
    """What was derived stays behind."""
    values = ValueList(["x", 1], "l", "abc")
    _operand("cidr", ["192.0.2.0/24"])
    values.derived("check", lambda: lambda value: value)
    copy = pickle.loads(pickle.dumps(values))  # noqa: S301 - made two words before
    assert (copy, copy.name, copy.digest) == (values, "l", "abc")


@given(
    values=st.lists(st.sampled_from(("a", "A", 1, 1.0, True, None, "ß", "ss")), min_size=1), value=st.text(max_size=2)
)
def test_a_long_list_means_what_a_short_one_means(values, value, an_event):
    """Interpreter and compiler agree with the list written out."""
    for fold in (False, True):
        short, long = (
            Holds(Path(("a",)), "in", tuple(values), fold),
            Holds(Path(("a",)), "in", _operand("in", values), fold),
        )
        for candidate in (value, *values):
            event = an_event({"a": candidate})
            expected = OPERATORS["in"].holds(candidate, tuple(values), fold)
            assert compile_predicate(long)(event) is compile_predicate(short)(event) is expected
            assert OPERATORS["in"].holds(candidate, long.operand, fold) is expected


@given(networks=st.lists(_NETWORKS, min_size=1, max_size=8), address=st.ip_addresses(), data=st.data())
def test_a_long_list_of_networks(networks, address, data, an_event):
    """Its spans hold exactly the addresses that its networks hold."""
    inside = ipaddress.ip_network(data.draw(st.sampled_from(networks)))
    first, last = inside[0], inside[-1]
    test = Holds(Path(("a",)), "cidr", _operand("cidr", networks))
    holds = compile_predicate(test)
    for candidate in (address, first, last):
        plain = getattr(candidate, "ipv4_mapped", None) or candidate
        expected = any(plain in _unmapped(ipaddress.ip_network(network)) for network in networks)
        assert holds(an_event({"a": str(candidate)})) is expected
        assert OPERATORS["cidr"].holds(str(candidate), test.operand, False) is expected


def _unmapped(network):
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - 96))


def test_a_bad_entry_is_named():
    """With the list that it is in, and what was likely meant."""
    for entry, words in (("10.0.0.1/8", "has bits set beyond its mask"), ("example.com", "is no network")):
        with pytest.raises(OperandError) as caught:
            _operand("cidr", ["192.0.2.0/24", entry])
        assert str(caught.value) == f"{entry!r} in the list 'l' {words}"
