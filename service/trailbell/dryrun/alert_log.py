"""The alerts of a run, kept small: those that were touched last as they are, all others packed in a temporary file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, Final, NamedTuple, overload

from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Alert, Resolved, Severity, Updated, fold, resolve
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.decoding.exact_json import read_json, write_json

AT_HAND: Final = 2_048
"""Alerts kept as they are: repeats nearly always fold into one of the newest."""
_IN_MEMORY_BYTES: Final = 16 * 1024 * 1024
_FAST: Final = 1
"""The level of zlib; the higher ones gain little on texts this short."""


class Head(NamedTuple):
    """What is asked most of an alert; in order of opening, rule id and id."""

    opened_at_us: int
    rule_id: str
    id: str
    severity: Severity


class AlertLog(Sequence[StoredAlert]):
    """Alerts in order of opening, rule id and id.

    A month of a busy account makes tens of thousands of alerts, each with words, ids and up to six whole events. What
    stays in memory of most of them is their heads. The file has no name and goes with the log.
    """

    def __init__(self, at_hand: int = AT_HAND) -> None:
        """Start.

        Args:
            at_hand: how many alerts are kept as they are.
        """
        self._room = at_hand
        self._heads: dict[str, Head] = {}
        self._at_hand: dict[str, StoredAlert] = {}
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the log
        self._packed: dict[str, tuple[int, int]] = {}  # where in the file, and how many bytes
        self._end = 0
        self._order: list[Head] | None = None

    def open(self, stored: StoredAlert) -> None:
        """Keep a new alert."""
        alert = stored.alert
        self._heads[alert.id] = Head(alert.opened_at_us, alert.rule_id, alert.id, alert.severity)
        self._order = None
        self._put(stored)

    def update(self, update: Updated) -> Alert:
        """Fold one more firing into its alert, which is returned as it is then."""
        stored = self._take(update.alert_id)
        return self._put(stored._replace(alert=fold(stored.alert, update)))

    def resolve(self, resolved: Resolved) -> Alert:
        """End an alert, which is returned as it is then."""
        stored = self._take(resolved.alert_id)
        return self._put(stored._replace(alert=resolve(stored.alert, resolved)))

    def get(self, alert_id: str) -> StoredAlert | None:
        """The alert of that id, or None."""
        return self._get(alert_id) if alert_id in self._heads else None

    def rule_of(self, alert_id: str) -> str:
        """The rule of an alert that is in the log."""
        return self._heads[alert_id].rule_id

    def heads(self) -> Sequence[Head]:
        """The heads of all alerts, for those who only count: nothing is unpacked."""
        if self._order is None:
            self._order = sorted(self._heads.values())
        return self._order

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[StoredAlert]:
        return (self._get(head.id) for head in self.heads())

    def __del__(self) -> None:
        self._file.close()

    @overload
    def __getitem__(self, index: int) -> StoredAlert: ...
    @overload
    def __getitem__(self, index: slice) -> list[StoredAlert]: ...
    def __getitem__(self, index: int | slice) -> StoredAlert | list[StoredAlert]:
        if isinstance(index, slice):
            return [self._get(head.id) for head in self.heads()[index]]
        return self._get(self.heads()[index].id)

    def _get(self, name: str) -> StoredAlert:
        stored = self._at_hand.get(name)
        return self._read(*self._packed[name]) if stored is None else stored

    def _take(self, name: str) -> StoredAlert:
        stored = self._at_hand.pop(name, None)
        return self._read(*self._packed.pop(name)) if stored is None else stored

    def _read(self, start: int, size: int) -> StoredAlert:
        self._file.seek(start)
        return _unpacked(self._file.read(size))

    def _put(self, stored: StoredAlert) -> Alert:
        self._at_hand[stored.alert.id] = stored
        if len(self._at_hand) > self._room:
            # A dictionary keeps its order, and whoever is touched is put in anew: the first is the one left longest.
            name = next(iter(self._at_hand))
            packed = _packed(self._at_hand.pop(name))
            self._file.seek(self._end)
            self._file.write(packed)
            self._packed[name] = self._end, len(packed)
            self._end += len(packed)
        return stored.alert


def _packed(stored: StoredAlert) -> bytes:
    return zlib.compress(write_json([encode_alert(stored.alert), stored.wording]), _FAST)


def _unpacked(packed: bytes) -> StoredAlert:
    document: Any = read_json(zlib.decompress(packed))
    return StoredAlert(decode_alert(document[0]), document[1])
