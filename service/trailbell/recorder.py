"""The sink of dry-runs and rule tests: keeps alerts as they would have been stored, and counts everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

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
        follower: is told of every step, as a live run's desk is; None if nobody is to be.
    """

    def __init__(
        self, word: Callable[[Alert], dict[str, Json]], opened: Callable[[StoredAlert], None] = lambda _: None
    ) -> None:
        """Record.

        Args:
            word: gives an alert its wording; the same function that live runs use.
            opened: called with every new alert.
        """
        self.follower: Follower | None = None
        self.tally = Tally()
        self.alerts = AlertLog()
        self.culprits = Culprits()
        self._word = word
        self._opened = opened

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Record what followed from one input."""
        self.tally.count(item, outputs)
        if self.follower is not None:
            self.follower.time(item, outputs)
        if outputs:
            self._record(outputs)

    def committed(self) -> None:
        """Nobody waits for a recorder."""

    def _record(self, outputs: Sequence[Output]) -> None:
        follower = self.follower
        for output in outputs:
            if isinstance(output, Opened):
                stored = StoredAlert(output.alert, self._word(output.alert))
                self.alerts.open(stored)
                self.culprits.count(output.alert)
                self._opened(stored)
                if follower is not None:
                    follower.opened(output.alert)
            elif isinstance(output, Updated):
                grown = self.alerts.update(output)
                if follower is not None:
                    follower.grew(grown)
            elif isinstance(output, Resolved):
                ended = self.alerts.resolve(output)
                if follower is not None:
                    follower.ended(ended)


class Follower(Protocol):
    """Whoever decides what is told of alerts. It hears of each step when the alert is stored as it is then."""

    def time(self, item: Input, outputs: Sequence[Output]) -> None:
        """An input has come, of which these outputs will be recorded."""

    def opened(self, alert: Alert) -> None:
        """A new alert."""

    def grew(self, alert: Alert) -> None:
        """A firing was folded into an alert."""

    def ended(self, alert: Alert) -> None:
        """An alert is over."""
