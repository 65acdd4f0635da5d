"""The generated tables of the reference: what they say, and that the page has them as they are."""

from pathlib import Path

import pytest

from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.operators import NEGATIVES, OPERATORS
from trailbell_rules.reference import TABLES, condition_table, filled, operator_table

PAGE = Path(__file__).parents[2] / "docs/reference/rule-language.md"


def _rows(table: str) -> dict[str, list[str]]:
    """Rows by their first cell, without the header."""
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_page_is_up_to_date() -> None:
    """After a change of an operator or a condition: `python -m trailbell_rules.reference PAGE`."""
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"<!-- generated: {name} -->" in page for name in TABLES)
    assert filled(page) == page


def test_every_operator_has_a_row() -> None:
    """Positive, negative, and `exists: false`."""
    assert _rows(operator_table()).keys() == {*OPERATORS, *NEGATIVES, "exists: false"}


@pytest.mark.parametrize(
    ("operator", "answers"),
    [
        ("equals", "- - - holds - - holds"),
        ("not_in", "holds holds holds - holds holds -"),
        ("contains", "- - - holds - - -"),
        ("exists", "- holds holds holds holds holds holds"),
        ("exists: false", "holds - - - - - -"),
        ("outside", "- - - holds - - holds"),
        ("every_element", "- - - - - holds holds"),
        ("no_element", "holds holds holds - holds holds -"),
    ],
)
def test_what_operators_answer(operator: str, answers: str) -> None:
    """MISSING, null, another type, an array with x and y, with y, empty, nested."""
    assert " ".join(_rows(operator_table())[operator]) == answers


def test_every_condition_is_in_its_table() -> None:
    """In the order of the reference, and `by` at the end for all."""
    names = [name for name in _rows(condition_table()) if name]
    assert names == [*CONDITIONS, "all"]


def test_only_marked_places_change() -> None:
    """What stands around them is somebody's text."""
    page = "a\n<!-- generated: operator table -->\nold\n<!-- end -->\nb\n"
    assert filled(page).startswith("a\n<!-- generated: operator table -->\n\n| operator")
    assert filled(page).endswith("|\n\n<!-- end -->\nb\n")
    assert filled(filled(page)) == filled(page)
    assert filled("nothing marked\n") == "nothing marked\n"


def test_an_unknown_table_is_refused() -> None:
    """A misspelt mark would stay empty for ever."""
    with pytest.raises(KeyError):
        filled("<!-- generated: operater table -->\n<!-- end -->\n")
