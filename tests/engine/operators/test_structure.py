"""``exists``, ``length``, ``same_as`` and the element operators: what a field is part of, or made of."""

import pytest

from trailbell_engine.operators import OperandError
from trailbell_engine.predicate import ALWAYS, AllOf


class TestExists:
    """``exists`` asks whether the field is there; null is there."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"a": {"b": 1}}, True),
            ({"a": {"b": None}}, True),
            ({"a": {"b": []}}, True),
            ({"a": {"b": {}}}, True),
            ({"a": {"b": False}}, True),
            ({"a": {}}, False),
            ({"a": None}, False),
            ({"a": []}, False),
            ({"a": [{}, {"b": None}]}, True),
            ({"a": [{}, 5]}, False),
            ({"a": "b"}, False),
        ],
    )
    def test_presence(self, data, expected, a_test, an_event, it_holds):
        """Present and null counts as present; ``a.b`` over an empty array is MISSING."""
        assert it_holds(a_test("a.b", "exists", True), an_event(data)) is expected
        assert it_holds(a_test("a.b", "exists", False), an_event(data)) is not expected

    def test_the_envelope_is_always_there(self, a_test, an_event, it_holds):
        """``event_type``, ``id`` and ``time`` exist on every event; the record's own fields by those names need not."""
        for name in ("event_type", "id", "time"):
            assert it_holds(a_test(name, "exists", True), an_event())
            assert not it_holds(a_test(f'"{name}"', "exists", True), an_event())

    def test_its_operand_is_a_boolean(self, a_test):
        """``exists: 1`` is a problem at load."""
        with pytest.raises(OperandError, match="expected true or false"):
            a_test("a", "exists", 1)


class TestLength:
    """``length`` tests the size of a string, an array or an object."""

    @pytest.mark.parametrize(
        ("value", "size"),
        [
            ("", 0),
            ("straße", 6),
            ("𝄞", 1),
            ([], 0),
            ([[], [1, 2, 3]], 2),
            ({}, 0),
            ({"x": 1, "y": [1, 2, 3]}, 2),
            (11, None),
            (True, None),
            (None, None),
        ],
    )
    def test_sizes(self, value, size, a_test, an_event, it_holds):
        """Code points, elements, members; a number, boolean or null has no length at all."""
        held = [
            n
            for n in range(8)
            if it_holds(a_test("a", "length", a_test("this", "equals", n, in_element=True)), an_event({"a": value}))
        ]
        assert held == ([] if size is None else [size])

    def test_any_of_several(self, a_test, an_event, it_holds):
        """Through an array on the way, one value of that length is enough; MISSING has none."""
        long = a_test("a.b", "length", a_test("this", "gte", 3, in_element=True))
        assert it_holds(long, an_event({"a": [{"b": "x"}, {"b": [1, 2, 3]}]}))
        assert not it_holds(long, an_event({"a": [{"b": "x"}]}))
        assert not it_holds(long, an_event({}))

    def test_a_negative_inside_needs_a_length(self, a_test, an_event, it_holds):
        """``length: {not_equals: 0}`` is false where there is no length to be different."""
        not_empty = a_test("a", "length", a_test("this", "not_equals", 0, in_element=True))
        assert it_holds(not_empty, an_event({"a": [1]}))
        assert not it_holds(not_empty, an_event({"a": []}))
        assert not it_holds(not_empty, an_event({"a": 5}))
        assert not it_holds(not_empty, an_event({}))


class TestSameAs:
    """``same_as`` compares two fields of one event."""

    @pytest.mark.parametrize(
        ("left", "right", "expected"),
        [
            ("x", "x", True),
            ("x", "X", False),
            (1, 1.0, True),
            (1, True, False),
            (1, "1", False),
            (None, None, True),
            (None, 0, False),
            ("x", ["y", "x"], True),
            (["a", "x"], ["x", "b"], True),
            (["a"], [], False),
            ([], [], False),
            ([["x"]], "x", True),
            ({"k": 1}, {"k": 1.0}, True),
        ],
    )
    def test_two_fields(self, left, right, expected, a_test, an_event, it_holds):
        """Any element of one equals any element of the other; null is the same as null; both ways round."""
        for one, other in ((left, right), (right, left)):
            event = an_event({"a": one, "b": other})
            assert it_holds(a_test("a", "same_as", "b"), event) is expected
            assert it_holds(a_test("a", "differs_from", "b"), event) is not expected

    @pytest.mark.parametrize("data", [{}, {"a": None}, {"b": None}, {"a": "x", "c": "x"}])
    def test_missing_is_the_same_as_nothing(self, data, a_test, an_event, it_holds):
        """Where either side is MISSING, ``same_as`` is false and ``differs_from`` true, even against MISSING."""
        assert not it_holds(a_test("a", "same_as", "b"), an_event(data))
        assert it_holds(a_test("a", "differs_from", "b"), an_event(data))

    def test_with_the_envelope(self, a_test, an_event, it_holds):
        """The envelope can stand on either side."""
        event = an_event({"actor": "e1"}, id="e1")
        assert it_holds(a_test("actor", "same_as", "id"), event)
        assert it_holds(a_test("id", "same_as", "actor"), event)


class TestElements:
    """``any_element``, ``every_element``, ``no_element`` bind one element to a whole predicate."""

    @pytest.fixture
    def active_admin(self, a_test):
        role = a_test("role", "equals", "admin", in_element=True)
        return AllOf((role, a_test("active", "equals", True, in_element=True)))

    @pytest.mark.parametrize(
        ("value", "some", "every"),
        [
            ([{"role": "admin", "active": True}], True, True),
            ([{"role": "admin", "active": False}, {"role": "ops", "active": True}], False, False),
            ([{"role": "ops"}, {"role": "admin", "active": True}], True, False),
            ([{}, 5, None, "admin"], False, False),
            ([], False, True),
            ({"role": "admin", "active": True}, False, False),
            ("admin", False, False),
            (None, False, False),
        ],
    )
    def test_the_same_element_meets_the_whole_predicate(
        self, value, some, every, active_admin, a_test, an_event, it_holds
    ):
        """Two elements cannot share the work; what is no array has no elements."""
        event = an_event({"roles": value})
        assert it_holds(a_test("roles", "any_element", active_admin), event) is some
        assert it_holds(a_test("roles", "no_element", active_admin), event) is not some
        assert it_holds(a_test("roles", "every_element", active_admin), event) is every

    def test_plain_tests_may_be_met_by_two_elements(self, a_test, an_event, it_holds):
        """Without an element operator each operator stands for itself."""
        loose = AllOf((a_test("roles.role", "equals", "admin"), a_test("roles.active", "equals", True)))
        assert it_holds(loose, an_event({"roles": [{"role": "admin"}, {"active": True}]}))

    def test_on_missing(self, a_test, an_event, it_holds):
        """Nothing has no element, and not every element either."""
        assert not it_holds(a_test("roles", "any_element", ALWAYS), an_event())
        assert not it_holds(a_test("roles", "every_element", ALWAYS), an_event())
        assert it_holds(a_test("roles", "no_element", ALWAYS), an_event())

    def test_this_is_the_element(self, a_test, an_event, it_holds):
        """Scalars are tested as ``this``; below it lie the element's own fields."""
        starts = a_test("this", "starts_with", "adm", in_element=True)
        assert it_holds(a_test("roles", "any_element", starts), an_event({"roles": ["ops", "admin"]}))
        own = a_test("this.this", "equals", 1, in_element=True)
        assert it_holds(a_test("roles", "any_element", own), an_event({"roles": [{"this": 1}]}))

    def test_an_element_that_is_an_array(self, a_test, an_event, it_holds):
        """Elements of arrays of arrays are arrays: ``this`` means any of theirs, ``this[0]`` the first."""
        event = an_event({"rows": [[1, 2], [3]]})
        assert it_holds(a_test("rows", "any_element", a_test("this", "equals", 2, in_element=True)), event)
        assert not it_holds(a_test("rows", "any_element", a_test("this[0]", "equals", 2, in_element=True)), event)
        assert it_holds(a_test("rows", "any_element", a_test("this[0]", "equals", 3, in_element=True)), event)

    def test_the_dollar_reaches_the_event(self, a_test, an_event, it_holds):
        """``$.path`` is a path on the event, ``$.event_type`` its envelope."""
        own = a_test("owner", "same_as", "$.user", in_element=True)
        assert it_holds(a_test("items", "any_element", own), an_event({"user": "eve", "items": [{"owner": "eve"}]}))
        assert not it_holds(a_test("items", "any_element", own), an_event({"user": "eve", "items": [{"owner": "x"}]}))
        typed = a_test("$.event_type", "equals", "LOGIN", in_element=True)
        assert it_holds(a_test("items", "any_element", typed), an_event({"items": [0]}, event_type="LOGIN"))

    def test_the_envelope_s_names_are_fields_of_elements(self, a_test, an_event, it_holds):
        """Inside an element ``id`` is the element's own."""
        own = a_test("id", "equals", 7, in_element=True)
        assert it_holds(a_test("items", "any_element", own), an_event({"items": [{"id": 7}]}, id="e1"))

    def test_through_arrays_on_the_way(self, a_test, an_event, it_holds):
        """One array that meets the operator is enough."""
        even = a_test("this", "in", [0, 2, 4], in_element=True)
        event = an_event({"groups": [{"n": [1, 2]}, {"n": [2, 4]}]})
        assert it_holds(a_test("groups.n", "every_element", even), event)
        assert not it_holds(a_test("groups.n", "no_element", even), event)
