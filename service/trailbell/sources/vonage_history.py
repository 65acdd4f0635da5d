"""A range of the Audit API's past as a source: each window complete, in order of time, read once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from trailbell.audit.client import AuditClient
from trailbell.audit.errors import AuditError
from trailbell.audit.history import history
from trailbell_engine.decode import Decoder
from trailbell_engine.maps import PRESETS
from trailbell_engine.timestamps import DAY_US
from trailbell_engine.values import Json

from .base import HISTORY_BATCH, Batch
from .errors import SourceError

_NAME: Final = "vonage"


class VonageHistory:
    """What the Audit API knows of the time from one instant to another.

    Attributes:
        name: of the source and its events.
        waits: for the API.
        windows: days, or parts of one, that are asked for one after the other.
        windows_read: so far.
        events_read: so far.
    """

    name = _NAME
    lateness_us = 0
    bounded = waits = True

    def __init__(self, client: AuditClient, from_us: int, to_us: int) -> None:
        """Prepare; nothing is asked yet.

        Args:
            client: reads the API, and retries. Stays the caller's to close.
            from_us: microseconds since the epoch, UTC.
            to_us: the same.
        """
        self._client = client
        self._from_us = from_us
        self._to_us = to_us
        self.windows = max(1, -(-(to_us - from_us) // DAY_US))
        self.windows_read = 0
        self.events_read = 0

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:  # noqa: ARG002 - it is read once
        """The events, window by window.

        Raises:
            SourceError: if the API cannot be read; the windows before have been given.
        """
        decoder = Decoder(_NAME, PRESETS[_NAME], self._from_us)
        try:
            for window in history(self._client, self._from_us, self._to_us):
                inputs = [item for record in window for item in decoder.decode_value(record, self._client.base_url)]
                self.windows_read += 1
                self.events_read += len(inputs)
                for start in range(0, len(inputs), HISTORY_BATCH):
                    yield Batch(inputs[start : start + HISTORY_BATCH])
        except AuditError as error:
            raise SourceError(error.message, error.help, transient=error.transient) from None
