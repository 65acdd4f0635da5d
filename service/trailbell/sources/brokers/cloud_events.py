"""CloudEvents 1.0 on brokers: attributes in headers (binary mode), or the whole event in the body (structured mode).

Sources: github.com/cloudevents/spec v1.0.2, the bindings for NATS (``ce-``), Kafka (``ce_``) and AMQP
(``cloudEvents:`` or ``cloudEvents_``).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.values import Json

_PREFIXES: Final = ("ce-", "ce_", "cloudevents:", "cloudevents_")
_REQUIRED: Final = ("id", "source", "specversion", "type")
"""https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#required-attributes"""
_STRUCTURED: Final = "application/cloudevents"


def attributes_of_headers(headers: Mapping[str, str]) -> dict[str, Json] | None:
    """The attributes of an event in binary mode; None if the headers (names in lower case) are of none."""
    for prefix in _PREFIXES:
        if f"{prefix}specversion" in headers:
            # Only NATS, which has HTTP's headers, encodes them as HTTP does.
            read = unquote if prefix == "ce-" else str
            found: dict[str, Json] = {
                name.removeprefix(prefix): read(value) for name, value in headers.items() if name.startswith(prefix)
            }
            kind = headers.get("content-type")
            return found | ({"datacontenttype": kind} if kind else {})
    return None


def is_structured(headers: Mapping[str, str]) -> bool:
    """Whether the content type says that the body is a CloudEvent, or a batch of them."""
    return headers.get("content-type", "").lower().startswith(_STRUCTURED)


def with_data(attributes: dict[str, Json], body: bytes) -> dict[str, Json]:
    """The event of binary mode as the one JSON object it is in structured mode."""
    if not body:
        return attributes
    try:
        return attributes | {"data": read_json(body)}
    except NotJsonError:
        pass
    try:
        return attributes | {"data": body.decode()}
    except UnicodeDecodeError:
        return attributes | {"data_base64": base64.b64encode(body).decode()}


def missing(record: Mapping[str, Json]) -> str:
    """The first required attribute that is no text, or an empty one; empty if the record has them all."""
    return next((name for name in _REQUIRED if not isinstance(record.get(name), str) or not record[name]), "")


def flaw(record: Mapping[str, Json]) -> str:
    """What keeps a record from being a CloudEvent, in words; empty if nothing does."""
    if lacking := missing(record):
        return f"no CloudEvent: `{lacking}` is missing"
    return "" if record["specversion"] == "1.0" else "no CloudEvent of specversion 1.0"
