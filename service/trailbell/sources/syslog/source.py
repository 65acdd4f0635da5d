"""Syslog as a source: everything that comes is read on the source's own thread, and given to the engine in batches.

Syslog has no acknowledgement. Over TCP a busy engine makes the senders wait; over UDP the system drops what it cannot
keep, and what it says of that is recorded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Final

from trailbell.sources.base import LIVE_BATCH, Batch
from trailbell_engine.values import Json

from .door import Door
from .events import EventReader
from .hearing import Found, Hearing, Terms
from .listening import Address, listen

LOOK_S: Final = 0.25
"""How long a stop, or a deadline, may have to wait while nobody says anything."""
_LAST_WORDS_S: Final = 1.0
"""After a stop, for so long at most, what arrives is read; no longer than ``LOOK_S`` while nobody says anything."""


class SyslogSource:
    """Listens until it is stopped.

    Attributes:
        name: of the source, and of its events.
        lateness_us: how late an event may come and still be taken in its order.
        bounded: never.
        wall_clock: its events are of now.
        fleeting: what is sent while nobody listens is lost, or waits at the sender.
        addresses: where it listens, once ``listening`` is set.
        door: who is let in.
    """

    bounded = False
    wall_clock = True
    fleeting = True
    no_past = "syslog is sent once, and nobody keeps it"

    def __init__(
        self,
        name: str,
        addresses: Sequence[Address],
        reader: EventReader,
        door: Door,
        terms: Terms,
        *,
        lateness_us: int,
        once: bool = False,
    ) -> None:
        """Prepare; nothing is listened on yet.

        Args:
            name: of the source.
            addresses: where to listen.
            reader: makes events.
            door: lets senders in.
            terms: on which messages are taken.
            lateness_us: see above.
            once: end at once: there is nothing to catch up with.
        """
        self.name = name
        self.lateness_us = lateness_us
        self.addresses: tuple[Address, ...] = ()
        self.listening = threading.Event()
        self.door = door
        self._wanted = tuple(addresses)
        self._reader = reader
        self._terms = terms
        self._once = once
        self._stopped = threading.Event()

    @property
    def lost(self) -> Mapping[str, int]:
        """What was sent and not heard since the start, by reason."""
        return {str(reason): count for reason, count in self.door.lost.items()}

    def stop(self) -> None:
        """Make ``batches`` end soon, after what has arrived already."""
        self._stopped.set()

    def probe(self) -> str:
        """Whether it can be listened here, in words.

        Raises:
            SourceError: if not.
        """
        for address in self._wanted:
            listen(address).close()
        return f"{', '.join(map(str, self._wanted))} can be listened on"

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:  # noqa: ARG002 - there is none
        """What is sent, as it comes.

        Raises:
            SourceError: if an address cannot be listened on.
        """
        if self._once:
            return
        with Hearing(self.name, self._wanted, self._reader, self.door, self._terms) as hearing:
            self.addresses = hearing.addresses
            self.listening.set()
            while not self._stopped.is_set():
                yield from _batched(hearing.hear(LOOK_S))
            yield from _batched(hearing.hear(0))
            yield from _last_words(hearing)


def _last_words(hearing: Hearing) -> Iterator[Batch]:
    """What has arrived, and what senders send until they see that we go."""
    hearing.take_leave()
    now_s = time.monotonic()
    until_s = now_s + _LAST_WORDS_S
    quiet_s = now_s + LOOK_S
    while now_s < min(until_s, quiet_s):
        found = hearing.hear(LOOK_S if hearing.connected else 0)
        yield from _batched(found)
        now_s = time.monotonic()
        if found:
            quiet_s = now_s + LOOK_S
        elif not hearing.connected:
            break
    yield from _batched(hearing.left())


def _batched(found: Found) -> Iterator[Batch]:
    for start in range(0, len(found), LIVE_BATCH):
        yield Batch(found[start : start + LIVE_BATCH])
