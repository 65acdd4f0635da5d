"""Fragments of the OpenAPI document: schemas of what goes in and out, and short ways to put operations together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from trailbell_engine.alert import SEVERITIES

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": "string", "format": "date-time"}
_OBJECT: Final = {"type": "object"}
INSTANT: Final = {
    "type": "string",
    "format": "date-time",
    "description": "As ISO 8601 writes it; without a zone it is UTC.",
}


def text_of(description: str) -> dict[str, Any]:
    """A text."""
    return {**_TEXT, "description": description}


def array_of(items: Mapping[str, Any]) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": dict(items)}


def reference(name: str) -> dict[str, str]:
    """A schema of ``COMPONENTS``."""
    return {"$ref": f"#/components/schemas/{name}"}


def JSON(schema: Mapping[str, Any], kind: str = "application/json") -> dict[str, Any]:  # noqa: N802 - the form's name
    """``content`` of one form."""
    return {"content": {kind: {"schema": dict(schema)}}}


def parameter(name: str, schema: Mapping[str, Any], *, place: str = "query", free: bool = False) -> dict[str, Any]:
    """A parameter. ``free`` says that any text will do; in a query, an empty one is as none."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": dict(schema),
        **({"allowEmptyValue": True} if free and place == "query" else {}),
    }


def reply(name: str) -> dict[str, Any]:
    """A good answer."""
    return {"description": name, **JSON(reference(name))}


def refusals(name: str, *statuses: int) -> dict[str, Any]:
    """The refusals that an operation knows, in the shape of its part of the API."""
    kind = "application/problem+json" if name == "Problem" else "application/json"
    described = {
        status: {"description": HTTPStatus(status).phrase, **JSON(reference(name), kind)} for status in statuses
    }
    return {str(status): answer for status, answer in described.items()}


def body(name: str) -> dict[str, Any]:
    """A JSON body that must be there."""
    return {"required": True, **JSON(reference(name))}


def operation(
    summary: str, parameters: Sequence[Any], responses: Mapping[str, Any], *, security: str = "token"
) -> dict[str, Any]:
    """An operation. ``security`` is who may: ``token``, ``audit``, ``sender``, or nobody in particular."""
    schemes: dict[str, list[dict[str, list[str]]]] = {
        "token": [{"bearer": []}, {"basic": []}, {}],
        "audit": [{"basic": []}],
        "sender": [{"bearer": []}, {"basic": []}],
        "": [],
    }
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": dict(responses),
        "security": schemes[security],
    }


def _record(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


_LINK: Final = _record({"href": {"type": "string", "format": "uri"}})
_ALERT: Final = _record(
    {
        "id": _TEXT,
        "rule_id": _TEXT,
        "rule_version": _TEXT,
        "severity": {"enum": list(SEVERITIES)},
        "title": _TEXT,
        "summary": _TEXT,
        "key": _OBJECT,
        "opened_at": _TIME,
        "last_at": _TIME,
        "count": _COUNT,
        "event_ids": array_of(_TEXT),
        "state": {"enum": ["open", "resolved"]},
    }
)
_NEXT: Final = {"type": ["string", "null"], "description": "The cursor of the next page; null at the end."}
_DELIVERY: Final = _record(
    {"id": _TEXT, "alert_id": _TEXT, "receiver": _TEXT, "state": _TEXT, "attempts": _COUNT, "created_at": _TIME}
)
_PAGE: Final = _record(
    {"size": _COUNT, "totalElements": _COUNT, "totalPages": _COUNT, "number": {"type": "integer", "minimum": 1}}
)
_SILENCE: Final = _record(
    {
        "id": _TEXT,
        "matchers": array_of(_TEXT),
        "starts_at": _TIME,
        "ends_at": _TIME,
        "author": _TEXT,
        "comment": _TEXT,
        "state": {"enum": ["pending", "active", "expired"]},
    }
)
_MATCHER: Final = _record(
    {"name": {**_TEXT, "minLength": 1}, "value": _TEXT},
    {"isRegex": {"type": "boolean"}, "isEqual": {"type": "boolean"}},
)

COMPONENTS: Final[dict[str, Any]] = {
    "securitySchemes": {
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
    },
    "schemas": {
        "Anything": _OBJECT,
        "AuditEvent": _record(
            {"id": _TEXT, "event_type": _TEXT, "created_at": _TEXT, "_links": _record({"self": _LINK})},
            {"context": _OBJECT},
        ),
        "AuditPage": _record(
            {
                "_embedded": _record({"events": array_of(reference("AuditEvent"))}),
                "_links": _record({"self": _LINK, "last": _LINK}, {"next": _LINK}),
                "page": _PAGE,
            }
        ),
        "AuditEventTypes": _record({"eventTypes": array_of(_record({"type": _TEXT, "description": _TEXT}))}),
        "AuditError": _record({"status": {"type": "integer"}, "error": _TEXT, "message": _TEXT}),
        "Problem": _record({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}),
        "Message": _TEXT,
        "Accepted": _record({"accepted": _COUNT, "errors": array_of(_record({"index": _COUNT, "reason": _TEXT}))}),
        "ExportLogsRequest": _record({}, {"resourceLogs": array_of(_OBJECT)}),
        "ExportLogsResponse": _record(
            {}, {"partialSuccess": _record({"rejectedLogRecords": _TEXT, "errorMessage": _TEXT})}
        ),
        "RpcStatus": _record({"code": {"type": "integer"}, "message": _TEXT}),
        "Alert": _ALERT,
        "Alerts": _record({"alerts": array_of(_ALERT), "next": _NEXT}),
        "Deliveries": _record({"deliveries": array_of(_DELIVERY), "next": _NEXT}),
        "Rule": _record({"id": _TEXT, "version": _TEXT, "severity": _TEXT, "title": _TEXT, "when": _OBJECT}),
        "Rules": _record({"rules": array_of(reference("Rule"))}),
        "Coverage": _record(
            {
                "schema": {"const": 1},
                "from": _TIME,
                "until": _TIME,
                "sources": array_of(_OBJECT),
                "rules": array_of(
                    _record(
                        {
                            "id": _TEXT,
                            "version": _TEXT,
                            "status": _TEXT,
                            "learns": {"type": "boolean"},
                            "not_seen": array_of(_OBJECT),
                        }
                    )
                ),
            }
        ),
        "DryRun": {
            **_record(
                {"rules": {**text_of("The text of rules."), "minLength": 1}},
                {"since": text_of("A duration or a time; 30d."), "until": text_of("A duration or a time.")},
            ),
            "additionalProperties": False,
        },
        "Report": _record(
            {"schema": {"const": 1}, "rules": array_of(_OBJECT), "events": _OBJECT, "alerts": array_of(_OBJECT)}
        ),
        "Health": _record({"status": {"const": "ok"}}),
        "Ready": _record(
            {
                "status": {"enum": ["ok", "failing"]},
                "problem": {"type": ["string", "null"]},
                "sources": array_of(_OBJECT),
            }
        ),
        "GettableAlert": _record(
            {
                "labels": {"type": "object", "additionalProperties": _TEXT},
                "annotations": {"type": "object", "additionalProperties": _TEXT},
                "startsAt": _TIME,
                "endsAt": _TIME,
                "updatedAt": _TIME,
                "fingerprint": _TEXT,
                "receivers": array_of(_record({"name": _TEXT})),
                "status": _OBJECT,
            }
        ),
        "NewSilence": {
            **_record(
                {
                    "matchers": {**array_of(_TEXT), "minItems": 1},
                    "ends_at": _TIME,
                    "author": {**_TEXT, "minLength": 1},
                    "comment": {**_TEXT, "minLength": 1},
                },
                {"starts_at": _TIME},
            ),
        },
        "Silence": _SILENCE,
        "Silences": _record({"silences": array_of(_SILENCE)}),
        "PostableSilence": _record(
            {"matchers": {**array_of(_MATCHER), "minItems": 1}, "endsAt": _TIME}, {"startsAt": _TIME, "id": _TEXT}
        ),
        "GettableSilence": _record(
            {"id": _TEXT, "matchers": array_of(_MATCHER), "startsAt": _TIME, "endsAt": _TIME, "status": _OBJECT}
        ),
        "SilenceId": _record({"silenceID": _TEXT}),
        "AlertmanagerStatus": _record({"cluster": _OBJECT, "versionInfo": _OBJECT, "config": _OBJECT, "uptime": _TIME}),
    },
}
