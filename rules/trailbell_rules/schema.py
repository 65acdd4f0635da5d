"""The JSON Schema (draft 2020-12) of rules and definitions, made from the declarations of operators and conditions.

It serves editors (completion, hovering, a first check) and our own check of the outline. Alternatives are told apart by
``if``/``then`` on the type, never by a bare ``oneOf``, whose errors name everything but the one wrong key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from trailbell_engine.alert import SEVERITIES
from trailbell_engine.conditions import BY, CONDITIONS, ConditionSpec, Parameter
from trailbell_engine.operators import NEGATIVES, OPERATORS
from trailbell_engine.rule import MAX_KEYS

from .schema_parts import (
    DURATION,
    NAME,
    PATH,
    PATHS,
    SCALARS,
    SCHEDULE,
    SHARE,
    SPEED,
    TEXT,
    TEXTS,
    TIME,
    choice,
    described,
    mapping,
)

Schema: TypeAlias = dict[str, Any]

_HOME: Final = "https://github.com/trailbell/trailbell/schema/"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PREDICATE: Final = {"$ref": "#/$defs/predicate"}
_TEST: Final = {"$ref": "#/$defs/test"}
_ONE_OR_MORE: Final = choice(array=TEXTS | {"minItems": 1}, otherwise=TEXT)
_SEVERITY: Final = {"$ref": "#/$defs/severity"}

_KINDS: Final[Mapping[str, Schema]] = {
    "path": PATH,
    "paths": PATHS,
    "duration": DURATION,
    "count": {"type": "integer", "minimum": 1},
    "number": {"type": "number"},
    "share": SHARE,
    "speed": SPEED,
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
    "predicate": _PREDICATE,
    "steps": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/step"}},
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
        "description": "Schedules, lists, predicates and lookups that the rules of a folder share.",
        **mapping(
            {
                "schedules": described(_named({"$ref": "#/$defs/schedule"}), "For `during` and `outside`."),
                "lists": described(_named(named_list), "For `in`, `not_in`, `cidr` and `not_cidr`."),
                "predicates": described(_named(_PREDICATE), "For `use`."),
                "lookups": described(_named(_lookup()), "Tables: `lookup.NAME.COLUMN` is a field of the event then."),
            }
        ),
        "$defs": _definitions(),
    }


def _lookup() -> Schema:
    return mapping(
        {
            "file": described(TEXT, "A table beside this file: .csv with a header, .json or .mmdb.", "people.csv"),
            "key": described(PATH, "The field of the event whose value is looked up.", "user_email"),
            "on": described(TEXT, "The column that holds the keys; the first by default.", "email"),
        },
        required=("file", "key"),
    )


def outline(schema: Schema) -> Schema:
    """The schema without what has a reader of its own, whose messages are better: predicates, conditions, schedules.

    Its references are replaced by what they refer to: following each of them anew takes most of the time of a check.
    """
    opaque: Schema = {name: {} for name in ("predicate", "condition", "schedule")}
    targets = {f"#/$defs/{name}": target for name, target in (schema["$defs"] | opaque).items()}
    return {name: _inlined(part, targets) for name, part in schema.items() if name != "$defs"}


def _inlined(part: Any, targets: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(entry, targets) for entry in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(targets[part["$ref"]], targets) | {name: part[name] for name in part if name != "$ref"}
    return {name: _inlined(entry, targets) for name, entry in part.items()}


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
        "when": described({"$ref": "#/$defs/condition"}, "What about them over time; `each` by default.", "each"),
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
        "budget": mapping(
            {"alerts_per_day": described({"type": "number", "exclusiveMinimum": 0}, "On average, over history.", 0.5)},
            required=("alerts_per_day",),
            description="How many alerts the rule may make; `dry-run --budget` fails where it makes more.",
        ),
        "limits": mapping(
            {"keys": described({"type": "integer", "minimum": 1}, "Values of `by` that are remembered at once.", 1000)},
            required=("keys",),
            description=f"What the rule may remember: {MAX_KEYS:,} keys by default; events of others are counted.",
        ),
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
            )
            | {"examples": [[{"if": {"source_country": "GB"}, "then": "low"}], *SEVERITIES]},
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
            "count": {"type": "integer", "minimum": 0},
            "opened_at": TIME,
            "last_at": TIME,
            "event_ids": {"type": "array", "items": {"type": "string"}},
            "state": {"enum": ["open", "resolved"]},
            "slack": described(_ONE_OR_MORE, "A text, or several, that the Slack message must contain."),
            "email": described(_ONE_OR_MORE, "A text, or several, that the mail must contain, its subject included."),
            "told": described(TEXTS, "The receivers that are told: `notify` of the rule, else the configured routes."),
        },
        description="What to compare of an alert; what is left out is not compared.",
    )
    return mapping(
        {
            "name": described(TEXT, "What the test shows, as a sentence."),
            "events": {
                "type": "array",
                "items": _event_or_tick(),
                "minItems": 1,
                "description": "In order; `{tick: TIME}` says that the clock has come so far.",
            },
            "alerts": {"type": "array", "items": expectation, "description": "All alerts, in order; `[]` for none."},
        },
        required=("name", "events", "alerts"),
    )


def _event_or_tick() -> Schema:
    tick = described(TIME, "The clock: no older event is to come. It shows what happens because none does.")
    return {
        "type": "object",
        "if": {"type": "object", "required": ["tick"], "maxProperties": 1},
        "then": {"properties": {"tick": tick}},
    }


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
        "step": _step(),
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
    # The numbers stand apart: beside `properties`, yaml-language-server takes the line being typed for the one key.
    return mapping(keys) | {"allOf": [{"minProperties": 1, "maxProperties": 1}]}


def _condition(spec: ConditionSpec) -> Schema:
    parameters = (*spec.parameters, BY)
    required = [parameter.name for parameter in parameters if parameter.required]
    schema = mapping({parameter.name: _parameter(parameter) for parameter in parameters})
    words = {"type": "object" if required else ["object", "null"], "description": f"Fires when {spec.summary}."}
    return schema | words | ({"allOf": [_required(required, [*schema["properties"]])]} if required else {})


def _required(names: Sequence[str], known: Sequence[str]) -> Schema:
    """These keys must be there, unless there is one that is not known: it may be meant for one of them."""
    return {"if": {"propertyNames": {"enum": list(known)}}, "then": {"required": list(names)}}


def _step() -> Schema:
    return mapping(
        {
            "name": described(TEXT, "What the step is called in messages; by default its number.", "password reset"),
            "match": described(_PREDICATE, "Which of the rule's events.", {"event_type": "USER_UPDATE"}),
            "at_least": {"type": "integer", "minimum": 1, "default": 1, "description": "How many of them."},
            "absent": {"type": "boolean", "default": False, "description": "There must be none of them."},
        },
        required=("match",),
        description="One step of a sequence.",
    )


def _parameter(parameter: Parameter) -> Schema:
    schema = _KINDS[parameter.kind] | {"description": f"{parameter.summary[0].upper()}{parameter.summary[1:]}."}
    if parameter.choices:
        schema |= {"enum": list(parameter.choices)}
    return schema if parameter.default is None else schema | {"default": parameter.default}
