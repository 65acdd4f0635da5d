"""The JSON Schema of ``trailbell.yaml``. Each channel declares its own settings; the rest is here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from trailbell_notifiers.channel import receiver_schema
from trailbell_notifiers.routing import SCHEMA as ROUTE_SCHEMA
from trailbell_rules.schema_parts import DURATION, TEXT, described, mapping

_NAME: Final = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
_DURATION_OR_ZERO: Final = DURATION | {"pattern": f"^0s$|{DURATION['pattern']}"}


@lru_cache(maxsize=1)
def config_schema() -> dict[str, Any]:
    """Draft 2020-12; unknown keys are refused everywhere."""
    schema = mapping(
        {
            "rules": described(
                {"type": ["string", "array"], "items": TEXT, "minItems": 1, "minLength": 1},
                "Rule files, folders and shipped packs (`pack:vonage`); relative to this file.",
                ["rules/", "pack:vonage"],
            ),
            "state": described(TEXT, "The folder of the store; relative to this file.", ".trailbell/"),
            "sources": mapping({"vonage": _vonage()}, description="Where events come from."),
            "receivers": described(_receivers(), "Who can be told, by name."),
            "route": described({"$ref": "#/$defs/route"}, "Who is told of what, where a rule has no `notify`."),
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trailbell configuration",
        **schema,
        "$defs": {"route": ROUTE_SCHEMA},
    }


def _vonage() -> dict[str, Any]:
    words: dict[str, tuple[dict[str, Any], str, str]] = {
        "since": (DURATION, "How far back the first run looks.", "1d"),
        "poll_every": (DURATION, "How often the API is asked.", "60s"),
        "lateness": (_DURATION_OR_ZERO, "How late an event may come and still be taken in its order.", "1m"),
        "overlap": (DURATION, "How far each poll reaches back over the one before it.", "5m"),
        "url": (TEXT, "Another address of the API.", "https://api.nexmo.com/beta/audit"),
    }
    schema = mapping({name: described(*entry) for name, entry in words.items()})
    return described(schema, "The Vonage Audit API, with VONAGE_API_KEY and VONAGE_API_SECRET from the environment.")


def _receivers() -> dict[str, Any]:
    kinds = {name: part for name, part in receiver_schema()["properties"].items() if name != "name"}
    one = mapping(kinds) | {"minProperties": 1, "maxProperties": 1}
    names = {"pattern": _NAME, "patternErrorMessage": "a name has letters, digits, dots, dashes and underscores"}
    return {"type": "object", "propertyNames": names, "additionalProperties": one}
