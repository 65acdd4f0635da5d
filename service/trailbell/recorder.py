"""The sink of dry-runs and rule tests: keeps alerts as they would have been stored, and counts everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trailbell_engine.alert import Alert, Opened, Output, Resolved, Updated
from trailbell_engine.event import Input
from trailbell_engine.values import Json

from .dryrun.alert_log import AlertLog
from .dryrun.culprits import Culprits
from .store.alerts import StoredAlert
from .tally import Tally


class Recorder:
    """Alerts with their wording as people would have read it, the tally, and who caused the alerts.

    Attributes:
        tally: counts of inputs and outputs.
        alerts: in order of opening, rule id and id.
        culprits: per rule, what the alerts' opening events have in common.
    """

    def __init__(
        self, word: Callable[[Alert], dict[str, Json]], opened: Callable[[StoredAlert], None] = lambda _: None
    ) -> None:
        """Record.

        Args:
            word: gives an alert its wording; the same function that live runs use.
            opened: called with every new alert.
        """
        self.tally = Tally()
        self.alerts = AlertLog()
        self.culprits = Culprits()
        self._word = word
        self._opened = opened

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Record what followed from one input."""
        self.tally.count(item, outputs)
        if outputs:
            self._record(outputs)

    def committed(self) -> None:
        """Nobody waits for a recorder."""

    def _record(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Opened):
                stored = StoredAlert(output.alert, self._word(output.alert))
                self.alerts.open(stored)
                self.culprits.count(output.alert)
                self._opened(stored)
            elif isinstance(output, Updated):
                self.alerts.update(output)
            elif isinstance(output, Resolved):
                self.alerts.resolve(output)
