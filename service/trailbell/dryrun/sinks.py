"""Several sinks of one run."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell.drive import Sink
from trailbell_engine.alert import Output
from trailbell_engine.event import Input


class Sinks:
    """Gives everything to each of its sinks, in order."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Hand on what followed from one input."""
        for sink in self._sinks:
            sink.take(item, outputs)

    def committed(self) -> None:
        """Hand on that a batch is complete."""
        for sink in self._sinks:
            sink.committed()
