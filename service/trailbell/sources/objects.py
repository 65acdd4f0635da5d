"""A bucket that others deliver objects into, each written once: every new one is read once, the late ones too.

Nobody tells which objects are new, so each round lists what can be new: the folders whose dates are not over for long
(``overlap``), or everything where folders have no dates. Names within the overlap are remembered in the checkpoint.
An object counts as read when all of it is committed; what a crash cuts short is read again, and ids make events count
once.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES, WRAPPING_LIMIT_BYTES, Decoder
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input, Malformed, Tick
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, from_datetime
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .blocks import Counted, blocks
from .buckets import Bucket, GoneError, Item
from .errors import SourceError
from .past import Part, Past
from .polling import Pace, Polling

log: Final = logging.getLogger("trailbell")

SEEN_LIMIT: Final = 50_000
"""So many names are remembered, which takes about a megabyte; with more the overlap becomes shorter, and says so."""
SETTLED_US: Final = 10 * MINUTE_US
"""An object that cannot be read whole may still be being written; after so long without a change it is broken."""
_OBJECTS_A_CHECKPOINT: Final = 50
"""The checkpoint has all names in it, so it is not written for each object."""
_DATED: Final = re.compile(
    r"(?:^|/)(?:year=)?(?P<year>20\d\d)(?:/(?:month=)?(?P<month>\d\d)(?:/(?:day=)?(?P<day>\d\d))?)?$"
)


class Found(NamedTuple):
    """An object that has not been read.

    Attributes:
        at_us: when what it holds was gathered, by its name, or else when it was written: the order of reading.
        new_us: since when it can have been there: the later of the two.
        item: the object.
    """

    at_us: int
    new_us: int
    item: Item

    @property
    def mark(self) -> str:
        """What is remembered of it: its name and size, so that one that was written again is read again."""
        return hashlib.blake2b(f"{self.item.key}\0{self.item.size_bytes}".encode(), digest_size=8).hexdigest()


class ObjectSource:
    """Reads new objects until it is closed, or (``follow=False``) until it has read all there are.

    Attributes:
        name: of the source, and of its events.
        bounded: never: more objects come.
    """

    bounded = False
    wall_clock = False

    def __init__(
        self,
        bucket: Bucket,
        event_map: EventMap,
        polling: Polling,
        *,
        name: str,
        wanted: Callable[[str], bool],
        time_of: Callable[[str], int | None],
        pace: Pace | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            bucket: where the objects are.
            event_map: where the envelope of a record lies.
            polling: ``interval_us``, ``overlap_us``, ``lateness_us`` and ``first_us`` count here.
            name: of the source, and of its events.
            wanted: whether a folder is gone into, and an object is read; by its key.
            time_of: when an object was made, by its key, in microseconds; None if the key does not say.
            pace: when to look again.
        """
        self.name = name
        self._bucket = bucket
        self._map = event_map
        self._polling = polling
        self._wanted = wanted
        self._time_of = time_of
        self._pace = pace or Pace()
        self.trouble: SourceError | None = None

    @property
    def lateness_us(self) -> int:
        """How long the engine waits for events to bring them in order, in microseconds."""
        return self._polling.lateness_us

    def stop(self) -> None:
        """End the reading, after the object at hand."""
        self._pace.stopped.set()

    def backfill(self, since_us: int, until_us: int) -> Past:
        """What happened between two instants, object by object; see ``Source``.

        An object holds what happened before it was made, in any order: as live, events are put in order within the
        lateness. Objects that were made later than the overlap after the second instant are not looked at.
        """
        span_us, lateness_us = (since_us, until_us), self._polling.lateness_us
        return Past(self.name, self._map, span_us, self._parts, lateness_us=lateness_us, clock=self._pace.now_us)

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The events of all new objects, in the order of the objects' times.

        When nothing is left to read, a ``Tick`` says until when, so that what waits for time to pass happens.

        Raises:
            SourceError: if the bucket refuses us; with ``follow=False`` for every error.
        """
        progress = self._resume(checkpoint)
        while True:
            try:
                yield from self._round(progress)
                self.trouble = None
            except SourceError as error:
                if not self._pace.follow or not error.transient:
                    raise
                self.trouble = error
                self._pace.on_trouble(error)
            if (
                not self._pace.follow
                or self._pace.stopped.is_set()
                or self._pace.wait(self._polling.interval_us / SECOND_US)
            ):
                return

    def _resume(self, checkpoint: Json | None) -> _Progress:
        if isinstance(checkpoint, dict):
            decoder = Decoder(self.name, self._map, int(checkpoint["last_time_us"]))
            seen = {str(mark): int(time_us) for mark, time_us in checkpoint["seen"].items()}
            return _Progress(
                int(checkpoint["reached_us"]), int(checkpoint["floor_us"]), self._polling.overlap_us, seen, decoder
            )
        since_us = self._pace.now_us() - self._polling.first_us
        return _Progress(since_us, since_us, self._polling.overlap_us, {}, Decoder(self.name, self._map, since_us))

    def _round(self, progress: _Progress) -> Iterator[Batch]:
        asked_us = self._pace.now_us()
        left = 0
        found = iter(sorted(self._new(progress, asked_us)))
        while some := list(islice(found, _OBJECTS_A_CHECKPOINT)):
            for one in some:
                if self._pace.stopped.is_set():
                    return
                inputs = self._inputs(one, progress.decoder, asked_us)
                if inputs is None:
                    left += 1
                    continue
                for start in range(0, len(inputs), LIVE_BATCH):
                    yield Batch(inputs[start : start + LIVE_BATCH])
                progress.read(one)
            yield Batch((), progress.checkpoint())
        if not left:
            yield Batch([Tick(asked_us - SECOND_US - self._polling.lateness_us, self.name)], progress.checkpoint())

    def _parts(self, decoder: Decoder, since_us: int, until_us: int) -> Iterator[Part]:
        """The objects that may hold something of what happened between two instants, in the order they were made."""
        asked_us = self._pace.now_us()
        # The times in names are rounded: what happened just before the first instant is left out later.
        from_us, to_us = since_us - self._polling.lateness_us, until_us + self._polling.overlap_us
        made = (one for one in self._objects(asked_us, from_us, to_us) if from_us <= one.at_us)
        for one in sorted(one for one in made if (self._time_of(one.item.key) or 0) <= to_us):
            # Nobody comes back to look again: what cannot be read whole now counts as broken.
            inputs = self._inputs(one, decoder, asked_us + SETTLED_US)
            if inputs is not None:
                reached_us = min(max(since_us, one.at_us - self._polling.lateness_us), until_us)
                yield Part(inputs, reached_us)
        yield Part((), until_us)

    def _new(self, progress: _Progress, asked_us: int) -> Iterator[Found]:
        """Every object that may be new and has not been read."""
        for found in self._objects(asked_us, progress.horizon_us):
            if found.new_us >= progress.horizon_us and found.mark not in progress.seen:
                yield found

    def _objects(self, asked_us: int, from_us: int, to_us: int | None = None) -> Iterator[Found]:
        """Every object that is wanted; of folders with dates, those with a date in between."""
        folders = [""]
        while folders:
            try:
                inner, items = self._bucket.level(folders[-1])
            except GoneError:
                if len(folders) == 1 and not folders[0]:
                    raise  # the bucket itself
                inner, items = [], []
            folders.pop()
            folders += [one for one in inner if self._wanted(one) and _overlaps(one, from_us, to_us)]
            for item in items:
                if self._wanted(item.key):
                    at_us = self._time_of(item.key)
                    written_us = item.changed_us if item.changed_us is not None else asked_us
                    yield Found(written_us if at_us is None else at_us, max(at_us or 0, written_us), item)

    def _inputs(self, found: Found, decoder: Decoder, asked_us: int) -> list[Input] | None:
        """What an object holds; None if it is to be looked at again later."""
        place = f"{self._bucket.shown}/{found.item.key}"
        settled = found.item.changed_us is None or found.item.changed_us <= asked_us - SETTLED_US
        try:
            raw = self._raw(found.item.key)
        except GoneError:
            return None  # listed and not there any more
        except SourceError as error:
            if error.transient:
                raise
            return [Malformed(self.name, place, error.message, b"")] if settled else None
        if len(raw) > WRAPPING_LIMIT_BYTES:
            reason = f"unpacks to more than {WRAPPING_LIMIT_BYTES >> 20} MiB"
            return [Malformed(self.name, place, reason, raw[:RAW_KEPT_BYTES])]
        last_time_us = decoder.last_time_us
        inputs = decoder.decode(raw, place)
        if not settled and inputs and isinstance(inputs[0], Malformed) and inputs[0].place == place:
            decoder.last_time_us = last_time_us
            return None
        return sorted(inputs, key=lambda item: item.time_us if isinstance(item, Event) else 0)

    def _raw(self, key: str) -> bytes:
        """An object unpacked, and a little more than the largest that is taken at most."""
        unpacked = bytearray()
        with self._bucket.open(key) as stream:
            for block in blocks(Counted(stream), f"{self._bucket.shown}/{key}"):
                unpacked += block
                if len(unpacked) > WRAPPING_LIMIT_BYTES:
                    break
        return bytes(unpacked)


class _Progress:
    """Which objects have been read."""

    def __init__(self, reached_us: int, floor_us: int, overlap_us: int, seen: dict[str, int], decoder: Decoder) -> None:
        self.seen = seen
        self.decoder = decoder
        self._reached_us = reached_us
        self._floor_us = floor_us
        self._overlap_us = overlap_us

    @property
    def horizon_us(self) -> int:
        """What was there before is not looked for any more."""
        return max(self._floor_us, self._reached_us - self._overlap_us)

    def read(self, found: Found) -> None:
        """Note that all of an object was handed out."""
        self._reached_us = max(self._reached_us, found.at_us)
        self.seen[found.mark] = found.new_us

    def checkpoint(self) -> Json:
        """Where to go on."""
        kept = {mark: new_us for mark, new_us in self.seen.items() if new_us >= self.horizon_us}
        if len(kept) > SEEN_LIMIT:
            newest = sorted(kept.items(), key=lambda one: one[1])[-SEEN_LIMIT:]
            kept, self._floor_us = dict(newest), newest[0][1]
            log.warning("more than %d objects within the overlap: it is shorter until there are fewer", SEEN_LIMIT)
        self.seen = kept
        return {
            "reached_us": self._reached_us,
            "floor_us": self._floor_us,
            "seen": dict(kept),
            "last_time_us": self.decoder.last_time_us,
        }


def _overlaps(folder: str, from_us: int, to_us: int | None) -> bool:
    """Whether a folder has no date, or is of a day, month or year that is not over and has begun."""
    dates = _dates(folder)
    return dates is None or (dates[1] > from_us and (to_us is None or dates[0] <= to_us))


def _dates(folder: str) -> tuple[int, int] | None:
    """Beginning and end of the day, month or year that a folder is called by; None if it is not called so."""
    dated = _DATED.search(folder)
    if dated is None:
        return None
    year, month, day = (int(part) if part else None for part in dated.group("year", "month", "day"))
    assert year is not None
    try:
        begin = datetime(year, month or 1, day or 1, tzinfo=UTC)
        if day is not None:
            end = begin + timedelta(days=1)
        elif month is not None:
            end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        else:
            end = datetime(year + 1, 1, 1, tzinfo=UTC)
    except ValueError:
        return None  # 2026/13 is no date
    return from_datetime(begin), from_datetime(end)
