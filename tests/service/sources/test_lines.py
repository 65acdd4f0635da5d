"""Lines as records, however the file is cut into blocks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trailbell.sources import formats
from trailbell.sources.formats import lines

text = st.lists(st.sampled_from([b"a", b"bc", b" ", b"\r", b"\n", b"\n\n", b'{"x":1}']), max_size=40).map(b"".join)


def _found(blocks):
    return [(group.place(at), raw) for group in lines(blocks, "f:") for at, raw in enumerate(group.raws)]


@given(text, st.lists(st.integers(0, 80)))
def test_lines_have_their_numbers_whatever_the_blocks(content, cuts):
    """Each line that is not blank comes once, with the number an editor shows."""
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    blocks = [content[start:end] for start, end in pairwise(edges)]
    expected = [(f"f:{number}", raw) for number, raw in enumerate(content.split(b"\n"), 1) if raw.strip()]
    assert _found(blocks) == expected


def test_of_an_endless_line_only_the_beginning_is_kept(monkeypatch):
    """It is told once, its rest is not even held, and the lines after it have their numbers."""
    monkeypatch.setattr(formats, "WRAPPING_LIMIT_BYTES", 10)
    assert _found([b"a\n" + b"b" * 8, b"b" * 8, b"b" * 50, b"b\nc", b"c\n"]) == [
        ("f:1", b"a"),
        ("f:2", b"b" * 11),
        ("f:3", b"cc"),
    ]
