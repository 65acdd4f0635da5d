"""The JSON Schema (draft 2020-12) of rules and definitions, made from the declarations of operators and conditions.

It serves editors (completion, hovering, a first check) and our own check of the outline. Alternatives are told apart by
``if``/``then`` on the type, never by a bare ``oneOf``, whose errors name everything but the one wrong key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from trailbell_engine.alert import SEVERITIES
from trailbell_engine.conditions import BY, CONDITIONS, ConditionSpec, Parameter
from trailbell_engine.operators import NEGATIVES, OPERATORS

from .schema_parts import DURATION, NAME, PATH, PATHS, SCALARS, SCHEDULE, TEXT, TEXTS, choice, described, mapping

Schema: TypeAlias = dict[str, Any]

_HOME: Final = "https://github.com/trailbell/trailbell/schema/"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PREDICATE: Final = {"$ref": "#/$defs/predicate"}
_TEST: Final = {"$ref": "#/$defs/test"}
_SEVERITY: Final = {"$ref": "#/$defs/severity"}

_KINDS: Final[Mapping[str, Schema]] = {
    "path": PATH,
    "paths": PATHS,
    "duration": DURATION,
    "count": {"type": "integer", "minimum": 1},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "predicate": _PREDICATE,
}
"""How each kind of condition parameter is written."""


@cache
def rule_schema() -> Schema:
    """The schema of one rule, version 1. Do not change what it returns: it is shared."""
    return {
        "$schema": _DIALECT,
        "$id": _HOME + "rule-1.schema.json",
        "title": "trailbell rule",
        "description": "Which events, what about them over time, and what a person reads.",
        **mapping(_rule_keys(), required=("id", "title", "severity", "match")),
        "$defs": _definitions(),
    }


@cache
def definitions_schema() -> Schema:
    """The schema of a definitions file (``_*.yaml``), version 1. Do not change what it returns: it is shared."""
    named_list = choice(
        array=SCALARS,
        otherwise=mapping(
            {
                "file": described(TEXT, "A file beside this one: one value a line, or CSV with `column`.", "vips.txt"),
                "column": described(TEXT, "The column of a CSV file, by its name in the first line.", "email"),
            },
            required=("file",),
        ),
    )
    return {
        "$schema": _DIALECT,
        "$id": _HOME + "definitions-1.schema.json",
        "title": "trailbell definitions",
        "description": "Schedules, lists and predicates that the rules of a folder share.",
        **mapping(
            {
                "schedules": described(_named({"$ref": "#/$defs/schedule"}), "For `during` and `outside`."),
                "lists": described(_named(named_list), "For `in`, `not_in`, `cidr` and `not_cidr`."),
                "predicates": described(_named(_PREDICATE), "For `use`."),
            }
        ),
        "$defs": _definitions(),
    }


def outline(schema: Schema) -> Schema:
    """The schema without what has a reader of its own, whose messages are better: predicates, conditions, schedules."""
    opaque = dict.fromkeys(("predicate", "condition", "schedule"), True)
    return schema | {"$defs": schema["$defs"] | opaque}


def _named(each: Schema) -> Schema:
    return {"type": "object", "propertyNames": NAME, "additionalProperties": each}


def _rule_keys() -> Schema:
    return {
        "id": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9-]*$",
            "maxLength": 100,
            "patternErrorMessage": "an id has lower-case letters, digits and dashes, such as `login-new-country`",
            "description": "Unique in the rule set; alerts and their state carry it.",
            "examples": ["login-new-country"],
        },
        "title": described(TEXT, "One line that people read first. A Jinja2 template.", "{{ user_email }} logged in"),
        "severity": described(_SEVERITY, "How urgent an alert is.", "high"),
        "match": described(
            _PREDICATE, "Which events: field path -> test; all must hold.", {"event_type": "USER_LOGIN"}
        ),
        "when": described({"$ref": "#/$defs/condition"}, "What about them over time; `each` by default."),
        "alert": _alert(),
        "suppress": mapping(
            {
                "for": described(_duration_or_zero(), "Repeats fold into the open alert for so long.", "1h"),
                "by": described(PATHS, "Per which key repeats fold; the key of `when` by default.", "user_email"),
            },
            description="How repeats are folded into the open alert.",
        ),
        "description": described({"type": "string"}, "Why it matters and when it is harmless."),
        "references": described({"type": "array", "items": TEXT}, "Links for who receives the alert."),
        "runbook": described(TEXT, "The link to what to do."),
        "tags": described({"type": "array", "items": TEXT}, "Words to find rules by.", ["vonage"]),
        "owner": described(TEXT, "Who keeps this rule.", "telecom-platform"),
        "notify": described(TEXTS, "Names of receivers; the routes decide by default.", ["security-slack"]),
        "status": {
            "enum": ["stable", "experimental"],
            "description": "An experimental rule is evaluated and stored, and nobody is told.",
        },
        "tests": {"type": "array", "items": _test_case(), "description": "Events, and the alerts they must give."},
    }


def _duration_or_zero() -> Schema:
    return {"if": {"type": "number"}, "then": {"const": 0}, "else": DURATION}


def _alert() -> Schema:
    case = mapping({"if": _PREDICATE, "then": _SEVERITY}, required=("if", "then"))
    return mapping(
        {
            "summary": described(TEXT, "One sentence: who did what to what, from where. A Jinja2 template."),
            "fields": described({"type": "array", "items": PATH}, "Fields shown with their values.", ["source_ip"]),
            "severity": described(
                choice(array={"type": "array", "items": case, "minItems": 1}, otherwise=_SEVERITY),
                "Another severity where the opening event meets a predicate; the first that holds wins.",
                [{"if": {"source_country": "GB"}, "then": "low"}],
            ),
        },
        description="What a person reads.",
    )


def _test_case() -> Schema:
    expectation = mapping(
        {
            "severity": _SEVERITY,
            "title": {"type": "string"},
            "summary": {"type": "string"},
            "key": {"type": "object"},
            "count": {"type": "integer", "minimum": 1},
            "opened_at": {"type": "string"},
            "last_at": {"type": "string"},
            "event_ids": {"type": "array", "items": {"type": "string"}},
            "state": {"enum": ["open", "resolved"]},
        },
        description="What to compare of an alert; what is left out is not compared.",
    )
    return mapping(
        {
            "name": described(TEXT, "What the test shows, as a sentence."),
            "events": {"type": "array", "items": {"type": "object"}, "minItems": 1, "description": "In order."},
            "alerts": {"type": "array", "items": expectation, "description": "All alerts, in order; `[]` for none."},
        },
        required=("name", "events", "alerts"),
    )


def _definitions() -> Schema:
    return {
        "severity": {"enum": list(SEVERITIES)},
        "predicate": _predicate(),
        "test": choice(
            mapping_={"$ref": "#/$defs/operators"},
            array=SCALARS | {"description": "Any of these values."},
            otherwise={"type": ["string", "number", "boolean", "null"]},
        ),
        "operators": _operators(),
        "condition": choice(mapping_=_conditions(), otherwise={"const": "each"}),
        "schedule": SCHEDULE,
        "scheduleOrName": choice(mapping_={"$ref": "#/$defs/schedule"}, otherwise=TEXT),
    }


def _predicate() -> Schema:
    parts = {"type": "array", "items": _PREDICATE, "minItems": 1}
    return {
        "type": "object",
        "description": "Field path -> test. All entries must hold.",
        "properties": {
            "all": described(parts, "Every one of these predicates holds."),
            "any": described(parts, "At least one of these predicates holds."),
            "not": described(_PREDICATE, "The predicate does not hold."),
            "use": described(TEXT, "The name of a predicate of a definitions file."),
        },
        "additionalProperties": _TEST,
    }


def _operators() -> Schema:
    keys = {
        name: {**operator.schema, "description": f"Holds if {operator.summary}.", "examples": [operator.example]}
        for name, operator in OPERATORS.items()
    }
    for negative, name in NEGATIVES.items():
        keys[negative] = keys[name] | {"description": f"Holds exactly where `{name}` does not."}
    keys["not"] = described(_TEST, "Holds exactly where the test does not.")
    keys["ignore_case"] = described({"type": "boolean"}, "Strings are compared without case.")
    return mapping(keys, description="Every operator must hold.") | {"minProperties": 1}


def _conditions() -> Schema:
    keys = {name: _condition(spec) for name, spec in CONDITIONS.items()}
    return mapping(keys) | {"minProperties": 1, "maxProperties": 1}


def _condition(spec: ConditionSpec) -> Schema:
    parameters = (*spec.parameters, BY)
    required = tuple(parameter.name for parameter in parameters if parameter.required)
    schema = mapping({parameter.name: _parameter(parameter) for parameter in parameters}, required=required)
    return schema | {"type": "object" if required else ["object", "null"], "description": f"Fires when {spec.summary}."}


def _parameter(parameter: Parameter) -> Schema:
    schema = _KINDS[parameter.kind] | {"description": parameter.summary}
    return schema if parameter.default is None else schema | {"default": parameter.default}
