"""The quick yes to a document: never where the validator says no, and for every rule as rules are written."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_rules.accept import compile_accept
from trailbell_rules.document import read_documents
from trailbell_rules.finding import PACKS
from trailbell_rules.schema import definitions_schema, outline, rule_schema
from trailbell_rules.validate import compile_schema

SCHEMA = outline(rule_schema())
ACCEPT, VALIDATOR = compile_accept(SCHEMA), compile_schema(SCHEMA)
RULES = [
    document.value
    for file in sorted(PACKS.rglob("*.yaml"))
    if not file.name.startswith("_")
    for document in read_documents(str(file), file.read_bytes()).documents
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(-2, 2)
    | st.sampled_from(["", "high", "10m", "a b", "id"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "for", "if", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_the_rules_of_the_packs_are_accepted():
    """Otherwise it would be of no use."""
    assert RULES
    assert [rule["id"] for rule in RULES if not ACCEPT(rule)] == []


def _places(value, place=()):
    yield place
    for step, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(part, (*place, step))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_what_is_accepted_is_valid(data):
    """Rules with something replaced, left out or added anywhere."""
    rule = deepcopy(data.draw(st.sampled_from(RULES)))
    *way, last = data.draw(st.sampled_from([place for place in _places(rule) if place]))
    owner = rule
    for step in way:
        owner = owner[step]
    match data.draw(st.sampled_from("rda")):
        case "r":
            owner[last] = data.draw(VALUES)
        case "d":
            del owner[last]
        case _ if isinstance(owner, dict):
            owner[data.draw(st.sampled_from(["severity", "sevrity", "for", "by"]))] = data.draw(VALUES)
    assert not ACCEPT(rule) or VALIDATOR.is_valid(rule)


SCHEMAS = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["string", "number", "integer", "boolean", "null", ["array", "object"]])}
        ),
        st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["high", "", 1, True, None]), min_size=1, max_size=3)}),
        st.fixed_dictionaries({"const": st.sampled_from([0, 1, True, "high", None, 1.0])}),
        st.fixed_dictionaries({"minLength": st.integers(0, 3), "maxItems": st.integers(0, 2)}),
        st.fixed_dictionaries(
            {"minimum": st.integers(-1, 1), "exclusiveMaximum": st.integers(0, 2), "pattern": st.just("^[a-z]")}
        ),
        st.fixed_dictionaries(
            {"minProperties": st.integers(0, 2), "required": st.just(["id"]), "oneOf": st.just([True])}
        ),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"items": inner, "minItems": st.integers(0, 2)}),
        st.fixed_dictionaries(
            {
                "properties": st.dictionaries(st.sampled_from(["id", "for"]), inner),
                "additionalProperties": inner | st.booleans(),
            }
        ),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_no_schema_makes_it_say_yes_too_often(schema, value):
    """Any schema of these keywords, and one that it does not know."""
    assert not compile_accept(schema)(value) or compile_schema(schema).is_valid(value)


@pytest.mark.parametrize("schema", [{"$ref": "#/$defs/x"}, {"anyOf": [True]}, {"type": "object", "propertyNames": {}}])
def test_an_unknown_keyword_is_left_to_the_validator(schema):
    """Nothing is accepted that it might refuse."""
    assert not compile_accept(schema)({})


def test_schemas_with_references_still_work():
    """Definitions are checked by the validator alone."""
    assert compile_schema(outline(definitions_schema())).is_valid({"lists": {"vips": ["a"]}})
