"""``each``: fires on every match. It remembers nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.values import Json

from .base import ConditionSpec, EventDriven, Firing, Step


@dataclass(frozen=True, slots=True)
class Each(EventDriven):
    """Configuration of ``each``."""

    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """Every match is worth telling unless the rule says otherwise."""
        return 0

    def step(self, state: Json, event: Event) -> Step:
        """Fire. Why is for the match to say."""
        return Step(state, Firing((event.id,), {"count": 1}))

    def expires_us(self, state: Json) -> int | None:  # noqa: ARG002 - the protocol's signature
        """There is no state to keep."""
        return None

    def to_json(self) -> Json:
        """The configuration as written."""
        return {"each": {"by": [str(path) for path in self.by]}}


EACH: Final = ConditionSpec("each", "the event matches", Each, remembers=False)
