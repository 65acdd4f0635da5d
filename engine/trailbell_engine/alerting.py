"""From a firing to an alert: a new one, or one more in the open one; and its end, where a condition knows one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .alert import IDS_KEPT, Alert, Folded, Opened, Resolved, Severity, Updated, alert_id
from .compile import compile_predicate
from .conditions.base import Firing
from .describe import compile_description
from .event import Event, is_instant
from .key import compile_key, key_text
from .lookup import settled
from .rule import Rule
from .state import Kept, Slot, State, live
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
        condition = rule.condition
        self._describe: Callable[[Event], str] = self._describe_first
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
        folding_key = key if self._folding_key is None else self._folding_key(event)
        slot = self._slot("suppress", folding_key)
        before = live(state.get(slot), clock_us) if self._span_us else None
        if before is not None and event.time_us < before["until_us"]:
            after = {**before, "firings": before["firings"] + 1, "last_us": max(before["last_us"], event.time_us)}
            state.put(slot, Kept(after, before["until_us"] + PREVIOUS_KEPT_US))
            if firing.lasting:  # people were told that it is over, and it is not: its end will be told again
                state.put(self._slot("open", key), Kept(before["alert"]))
            return Updated(
                before["alert"],
                self._rule.id,
                event,
                firing.event_ids,
                before["until_us"],
                firing.times_us,
                firing.lasting,
            )
        alert = self._open(key, event, firing, before)
        if self._span_us:
            until_us = event.time_us + self._span_us
            opened = {"alert": alert.id, "until_us": until_us, "firings": 1, "last_us": event.time_us}
            state.put(slot, Kept(opened, until_us))
        if firing.lasting:
            state.put(self._slot("open", key), Kept(alert.id))
        return Opened(alert)

    def resolve(self, key: dict[str, Json], time_us: int, state: State) -> Resolved | None:
        """End the key's lasting alert; None if there is none."""
        slot = self._slot("open", key)
        kept = state.get(slot)
        if kept is None:
            return None
        state.put(slot, None)
        return Resolved(kept.value, self._rule.id, time_us)

    def _describe_first(self, event: Event) -> str:
        self._describe = compile_description(self._rule.match)  # of many rules few ever fire
        return self._describe(event)

    def _slot(self, part: str, key: dict[str, Json]) -> Slot:
        return Slot(self._rule.id, self._rule.version, part, key_text(key))

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


def _severity_of(rule: Rule) -> Callable[[Event], Severity]:
    cases = [(compile_predicate(case.test), case.severity) for case in rule.severity_cases]
    return lambda event: next((severity for holds, severity in cases if holds(event)), rule.severity)
