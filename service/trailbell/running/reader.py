"""The thread of one source: it reads, hands over, and tries again after an error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from threading import Condition
from typing import Final, NamedTuple

from trailbell.sources.base import Batch, Source
from trailbell.sources.errors import SourceError
from trailbell_engine.values import Json

log: Final = logging.getLogger("trailbell")

IN_HAND: Final = 2_000
"""So many inputs a source may have handed over that are not committed yet: enough to keep the engine busy through a
slow disk, and little memory."""
FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 300.0


class Handed(NamedTuple):
    """A batch, and who handed it over."""

    reader: Reader
    batch: Batch


class Began(NamedTuple):
    """A source is being read, for the first time or again."""

    reader: Reader


class Ended(NamedTuple):
    """A source gives no more, or not for now.

    Attributes:
        reader: whose.
        error: why, if it is not its end.
        again_s: after how many seconds it is read again; None if it is not.
    """

    reader: Reader
    error: Exception | None
    again_s: float | None


class Reader:
    """Reads one source until it ends or is told to stop.

    Attributes:
        source: what is read.
    """

    def __init__(
        self,
        source: Source,
        checkpoint: Callable[[], Json | None],
        tell: Callable[[Handed | Began | Ended], object],
        *,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        """Prepare; ``start`` begins.

        Args:
            source: what to read.
            checkpoint: where the source was at the last commit.
            tell: takes what happens to the engine.
            first_retry_s: how long to wait after the first error; it doubles with every further one.
        """
        self.source = source
        self._checkpoint = checkpoint
        self._tell = tell
        self._first_retry_s = first_retry_s
        self._changed = Condition()
        self._in_hand = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name=f"source {source.name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def committed(self, batch: Batch) -> None:
        """Say that a batch is durable, so that there is room for another."""
        with self._changed:
            self._in_hand -= _size(batch)
            self._changed.notify_all()

    def stop(self) -> None:
        """Read no more; what was handed over stands."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        try:
            self.source.stop()
        except Exception:  # the others must be stopped, too
            log.exception("the source %s could not be stopped", self.source.name)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; False if it did not come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        retry_s = self._first_retry_s
        while True:
            self._tell(Began(self))
            gave, error = self._read()
            if error is None or self._stopping:
                break
            retry_s = self._first_retry_s if gave else retry_s
            self._tell(Ended(self, error, retry_s))
            with self._changed:
                # What was handed over comes first: the checkpoint to go on from is that of the last commit.
                self._changed.wait_for(lambda: self._stopping, retry_s)
                self._changed.wait_for(lambda: self._stopping or not self._in_hand)
                if self._stopping:
                    break
            retry_s = min(2 * retry_s, LONGEST_RETRY_S)
        self._tell(Ended(self, error, None))

    def _read(self) -> tuple[bool, Exception | None]:
        """Read as far as it goes: whether anything was given, and the error that ended it."""
        gave = False
        try:
            with closing(self.source.batches(self._checkpoint())) as batches:
                for batch in batches:
                    self._hand_over(batch)
                    gave = True
                    if self._stopping and self.source.bounded:
                        break
        except SourceError as error:
            return gave, error
        except Exception as error:  # noqa: BLE001 - a fault of one source must not stop the others; the loop tells it
            return gave, error
        return gave, None

    def _hand_over(self, batch: Batch) -> None:
        size = _size(batch)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or not self._in_hand or self._in_hand + size <= IN_HAND)
            self._in_hand += size
        self._tell(Handed(self, batch))


def _size(batch: Batch) -> int:
    return len(batch.inputs) or 1
