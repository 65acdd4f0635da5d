"""Several sinks of one run."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell.drive import Sink
from trailbell_engine.alert import Output
from trailbell_engine.event import Input


class Sinks:
    """Gives everything to each of its sinks, in order, and then to those that look at outputs alone."""

    def __init__(self, sinks: Sequence[Sink], of_outputs: Sequence[Sink] = ()) -> None:
        """Put them together.

        Args:
            sinks: that want every input.
            of_outputs: that want those of which something followed: few.
        """
        self._sinks = tuple(sinks)
        self._of_outputs = tuple(of_outputs)

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Hand on what followed from one input."""
        for sink in self._sinks:
            sink.take(item, outputs)
        if outputs:
            for sink in self._of_outputs:
                sink.take(item, outputs)

    def committed(self) -> None:
        """Hand on that a batch is complete."""
        for sink in (*self._sinks, *self._of_outputs):
            sink.committed()
