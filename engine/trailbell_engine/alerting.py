"""From a firing to an alert: a new one, or one more in the open one; and its end, where a condition knows one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .agenda import NEVER_US
from .alert import IDS_KEPT, Alert, Folded, Opened, Resolved, Severity, Updated, alert_id
from .cells import Cell
from .compile import compile_predicate
from .conditions.base import Firing
from .describe import compile_description
from .event import Event, is_instant
from .key import compile_key, key_text
from .lookup import settled
from .rule import Rule
from .state import State
from .timestamps import DAY_US
from .values import Json

PREVIOUS_KEPT_US: Final = 30 * DAY_US
"""For how long after its end an alert's folded count is remembered, so that the next message can mention it."""


class Alerting:
    """What of one rule happens after its condition has fired."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._folding_key = None if rule.suppress.by is None else compile_key(rule.suppress.by)
        self._severity = _severity_of(rule)
        self._describe: Callable[[Event], str] = self._describe_first
        condition = rule.condition
        self._span_us = condition.default_suppress_us if rule.suppress.for_us is None else rule.suppress.for_us

    def fire(self, key: dict[str, Json], event: Event, clock_us: int, firing: Firing, state: State) -> Opened | Updated:
        """Open an alert, or fold the firing into the one that is open.

        Args:
            key: the condition's.
            event: on which it fired.
            clock_us: state that has expired by then is not there any more.
            firing: what was measured.
            state: of the engine.
        """
        event = settled(event)
        if not self._span_us:
            return self._opened(key, event, firing, None, state)
        folding_key = key if self._folding_key is None else self._folding_key(event)
        folding = self._cell("suppress", folding_key, state)
        before = folding.memory if folding.alive(clock_us) else None
        if before is not None and event.time_us < before["until_us"]:
            after = {**before, "firings": before["firings"] + 1, "last_us": max(before["last_us"], event.time_us)}
            _keep(folding, after, before["until_us"] + PREVIOUS_KEPT_US, state)
            if firing.lasting:  # if people were told that it is over, it is not: its end will be told again
                self._goes_on(key, before["alert"], state)
            return Updated(
                before["alert"],
                self._rule.id,
                event,
                firing.event_ids,
                before["until_us"],
                firing.times_us,
                firing.lasting,
            )
        opened = self._opened(key, event, firing, before, state)
        until_us = event.time_us + self._span_us
        memory = {"alert": opened.alert.id, "until_us": until_us, "firings": 1, "last_us": event.time_us}
        _keep(folding, memory, until_us, state)
        return opened

    def resolve(self, key: dict[str, Json], time_us: int, state: State) -> Resolved | None:
        """End what the key's lasting alert tells of; None if there is none, or it goes on for other keys."""
        open_ = self._cell("open", key, state)
        if open_.memory is None:
            return None
        alert = open_.memory
        _keep(open_, None, NEVER_US, state)
        return None if self._left_going(alert, -1, state) > 0 else Resolved(alert, self._rule.id, time_us)

    def _goes_on(self, key: dict[str, Json], alert: str, state: State) -> None:
        """Note that the alert tells of this key, too, until ``resolve``."""
        open_ = self._cell("open", key, state)
        if open_.memory != alert:
            _keep(open_, alert, NEVER_US, state)
            self._left_going(alert, 1, state)

    def _left_going(self, alert: str, change: int, state: State) -> int:
        """For how many keys what the alert tells of goes on after a change; kept only where keys can share an alert."""
        if self._folding_key is None or not self._span_us:
            return 0
        going = self._cell("going", {"alert": alert}, state)
        left = (going.memory or 0) + change
        _keep(going, left if left > 0 else None, NEVER_US, state)
        return left

    def _describe_first(self, event: Event) -> str:
        self._describe = compile_description(self._rule.match)  # of many rules few ever fire
        return self._describe(event)

    def _cell(self, part: str, key: dict[str, Json], state: State) -> Cell:
        return state.cell(state.shelf(self._rule.id, self._rule.version, part), key_text(key))

    def _opened(self, key: dict[str, Json], event: Event, firing: Firing, before: Json, state: State) -> Opened:
        alert = self._open(key, event, firing, before)
        if firing.lasting:
            self._goes_on(key, alert.id, state)
        return Opened(alert)

    def _open(self, key: dict[str, Json], event: Event, firing: Firing, before: Json) -> Alert:
        previous = None
        if before is not None and before["firings"] > 1:
            previous = Folded(before["alert"], before["firings"] - 1, before["last_us"])
        return Alert(
            id=alert_id(self._rule.id, key, event),
            rule_id=self._rule.id,
            rule_version=self._rule.version,
            severity=self._severity(event),
            key=key,
            opened_at_us=event.time_us,
            last_at_us=event.time_us,
            event_count=len(firing.event_ids),
            event_ids=firing.event_ids[:IDS_KEPT],
            event_times_us=(firing.times_us or (event.time_us,) * len(firing.event_ids))[:IDS_KEPT],
            events=() if is_instant(event) else (event,),
            opener=event,
            facts=firing.facts,
            why=firing.why or self._describe(event),
            previous=previous,
        )


def _keep(cell: Cell, memory: Json, expires_us: int, state: State) -> None:
    cell.memory, cell.expires_us = memory, expires_us
    state.changed(cell)


def _severity_of(rule: Rule) -> Callable[[Event], Severity]:
    cases = [(compile_predicate(case.test), case.severity) for case in rule.severity_cases]
    return lambda event: next((severity for holds, severity in cases if holds(event)), rule.severity)
