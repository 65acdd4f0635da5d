"""Cleaning and cutting text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_notifiers.channels.slack.text import escape, escaped_length, literal, unescaped
from trailbell_notifiers.words.text import clean, fit, graphemes, one_line, utf16_length

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@given(ANY_TEXT)
def test_cleaning_leaves_nothing_invisible(text):
    """No control but the line feed, no surrogate, no direction mark; cleaning twice changes nothing."""
    cleaned = clean(text)
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    assert not set(cleaned) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u200b"
    )
    assert clean(cleaned) == cleaned


@given(ANY_TEXT)
def test_one_line_is_one_line(text):
    """Every run of white space is one space, and none is at the ends."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line


@given(st.text(max_size=200), st.integers(1, 60), st.sampled_from([len, utf16_length, escaped_length]))
def test_a_cut_text_costs_no_more_than_allowed(text, limit, cost):
    """Whatever is counted, the limit holds; what fits is not touched."""
    cut = fit(text, limit, cost)
    assert cost(cut) <= limit
    if cost(text) <= limit:
        assert cut == text
    else:
        assert cut.endswith("…")


@pytest.mark.parametrize(
    "cluster",
    ["e\u0301", "👨\u200d👩\u200d👧", "🇫🇷", "👋🏽", "❤\ufe0f", "क\u093f"],
)
def test_no_visible_character_is_cut_in_two(cluster):
    """Marks, joined emoji, flags, skin tones: all or nothing."""
    assert list(graphemes(f"a{cluster}b")) == ["a", cluster, "b"]
    for limit in range(1, 3 + len(cluster)):
        cut = fit(f"a{cluster}bcd", limit)
        assert cut.removesuffix("…") in ("", "a", f"a{cluster}", f"a{cluster}b", f"a{cluster}bc", f"a{cluster}bcd")


def test_flags_in_a_row_stay_flags():
    """Four letters are two flags, not one."""
    assert list(graphemes("🇫🇷🇩🇪")) == ["🇫🇷", "🇩🇪"]


def test_piled_up_marks_are_thinned():
    """A text that climbs over its neighbours is cut down when it has to be cut."""
    assert len(fit("Z" + "\u0335" * 1_000 + "a" * 100, 50)) <= 50


@given(st.text(max_size=100))
def test_escaping_can_be_undone(text):
    """Three characters, the ampersand first; the length is known before."""
    escaped = escape(text)
    assert unescaped(escaped) == text
    assert utf16_length(escaped) == escaped_length(text)
    assert not set(escaped) & set("<>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.com", "ada@example.com"),
        ("203.0.113.9 · FR", "203.0.113.9 · FR"),
        ("2026-11-02 11:00:00Z", "2026-11-02 11:00:00Z"),
        ("2001:db8::1", "`2001:db8::1`"),
        ("AT&T <x>", "AT&amp;T &lt;x&gt;"),
        ("*bold*", "`*bold*`"),
        ("a_b", "`a_b`"),
        (":smile:", "`:smile:`"),
        ("@here now", "`@here now`"),
        ("> quoted", "`&gt; quoted`"),
        ("https://evil.example/", "`https://evil.example/`"),
        ("", "-"),
    ],
)
def test_values_inside_markup(text, shown):
    """Plain where it is plain, code where it could be read as anything else."""
    assert literal(text, 100) == shown


@given(st.text(max_size=300), st.integers(8, 100))
def test_a_value_inside_markup_keeps_its_limit(text, limit):
    """The quotes of the code span are counted."""
    assert utf16_length(literal(text, limit)) <= limit
