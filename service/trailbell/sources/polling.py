"""How an API is polled: how often, how far back, and what is done between two polls."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from trailbell.clock import now_us
from trailbell_engine.timestamps import DAY_US, MINUTE_US, SECOND_US

from .errors import SourceError


@dataclass(frozen=True, slots=True)
class Polling:
    """When and how far back to ask. All in microseconds.

    Attributes:
        interval_us: between polls once the source has caught up.
        overlap_us: how far a window reaches back behind the end of the one before it. An event that becomes visible
            later than this after it happened is missed.
        lateness_us: how long the engine waits for events to bring them in order.
        window_us: the longest window, while catching up.
        first_us: how far before now the first window of all begins.
        page_size: events asked for in one request.
        rescan_us: an event that comes no later than this is found by the daily re-scan at last; 0 for none.
        kept_us: for so long the vendor keeps events; 0 if that is not known.
    """

    interval_us: int = MINUTE_US
    overlap_us: int = 5 * MINUTE_US
    lateness_us: int = MINUTE_US
    window_us: int = DAY_US
    first_us: int = DAY_US
    page_size: int = 100
    rescan_us: int = DAY_US
    kept_us: int = 0

    def __post_init__(self) -> None:
        if (
            min(self.interval_us, self.overlap_us, self.window_us) < SECOND_US
            or self.lateness_us < 0
            or min(self.first_us, self.rescan_us) < 0
        ):
            raise ValueError("interval, overlap and window of a poll are at least one second")


def log_trouble(error: SourceError) -> None:
    """Tell the log that polling goes on after an error."""
    logging.getLogger(__name__).warning("%s; trying again", error)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a poller spends its time.

    Attributes:
        follow: go on for ever; otherwise end when it has caught up.
        now_us: the clock.
        sleep: waits so many seconds between polls; polling ends if it returns true, as ``Event.wait`` does. None waits
            until ``stop``.
        on_trouble: is told of an error that did not end the polling.
        stopped: set by ``stop``; whoever waits on the source's behalf waits with it.
    """

    follow: bool = True
    now_us: Callable[[], int] = now_us
    sleep: Callable[[float], object] | None = None
    on_trouble: Callable[[SourceError], None] = log_trouble
    stopped: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> bool:
        """Wait between two polls; say whether polling is to end."""
        return bool((self.sleep or self.stopped.wait)(seconds))
