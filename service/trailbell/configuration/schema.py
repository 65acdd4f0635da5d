"""The JSON Schema of ``trailbell.yaml``. Each channel and source declares its own settings; the rest is here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from trailbell.http.settings import http_schema
from trailbell.sources.kinds import kinds, maker_of
from trailbell.upkeep.retention import SCHEMA as RETENTION_SCHEMA
from trailbell.watch.limits import SCHEMA as WATCH_SCHEMA
from trailbell_notifiers.channel import receiver_schema
from trailbell_notifiers.policy.inhibition import SCHEMA as INHIBIT_SCHEMA
from trailbell_notifiers.policy.intervals import SCHEMA as INTERVALS_SCHEMA
from trailbell_notifiers.policy.routing import SCHEMA as ROUTE_SCHEMA
from trailbell_rules.schema_parts import TEXT, described, mapping

from .policy import SILENCES_SCHEMA
from .receivers import SCHEMA as OPTIONS

_NAME: Final = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


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
            "state": described(
                TEXT,
                "The folder of the store, relative to this file; or a database: `postgresql://user@host/database`.",
                ".trailbell/",
            ),
            "sources": described(_sources(), "Where events come from."),
            "receivers": described(_receivers(), "Who can be told, by name."),
            "route": described({"$ref": "#/$defs/route"}, "Who is told of what, where a rule has no `notify`."),
            "inhibit": INHIBIT_SCHEMA,
            "time_intervals": INTERVALS_SCHEMA,
            "silences": SILENCES_SCHEMA,
            "http": http_schema(),
            "retention": RETENTION_SCHEMA,
            "source_alerts": described(
                {"type": "boolean"}, "Tell of sources that fail, lag or are quiet: `pack:trailbell` runs, too.", True
            ),
            "rule_cache": described(
                {"type": "boolean"}, "Keep what rules were read, in the state folder, for a quicker start.", True
            ),
            "watch_rules": described(
                {"type": "boolean"}, "Read rules again when their files change; without, at SIGHUP only.", True
            ),
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trailbell configuration",
        **schema,
        "$defs": {"route": ROUTE_SCHEMA},
    }


def _sources() -> dict[str, Any]:
    """By the kind's name its settings; by any other name one kind with its settings, for a second one of a kind."""
    schemas = {kind: _watched(maker_of(kind).SCHEMA) for kind in kinds()}
    one = mapping(schemas) | {"minProperties": 1, "maxProperties": 1}
    names = {"pattern": _NAME, "patternErrorMessage": "a name has letters, digits, dots, dashes and underscores"}
    return {"type": "object", "properties": schemas, "propertyNames": names, "additionalProperties": one}


def _watched(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a source's settings, with what can be said of any."""
    return schema | {"properties": schema.get("properties", {}) | {"watch": WATCH_SCHEMA}}


def _receivers() -> dict[str, Any]:
    kinds = {name: part for name, part in receiver_schema()["properties"].items() if name != "name"}
    one = mapping(kinds | OPTIONS) | {"minProperties": 1, "maxProperties": 1 + len(OPTIONS)}
    names = {"pattern": _NAME, "patternErrorMessage": "a name has letters, digits, dots, dashes and underscores"}
    return {"type": "object", "propertyNames": names, "additionalProperties": one}
