"""The alerts of a run, kept small: an event is kept as bytes, and decoded when somebody looks at its alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, overload

from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Alert, Resolved, Updated, fold, resolve
from trailbell_engine.decode import read_json, write_json
from trailbell_engine.event import Event
from trailbell_engine.values import Json

_HOLLOW: Final[dict[str, Json]] = {}
"""Stands for the record of a kept event. Nobody changes records, so all can share it."""
_Name: TypeAlias = tuple[str, str]


class AlertLog(Sequence[StoredAlert]):
    """Alerts in order of opening, rule id and id.

    A month of a busy account makes tens of thousands of alerts, each with up to six whole events. As bytes these take
    a fifth of what they take as objects.
    """

    def __init__(self) -> None:
        self._alerts: dict[str, StoredAlert] = {}
        self._records: dict[str, dict[_Name, bytes]] = {}
        self._order: list[str] | None = None

    def open(self, stored: StoredAlert) -> None:
        """Keep a new alert."""
        alert = stored.alert
        self._records[alert.id] = {_name(event): write_json(event.data) for event in (alert.opener, *alert.events)}
        self._alerts[alert.id] = stored._replace(alert=_hollow(alert))
        self._order = None

    def update(self, update: Updated) -> None:
        """Fold one more firing into its alert."""
        stored = self._alerts[update.alert_id]
        event = update.event
        alert = fold(stored.alert, update._replace(event=event._replace(data=_HOLLOW)))
        self._alerts[update.alert_id] = stored._replace(alert=alert)
        records = self._records[update.alert_id]
        records[_name(event)] = write_json(event.data)
        if len(records) > len(alert.events) + 1:
            wanted = {_name(kept) for kept in (alert.opener, *alert.events)}
            self._records[update.alert_id] = {name: raw for name, raw in records.items() if name in wanted}

    def resolve(self, resolved: Resolved) -> None:
        """End an alert."""
        stored = self._alerts[resolved.alert_id]
        self._alerts[resolved.alert_id] = stored._replace(alert=resolve(stored.alert, resolved))
        self._order = None

    def get(self, alert_id: str) -> StoredAlert | None:
        """The alert of that id, or None."""
        return self._filled(alert_id) if alert_id in self._alerts else None

    def heads(self) -> Iterator[StoredAlert]:
        """The alerts in order, without the records of their events: ``data`` is empty. For those who only count."""
        return (self._alerts[name] for name in self._in_order())

    def __len__(self) -> int:
        return len(self._alerts)

    def __iter__(self) -> Iterator[StoredAlert]:
        return (self._filled(name) for name in self._in_order())

    @overload
    def __getitem__(self, index: int) -> StoredAlert: ...
    @overload
    def __getitem__(self, index: slice) -> list[StoredAlert]: ...
    def __getitem__(self, index: int | slice) -> StoredAlert | list[StoredAlert]:
        if isinstance(index, slice):
            return [self._filled(name) for name in self._in_order()[index]]
        return self._filled(self._in_order()[index])

    def _in_order(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self._alerts, key=self._place)
        return self._order

    def _place(self, name: str) -> tuple[int, str, str]:
        alert = self._alerts[name].alert
        return alert.opened_at_us, alert.rule_id, name

    def _filled(self, name: str) -> StoredAlert:
        stored, records = self._alerts[name], self._records[name]

        def whole(event: Event) -> Event:
            return event._replace(data=read_json(records[_name(event)]))

        alert = stored.alert
        filled = _with_events(alert, whole(alert.opener), tuple(map(whole, alert.events)))
        return stored._replace(alert=filled)


def _name(event: Event) -> _Name:
    return event.source, event.id


def _hollow(alert: Alert) -> Alert:
    def hollow(event: Event) -> Event:
        return event._replace(data=_HOLLOW)

    return _with_events(alert, hollow(alert.opener), tuple(map(hollow, alert.events)))


def _with_events(alert: Alert, opener: Event, events: tuple[Event, ...]) -> Alert:
    return replace(alert, opener=opener, events=events)
