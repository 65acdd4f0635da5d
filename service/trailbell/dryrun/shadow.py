"""A second rule set over the very inputs that a run takes, so that two versions see one pass of the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trailbell.memory import MemoryLedger
from trailbell.recorder import Recorder
from trailbell.wording import Wording
from trailbell_engine.alert import Duplicate, Output
from trailbell_engine.event import Input, Malformed
from trailbell_engine.matching import Matches
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet


class Shadow:
    """A sink that runs rules of its own.

    It trusts the run's own ledger with what is a duplicate, and takes its closing ticks as they come.

    Attributes:
        recorder: what its rules made of the history.
    """

    def __init__(self, rules: RuleSet, lateness_us: Mapping[str, int], matcher: Matches | None = None) -> None:
        """Start.

        Args:
            rules: the other rules.
            lateness_us: per source, as the run itself has it.
            matcher: knows which of the rules an event matches, where it was asked before.
        """
        self.recorder = Recorder(Wording(rules).of)
        self._pipeline = Pipeline(rules, lateness_us, matcher)
        self._state = MemoryLedger()

    def watches(self, event_type: str) -> bool:
        """Whether an event of that type may match one of its rules."""
        return self._pipeline.watches(event_type)

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Take an input that the run took."""
        if not isinstance(item, Malformed) and not (outputs and isinstance(outputs[0], Duplicate)):
            outputs = self._pipeline.take(item, self._state)
        self.recorder.take(item, outputs)

    def committed(self) -> None:
        """Forget what no event can ask for any more."""
        self._state.complete("", self._pipeline.watermarks(), None)
