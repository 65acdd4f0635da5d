"""The JSON Schema that editors use: closed, discriminating, generated, in step with the reader."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from trailbell.store.alerts import alert_json
from trailbell.testing.messages import sample_alert
from trailbell_engine.conditions import BY, CONDITIONS
from trailbell_engine.operators import NEGATIVES, OPERATORS
from trailbell_rules.document import read_documents
from trailbell_rules.rule_tests import RENDERED_KEYS
from trailbell_rules.schema import definitions_schema, rule_schema
from trailbell_rules.validate import compile_schema, validate_document

SCHEMAS = [rule_schema(), definitions_schema()]


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside a schema, examples and defaults left out."""
    if isinstance(schema, dict):
        yield schema
        for name, part in schema.items():
            if name not in ("examples", "default", "enum", "const"):
                yield from _schemas(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _schemas(part)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_it_is_a_schema(schema: dict) -> None:
    """The schemas are valid draft 2020-12, have an id of their own, and are plain JSON."""
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith("-1.schema.json")
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("schema", SCHEMAS)
def test_mappings_are_closed(schema: dict) -> None:
    """Each mapping with keys of its own refuses others; only field paths, and names in definitions, are free."""
    for part in _schemas(schema):
        if "properties" in part and isinstance(part["properties"], dict) and part.get("type"):
            assert "additionalProperties" in part
            open_to = part["additionalProperties"]
            assert open_to is False or open_to == {"$ref": "#/$defs/test"}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_alternatives_are_told_apart(schema: dict) -> None:
    """No `oneOf` or `anyOf`, whose errors name everything but the one wrong key."""
    assert not [part for part in _schemas(schema) if {"oneOf", "anyOf"} & part.keys()]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_keys_explain_themselves(schema: dict) -> None:
    """An editor can show words for every key of a rule, an operator table and a condition."""
    tables = [schema, schema["$defs"]["operators"], schema["$defs"]["condition"]["then"], schema["$defs"]["schedule"]]
    for table in tables:
        for name, part in table["properties"].items():
            assert "description" in part or "$ref" in part or name == "tests", name


def test_the_tables_are_whole() -> None:
    """Operators, conditions with parameters, and what a test may expect are in the schema, and nothing else is."""
    definitions = rule_schema()["$defs"]
    assert definitions["operators"]["properties"].keys() == {*OPERATORS, *NEGATIVES, "not", "ignore_case"}
    conditions = definitions["condition"]["then"]["properties"]
    assert conditions.keys() == CONDITIONS.keys()
    for name, spec in CONDITIONS.items():
        assert conditions[name]["properties"].keys() == {parameter.name for parameter in (*spec.parameters, BY)}
    expectation = rule_schema()["properties"]["tests"]["items"]["properties"]["alerts"]["items"]
    alert = alert_json(sample_alert(), {"title": "t", "summary": "s"}).keys()
    assert expectation["properties"].keys() == alert - {"id", "rule_id", "rule_version"} | {*RENDERED_KEYS}


RULE = {"id": "a", "title": "t", "severity": "low", "match": {"a": 1}}
GOOD = [
    *({"match": {"a": {name: OPERATORS[NEGATIVES.get(name, name)].example}}} for name in (*OPERATORS, *NEGATIVES)),
    *({"match": {"a": test}} for test in (1, "x", None, True, 1.5, [1, "x", None], {"not": {"not": 1}})),
    {"match": {}},
    {"match": {"all": [{"a": 1}], "any": [{"b": 1}], "not": {"c": 1}}},
    {"match": {"a": {"equals": "x", "ignore_case": True}}},
    {"match": {"a": {"any_element": {"this": 1, "b": {"length": {"gte": 1}}}}}},
    *({"when": when} for when in ("each", {"each": None}, {"each": {"by": ["a", "b"]}})),
    {"when": {"count": {"at_least": 5, "within": "1h30m", "by": "a"}}},
    {"suppress": {"for": 0}},
    {"suppress": {"for": "0s"}},
    {"alert": {"severity": "high"}},
    {"alert": {"severity": [{"if": {"a": 1}, "then": "low"}]}},
]
BAD = [
    {"match": None},
    {"match": {"a": []}},
    {"match": {"a": {}}},
    {"match": {"a": {"eq": 1}}},
    {"match": {"a": {"any": [{"a": 1}]}}},
    {"match": {"a": {"in": [{"b": 1}]}}},
    {"match": {"a": {"exists": "yes"}}},
    {"match": {"a": {"starts_with": 5}}},
    {"match": {"a": {"starts_with": []}}},
    {"match": {"a": {"ignore_case": 1, "equals": "x"}}},
    {"match": {"a": {"any_element": 1}}},
    {"match": {"a": {"same_as": 5}}},
    {"match": {"a": {"during": {"hour": "08:00-18:00"}}}},
    {"match": {"a": {"during": {"hours": "8-18"}}}},
    {"match": {"a": {"during": {"days": "mon-fry"}}}},
    {"match": {"any": {"a": 1}}},
    {"match": {"all": []}},
    {"match": {"use": 5}},
    *(
        {"when": when}
        for when in ("count", "x", [], {}, {"x": {}}, {"count": {}}, {"each": {}, "changed": {"of": "a"}})
    ),
    {"when": {"count": {"at_least": 0, "within": "1m"}}},
    {"when": {"count": {"at_least": 5, "within": "1 minute"}}},
    {"when": {"count": {"at_least": 5, "within": 60}}},
    {"suppress": {"for": 5}},
    {"suppress": {"for": "soon"}},
    {"alert": {"severity": []}},
    {"alert": {"severity": [{"if": {"a": 1}}]}},
    {"alert": {"severity": "hgh"}},
    {"tests": [{"name": "x", "events": [], "alerts": []}]},
]


@pytest.mark.parametrize(("part", "good"), [*((part, True) for part in GOOD), *((part, False) for part in BAD)])
def test_schema_and_reader_agree(build: Callable, part: dict, good: bool) -> None:
    """What an editor accepts the reader accepts, and what one refuses the other refuses."""
    rule = RULE | part
    assert Draft202012Validator(rule_schema(), registry=Registry()).is_valid(rule) is good
    assert (build(json.dumps(rule)).rule is not None) is good


FOREIGN = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "ratio": {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "target": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["url"], "properties": {"url": {}}}]},
        "names": {"propertyNames": {"pattern": "^[a-z]+$", "patternErrorMessage": "lower-case letters"}},
        "even": {"multipleOf": 2},
    },
}


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("{}", "missing-key", 1, 'the key "name" is missing'),
        ("[]", "wrong-type", 1, "the document must be a mapping, not a list"),
        ("{name: a, port: 0}", "bad-value", 17, '"port" must be at least 1'),
        ("{name: a, port: 70000}", "bad-value", 17, '"port" must be at most 65535'),
        ("{name: a, ratio: 0}", "bad-value", 18, '"ratio" must be more than 0'),
        ("{name: a, ratio: 1}", "bad-value", 18, '"ratio" must be less than 1'),
        ("{name: a, names: {A: 1}}", "bad-value", 19, 'the name "A" is not well-formed'),
        ("{name: a, even: 3}", "bad-value", 17, '"even" is not allowed here: 3 is not a multiple of 2'),
        ("{nam: a}", "unknown-key", 2, 'unknown key "nam"'),
        ("{name: a, target: 5}", "wrong-type", 19, '"target" must be a string or a mapping, not a number'),
        ("{name: a, target: {}}", "missing-key", 11, 'the key "url" is missing in "target"'),
    ],
)
def test_any_schema_gives_places_and_words(text: str, code: str, column: int, words: str) -> None:
    """The validator serves other YAML files with schemas of their own, alternatives included."""
    problems = validate_document(read_documents("f", text.encode()).documents[0], FOREIGN)
    assert [(problem.code, problem.span.column) for problem in problems] == [(code, column)], problems
    assert problems[0].summary.startswith(words)


def test_references_open_nothing() -> None:
    """A `$ref` to another document fails without a connection or a file being opened."""
    validator = compile_schema({"$ref": "file:///etc/hostname"})
    with pytest.raises(Exception, match="Unresolvable"):
        validate_document(read_documents("f", b"a: 1").documents[0], validator)
