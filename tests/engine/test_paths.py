"""Field paths: how they are spelled, and what they reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.path import EVERY, Path, PathError, Root, elements, parse_path, resolve

NAMES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(("event_type", "id", "time", "all", "any", "not", "use", "this", "$", "", "a.b", 'a"b', "[0]")),
).filter(lambda name: not any("\ud800" <= mark <= "\udfff" for mark in name))
SEGMENTS = st.one_of(NAMES, st.integers(-(10**9) + 1, 10**9 - 1), st.just(EVERY))


class TestSpelling:
    """``a.b``, ``a."b.c"``, ``items[0]``, ``items[-1]``, ``items[*]``."""

    @pytest.mark.parametrize(
        ("text", "segments"),
        [
            ("user_email", ("user_email",)),
            ("context.voice-type", ("context", "voice-type")),
            ("@timestamp", ("@timestamp",)),
            ("a b.ü", ("a b", "ü")),
            ('a."b.c"', ("a", "b.c")),
            ('"a.b"[0].c', ("a.b", 0, "c")),
            (r'"say \"hi\" \u00e9"', ('say "hi" é',)),
            ('""', ("",)),
            ("items[0]", ("items", 0)),
            ("items[-1].id", ("items", -1, "id")),
            ("items[*][0]", ("items", EVERY, 0)),
            ("0.1", ("0", "1")),
            ("this.x", ("this", "x")),
            ("$.x", ("$", "x")),
        ],
    )
    def test_segments(self, text, segments):
        """Dots descend, quotes are JSON strings, everything but ``. [ ] "`` is an ordinary character."""
        assert parse_path(text) == Path(segments)

    def test_two_spellings_of_one_path_are_equal(self):
        """Quoting what needs no quotes changes nothing."""
        assert parse_path('a."b"') == parse_path("a.b")

    @pytest.mark.parametrize("name", ["event_type", "id", "time"])
    def test_the_envelope(self, name):
        """Alone the three names are the envelope; in quotes, or with more behind them, the event's own fields."""
        assert parse_path(name) == Path((name,), Root.ENVELOPE)
        assert parse_path(f'"{name}"') == Path((name,))
        assert parse_path(f"{name}.application") == Path((name, "application"))
        assert parse_path(f"{name}[0]") == Path((name, 0))
        assert parse_path(f"a.{name}") == Path(("a", name))

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("role", Path(("role",))),
            ("id", Path(("id",))),
            ("this", Path(())),
            ("this.role", Path(("role",))),
            ("this[0]", Path((0,))),
            ("this[*].id", Path((EVERY, "id"))),
            ('"this"', Path(("this",))),
            ("this.this", Path(("this",))),
            ("$.user", Path(("user",), Root.EVENT)),
            ("$.id", Path(("id",), Root.ENVELOPE)),
            ('$."id"', Path(("id",), Root.EVENT)),
            ("$.id.x", Path(("id", "x"), Root.EVENT)),
            ('"$"', Path(("$",))),
        ],
    )
    def test_inside_an_element(self, text, path):
        """There paths start at the element, ``this`` is the element itself, and ``$.`` reaches the event."""
        assert parse_path(text, in_element=True) == path

    @pytest.mark.parametrize(
        ("text", "column", "message"),
        [
            ("", 0, "an empty path"),
            (".a", 0, "no path segment"),
            ("a.", 1, "ends with a dot"),
            ('"a".', 3, "ends with a dot"),
            ("a..b", 2, "no path segment"),
            ("[0]", 0, "no path segment"),
            ("a.[0]", 2, "no path segment"),
            ("a[x]", 1, "no path segment"),
            ("a[0", 1, "no path segment"),
            ("a[0]b", 4, "expected `.` or"),
            ("a]", 1, "expected `.` or"),
            ('a"b"', 1, "expected `.` or"),
            ('"b', 0, "no path segment"),
            (r'a."\x"', 2, "no JSON string"),
            (r'a."\ud800"', 2, "no JSON string"),
            ("a[1234567890]", 1, "no path segment"),
        ],
    )
    def test_what_is_no_path(self, text, column, message):
        """The fault's column and a way out are named."""
        with pytest.raises(PathError, match=message) as refused:
            parse_path(text)
        assert refused.value.column == column
        assert refused.value.help

    def test_the_dollar_alone_names_no_field(self):
        """``$`` by itself is the whole event, which no operator can test."""
        with pytest.raises(PathError, match="whole event"):
            parse_path("$", in_element=True)

    @given(st.lists(SEGMENTS, max_size=4), NAMES)
    def test_on_the_event_every_path_has_a_spelling(self, rest, first):
        """Whatever the names are, a path prints as text that parses to it."""
        path = Path((first, *rest))
        assert parse_path(str(path)) == path

    @given(st.lists(SEGMENTS, max_size=4), st.sampled_from((Root.HERE, Root.EVENT)))
    def test_in_an_element_every_path_has_a_spelling(self, segments, root):
        """The same inside an element, where a path may be empty or start with an index."""
        if root is Root.EVENT and not segments:
            segments = ["x"]
        path = Path(tuple(segments), root)
        assert parse_path(str(path), in_element=True) == path

    @given(st.text(max_size=12), st.booleans())
    def test_no_text_breaks_the_parser(self, text, in_element):
        """Any text is a path, or a ``PathError`` whose column lies in it."""
        try:
            path = parse_path(text, in_element=in_element)
        except PathError as refused:
            fault = refused.column
        else:
            assert path.root is Root.ENVELOPE or parse_path(str(path), in_element=in_element) == path
            fault = 0
        assert 0 <= fault <= len(text)


class TestReach:
    """What a path finds; an empty list is MISSING."""

    @pytest.mark.parametrize(
        ("text", "data", "found"),
        [
            ("a.b", {"a": {"b": 1}}, [1]),
            ("a.b", {"a": {"b": None}}, [None]),
            ("a.b", {"a": {}}, []),
            ("a.b", {"a": "b"}, []),
            ("a.b", {"a": None}, []),
            ("a.b", {"a": []}, []),
            ("a", {"a": []}, [[]]),
            ("a", {"a": [1, [2]]}, [[1, [2]]]),
            ("a.b", {"a": [{"b": 1}, {}, 5, {"b": [2, 3]}]}, [1, [2, 3]]),
            ("a.b", {"a": [[{"b": 1}], [[{"b": 2}]]]}, [1, 2]),
            ("a[0]", {"a": [1, 2]}, [1]),
            ("a[-1]", {"a": [1, 2]}, [2]),
            ("a[2]", {"a": [1, 2]}, []),
            ("a[-3]", {"a": [1, 2]}, []),
            ("a[0]", {"a": {"0": 1}}, []),
            ("a[0]", {"a": "text"}, []),
            ("a.0", {"a": {"0": 1}}, [1]),
            ("a.0", {"a": [1]}, []),
            ("a[*]", {"a": [1, [2], None]}, [1, [2], None]),
            ("a[*]", {"a": []}, []),
            ("a[*]", {"a": {"x": 1}}, []),
            ("a[*]", {"a": "text"}, []),
            ("a[*].b", {"a": [{"b": 1}, {"b": 2}]}, [1, 2]),
            ("a.b[0]", {"a": [{"b": [1, 2]}, {"b": [3]}]}, [1, 3]),
            ('"a.b"', {"a.b": 1, "a": {"b": 2}}, [1]),
            ("A", {"a": 1}, []),
            ("id", {"id": "the record's"}, ["the envelope's"]),
            ('"id"', {"id": "the record's"}, ["the record's"]),
            ("event_type", {}, ["LOGIN"]),
            ("time", {"time": "noon"}, ["2026-11-22T10:00:00Z"]),
        ],
    )
    def test_on_an_event(self, text, data, found, an_event):
        """Arrays on the way mean each of their elements; an array at the end is found whole."""
        event = an_event(data, id="the envelope's")
        assert resolve(parse_path(text), event.data, event) == found

    def test_from_an_element(self, an_event):
        """Inside an element the same path may start at the element or at the event."""
        event = an_event({"x": "event's"})
        element = {"x": "element's"}
        assert resolve(parse_path("x", in_element=True), element, event) == ["element's"]
        assert resolve(parse_path("this", in_element=True), element, event) == [element]
        assert resolve(parse_path("$.x", in_element=True), element, event) == ["event's"]
        assert resolve(parse_path("$.time", in_element=True), element, event) == ["2026-11-22T10:00:00Z"]

    @pytest.mark.parametrize(
        ("value", "seen"),
        [(1, [1]), (None, [None]), ([], []), ([1, [2, [[3]], []]], [1, 2, 3]), ({"a": [1]}, [{"a": [1]}])],
    )
    def test_the_values_that_a_positive_test_looks_at(self, value, seen):
        """The elements of an array, those of arrays inside it included; else the value itself."""
        assert elements(value) == seen
