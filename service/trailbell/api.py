"""The public Python API: rules, dry-runs and an engine to feed by hand. ``import trailbell`` offers it."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from trailbell_engine.alert import Alert, Opened
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.problem import Problem

from .loading import load
from .memory import MemoryLedger
from .replay import Wanted, dry_run_source, open_files
from .report import Report
from .sources.base import HISTORY_BATCH, Batch

Record: TypeAlias = Event | Mapping[str, Json]
"""An event, or a record as a source gives it."""

_SOURCE: Final = "python"


class InvalidRules(ValueError):  # noqa: N818 - it names what was given
    """Rules with errors.

    Attributes:
        problems: every error, with file, line, column and help.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        lines = (f"{problem.span.file}:{problem.span.line}: {problem.summary}" for problem in problems)
        super().__init__("\n".join(lines))
        self.problems = problems


class NotAnEvent(ValueError):  # noqa: N818 - it says what it is
    """A record that cannot be taken as an event."""


def load_rules(*paths: str | PathLike[str]) -> RuleSet:
    """Load rules from files, folders and packs (``pack:vonage``).

    Raises:
        InvalidRules: if any of them has an error; all errors are in it.
    """
    loaded = load([str(path) for path in paths])
    if loaded.errors:
        raise InvalidRules(loaded.errors)
    return loaded.rules


def dry_run(  # noqa: PLR0913 - the options of the command
    rules: RuleSet | str | PathLike[str],
    events: Iterable[Record] | str | PathLike[str],
    *,
    map: str | None = None,  # noqa: A002 - the word of the command line
    against: RuleSet | str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
    funnel: bool = False,
    lateness_s: float = 0,
    jobs: int = 1,
) -> Report:
    """Run rules over history, as ``trailbell dry-run`` does. Nothing is stored and nothing is sent.

    A file that breaks off gives what stood before; ``report.reading`` says so.

    Args:
        rules: from ``load_rules``, or the path of a file or folder, or a pack.
        events: records or events in order of time, or the path of a file, folder or glob.
        map: the preset that says where id, type and time are; by default it is found by looking at the first record.
        against: another version of the rules, to compare with on the same events.
        config: the ``trailbell.yaml`` whose receivers and routes are previewed; without one, a single Slack channel.
        funnel: count where the events of each rule go.
        lateness_s: how far files are out of order, in seconds: so much is put right, as live.
        jobs: processes that read long files; the report is the same with any number.

    Raises:
        InvalidRules: if the rules of a path have errors.
        ConfigError, WiringError: if the configuration cannot be used.
        SourceError: if nothing of the files can be read.
        KeyError: if no preset has that name.
    """
    from .configuration.config import load_config
    from .dryrun.previewing import previewed

    rules = _loaded(rules)
    settings = None if config is None else load_config(Path(config), os.environ, secrets=False)
    event_map = None if map is None else PRESETS[map]
    other = None if against is None else ("the other version", _loaded(against))
    wanted = Wanted(against=other, told=previewed(rules, settings), funnel=funnel)
    if isinstance(events, str | PathLike):
        lateness_us = round(lateness_s * SECOND_US)
        with open_files(rules, [str(events)], event_map, wanted, lateness_us=lateness_us, processes=jobs) as files:
            return dry_run_source(rules, files, wanted=wanted)
    return dry_run_source(rules, _Records(events, event_map), wanted=wanted)


def _loaded(rules: RuleSet | str | PathLike[str]) -> RuleSet:
    return load_rules(rules) if isinstance(rules, str | PathLike) else rules


class Engine:
    """Rules at work on events that are handed in one at a time; its memory is its own and ends with it."""

    def __init__(self, rules: RuleSet, *, map: str | None = None) -> None:  # noqa: A002 - the word of the command line
        """Start.

        Args:
            rules: from ``load_rules``.
            map: the preset that says where id, type and time are; by default it is found by looking.

        Raises:
            KeyError: if no preset has that name.
        """
        self._pipeline = Pipeline(rules)
        self._ledger = MemoryLedger()
        self._reader = _Reader(None if map is None else PRESETS[map])

    def process(self, event: Record) -> list[Alert]:
        """Take an event and return the alerts it opens. A duplicate opens none.

        Raises:
            NotAnEvent: if the record is none, with the reason.
        """
        alerts = []
        for item in self._reader.read(event):
            if isinstance(item, Malformed):
                raise NotAnEvent(item.reason)
            if isinstance(item, Event) and self._ledger.record([item]) == [True]:
                outputs = self._pipeline.take(item, self._ledger)
                alerts += [output.alert for output in outputs if isinstance(output, Opened)]
        return alerts


class _Reader:
    """Records to events, by a map that the first record shows."""

    def __init__(self, event_map: EventMap | None) -> None:
        self._map = event_map
        self._decoder: Decoder | None = None
        self._count = 0

    def read(self, record: Record) -> list[Input]:
        if isinstance(record, Event):
            return [record]
        value: Json = dict(record) if isinstance(record, Mapping) else record  # what is none is malformed
        if self._decoder is None:
            event_map = self._map or detect(value) or GENERIC
            self._decoder = Decoder(event_map.name, event_map)
        self._count += 1
        return [*self._decoder.decode_value(value, f"record {self._count}")]


class _Records:
    """An iterable as a source."""

    name = _SOURCE
    lateness_us = 0
    bounded = True

    def __init__(self, records: Iterable[Record], event_map: EventMap | None) -> None:
        self._records = records
        self._reader = _Reader(event_map)

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:  # noqa: ARG002 - it starts at its start
        inputs = (item for record in self._records for item in self._reader.read(record))
        while batch := list(islice(inputs, HISTORY_BATCH)):
            yield Batch(batch)
