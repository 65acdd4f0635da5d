"""The splitter: where JSON values begin and end, whatever is in them and wherever blocks end."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from trailbell.sources.splitter import Splitter

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],: \n\u00e9'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='ab"\\{}[]', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "Records", '"', "}"]), JSON.filter(lambda v: not isinstance(v, list)), max_size=3
    )
)


@given(OBJECTS, st.sampled_from(["array", "stream", "wrapped"]), st.sampled_from([None, 1]), st.integers(1, 50))
def test_values_are_cut_at_their_ends_whatever_the_blocks(values, form, indent, block):
    """Strings full of brackets, blocks that end anywhere: the pieces decode to the values."""
    if form == "stream":
        text = "\n".join(json.dumps(value, indent=indent) for value in values)
    else:
        text = json.dumps(
            values if form == "array" else {"x": {"Records": []}, "Records": values, "y": [1]}, indent=indent
        )
    content = text.encode()
    splitter = Splitter([("Records",)])
    pieces = [
        piece for start in range(0, len(content), block) for piece in splitter.feed(content[start : start + block])
    ]
    pieces += splitter.rest()
    assert [json.loads(piece) for piece in pieces] == values


@given(st.binary(max_size=200), st.integers(1, 20))
def test_no_bytes_break_the_splitter_or_vanish(content, block):
    """What is not space or comma, or a bracket around records, comes out."""
    splitter = Splitter([("Records",)])
    stream = io.BytesIO(content)
    pieces = [piece for part in iter(lambda: stream.read(block), b"") for piece in splitter.feed(part)]
    pieces += splitter.rest()
    if not any(mark in content for mark in b'[]{}"'):
        assert b"".join(pieces).strip(b" \t\r\n,") == content.strip(b" \t\r\n,")
