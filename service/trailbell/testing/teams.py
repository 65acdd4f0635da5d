"""A fake workflow of Microsoft Teams: ``with FakeTeams() as teams``. It refuses the cards that Teams would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trailbell_notifiers import limits

from .loopback import Answer, Request
from .posting import PostedService, json_answer

CARD: Final = "application/vnd.microsoft.card.adaptive"
_ELEMENTS: Final = frozenset(
    ["AdaptiveCard", "TextBlock", "RichTextBlock", "TextRun", "Container", "ColumnSet", "Column", "FactSet"]
)
_ACTIONS: Final = frozenset({"Action.OpenUrl"})


class FakeTeams(PostedService):
    """Keeps cards."""

    path = "/workflows/f4k3/triggers/manual/paths/invoke?sig=secret-path"

    def refusal(self, request: Request, document: Any) -> Answer | None:
        """413 for size, 400 for what is no card."""
        if len(request.body) > limits.TEAMS_BODY_BYTES:
            return Answer(413, b"Request Entity Too Large")
        attachments = document.get("attachments") or [{}]
        card = attachments[0].get("content") or {}
        if document.get("type") != "message" or attachments[0].get("contentType") != CARD:
            return json_answer(400, {"error": {"code": "BadRequest", "message": "no adaptive card"}})
        unknown = {node["type"] for node in elements(card)} - _ELEMENTS - _ACTIONS
        if card.get("type") != "AdaptiveCard" or str(card.get("version")) > "1.5" or unknown:
            return json_answer(400, {"error": {"code": "BadRequest", "message": f"cannot be drawn: {unknown}"}})
        if len(card.get("actions", ())) > limits.TEAMS_ACTIONS:
            return json_answer(400, {"error": {"code": "BadRequest", "message": "too many actions"}})
        return None

    def taken(self, request: Request, document: Any) -> Answer:  # noqa: ARG002  # the base class's signature
        """202, without a word."""
        return Answer(202)


def elements(node: Any) -> Iterator[dict[str, Any]]:
    """Every part of a card that has a type."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node
        for value in node.values():
            yield from elements(value)
    elif isinstance(node, list):
        for item in node:
            yield from elements(item)
