"""A fake Discord webhook: ``with FakeDiscord() as discord``. Limits and errors of discord.com/developers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailbell_notifiers import limits
from trailbell_notifiers.words.text import utf16_length

from .loopback import Answer, Request
from .posting import PostedService, json_answer


class FakeDiscord(PostedService):
    """Keeps messages."""

    path = "/api/webhooks/123456789012345678/f4k3-t0k3n"

    def refusal(self, request: Request, document: Any) -> Answer | None:
        """400 with code 50035, as for every form that does not hold."""
        if not request.path.startswith(self.path):
            return json_answer(404, {"message": "Unknown Webhook", "code": 10015})
        wrong = [name for name, number, limit in _sizes(document) if number > limit]
        if wrong or not (document.get("content") or document.get("embeds")):
            return json_answer(400, {"message": "Invalid Form Body", "code": 50035, "errors": wrong})
        empty = [field for embed in document["embeds"] for field in embed.get("fields", ()) if not all(field.values())]
        return json_answer(400, {"message": "Invalid Form Body", "code": 50035}) if _blank(empty) else None

    def taken(self, request: Request, document: Any) -> Answer:  # noqa: ARG002  # the base class's signature
        """The message with ``wait=true``, nothing without."""
        if request.path.endswith("wait=true"):
            return json_answer(200, {"id": str(1_000 + len(self.accepted)), "type": 0})
        return Answer(204)


def _blank(fields: list[dict[str, Any]]) -> bool:
    return any(not field.get("name") or not field.get("value") for field in fields)


def _sizes(document: Any) -> Iterator[tuple[str, int, int]]:
    """(what, how much, limit) of everything that is limited."""
    embeds = document.get("embeds") or []
    yield "content", utf16_length(document.get("content", "")), limits.DISCORD_CONTENT
    yield "embeds", len(embeds), limits.DISCORD_EMBEDS
    total = 0
    for embed in embeds:
        fields = embed.get("fields", [])
        texts = [
            ("title", embed.get("title", ""), limits.DISCORD_TITLE),
            ("description", embed.get("description", ""), limits.DISCORD_DESCRIPTION),
            ("footer", (embed.get("footer") or {}).get("text", ""), limits.DISCORD_FOOTER),
            *(("field name", field["name"], limits.DISCORD_FIELD_NAME) for field in fields),
            *(("field value", field["value"], limits.DISCORD_FIELD_VALUE) for field in fields),
        ]
        yield "fields", len(fields), limits.DISCORD_FIELDS
        yield from ((name, utf16_length(text), limit) for name, text, limit in texts)
        total += sum(utf16_length(text) for _, text, _ in texts)
    yield "all embeds", total, limits.DISCORD_ALL_EMBEDS
