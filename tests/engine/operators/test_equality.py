"""``equals``, ``in`` and ``contains``: is it that value, does it have that element or text."""

import pytest

from trailbell_engine.operators import Names


class TestEquality:
    """``equals``, ``in``: numbers by value, booleans only booleans, strings exactly."""

    @pytest.mark.parametrize(
        ("operand", "value", "expected"),
        [
            (1, 1.0, True),
            (1.0, 1, True),
            (1, True, False),
            (0, False, False),
            (True, 1, False),
            (False, 0.0, False),
            (-0.0, 0, True),
            (2**53 + 1, 2**53 + 1, True),
            (2**53 + 1, float(2**53), False),
            (10**30, 10**30, True),
            (10**22, 1e22, True),
            ("11", 11, False),
            (11, "11", False),
            ("", "", True),
            ("", None, False),
            (None, None, True),
            (None, False, False),
            (None, 0, False),
            ("é", "e\u0301", False),
            ("sip", ["sip"], True),
            ("sip", {"sip": "sip"}, False),
        ],
    )
    def test_one_value_against_another(self, operand, value, expected, a_test, an_event, it_holds):
        """``equals`` and ``in`` with that one entry say the same."""
        event = an_event({"a": value})
        assert it_holds(a_test("a", "equals", operand), event) is expected
        assert it_holds(a_test("a", "in", [operand, "something else"]), event) is expected
        assert it_holds(a_test("a", "in", ["something else", operand]), event) is expected

    def test_null_is_a_value_and_missing_is_not(self, a_test, an_event, it_holds):
        """``equals: null`` holds where null is present, and only there."""
        null = a_test("a", "equals", None)
        assert it_holds(null, an_event({"a": None}))
        assert it_holds(null, an_event({"a": [1, None]}))
        assert not it_holds(null, an_event({}))

    def test_a_named_list(self, a_test, an_event, it_holds):
        """``in`` takes the name of a list."""
        names = Names(lists={"admins": ("eve", "bob")})
        assert it_holds(a_test("user", "in", "admins", names=names), an_event({"user": "bob"}))
        assert it_holds(a_test("user", "not_in", "admins", names=names), an_event({"user": "mallory"}))


class TestContains:
    """``contains`` looks for a text in a string, and for an element in an array as a whole."""

    @pytest.mark.parametrize(
        ("operand", "value", "expected"),
        [
            ("oo", "foobar", True),
            ("oo", "FOOBAR", False),
            (["x", "bar"], "foobar", True),
            ("5", "a5", True),
            (5, "a5", False),
            (5, [1, 5.0], True),
            (5, ["5"], False),
            (1, [True], False),
            (True, [True], True),
            (None, [None], True),
            (None, None, False),
            ("foo", ["foobar"], False),
            ("foo", ["x", "foo"], True),
            ("foo", [["foo"]], False),
            ("foo", [], False),
            ("foo", {"foo": 1}, False),
            ("foo", 5, False),
        ],
    )
    def test_in_a_string_or_an_array(self, operand, value, expected, a_test, an_event, it_holds):
        """Substring of a string, equal element of an array, nothing else."""
        assert it_holds(a_test("a", "contains", operand), an_event({"a": value})) is expected

    def test_arrays_on_the_way(self, a_test, an_event, it_holds):
        """Each string or array that the path reaches is asked by itself."""
        tags = a_test("hosts.tags", "contains", "prod")
        assert it_holds(tags, an_event({"hosts": [{"tags": ["dev"]}, {"tags": ["eu", "prod"]}]}))
        assert it_holds(tags, an_event({"hosts": [{"tags": "eu,prod"}, {}]}))
        assert not it_holds(tags, an_event({"hosts": [{"tags": ["production"]}]}))

    def test_ignoring_case(self, a_test, an_event, it_holds):
        """Case is folded in strings and in elements; numbers stay numbers."""
        folded = a_test("a", "contains", ["PROD", 5], ignore_case=True)
        assert it_holds(folded, an_event({"a": "preprod"}))
        assert it_holds(folded, an_event({"a": ["Prod"]}))
        assert it_holds(folded, an_event({"a": [5]}))
        assert not it_holds(folded, an_event({"a": ["5"]}))
