"""Values keep their places."""

from collections.abc import Callable

import pytest

from trailbell_rules.document import read_documents


def test_places_of_keys_and_values(document: Callable) -> None:
    """Every key and every value can be pointed at, at any depth."""
    found = document("a:\n  b: [1, {c: 'x y'}]\nd: |\n  text\n")
    assert found.value == {"a": {"b": [1, {"c": "x y"}]}, "d": "text\n"}
    assert found.span_of_key(("a", "b"))[1:] == (2, 3, 2, 4)
    assert found.span_of_value(("a", "b", 1, "c"))[1:] == (2, 14, 2, 19)
    assert found.span_of_value(("a", "b", 0))[1:] == (2, 7, 2, 8)
    assert found.span_of_value(("d",))[1:] == (3, 4, 4, 7)
    assert found.span_of_key(())[1:] == (1, 1, 1, 2)


def test_columns_count_characters(document: Callable) -> None:
    """A character outside the basic plane is one column, as a wide one is."""
    assert document("😀日: é\n").span_of_value(("😀日",))[1:] == (1, 5, 1, 6)


def test_an_empty_value_is_where_its_key_is(document: Callable) -> None:
    """There is no character to point at, so the key stands for it."""
    assert document("a:\nb: 1\n").span_of_value(("a",))[1:] == (1, 1, 1, 2)


def test_a_place_that_is_not_there_gives_what_holds_it(document: Callable) -> None:
    """Positions inside operands may be deeper than what was written."""
    assert document("a: [1]\n").span_of_value(("a", 7, "x"))[1:] == (1, 4, 1, 7)


@pytest.mark.parametrize(
    ("written", "index", "column"),
    [
        ("abc", 1, 5),
        ("'abc'", 1, 6),
        ("'a''b'", 2, 8),
        ('"abc"', 2, 7),
        ('"a\\u0041b"', 2, 12),
        ('"\\n\\x41c"', 2, 11),
        ("abc", 99, 6),
        ("'a\n  b'", 1, 4),
        ("a b\n  c d", 6, 5),
        ("|\n   a b\n   c {{ x }}\n", 9, 9),
        (">-  # folded\n  a\n  b\n\n  c é d", 6, 5),
    ],
)
def test_characters_inside_scalars(document: Callable, written: str, index: int, column: int) -> None:
    """A character of a value is found behind quotes, escapes and folds; of quotes over several lines the whole is."""
    assert document(f"a: {written}\n").span_inside(("a",), index).column == column


def test_characters_inside_keys(document: Callable) -> None:
    """Keys can be pointed into as values can."""
    assert document("'a..b': 1\n").span_inside(("a..b",), 2, key=True).column == 4


def test_documents_of_a_file() -> None:
    """Empty documents are left out; places count in the whole file."""
    reading = read_documents("f", b"# nothing\n---\na: 1\n---\n---\n- b\n...\n---\nc\n")
    assert [document.value for document in reading.documents] == [{"a": 1}, ["b"], "c"]
    assert [document.span_of_value(()).line for document in reading.documents] == [3, 6, 9]


def test_a_broken_document_hides_no_other() -> None:
    """Syntax is lost in one document only."""
    reading = read_documents("f", b"a: 1\n---\nb: [\n---\nc: 'x\n---\nd: 2\n")
    assert [document.value for document in reading.documents] == [{"a": 1}, {"d": 2}]
    assert [problem.span.line for problem in reading.problems] == [3, 5]


def test_dashes_inside_values_begin_no_document() -> None:
    """Three dashes begin a document only in the first column and alone."""
    text = b"a: |\n  ---\nb: 'x --- y'\nc: ---\n---d: 1\n"
    reading = read_documents("f", text)
    assert len(reading.documents) == 1
    assert reading.documents[0].value["a"] == "---\n"
