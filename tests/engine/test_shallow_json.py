"""The fast reader of ordinary JSON: what it accepts, it reads as the reader of everything does; the rest it refuses."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trailbell_engine.decoding.exact_json import read_any
from trailbell_engine.decoding.shallow_json import LEVELS, REFUSALS, read_shallow

SIGNS = st.sampled_from(["", "-"])
DIGITS = st.text("0123456789", min_size=1, max_size=25)
NUMBERS = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.builds("{}{}.{}".format, SIGNS, DIGITS, DIGITS),
    st.builds("{}{}e{}{}".format, SIGNS, DIGITS, SIGNS, st.integers(0, 330)),
    st.builds("{}{}.{}E+{}".format, SIGNS, DIGITS, DIGITS, st.integers(0, 300)),
)
PLAIN = ["a", "id", "é", "😀", "\u2028", "\x7f"]
ESCAPED = ["\\n", "\\u00e9", "\\u0000", "\\ud83d\\ude00", "\\ud83d", '\\"', "\\/"]
STRINGS = st.lists(st.sampled_from(PLAIN + ESCAPED), max_size=5).map(lambda pieces: f'"{"".join(pieces)}"')
VALUES = st.recursive(
    st.one_of(NUMBERS, STRINGS, st.sampled_from(["true", "false", "null"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(STRINGS, inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=20,
).map(str.encode)
DAMAGE = st.tuples(st.integers(0, 10**6), st.binary(max_size=2), st.integers(0, 2))


def damaged(raw, damage):
    """The text with some bytes at a place replaced by others."""
    where, written, gone = damage
    place = where % (len(raw) + 1)
    return raw[:place] + written + raw[place + gone :]


def exact(value):
    """A value so written that texts differ where kinds, the order of keys, or the last digit do."""
    return repr(value)


@settings(max_examples=500, deadline=None)
@given(VALUES, st.none() | DAMAGE)
@example(b'{"a":1,"b":2,"a":3}', None)
@example(b"[-0, -0.0, 1.0, 9007199254740993.0, 1e23, 9223372036854775807]", None)
def test_what_is_accepted_is_read_as_by_the_reader_of_everything(raw, damage):
    """Same kinds, same order, same digits; and nothing is accepted that the other one refuses."""
    text = raw if damage is None else damaged(raw, damage)
    try:
        value = read_shallow(text)
    except REFUSALS:
        return
    assert exact(value) == exact(read_any(text))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":9223372036854775808}',
        b'{"a":-9223372036854775809}',
        b"1" * 5000,
        b'{"a":1e999}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"\xed\xa0\x80":1}',
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b'{"a":1,}',
        b"",
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_is_no_json_or_out_of_the_ordinary_is_refused(raw):
    """The refusals are of the kinds that its callers expect; nothing else escapes."""
    with pytest.raises(REFUSALS):
        read_shallow(raw)


def test_ordinary_depth_ends_at_a_level():
    """So many objects and arrays inside each other are accepted, and one more is not."""
    assert read_shallow(b'{"a":' * LEVELS + b"1" + b"}" * LEVELS) == json.loads('{"a":' * LEVELS + "1" + "}" * LEVELS)
    with pytest.raises(REFUSALS):
        read_shallow(b"[" * (LEVELS + 1) + b"]" * (LEVELS + 1))
