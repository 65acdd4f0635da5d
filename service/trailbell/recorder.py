"""The sink of dry-runs and rule tests: keeps alerts as they would have been stored, and counts everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from trailbell_engine.alert import Alert, Opened, Output, Resolved, Updated, fold, resolve
from trailbell_engine.event import Input
from trailbell_engine.timestamps import DAY_US, HOUR_US
from trailbell_engine.values import Json

from .store.alerts import StoredAlert
from .tally import Tally


class Recorder:
    """Alerts by id, their wording as people would have read it, and the tally.

    Attributes:
        per_day, per_hour: alerts a rule opened, by (rule id, days or hours since the epoch, UTC).
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
        self.per_day: Counter[tuple[str, int]] = Counter()
        self.per_hour: Counter[tuple[str, int]] = Counter()
        self._word = word
        self._opened = opened
        self._alerts: dict[str, StoredAlert] = {}

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
                alert = output.alert
                stored = self._alerts[alert.id] = StoredAlert(alert, self._word(alert))
                self._opened(stored)
                self.per_day[alert.rule_id, alert.opened_at_us // DAY_US] += 1
                self.per_hour[alert.rule_id, alert.opened_at_us // HOUR_US] += 1
            elif isinstance(output, Updated):
                stored = self._alerts[output.alert_id]
                self._alerts[output.alert_id] = stored._replace(alert=fold(stored.alert, output))
            elif isinstance(output, Resolved):
                stored = self._alerts[output.alert_id]
                self._alerts[output.alert_id] = stored._replace(alert=resolve(stored.alert, output))

    def alerts(self) -> list[StoredAlert]:
        """The alerts in order of opening, rule id and id."""
        return sorted(
            self._alerts.values(), key=lambda stored: (stored.alert.opened_at_us, stored.alert.rule_id, stored.alert.id)
        )
