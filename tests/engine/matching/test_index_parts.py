"""The parts of the index, each against the plain way to ask its question."""

from ipaddress import IPv6Address
from itertools import pairwise

import re2
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.matching.intervals import Interval, Intervals
from trailbell_engine.matching.literals import of_glob, of_pattern
from trailbell_engine.matching.occurrences import END, START, Occurrences
from trailbell_engine.operators.addresses import complement, place, span, union
from trailbell_engine.operators.network import parse_address
from trailbell_engine.operators.strings import glob_to_pattern, pattern

LETTERS = "abk"
WORDS = st.text(LETTERS, min_size=1, max_size=12)
NUMBERS = st.one_of(st.integers(-5, 5), st.sampled_from((0.5, 2.5, float("inf"), float("-inf"))))


@given(st.sets(WORDS, max_size=80), st.text(LETTERS, max_size=40))
def test_texts_that_occur(known, text):
    """Exactly the known texts that occur are found: at the beginning, at the end or anywhere, however many."""
    index = Occurrences({framed: framed for word in known for framed in (word, f"{START}{word}", f"{word}{END}")})
    expected = [
        *(word for word in known if word in text),
        *(f"{START}{word}" for word in known if text.startswith(word)),
        *(f"{word}{END}" for word in known if text.endswith(word)),
    ]
    assert sorted(index.found(text)) == sorted(expected)


@given(st.sets(st.text(f"ab{START}{END}\N{LATIN SMALL LETTER E WITH ACUTE}\ud800", min_size=1), max_size=30), st.data())
def test_no_text_hides_what_occurs_in_it(known, data):
    """Not by control characters, not by letters of several bytes, not by half a surrogate pair."""
    pieces = data.draw(st.lists(st.one_of(st.sampled_from(sorted(known)), st.text()), max_size=6)) if known else []
    text = "".join(pieces)
    assert set(Occurrences({word: word for word in known}).found(text)) >= {word for word in known if word in text}


@given(
    st.integers(0, 3 * 4_096),
    st.sampled_from(("needle", f"{START}aa", f"aa{END}", "b" * 300, "b" * 256, "\N{SNOWMAN}aa")),
)
def test_long_texts_are_scanned_in_slices(place, sought):
    """A known text is found wherever it lies, across the edges of slices, too, and however long it is."""
    known = [sought, *(f"other-{number}" for number in range(20))]
    text = "a" * place + sought.strip(START + END) + "a" * (3 * 4_096 - place)
    assert list(Occurrences({word: word for word in known}).found(text)) == [sought]


def contains(interval, number):
    low, high, with_low, with_high = interval
    above = low is None or number > low or (with_low and number == low)
    return above and (high is None or number < high or (with_high and number == high))


@given(
    st.lists(
        st.builds(Interval, st.one_of(st.none(), NUMBERS), st.one_of(st.none(), NUMBERS), st.booleans(), st.booleans()),
        max_size=60,
    ),
    NUMBERS,
)
def test_intervals(intervals, number):
    """Exactly the intervals around a number are found: open or closed, nested, overlapping or empty."""
    index = Intervals([(interval, position) for position, interval in enumerate(intervals)], tuple)
    found = [position for several in index.found(number) for position in several]
    assert sorted(found) == [position for position, interval in enumerate(intervals) if contains(interval, number)]


@given(st.lists(st.builds(Interval, st.one_of(st.none(), NUMBERS), st.one_of(st.none(), NUMBERS)), max_size=6), NUMBERS)
def test_nothing_lies_outside_the_hull_of_the_intervals(intervals, number):
    """Numbers below ``least`` and above ``most`` need not be looked up."""
    index = Intervals([(interval, position) for position, interval in enumerate(intervals)], tuple)
    outside = (index.least is not None and number < index.least) or (index.most is not None and number > index.most)
    assert not outside or not any(index.found(number))


def test_many_nested_intervals_do_not_take_memory_by_the_square():
    """A thousand intervals inside each other are kept as a tree, and it finds the same."""
    index = Intervals([(Interval(n, 2_000 - n), n) for n in range(1_000)], tuple)
    assert sum(len(node) for node in index._nodes if node is not None) < 40_000
    assert sorted(n for several in index.found(500.5) for n in several) == list(range(501))


# Patterns of the parts that literals are read from, and of those that are not understood.
ATOMS = st.one_of(
    st.text("abk", min_size=1, max_size=4),
    st.sampled_from(
        (".", "[ab]", "[^a]", r"\w", r"\.", "^", "$", r"\b", "(?i)", "K", "[]a]", r"[\]a]", "[[:alpha:]]", r"\pL")
    ),
)
SOURCES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.builds(
            lambda part, times: f"(?:{part}){times}", inner, st.sampled_from(("?", "*", "+", "{2}", "{0,1}", "+?"))
        ),
        inner.map(lambda part: f"(?i:{part})"),
        inner.map(lambda part: f"(?P<name>{part})"),
    ),
    max_leaves=6,
)
SUBJECTS = st.text("abkK\N{KELVIN SIGN}.", max_size=14)


GROUPS = st.sampled_from(
    ("", "0", "00", "ab", "FFFF", "ffff", "12345", "g", "1_2", "+1", " 1", "\u0663", "1.2.3.4", "1%x")
)


@given(st.lists(GROUPS, max_size=10).map(":".join), st.integers(0, 2**128 - 1).map(IPv6Address).map(str))
def test_addresses_are_read_by_the_rules_of_ipaddress(odd, plain):
    """What is read here and what is left to ``ipaddress`` together mean what it means."""
    for text in (odd, plain, plain.upper(), f"{plain}:", f"::ffff:{odd}"):
        address = parse_address(text)
        expected = None if address is None else int(address) + (1 << 32 if address.version == 6 else 0)
        assert place(text) == expected


def is_required(required, text):
    subject = text.casefold() if required.folded else text
    return any(literal in subject for literal in required.texts)


@given(SOURCES, SUBJECTS, st.booleans())
def test_a_text_that_a_pattern_matches_has_what_the_pattern_requires(source, subject, fold):
    """Literals never hide a match, with case or without."""
    try:
        search = pattern(source, fold).search
    except re2.error:
        return
    required = of_pattern(source, fold=fold)
    for text in (subject, *(required.texts if required else ())):
        if required is not None and search(text) is not None:
            assert is_required(required, text)


def test_what_patterns_require():
    """The longest pieces that must be there; with alternatives, one of several."""
    assert of_pattern(r"^sip:.*@example\.com$", fold=False) == (frozenset({"@example.com"}), False)
    assert of_pattern("(curl|wget)/[0-9]", fold=False) == (frozenset({"curl/", "wget/"}), False)
    assert of_pattern("(?i)Admin", fold=False) == (frozenset({"admin"}), True)
    assert of_pattern("Admin", fold=True) == (frozenset({"admin"}), True)
    assert of_pattern("abc*|xyz", fold=False) is None
    assert of_pattern(r"\x61bcd", fold=False) is None
    assert of_pattern("straße", fold=True) is None
    assert of_pattern("[a-z]+", fold=False) is None


@given(st.lists(st.sampled_from(("*", "?", "ab", "Kab", "bbb")), max_size=5).map("".join), SUBJECTS, st.booleans())
def test_a_text_that_a_glob_fits_has_what_the_glob_requires(glob, subject, fold):
    """As with patterns."""
    required = of_glob(glob, fold=fold)
    text = glob.replace("*", subject).replace("?", "a")
    if required is not None and pattern(glob_to_pattern(glob), fold).search(text) is not None:
        assert is_required(required, text)


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.lists(
            st.sampled_from(("0", "1", "01", "255", "256", "", "-1", "\N{ARABIC-INDIC DIGIT ONE}")), max_size=5
        ).map(".".join),
        st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
        st.sampled_from(("fe80::1%eth0", "::", "1::2::3", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/32", "")),
    )
)
def test_addresses_have_a_place_exactly_if_they_are_addresses(text):
    """The fast reader knows the addresses that ``ipaddress`` knows, and puts them inside their own network."""
    address = parse_address(text)
    where = place(text)
    assert (where is None) is (address is None)
    if address is not None and where is not None:
        plain = str(address).partition("%")[0]
        assert span(plain) == (where, where + 1)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=8))
def test_spans_together_and_what_is_outside(spans):
    """A union has the same numbers and no two spans that touch; the complement has all others."""
    joined, outside = union(spans), complement(spans)
    for number in range(60):
        inside = any(low <= number < high for low, high in spans)
        assert any(low <= number < high for low, high in joined) is inside
        assert any(low <= number < high for low, high in outside) is not inside
    assert all(left[1] < right[0] for left, right in pairwise(joined))
