"""Watches the sources of a live run, on the engine's thread: notes what is read, and records what is wrong.

What it finds out is written in the transaction of the inputs that it follows from; so after a crash the ledger says no
more than the store holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from trailbell.drive import Given
from trailbell.sources.base import Batch, Source
from trailbell.store.coverage import Coverage, Episode, Watched, last_stretch, read_covered, read_episodes, read_watched
from trailbell.store.database import Database
from trailbell_engine.event import LEAVES_US, Event, Input, Tick
from trailbell_engine.timestamps import MINUTE_US

from .attended import NOTE_EVERY_US, Attended
from .events import SOURCE, event_of
from .limits import NO_WISHES, Limits
from .spans import Span
from .standing import TROUBLES, Change, Standing, Trouble

TICK_EVERY_S: Final = 15.0
"""While something is wrong the clock of these events goes on, so that messages wait for no source that is away."""
LOOK_EVERY_S: Final = 1.0
ALIVE_EVERY_US: Final = MINUTE_US


class Watch:
    """The sources of one run. Everything here happens on the engine's thread."""

    def __init__(self, database: Database, limits: Mapping[str, Limits], now_us: Callable[[], int]) -> None:
        """Watch sources on a store.

        Args:
            database: the store, open for writing.
            limits: by the names of sources; others have the usual ones, and are not expected to say anything.
            now_us: the clock.
        """
        self._database = database
        self._coverage = Coverage(database)
        self._limits = limits
        self._now_us = now_us
        self._attended: dict[str, Attended] = {}
        self._orphans: list[Episode] = []
        self._pending: list[tuple[str, Change]] = []
        self._look_s = self._tick_s = 0.0

    def begin(self, sources: Sequence[Source]) -> None:
        """Take up the sources of a run where the last one left them. Of one that has an end nothing more is expected.

        That nobody ran meanwhile is noted, if it was for long.
        """
        now_us = self._now_us()
        known, covered = read_watched(self._database), read_covered(self._database)
        open_ = [one for one in read_episodes(self._database) if one.until_us is None]
        self._attended = {}
        with self._database.transaction():
            for source in sources:
                if not source.bounded and source.name != SOURCE:
                    before, spans = known.get(source.name), covered.get(source.name, [])
                    own = [one for one in open_ if one.source == source.name]
                    self._attended[source.name] = self._taken_up(source, before, spans, own, now_us)
            gone = [one for one in open_ if one.source not in self._attended and one.source not in self._limits]
            for one in gone:
                if not one.told:
                    self._coverage.ended(one.source, one.trouble, now_us)
        self._orphans = [one for one in gone if one.told]

    def _taken_up(
        self,
        source: Source,
        before: Watched | None,
        spans: Sequence[tuple[Span, bool]],
        open_: Sequence[Episode],
        now_us: int,
    ) -> Attended:
        limits = self._limits.get(source.name, NO_WISHES)
        if before is not None and now_us - before.ran_us > limits.late_us:
            stopped = Episode(source.name, "stopped", before.ran_us, now_us, told=False, reason="nobody ran")
            self._coverage.begun(stopped)
        return Attended(
            source,
            _standing(limits, open_),
            now_us,
            Watched(source.name, limits.kind, now_us) if before is None else before._replace(kind=limits.kind),
            last_stretch(spans),
            caught_up=any(not late for _, late in spans),
            noted_heard_us=None if before is None else before.heard_us,
        )

    def took(self, batches: Sequence[tuple[Given, Sequence[Event]]]) -> None:
        """Take note of batches and of their new events, inside their transaction."""
        now_us = self._now_us()
        for name, batch, fresh in _by_source(batches):
            attended = self._attended.get(name)
            if attended is not None:
                self._note(attended, batch, fresh, now_us)
            elif name == SOURCE:
                for source, change in self._pending:
                    self._write(source, change, now_us)
                self._pending = []

    def look(self, errors: Callable[[], Mapping[str, str]], *, now: bool = False, over: bool = False) -> list[Input]:
        """Look at all sources, about once a second; what is to be recorded.

        Args:
            errors: asks why sources cannot be read, by name.
            now: do not wait until it is time.
            over: the run ends, all sources read to their ends.
        """
        clock_s = time.monotonic()
        if clock_s < self._look_s and not now:
            return []
        self._look_s = clock_s + LOOK_EVERY_S
        now_us = self._now_us()
        inputs: list[Input] = [*self._farewells(now_us), *self._news(errors(), now_us, over=over)]
        self._say_alive(now_us, now=now)
        goes_on = any(attended.standing.told for attended in self._attended.values())
        if inputs or (goes_on and clock_s >= self._tick_s):
            self._tick_s = clock_s + TICK_EVERY_S
            inputs.append(Tick(now_us if goes_on else LEAVES_US, SOURCE))
        return inputs

    def _news(self, errors: Mapping[str, str], now_us: int, *, over: bool) -> Iterator[Event]:
        for name, attended in self._attended.items():
            standing = attended.standing
            failing_us = standing.failing_us
            changes = standing.look(attended.sight(now_us, errors.get(name, ""), over=over))
            if standing.failing_us != failing_us and all(change.trouble != "failing" for change in changes):
                self._remember(name, standing, now_us)
            for change in changes:
                self._pending.append((name, change))
                limits = standing.limits
                yield event_of(change, name, limits.kind, limits.severity, now_us, attended.known.newest_us)

    def _say_alive(self, now_us: int, *, now: bool) -> None:
        """Note that somebody runs, also for sources that give nothing: after a crash it tells since when nobody did."""
        due = [one for one in self._attended.values() if now or now_us >= one.noted_us + ALIVE_EVERY_US]
        if due:
            with self._database.transaction():
                for attended in due:
                    self._put(attended, now_us)

    def _put(self, attended: Attended, now_us: int) -> None:
        attended.noted_us = now_us
        attended.known = attended.known._replace(ran_us=now_us)
        attended.noted_heard_us = attended.known.heard_us
        self._coverage.note(attended.known)

    def _farewells(self, now_us: int) -> Iterator[Event]:
        """What was wrong with a source that is not configured any more is over."""
        orphans, self._orphans = self._orphans, []
        for one in orphans:
            change = Change(_trouble(one), False, one.since_us, "it is not configured any more", 0)
            self._pending.append((one.source, change))
            yield event_of(change, one.source, "", "", now_us, None)

    def _note(self, attended: Attended, batch: Batch, fresh: Sequence[Event], now_us: int) -> None:
        """What a batch says of its source."""
        attended.heard(fresh, now_us)
        span = attended.read(batch, now_us)
        if span is not None:
            self._coverage.add(attended.source.name, span, now_us - attended.late_us)
        if now_us >= attended.noted_us + NOTE_EVERY_US or attended.is_news:
            self._put(attended, now_us)

    def _write(self, source: str, change: Change, now_us: int) -> None:
        if change.begins:
            episode = Episode(source, change.trouble, change.since_us, None, told=True, reason=change.reason)
            self._coverage.begun(episode)
        else:
            self._coverage.ended(source, change.trouble, now_us)

    def _remember(self, name: str, standing: Standing, now_us: int) -> None:
        """Since when a source fails counts across runs, which may all be short."""
        with self._database.transaction():
            if standing.failing_us is None:
                self._coverage.ended(name, "failing", now_us)
            else:
                episode = Episode(name, "failing", standing.failing_us, None, told=False, reason=standing.reason)
                self._coverage.begun(episode)


def _by_source(
    batches: Sequence[tuple[Given, Sequence[Event]]],
) -> Iterator[tuple[str, Batch, Sequence[Event]]]:
    """Batches that do not say what they cover, as one of each source: senders of single events come by the hundred."""
    plain: dict[str, tuple[list[Input], list[Event]]] = {}
    for (name, batch), fresh in batches:
        if batch.covers is not None:
            yield name, batch, fresh
            continue
        inputs, new = plain.setdefault(name, ([], []))
        inputs += batch.inputs
        new += fresh
    for name, (inputs, new) in plain.items():
        yield name, Batch(inputs), new


def _standing(limits: Limits, open_: Sequence[Episode]) -> Standing:
    """As the last run left it."""
    standing = Standing(limits)
    for one in open_:
        if one.trouble == "failing":
            standing.failing_us, standing.reason = one.since_us, one.reason
        if one.told:
            standing.told[_trouble(one)] = one.since_us
    return standing


def _trouble(episode: Episode) -> Trouble:
    return next(trouble for trouble in TROUBLES if trouble == episode.trouble)
