"""A stream is cut into the messages that were put into it, however it comes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from trailbell.sources.syslog.framing import Frame, Frames

LIMIT = 100


def cut(stream, sizes=(), limit=LIMIT):
    """The frames of a stream that comes in pieces of these sizes, the rest at once, and then ends."""
    frames, found, at = Frames(limit), [], 0
    for size in sizes:
        found += frames.feed(stream[at : at + size])
        at += size
    return [*found, *frames.feed(stream[at:]), *frames.end()]


_BODY = st.binary(max_size=60).map(lambda body: b"<13>" + body)
_LINE = _BODY.map(lambda body: body.replace(b"\n", b" "))
_SIZES = st.lists(st.integers(1, 30), max_size=20)


@given(st.lists(st.tuples(st.booleans(), _BODY, _LINE), max_size=8), _SIZES)
def test_messages_come_out_as_they_went_in(messages, sizes):
    """Counted ones and lines in any mixture, in pieces of any size."""
    stream, expected = b"", []
    for counted, body, line in messages:
        stream += b"%d %s" % (len(body), body) if counted else line + b"\n"
        expected.append(Frame(body if counted else line))
    assert cut(stream, sizes) == expected


@given(
    st.lists(st.sampled_from([b"<13>a\n", b"5 <1>ab", b"999 <", b"9", b" ", b"\n", b"x" * 150, b"<"]), max_size=12),
    _SIZES,
)
@example([b"999 <", b"x" * 150], [])
def test_pieces_change_nothing(parts, sizes):
    """A stream gives the same messages in one piece and in many; none is larger than the limit and without a flaw."""
    stream = b"".join(parts)
    found = cut(stream, sizes)
    assert [frame.raw for frame in found if not frame.flaw] == [frame.raw for frame in cut(stream) if not frame.flaw]
    assert all(len(frame.raw) <= LIMIT for frame in found if not frame.flaw)


def test_too_large_a_message_is_told_and_passed_over():
    """In both framings; what comes after it is read."""
    for large in (b"150 <13>" + b"x" * 146, b"<13>" + b"x" * 146 + b"\n"):
        told, after = cut(large + b"5 <1>ok", [1] * 100)
        assert told.flaw.startswith("larger than 100 bytes")
        assert told.raw.startswith(b"<13>xxx")
        assert after == Frame(b"<1>ok")


def test_an_early_end():
    """A last line needs no line feed; a counted message that is not whole is flawed."""
    assert cut(b"<13>a\n<13>b") == [Frame(b"<13>a"), Frame(b"<13>b")]
    assert cut(b"20 <13>a") == [Frame(b"20 <13>a", "the connection ended in the middle of it")]
    frames = Frames(LIMIT)
    frames.feed(b"<13>a")
    assert frames.end("it broke") == [Frame(b"<13>a", "it broke")]


def test_empty_lines_are_nothing():
    """Some senders end each message with one."""
    assert cut(b"\n<13>a\n\n\n<13>b\n\n") == [Frame(b"<13>a"), Frame(b"<13>b")]
