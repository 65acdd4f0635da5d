"""Whether a message says less than its alert, because it had to fit its channel."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from trailbell_notifiers.message import Message
from trailbell_notifiers.words.text import ELLIPSIS

_CUT: Final = re.compile(f"{ELLIPSIS}`?$", re.MULTILINE)


def is_shortened(body: bytes, message: Message, kind: str) -> bool:
    """Whether a channel's limits, or those of every message, shortened what the alert has to say.

    Args:
        body: as it is sent.
        message: it was rendered from.
        kind: of the channel.
    """
    if kind == "slack":
        payload = json.loads(body)
        blocks = payload.get("blocks", [])
        events = any(block["type"] == "rich_text" for block in blocks) or not message.events
        fields = any("fields" in block for block in blocks) or not message.fields
        said = [block for block in blocks if block["type"] != "actions"]  # a menu called `Silence…` is not cut
        return not (blocks and events and fields) or any(map(_CUT.search, _texts(said)))
    if kind == "webhook":
        return _is_truncated(body)
    parts = (message.title, message.summary, message.why, *(field.value for field in message.fields))
    return any(map(_CUT.search, parts))


def _is_truncated(body: bytes) -> bool:
    """What our own format says of itself; others have no word for it."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    data = document.get("data") if isinstance(document, dict) else None
    return isinstance(data, dict) and data.get("truncated") is True


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in _texts(value)]
    return [text for item in node for text in _texts(item)] if isinstance(node, list) else []
