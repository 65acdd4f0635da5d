"""An alert as a CloudEvent 1.0 (cloudevents/spec), in one JSON document or with its attributes in headers."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from trailbell_engine.timestamps import format_time
from trailbell_notifiers.message import Message

from .native import json_bytes, native_json

TYPE_PREFIX: Final = "trailbell.alert."
_ATTRIBUTES: Final = ("specversion", "id", "source", "type", "subject", "time", "severitytext")


def cloudevent_json(message: Message, delivery_id: str, source: str) -> bytes:
    """The structured form (``application/cloudevents+json``); ``data`` is what the native document calls so.

    Args:
        message: what to tell.
        delivery_id: becomes ``id``, so that a repeat is the same event.
        source: a URI reference.
    """
    native = json.loads(native_json(message))
    document = {
        "specversion": "1.0",
        "id": delivery_id,
        "source": source,
        "type": f"{TYPE_PREFIX}{message.kind}",
        "subject": f"{message.alert.rule_id}/{message.alert.id}",
        "time": format_time(message.alert.last_at_us),
        "severitytext": message.alert.severity,
        "datacontenttype": "application/json",
        "data": native["data"],
    }
    return json_bytes(document)


def binary_request(structured: bytes) -> tuple[bytes, dict[str, str]]:
    """The binary form of a structured event: the body, and the headers. Equal bytes give equal requests.

    Values are percent-encoded as cloudevents/http-protocol-binding.md, 3.1.3.2 says.
    """
    document: dict[str, Any] = json.loads(structured)
    headers = {f"ce-{name}": _header(document[name]) for name in _ATTRIBUTES}
    return json_bytes(document["data"]), headers | {"Content-Type": document["datacontenttype"]}


def _header(value: str) -> str:
    return quote(value, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
