"""^C between two batches: what is done stays whole, so that all numbers of a partial report still agree."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import closing
from types import FrameType, TracebackType
from typing import Self

from trailbell.sources.base import Batch, Inputs
from trailbell_engine.values import Json


class Interruptible:
    """A source that ^C ends between two batches. A context, for the handler.

    An exception out of a handler can come anywhere, inside other people's locks and callbacks, and is lost there. So
    it is raised at once only where the source may wait for others, a pipe or a server, and at the second ^C.

    Attributes:
        name, lateness_us, bounded: of the source.
    """

    def __init__(self, source: Inputs) -> None:
        self.name = source.name
        self.lateness_us = source.lateness_us
        self.bounded = source.bounded
        self._source = source
        self._waits = bool(getattr(source, "waits", False))
        self._working = False
        self._asked = False
        self._before: object = None

    def __enter__(self) -> Self:
        """Take over ^C, where that can be done; elsewhere it stays as it is."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if callable(self._before):
            signal.signal(signal.SIGINT, self._before)

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:
        """Those of the source.

        Raises:
            KeyboardInterrupt: after ^C, when the batch under way is done.
        """
        with closing(self._source.batches(checkpoint)) as batches:
            for batch in batches:
                if self._asked:
                    raise KeyboardInterrupt
                self._working = True
                yield batch
                self._working = False
        if self._asked:
            raise KeyboardInterrupt

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._asked or (self._waits and not self._working):
            raise KeyboardInterrupt
        self._asked = True
