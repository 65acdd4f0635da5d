"""What Slack refuses, as the error code it answers with. Written against Slack's documents, not against our renderer.

Numbers: ``trailbell_notifiers.limits``, each with its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from trailbell_notifiers import limits

_INVALID: Final = "invalid_blocks"
_BLOCKS: Final = frozenset({"header", "section", "context", "actions", "divider", "rich_text", "image", "markdown"})


def refusal(payload: dict[str, Any]) -> str | None:
    """The error code for a message, or None if Slack would take it."""
    blocks = payload.get("blocks")
    if not payload.get("text") and not blocks and not payload.get("attachments"):
        return "no_text"
    if not isinstance(payload.get("text", ""), str) or not isinstance(blocks or [], list):
        return "invalid_arguments"
    if len(payload.get("text", "")) > limits.SLACK_TEXT:
        return "msg_too_long"
    if len(payload.get("attachments") or ()) > limits.SLACK_ATTACHMENTS:
        return "too_many_attachments"
    if len(blocks or ()) > limits.SLACK_BLOCKS or not all(_good(block) for block in blocks or ()):
        return _INVALID
    if sum(len(text) for text in _texts(blocks)) > limits.SLACK_ALL_BLOCKS:
        return "msg_blocks_too_long"
    return _metadata_refusal(payload.get("metadata"))


def _metadata_refusal(metadata: Any) -> str | None:
    if metadata is None:
        return None
    if (
        not isinstance(metadata, dict)
        or not metadata.get("event_type")
        or not isinstance(metadata.get("event_payload"), dict)
    ):
        return "invalid_metadata_format"
    if len(json.dumps(metadata).encode()) > limits.SLACK_METADATA_BYTES:
        return "metadata_too_large"
    return None


def _good(block: Any) -> bool:
    if (
        not isinstance(block, dict)
        or block.get("type") not in _BLOCKS
        or len(block.get("block_id", "")) > limits.SLACK_ID
    ):
        return False
    check = {"header": _header, "section": _section, "context": _context, "actions": _actions, "rich_text": _rich_text}
    return check.get(block["type"], lambda _: True)(block)


def _header(block: dict[str, Any]) -> bool:
    return _text(block.get("text"), limits.SLACK_HEADER, only_plain=True)


def _section(block: dict[str, Any]) -> bool:
    fields = block.get("fields")
    if fields is None and "text" not in block:
        return False
    if "text" in block and not _text(block["text"], limits.SLACK_SECTION):
        return False
    if fields is None:
        return True
    return 0 < len(fields) <= limits.SLACK_FIELDS and all(_text(field, limits.SLACK_FIELD) for field in fields)


def _context(block: dict[str, Any]) -> bool:
    elements = block.get("elements") or ()
    if not 0 < len(elements) <= limits.SLACK_CONTEXT_ELEMENTS:
        return False
    return all(element.get("type") == "image" or _text(element, limits.SLACK_CONTEXT_TEXT) for element in elements)


def _actions(block: dict[str, Any]) -> bool:
    elements = block.get("elements") or ()
    names = [element.get("action_id", "") for element in elements]
    return 0 < len(elements) <= limits.SLACK_ACTIONS and len(set(names)) == len(names) and all(map(_element, elements))


def _element(element: dict[str, Any]) -> bool:
    if element.get("type") == "static_select":
        return _menu(element)
    return _button(element)


def _menu(element: dict[str, Any]) -> bool:
    options = element.get("options") or ()
    return (
        0 < len(options) <= limits.SLACK_OPTIONS
        and _text(element.get("placeholder"), limits.SLACK_BUTTON_TEXT, only_plain=True)
        and all(
            _text(option.get("text"), limits.SLACK_OPTION_TEXT)
            and 0 < len(option.get("value", "")) <= limits.SLACK_OPTION_VALUE
            for option in options
        )
        and _confirm(element.get("confirm"))
        and 0 < len(element.get("action_id", "")) <= limits.SLACK_ID
    )


def _confirm(confirm: Any) -> bool:
    if confirm is None:
        return True
    return (
        _text(confirm.get("title"), limits.SLACK_CONFIRM_TITLE, only_plain=True)
        and _text(confirm.get("text"), limits.SLACK_CONFIRM_TEXT)
        and all(_text(confirm.get(name), limits.SLACK_CONFIRM_BUTTON, only_plain=True) for name in ("confirm", "deny"))
    )


def _button(element: dict[str, Any]) -> bool:
    return (
        element.get("type") == "button"
        and _text(element.get("text"), limits.SLACK_BUTTON_TEXT, only_plain=True)
        and len(element.get("url", "")) <= limits.SLACK_BUTTON_URL
        and len(element.get("value", "")) <= limits.SLACK_BUTTON_VALUE
        and len(element.get("action_id", "")) <= limits.SLACK_ID
    )


def _rich_text(block: dict[str, Any]) -> bool:
    kinds = ("rich_text_section", "rich_text_preformatted", "rich_text_list", "rich_text_quote")
    elements = block.get("elements") or ()
    if not elements or any(element.get("type") not in kinds or not element.get("elements") for element in elements):
        return False
    return all(part.get("type") != "text" or part.get("text") for element in elements for part in element["elements"])


def _text(text: Any, limit: int, *, only_plain: bool = False) -> bool:
    if not isinstance(text, dict) or text.get("type") not in (
        ("plain_text",) if only_plain else ("plain_text", "mrkdwn")
    ):
        return False
    return isinstance(text.get("text"), str) and 0 < len(text["text"]) <= limit


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
