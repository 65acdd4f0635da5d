"""What can go wrong at a fake Audit API, as values that a test lines up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trailbell_engine.values import Json


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with a status, and an error of the specified shape."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "scripted"


@dataclass(frozen=True, slots=True)
class Body:
    """Answer 200 with these bytes, whatever they are."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """Answer properly, but stop after so many bytes: the JSON breaks off, the HTTP does not."""

    keep_bytes: int = 40


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class RepeatPage:
    """Give page ``number`` whatever page was asked for, as a stale cache does."""

    number: int = 1


@dataclass(frozen=True, slots=True)
class Insert:
    """Let events happen or arrive late before this request is answered: pages shift during a walk."""

    events: tuple[dict[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """Answer properly; to reach a later request of a walk."""


Fault = Status | Body | Truncate | Drop | RepeatPage | Insert | Pass
