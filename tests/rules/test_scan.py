"""Texts that would exhaust memory, stack or patience are refused quickly; so are bytes that are no text."""

import time

import pytest

from trailbell_rules.compose import MAXIMUM_DEPTH
from trailbell_rules.document import read_documents
from trailbell_rules.scan import MAXIMUM_BYTES


def _only(data: bytes):
    reading = read_documents("f.yaml", data)
    assert len(reading.problems) == 1
    assert not reading.documents
    return reading.problems[0]


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000, "[{a: " * 20_000, "a: " + "[" * 100 + "]" * 100],
)
def test_deep_nesting_is_refused(text: str) -> None:
    """Nesting that overflows libyaml's stack is a problem, and the process lives."""
    assert _only(text.encode()).code in ("too-deep", "yaml-syntax")


def test_depth_is_bounded_exactly() -> None:
    """Sixty-four levels are read, one more is not."""
    assert read_documents("f", ("[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH).encode()).documents
    assert _only(("[" * (MAXIMUM_DEPTH + 1) + "]" * (MAXIMUM_DEPTH + 1)).encode()).code == "too-deep"


def test_aliases_do_not_multiply() -> None:
    """Nine lines of nine aliases each stand for 9^9 values; they are refused before one is made."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    problem = _only("\n".join(lines).encode())
    assert (problem.code, problem.span.line) == ("alias", 5)


def test_aliases_do_not_nest_beyond_the_depth() -> None:
    """Each alias adds the height of what it repeats."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [[[*a{n - 1}]]]" for n in range(1, 40))]
    assert _only("\n".join(lines).encode()).code == "too-deep"


def test_few_aliases_are_welcome() -> None:
    """An anchor used twice is ordinary YAML."""
    assert read_documents("f", b"a: &x [1, {b: 2}]\nc: *x\nd: *x\n").documents[0].value["d"] == [1, {"b": 2}]


def test_an_anchor_ends_with_its_document() -> None:
    """Anchors do not reach into the next document."""
    assert [problem.code for problem in read_documents("f", b"a: &x 1\n---\nb: *x\n").problems] == ["alias"]


def test_size_is_bounded() -> None:
    """A file beyond the budget is not parsed at all."""
    assert _only(b"#" * (MAXIMUM_BYTES + 1)).code == "too-large"
    assert not read_documents("f", b"#" * MAXIMUM_BYTES).problems


@pytest.mark.parametrize(
    "data", ["a: 1".encode("utf-16"), "a: 1".encode("utf-32"), b"\xfe\xff\x00a", b"a: \xff", b"a: \xc3"]
)
def test_other_encodings_are_named(data: bytes) -> None:
    """What is not UTF-8 is said to be that, not to be bad YAML."""
    problem = _only(data)
    assert (problem.code, problem.help.endswith("UTF-8")) == ("not-utf-8", True)


def test_an_invalid_byte_has_a_place() -> None:
    """The caret stands at the byte, counted in characters."""
    assert _only("é: ü\nb: ".encode() + b"\xff").span[1:3] == (2, 4)


def test_a_byte_order_mark_is_dropped() -> None:
    """Editors on Windows write one; it shifts no column."""
    reading = read_documents("f", "\ufeffa: [".encode())
    assert reading.problems[0].span[1:3] == (1, 4)
    assert read_documents("f", "\ufeffa: 1".encode()).documents[0].value == {"a": 1}


@pytest.mark.parametrize("mark", ["\x00", "\x07", "\x1b", "\x7f", "\ufeff", "\ufffe", "\x9b"])
def test_control_characters_have_a_place(mark: str) -> None:
    """A character that YAML forbids is shown by number, wherever it stands."""
    problem = _only(f"a: 1\nb: x{mark}y\n".encode())
    assert (problem.code, problem.span[1:3]) == ("control-character", (2, 5))
    assert f"U+{ord(mark):04X}" in problem.summary


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_line_breaks_that_only_libyaml_knows_shift_no_line(mark: str) -> None:
    """Lines are counted as editors count them."""
    reading = read_documents("f", f'a: "x{mark}y"\nb: "1"\nb: 2\n'.encode())
    assert [problem.span.line for problem in reading.problems] == [3]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_line_endings_count(ending: str) -> None:
    """Unix, Windows and old Macintosh endings give the same lines."""
    reading = read_documents("f", f"a: 1{ending}b: 2{ending}a: 3{ending}".encode())
    assert [problem.span[1:] for problem in reading.problems] == [(3, 1, 3, 2)]


def test_refusal_is_quick() -> None:
    """The worst texts of the allowed size are judged in seconds, not minutes."""
    started = time.monotonic()
    for text in (
        "[" * MAXIMUM_BYTES,
        "&a " * (MAXIMUM_BYTES // 3),
        "? " * (MAXIMUM_BYTES // 2),
        "a: 1\n---\n" * 20_000,
    ):
        read_documents("f", text.encode())
    assert time.monotonic() - started < 20
