"""Fragments of JSON Schema that several schemas share, and three ways to put them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trailbell_engine.schedule import DAYS

TEXT: Final = {"type": "string", "minLength": 1}
TEXTS: Final = {"type": "array", "items": TEXT}
SCALARS: Final = {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}, "minItems": 1}
NAME: Final = {
    "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]*$",
    "patternErrorMessage": "a name has letters, digits, dashes and underscores",
}
PATH: Final = {"type": "string", "minLength": 1, "examples": ["user_email", "context.voice-type", "roles[0].name"]}
PATHS: Final = {"type": ["string", "array"], "minLength": 1, "items": PATH, "minItems": 1}
DURATION: Final = {
    "type": "string",
    "pattern": r"^(?=.)(\d{1,9}w)?(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s)?(\d{1,9}ms)?$",
    "patternErrorMessage": "a duration is written `90s`, `10m`, `1h30m`, `2d` or `1w`",
    "examples": ["10m", "1h30m"],
}
DURATION_OR_ZERO: Final = DURATION | {"pattern": f"^0s$|{DURATION['pattern']}"}
SHARE: Final = {
    "if": {"type": "string"},
    "then": {"pattern": r"^\d{1,3}(\.\d{1,9})? ?%$", "patternErrorMessage": "a percentage is written `20%`"},
    "else": {"type": "number", "minimum": 0, "maximum": 1},
    "examples": [0.2, "20%"],
}
SPEED: Final = {
    "type": "string",
    "pattern": r"^\d{1,7}(\.\d{1,6})? ?(km/h|kmh|kph|mph|m/s|kn)$",
    "patternErrorMessage": "a speed is written `900 km/h`, `560 mph` or `250 m/s`",
    "examples": ["900 km/h"],
}
TIME: Final = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$",
    "patternErrorMessage": "a time is written `2026-11-02T10:00:00Z`; without a zone it is UTC",
    "examples": ["2026-11-02T10:00:00Z"],
}

_DAY: Final = "|".join(DAYS)
_DAYS: Final = {
    "type": "string",
    "pattern": f"^({_DAY})(-({_DAY}))?$",
    "patternErrorMessage": "days are written `mon-fri`, `sat`, or as a list of these",
    "examples": ["mon-fri", "sat"],
}
_TIME: Final = r"([01]?\d|2[0-3]):[0-5]\d"
_HOURS: Final = {
    "type": "string",
    "pattern": rf"^{_TIME}-({_TIME}|24:00)$",
    "patternErrorMessage": "hours are written `08:00-18:00`, or `22:00-06:00` over midnight",
    "examples": ["08:00-12:00", "22:00-06:00"],
}


def described(schema: Mapping[str, Any], description: str, example: Any = None) -> dict[str, Any]:
    """The schema with the words that an editor shows."""
    words = {"description": description} if example is None else {"description": description, "examples": [example]}
    return {**schema, **words}


def mapping(keys: Mapping[str, Any], required: Sequence[str] = (), description: str = "") -> dict[str, Any]:
    """A mapping with exactly these keys."""
    schema: dict[str, Any] = {"type": "object", "properties": dict(keys), "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return described(schema, description) if description else schema


def choice(
    *, otherwise: Mapping[str, Any], mapping_: Mapping[str, Any] | None = None, array: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Alternatives told apart by their type, so that an error speaks of the one that was meant."""
    schema = dict(otherwise)
    for type_, then in (("array", array), ("object", mapping_)):
        if then is not None:
            schema = {"if": {"type": type_}, "then": dict(then), "else": schema}
    return schema


SCHEDULE: Final = mapping(
    {
        "timezone": described(
            choice(
                mapping_=mapping(
                    {
                        "from": described(PATH, "The field that holds the subject's own zone."),
                        "default": described(TEXT, "The zone where the field has none.", "UTC"),
                    },
                    required=("from", "default"),
                ),
                otherwise=TEXT,
            ),
            "An IANA zone, or `{from: path, default: zone}`; UTC by default.",
            "Europe/London",
        ),
        "days": described(
            choice(array={"type": "array", "items": _DAYS, "minItems": 1}, otherwise=_DAYS),
            "Weekdays on which the hours begin; every day by default.",
            "mon-fri",
        ),
        "hours": described(
            choice(array={"type": "array", "items": _HOURS, "minItems": 1}, otherwise=_HOURS),
            "Local time, end exclusive, over midnight if the end comes first; the whole day by default.",
            ["08:00-12:00", "13:00-18:30"],
        ),
        "holidays": described(
            {
                "type": "string",
                "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,4})?$",
                "patternErrorMessage": "a country is written `GB`, one with a subdivision `GB-ENG`",
            },
            "A country, or one with a subdivision, whose public holidays are left out.",
            "GB-ENG",
        ),
    },
    description="Hours of a week in local time.",
)
