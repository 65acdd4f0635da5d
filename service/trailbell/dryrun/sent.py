"""The messages of a run as they would be sent, kept in a temporary file for whoever wants to see some of them."""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, NamedTuple, Self

from trailbell_notifiers.delivery.outbox import Delivery

_IN_MEMORY_BYTES: Final = 16 * 1024 * 1024


class Sent(NamedTuple):
    """A message to one receiver."""

    receiver: str
    kind: str
    at_us: int
    body: bytes


class SentMessages:
    """Takes every delivery, and gives back the first that told each receiver of an alert. A context, for the file."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__
        self._end = 0
        self._of_alert: dict[str, list[tuple[str, str, int, int, int]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, delivery: Delivery, new_ids: Iterable[str]) -> None:
        """Keep a message, if it is the first that tells its receiver of any alert.

        Args:
            delivery: as it would be sent.
            new_ids: of the alerts that the receiver has not heard of.
        """
        names = list(new_ids)
        if not names:
            return
        place = delivery.receiver, delivery.kind, delivery.created_us, self._end, len(delivery.body)
        for name in names:
            told = self._of_alert.setdefault(name, [])
            if all(receiver != delivery.receiver for receiver, *_ in told):
                told.append(place)
        self._file.seek(self._end)
        self._file.write(delivery.body)
        self._end += len(delivery.body)

    def of(self, alert_id: str) -> list[Sent]:
        """The messages by which receivers first heard of an alert."""
        found = []
        for receiver, kind, at_us, start, size in self._of_alert.get(alert_id, ()):
            self._file.seek(start)
            found.append(Sent(receiver, kind, at_us, self._file.read(size)))
        return found
