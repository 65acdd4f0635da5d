"""``each``: fires on every match. It remembers nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.values import Json

from .base import ConditionSpec, EventDriven, Firing, Step


@dataclass(frozen=True, slots=True)
class Each(EventDriven):
    """Configuration of ``each``."""

    by: tuple[Path, ...] = ()

    @property
    def remembers(self) -> bool:
        """It does not."""
        return False

    @property
    def default_suppress_us(self) -> int:
        """Every match is worth telling unless the rule says otherwise."""
        return 0

    def begin(self, event: Event) -> None:
        """There is nothing to remember."""

    def step(self, memory: Any, event: Event) -> Step:  # noqa: ARG002 - the protocol's signature
        """Fire. Why is for the match to say."""
        return Step(Firing((event.id,), {"count": 1}), noted=False)

    def expires_us(self, memory: Any) -> int | None:  # noqa: ARG002 - the protocol's signature
        """There is no memory to keep."""
        return None

    def to_json(self) -> Json:
        """The configuration as written."""
        return {"each": {"by": [str(path) for path in self.by]}}


EACH: Final = ConditionSpec("each", "the event matches", Each, remembers=False)
