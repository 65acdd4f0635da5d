"""What can be said of a receiver of any kind: who is told when it fails, and from when on many messages become one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT, described

DIGEST_ABOVE: Final = 30
"""Waiting messages that a person still reads one by one."""
READ_BY_PEOPLE: Final = frozenset({"slack", "email", "teams", "discord", "apprise"})
"""Kinds that get a digest unless told otherwise. What programs read is never folded unless that is asked for."""
SCHEMA: Final[dict[str, Any]] = {
    "fallback": described(TEXT, "The receiver that is told, too, when this one has failed for two minutes.", "mail"),
    "digest_above": described(
        {"type": "integer", "minimum": 0, "maximum": 100_000},
        "If more messages than that wait, one digest tells of them all; 0 never. 30 where people read, else 0.",
        30,
    ),
}


class ReceiverOptions(NamedTuple):
    """Of one receiver.

    Attributes:
        fallback: the name of another; empty for none.
        digest_above: messages that may wait one by one; 0 for any number.
    """

    fallback: str = ""
    digest_above: int = 0


def options_of(receiver: Mapping[str, Json]) -> ReceiverOptions:
    """The options of a receiver as written."""
    people = any(kind in READ_BY_PEOPLE for kind in receiver)
    above: Any = receiver.get("digest_above", DIGEST_ABOVE if people else 0)
    return ReceiverOptions(str(receiver.get("fallback", "")), int(above))


def without_options(receiver: Mapping[str, Any]) -> dict[str, Json]:
    """The kind and its settings alone."""
    return {name: value for name, value in receiver.items() if name not in SCHEMA}
