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
STEPS_OF_A_VISIT: Final = 100
"""Of a run that ends by itself: some seconds, so that the next one of cron finds the store free."""


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


def visit(database: Database, retention: Retention, now_us: Callable[[], int]) -> None:
    """What an hour of ``keeping`` does, for a run that ends: cron's runs are never there for an hour.

    What is more than a visit's work is left for the next. Trouble is logged: what the run was for is done.

    Args:
        database: the store, which nobody else uses any more.
        retention: how long things are kept.
        now_us: the clock.
    """
    total = Removed()
    try:
        for _ in range(STEPS_OF_A_VISIT if retention != Retention() else 0):
            removed = step(database, retention, now_us())
            if removed == Removed():
                break
            total += removed
    except Exception as error:  # noqa: BLE001 - as beside a running engine
        _log_failed(error)
    _log_removed(total)


def _log_removed(removed: Removed) -> None:
    if removed != Removed():
        log.info("removed what was too old: %s", removed)


def _log_failed(error: Exception) -> None:
    log.warning("old events and alerts could not be removed: %s", error)


def _keep(
    engine: Engine, database: Database, retention: Retention, now_us: Callable[[], int], over: threading.Event
) -> None:
    while True:
        try:
            removed = _all(engine, database, retention, now_us, over)
        except CancelledError:  # the run has ended
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine goes on, and so does the next hour
            _log_failed(error)
        else:
            _log_removed(removed)
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
