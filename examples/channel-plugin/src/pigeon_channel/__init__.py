"""A channel that writes alerts into a file, a line of JSON each. A repeat is known by its id and not written again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.message import Message
from trailbell_notifiers.receipt import Delivered, Receipt, Rejected

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A file that gets a line of JSON for every message.",
    "properties": {"loft": {"type": "string", "minLength": 1, "description": "The file; its folder is there."}},
    "required": ["loft"],
    "additionalProperties": False,
}


def build(name: str, settings: Mapping[str, Any]) -> Pigeon:
    """The channel of these settings.

    Raises:
        ChannelError: if the file's folder is not there.
    """
    loft = Path(settings["loft"])
    if not loft.parent.is_dir():
        raise ChannelError(f"pigeon `{name}`: there is no folder {loft.parent}", "make it, or name another file")
    return Pigeon(name, loft)


class Pigeon:
    """One file."""

    targets = ("",)
    rate = None

    def __init__(self, name: str, loft: Path) -> None:
        self.name = name
        self._loft = loft

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The line. Pure: what is not in the arguments is not in the bytes."""
        letter = {"id": delivery_id, "kind": message.kind, "title": message.title, "summary": message.summary}
        return json.dumps(letter, ensure_ascii=False).encode() + b"\n"

    def probe(self) -> Receipt:
        """Whether the folder is still there; nothing is written."""
        if self._loft.parent.is_dir():
            return Delivered(f"{self._loft.parent} is there")
        return Rejected(f"{self._loft.parent} is gone", "receiver")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # every channel has it
        """Append the line, unless an earlier attempt did."""
        try:
            if self._loft.exists() and attempt.delivery_id in self._loft.read_text(encoding="utf-8"):
                return Delivered("it is there already")
            with self._loft.open("ab") as file:
                file.write(body)
        except OSError as error:
            return Rejected(f"cannot write {self._loft}: {error.strerror}", "receiver")
        return Delivered()
