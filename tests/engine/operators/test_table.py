"""Every operator against hit, near miss, MISSING, null, wrong type and arrays, and its negative against the same."""

from typing import NamedTuple

import pytest

from trailbell_engine.operators import NEGATIVES, OPERATORS, OperandError
from trailbell_engine.predicate import AllOf, Not, to_json
from trailbell_engine.schedule import Hours, Schedule

WORKDAY = Schedule(days=frozenset(range(5)), hours=(Hours(9 * 60, 17 * 60),))
NOON_OF_MONDAY, MIDNIGHT_OF_MONDAY = "2026-11-23T12:00:00Z", "2026-11-23T00:00:00Z"


class Row(NamedTuple):
    """One operator that looks at each value by itself: an operand, and values that do and do not meet it."""

    operator: str
    operand: object
    hit: object
    near_miss: object
    wrong_type: object


ROWS = (
    Row("equals", "sip", "sip", "SIP", 11),
    Row("equals", 11, 11.0, 12, "11"),
    Row("equals", True, True, False, 1),
    Row("in", ["sip", 5], 5.0, "SIP", "5"),
    Row("starts_with", ["4477", "4420"], "442079460000", "0442079460000", 442079460000),
    Row("ends_with", "@example.com", "eve@example.com", "eve@example.com.evil.net", {"@example.com": 1}),
    Row("matches", "^sip:.*@", "sip:bob@host", " sip:bob@host", 5),
    Row("glob", "sip:*@*.example.com", "sip:bob@pbx.example.com", "sip:bob@example.com", True),
    Row("gt", 10, "10.5", 10, "ten"),
    Row("gte", 10, 10.0, 9.999, "10 "),
    Row("lt", "2026-11-22T10:00:00Z", "2026-11-22T09:59:59.999999Z", "2026-11-22T10:00:00Z", 0),
    Row("lte", 0, -1, 1, "2026-11-22T10:00:00Z"),
    Row("cidr", ["203.0.113.0/24", "2001:db8::/32"], "2001:db8::7", "203.0.114.0", 3405803776),
    Row("during", WORKDAY, NOON_OF_MONDAY, MIDNIGHT_OF_MONDAY, 1795435200),
    Row("outside", WORKDAY, MIDNIGHT_OF_MONDAY, NOON_OF_MONDAY, "noon"),
)

SITUATIONS = {
    "the value itself": (lambda row: {"a": {"b": row.hit}}, True),
    "a near miss": (lambda row: {"a": {"b": row.near_miss}}, False),
    "MISSING": (lambda _: {"a": {}}, False),
    "MISSING from further up": (lambda _: {}, False),
    "MISSING below a scalar": (lambda _: {"a": "b"}, False),
    "null": (lambda _: {"a": {"b": None}}, False),
    "a wrong type": (lambda row: {"a": {"b": row.wrong_type}}, False),
    "an object": (lambda row: {"a": {"b": {"x": row.hit}}}, False),
    "an array with it": (lambda row: {"a": {"b": [row.near_miss, row.hit]}}, True),
    "an array without it": (lambda row: {"a": {"b": [row.near_miss, row.wrong_type]}}, False),
    "an empty array": (lambda _: {"a": {"b": []}}, False),
    "an array of arrays with it": (lambda row: {"a": {"b": [[row.near_miss], [[row.hit]]]}}, True),
    "an array of arrays without it": (lambda row: {"a": {"b": [[row.near_miss], []]}}, False),
    "an array on the way, with it": (lambda row: {"a": [{}, {"b": row.near_miss}, {"b": row.hit}]}, True),
    "an array on the way, without it": (lambda row: {"a": [{"b": row.near_miss}, "b", None]}, False),
    "an empty array on the way": (lambda _: {"a": []}, False),
    "arrays in arrays on the way": (lambda row: {"a": [[{"b": row.near_miss}], [[{"b": [row.hit]}]]]}, True),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operator}-{row.hit}")
def test_an_operator_on_single_values(row, situation, a_test, an_event, it_holds):
    """A positive test holds for any element that meets it, on the way or at the end; never on MISSING."""
    make, expected = SITUATIONS[situation]
    event = an_event(make(row))
    assert it_holds(a_test("a.b", row.operator, row.operand), event) is expected


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(
    "row", [row for row in ROWS if OPERATORS[row.operator].negative], ids=lambda row: f"{row.operator}-{row.hit}"
)
def test_a_negative_is_the_negation_everywhere(row, situation, a_test, an_event, it_holds):
    """A negative operator holds exactly where its positive does not: on MISSING, null and wrong types, too."""
    event = an_event(SITUATIONS[situation][0](row))
    positive = a_test("a.b", row.operator, row.operand)
    negative = a_test("a.b", OPERATORS[row.operator].negative, row.operand)
    assert it_holds(negative, event) is not it_holds(positive, event)
    assert it_holds(Not(negative), event) is it_holds(positive, event)


def test_the_table_covers_every_operator_that_looks_at_values():
    """No operator of the language is left out of the table above; the others have their own tests below."""
    structural = {"contains", "exists", "length", "same_as", "any_element", "every_element"}
    assert {row.operator for row in ROWS} | structural == set(OPERATORS)
    assert set(NEGATIVES) == {"not_equals", "not_in", "not_cidr", "differs_from", "no_element"}


def test_a_tree_prints_as_json(a_test):
    """A predicate prints as plain JSON, negations spelled out; it is what a rule's version is hashed from."""
    tree = AllOf((a_test("a.b", "not_in", ["x", 1], ignore_case=True), a_test("c", "same_as", "d")))
    assert to_json(tree) == {
        "all": [
            {"not": {"path": "a.b", "in": ["x", 1], "ignore_case": True}},
            {"path": "c", "same_as": {"path": "d"}},
        ]
    }


@pytest.mark.parametrize(
    ("operator", "operand", "message"),
    [
        ("equals", [1], "expected a single value, found a list"),
        ("equals", {}, "found a mapping"),
        ("in", [], "an empty list"),
        ("in", 5, "found a number"),
        ("in", [1, [2]], "in the list, found a list"),
        ("in", "nowhere", "no list is called 'nowhere'"),
        ("starts_with", "", "holds for every string"),
        ("ends_with", ["x", 5], "expected a string, found a number"),
        ("contains", [], "an empty list"),
        ("contains", "", "holds for every string"),
        ("contains", [5, ""], "holds for every string"),
        ("contains", {"a": 1}, "found a mapping"),
        ("glob", [None], "found null"),
        ("during", "business-hours", "no schedule is called"),
        ("during", 5, "expected a schedule"),
    ],
)
def test_an_operand_of_the_wrong_kind(operator, operand, message, a_test):
    """What an operator cannot use is refused at load, in words."""
    with pytest.raises(OperandError, match=message):
        a_test("a", operator, operand)
