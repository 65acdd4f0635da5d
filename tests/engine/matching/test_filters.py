"""Filters: a text that meets a test passes, whatever the test; and what is much to ask is not asked."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.matching.filters import filter_of
from trailbell_engine.operators import OPERATORS
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it

FIELD = parse_path("field")
WORDS = st.text("abK\N{KELVIN SIGN}\N{LATIN SMALL LETTER SHARP S}.:@'\\\x02\x03", min_size=1, max_size=9)
PIECES = st.lists(WORDS, min_size=1, max_size=3).map(tuple)
ADDRESSES = st.ip_addresses() | st.ip_addresses(v=4)


@st.composite
def networks(draw):
    address = draw(ADDRESSES)
    most = address.max_prefixlen
    bits = draw(st.integers(0, most) | st.integers(most - 16, most))
    return str(ipaddress.ip_network((address, bits), strict=False))


def a_test(operator, operand, *, fold=False):
    return One(FIELD, operator, operand, fold)


TESTS = st.one_of(
    st.builds(a_test, st.sampled_from(("starts_with", "ends_with", "contains", "in")), PIECES, fold=st.booleans()),
    st.builds(a_test, st.just("equals"), WORDS, fold=st.booleans()),
    st.builds(a_test, st.just("cidr"), st.lists(networks(), min_size=1, max_size=3).map(tuple)),
    st.builds(a_test, st.just("cidr"), st.sampled_from((("private",), ("loopback", "link_local")))),
    st.builds(a_test, st.just("glob"), st.tuples(WORDS.map(lambda word: f"*{word}?*")), fold=st.booleans()),
    st.builds(
        a_test,
        st.just("matches"),
        st.sampled_from((("^abc", "xab+c"), ("(?i)Kab$",), ("(abc|bca)[0-9]",), (r"\.abc\.",))),
        fold=st.booleans(),
    ),
)


@st.composite
def near(draw, tests):
    """A text made of what the tests look for, or an address in one of their networks, or at its edge."""
    test = draw(st.sampled_from(tests))
    operand = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    piece = draw(st.sampled_from(operand))
    if test.operator != "cidr":
        text = draw(st.sampled_from(("", "a", "K:"))) + piece.strip("*?^$") + draw(st.sampled_from(("", "a", "9")))
        return draw(st.sampled_from((text, text.upper(), text.casefold())))
    named = {"private": "10.0.0.0/8", "loopback": "::1/128", "link_local": "169.254.0.0/16"}
    network = ipaddress.ip_network(named.get(piece, piece))
    place = draw(st.sampled_from((0, -1)) | st.integers(0, network.num_addresses - 1))
    address = network[place]
    mapped = f"::ffff:{address}" if address.version == 4 else address.exploded
    return draw(st.sampled_from((str(address), mapped)))


def passes(found, text):
    names = found.names("1")
    return bool(eval(found.condition("text", "1"), names, {"text": text}))  # noqa: S307 - as the plan runs it


@given(st.lists(TESTS, min_size=1, max_size=4), st.data())
def test_no_text_that_meets_a_test_is_held_back(tests, data):
    """Each operator, with case and without, every size of network, and every spelling of an address."""
    found = filter_of(tests)
    text = data.draw(near(tests) | WORDS | ADDRESSES.map(str))
    if found is not None and any(OPERATORS[test.operator].holds(text, test.operand, test.fold) for test in tests):
        assert passes(found, text), (found.condition("text", "1"), found.names("1"))


NUMBERS = st.sampled_from((0, 1, 2, 9, 10, 19, 99, 100, 199, 255))


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), st.integers(1, 32), st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_every_address_of_a_network_passes(numbers, bits, others):
    """The first, the last and any other; written in one digit, two or three; in networks of every size."""
    network = ipaddress.ip_network((bytes(numbers), bits), strict=False)
    inside = int.from_bytes(bytes(others)) % network.num_addresses
    found = filter_of([a_test("cidr", (str(network),))])
    for address in (network[0], network[-1], network[inside]):
        assert found is None or passes(found, str(address))


@pytest.mark.parametrize(
    ("test", "held_back", "passed"),
    [
        (a_test("equals", "ada@example.com"), "bob@example.com", "ada@example.com"),
        (a_test("starts_with", ("ada", "bob", "eve")), "carl ada", "eve"),
        (a_test("ends_with", ("@a.test", "@b.test", "@c.test")), "ada@a.test.example", "ada@b.test"),
        (a_test("contains", ("ADMIN",), fold=True), "a user", "an Administrator"),
        (a_test("matches", ("^(curl|wget)/[0-9]+",)), "Mozilla/5.0", "curl/8"),
        (a_test("cidr", ("203.0.113.0/28",)), "203.0.99.113", "203.0.113.7"),
        (a_test("cidr", ("private",)), "11.0.0.1", "172.31.255.255"),
        (a_test("cidr", ("1.2.3.0/24",)), "1.2.30.4", "1.2.3.4"),
        (a_test("cidr", ("2001:db8::/32",)), "203.0.113.7", "2001:DB8::7"),
        (a_test("contains", (5,)), "5", None),
    ],
)
def test_a_text_that_has_nothing_that_is_sought_is_held_back(test, held_back, passed):
    """Else nothing is gained."""
    found = filter_of([test])
    assert passed is None or passes(found, passed)
    assert not passes(found, held_back)


@pytest.mark.parametrize(
    "tests",
    [
        [a_test("contains", tuple(f"piece-{number}" for number in range(20)))],
        [a_test("cidr", ("public",))],
        [a_test("matches", ("[0-9]+",))],
        [a_test("equals", "a"), a_test("gt", 5)],
    ],
)
def test_what_takes_long_or_cannot_be_asked_of_a_text_has_no_filter(tests):
    """Many pieces, most of all addresses, patterns without a piece of text, numbers that may be texts."""
    assert filter_of(tests) is None
