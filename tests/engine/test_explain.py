"""The explanation of a predicate: the tree again, with a verdict and the values read at every node."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.explain import VALUES_KEPT, decisive, explain
from trailbell_engine.interpret import holds
from trailbell_engine.predicate import ALWAYS, AllOf, AnyOf, Not


def verdicts(verdict):
    yield verdict
    for part in verdict.parts:
        yield from verdicts(part)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_the_verdict_is_the_interpreter_s(data, encounters):
    """An explanation never says anything else than the engine decided, and prints as JSON."""
    predicate, event = data.draw(encounters)
    verdict = explain(predicate, event)
    assert verdict.holds is holds(predicate, event)
    assert json.loads(json.dumps(verdict.to_json()))["holds"] is verdict.holds


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_verdict_follows_from_its_parts(data, encounters):
    """``all``, ``any`` and ``not`` mean at every node what they say."""
    for verdict in verdicts(explain(*data.draw(encounters))):
        held = [part.holds for part in verdict.parts]
        expected = {"all": all(held), "any": any(held), "not": held != [True], "test": verdict.holds}
        assert verdict.holds is expected[verdict.kind]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_decisive_is_part_of_the_tree(data, encounters):
    """Only tests are decisive; below no negation they have the verdict's own outcome."""
    predicate, event = data.draw(encounters)
    verdict = explain(predicate, event)
    found = list(decisive(verdict))
    everything = list(verdicts(verdict))
    assert all(one.kind == "test" and one in everything for one in found)
    if all(one.kind != "not" for one in everything):
        assert all(one.holds is verdict.holds for one in found)


def test_a_test_says_what_it_read(a_test, an_event):
    """Path, operator, operand and the values found, as a printer needs them."""
    verdict = explain(
        a_test("actor.country", "in", ["GB", "DE"], ignore_case=True), an_event({"actor": {"country": "us"}})
    )
    assert verdict.to_json() == {
        "holds": False,
        "path": "actor.country",
        "in": ["GB", "DE"],
        "values": ["us"],
        "ignore_case": True,
    }


def test_missing_is_no_value(a_test, an_event):
    """Where the path found nothing there are no values; null is one."""
    test = a_test("a.b", "equals", "x")
    assert explain(test, an_event()).values == ()
    assert explain(test, an_event({"a": {"b": None}})).values == (None,)


def test_several_values(a_test, an_event):
    """Through an array on the way there are several, of which the first few are kept; an array at the end is one."""
    several = explain(a_test("a.b", "equals", 11), an_event({"a": [{"b": number} for number in range(12)]}))
    assert (several.holds, several.values) == (True, tuple(range(VALUES_KEPT)))
    assert explain(a_test("a", "equals", 2), an_event({"a": [1, 2]})).values == ([1, 2],)


def test_a_negative_is_a_negation(a_test, an_event):
    """A negative operator shows its positive, and which way round it went."""
    verdict = explain(a_test("country", "not_in", ["GB"]), an_event({"country": "GB"}))
    assert verdict.to_json() == {
        "holds": False,
        "not": [{"holds": True, "path": "country", "in": ["GB"], "values": ["GB"]}],
    }


def test_operands_print_as_json(a_test, an_event):
    """A path, or a predicate over an element, prints as in the tree."""
    same = explain(a_test("a", "same_as", "b.c"), an_event())
    assert same.operand == {"path": "b.c"}
    some = explain(a_test("a", "any_element", a_test("this", "gt", 1, in_element=True)), an_event({"a": [1, 2]}))
    assert (some.holds, some.operand) == (True, {"path": "this", "gt": 1})


def test_every_part_is_asked(a_test, an_event):
    """Nothing is cut short: a person wants to see all that failed, not only the first."""
    tree = AllOf((a_test("a", "equals", 1), a_test("b", "equals", 2), AnyOf((a_test("c", "equals", 3), ALWAYS))))
    verdict = explain(tree, an_event({"c": 3}))
    assert [one.holds for one in verdicts(verdict)] == [False, False, False, True, True, True]


def test_what_would_have_to_change(a_test, an_event):
    """A failed ``all`` names each part that failed, a failed ``any`` all of its parts, and not those that held."""
    one, two, three = (a_test(name, "equals", name) for name in "abc")
    event = an_event({"a": "a"})
    assert [found.path for found in decisive(explain(AllOf((one, two, three)), event))] == ["b", "c"]
    assert [found.path for found in decisive(explain(AnyOf((two, three)), event))] == ["b", "c"]
    assert [found.path for found in decisive(explain(AnyOf((two, one)), event))] == ["a"]
    assert [found.path for found in decisive(explain(Not(AllOf((one,))), event))] == ["a"]
    assert [found.path for found in decisive(explain(AllOf((one, Not(one))), event))] == ["a"]


def _inside_of(predicate, event):
    return [(part.at, part.verdict.holds, part.verdict.to_json()) for part in explain(predicate, event).inside]


def test_the_nearest_elements_are_shown(a_test, an_event):
    """Of elements none of which is as it must be, those that meet most of it come first, with what they lack."""
    wanted = AllOf(
        (
            a_test("name", "equals", "admin", in_element=True),
            a_test("active", "equals", True, in_element=True),
        )
    )
    event = an_event({"roles": [{"name": "ops"}, {"name": "admin", "active": False}, {"name": "x", "active": True}]})
    verdict = explain(a_test("roles", "any_element", wanted), event)
    assert not verdict.holds
    assert [part.at for part in verdict.inside] == ["[1]", "[2]"]
    assert [[part.holds for part in inside.verdict.parts] for inside in verdict.inside] == [
        [True, False],
        [False, True],
    ]
    assert verdict.inside[0].verdict.parts[1].values == (False,)


def test_the_element_that_settles_it_is_shown(a_test, an_event):
    """An element that is as it must be, or one that is not where all must be."""
    event = an_event({"ips": ["10.0.0.1", "8.8.8.8"]})
    inside = a_test("this", "cidr", "private", in_element=True)
    found = _inside_of(a_test("ips", "any_element", inside), event)
    assert [(at, holds) for at, holds, _ in found] == [("[0]", True)]
    found = _inside_of(a_test("ips", "every_element", inside), event)
    assert [(at, holds) for at, holds, _ in found] == [("[1]", False)]
    assert found[0][2]["values"] == ["8.8.8.8"]


def test_a_length_is_shown(a_test, an_event):
    """What the length is, beside what was asked of it; what has no length has none to show."""
    three = a_test("this", "gte", 3, in_element=True)
    assert _inside_of(a_test("tags", "length", three), an_event({"tags": ["a"]})) == [
        ("length", False, {"holds": False, "path": "this", "gte": 3, "values": [1]})
    ]
    assert _inside_of(a_test("tags", "length", three), an_event({"tags": 7})) == []


def test_a_name_nearly_right_inside_an_element(a_test, an_event):
    """It is a field of the element that is said, not one of the event."""
    event = an_event({"user-name": "ann", "roles": [{"nick": "ann"}]})
    inside = a_test("user-Name", "equals", "ann", in_element=True)
    (part,) = explain(a_test("roles", "any_element", inside), event).inside
    assert part.verdict.remark == ""
    event = an_event({"roles": [{"user_name": "ann"}]})
    (part,) = explain(a_test("roles", "any_element", inside), event).inside
    assert part.verdict.remark == 'the element has "user_name"'
