"""Retention beside a running engine: once an hour what is too old goes, a little at a time between two groups."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Final, Protocol

from trailbell.store.database import Database

from .retention import Removed, Retention, step

log: Final = logging.getLogger("trailbell")

EVERY_S: Final = 3600.0


class Engine(Protocol):
    """Who owns the store's thread."""

    def call(self, action: Callable[[], object]) -> Future[None]:
        """Have something done between two groups."""


@contextmanager
def keeping(engine: Engine, database: Database, retention: Retention, now_us: Callable[[], int]) -> Iterator[None]:
    """Look after the store while the body runs.

    Args:
        engine: that runs on the store.
        database: the store.
        retention: how long things are kept.
        now_us: the clock.
    """
    if retention == Retention():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(engine, database, retention, now_us, over), name="retention")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(
    engine: Engine, database: Database, retention: Retention, now_us: Callable[[], int], over: threading.Event
) -> None:
    while True:
        try:
            removed = _all(engine, database, retention, now_us, over)
        except CancelledError:  # the run has ended
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine goes on, and so does the next hour
            log.warning("old events and alerts could not be removed: %s", error)
        else:
            if removed != Removed():
                log.info("removed what was too old: %s", removed)
        if over.wait(EVERY_S):
            return


def _all(
    engine: Engine, database: Database, retention: Retention, now_us: Callable[[], int], over: threading.Event
) -> Removed:
    """Step by step, and the engine takes its turns between."""
    total = Removed()
    while not over.is_set():
        steps: list[Removed] = []
        engine.call(lambda steps=steps: steps.append(step(database, retention, now_us()))).result()  # type: ignore[misc]
        total += steps[0]
        if steps[0] == Removed():
            break
    return total
