"""Rules over history: the live engine on recorded time, with a recorder where the outbox would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_notifiers.delivery.outbox import Delivery
from trailbell_notifiers.policy.silences import Silence

from .clock import now_us
from .drive import drive
from .dryrun.comparison import differing
from .dryrun.interruptible import Interruptible
from .dryrun.parts import Parts
from .dryrun.reading import Reading, Unread
from .garbage import collecting_seldom
from .report import Report, report
from .sources.base import Inputs
from .sources.errors import SourceError
from .sources.files import FileSource
from .sources.judged import Judge
from .sources.past import Past
from .sources.pieces import Pieces
from .store.database import Database
from .store.history import History
from .store.silences import Silences
from .watch.view import coverage_view
from .wiring import Receivers


class Audience(NamedTuple):
    """Whom a dry-run previews.

    Attributes:
        receivers: channels and routes.
        kinds: per receiver ``slack``, ``email`` or ``webhook``.
        configured: whether a configuration named them.
        sent: called with every delivery as it would be sent, and the ids of alerts that are new to its receiver.
    """

    receivers: Receivers
    kinds: Mapping[str, str]
    configured: bool
    sent: Callable[[Delivery, Iterable[str]], None] = lambda _delivery, _new: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a dry-run looks at beside the alerts.

    Attributes:
        against: another version of the rules and its name.
        told: whose messages are previewed.
        funnel: count where the events of every rule go; about doubles the cost of matching.
        suggest: try what would make noisy rules quiet.
        max_per_day: the budget of rules that have none of their own.
        why_not: a rule's id and an event's (or the beginning of one): what the rule made of the event.
    """

    against: tuple[str, RuleSet] | None = None
    told: Audience | None = None
    funnel: bool = False
    suggest: bool = True
    max_per_day: float | None = None
    why_not: tuple[str, str] | None = None


PLAIN = Wanted()


@contextmanager
def open_files(
    rules: RuleSet,
    paths: Sequence[str | Path],
    event_map: EventMap | None = None,
    wanted: Wanted = PLAIN,
    *,
    lateness_us: int = 0,
    processes: int | None = 1,
) -> Iterator[FileSource]:
    """Files as a history that is read for these rules: of what none of them matches as little as can be.

    Args:
        rules: that will be run on it.
        paths: files, folders, globs, or ``-``.
        event_map: where the envelope lies; None looks at each file.
        wanted: what will be looked at.
        lateness_us: how much disorder is put right, in microseconds.
        processes: how many read long files; the outcome is the same with any number. None decides.

    Raises:
        SourceError: if a path names nothing.
    """
    if wanted.funnel or wanted.why_not:  # they ask about events that match nothing, too
        yield FileSource(paths, event_map, lateness_us=lateness_us, tolerant=True)
        return
    sets = [rules, *([differing(wanted.against[1], rules)] if wanted.against else [])]
    with Pieces(Judge(sets), processes) as pieces:
        yield FileSource(paths, event_map, lateness_us=lateness_us, tolerant=True, pieces=pieces)


def dry_run_source(
    rules: RuleSet, source: Inputs, map_name: Callable[[], str] = lambda: "", wanted: Wanted = PLAIN
) -> Report:
    """Run the rules over a bounded source.

    Nothing is written and nothing is sent. ^C ends it early; the report then covers what was read and says so. So it
    does where a part of the history cannot be read.

    Raises:
        SourceError: if nothing of the history can be read.
    """
    lateness_us = {source.name: source.lateness_us}
    if isinstance(source, FileSource):
        # Their events go under the names of maps, which are seen only by looking.
        maps = [*PRESETS, GENERIC.name, *([source.map.name] if source.map is not None else [])]
        lateness_us = dict.fromkeys(maps, source.lateness_us)
    return _run(rules, source, lateness_us, map_name, wanted)


def dry_run_store(
    rules: RuleSet,
    database: Database,
    since_us: int | None = None,
    until_us: int | None = None,
    wanted: Wanted = PLAIN,
) -> Report:
    """Run the rules over what the live engine recorded, in ``[since_us, until_us)`` of event time."""
    history = History(database, since_us, until_us)
    unread = _unread(database, since_us, until_us)
    return _run(rules, history, history.lateness, lambda: "", wanted, Silences(database).all(), unread)


def _unread(database: Database, since_us: int | None, until_us: int | None) -> tuple[Unread, ...]:
    """What the live engine could not record, so that nobody takes it for peace."""
    view = coverage_view(database, now_us(), since_us, until_us)
    return tuple(
        Unread(source.name, format_time(gap.span.from_us), format_time(gap.span.until_us), gap.why)
        for source in view.sources
        for gap in source.gaps
    )


def _not_kept(source: Inputs) -> tuple[Unread, ...]:
    """What was asked for, and is older than what the vendor keeps."""
    if not isinstance(source, Past) or source.since_us == source.asked_us:
        return ()
    why = f"the vendor keeps events for {source.kept_us // DAY_US} days"
    return (Unread(source.name, format_time(source.asked_us), format_time(source.since_us), why),)


def _run(
    rules: RuleSet,
    source: Inputs,
    lateness_us: dict[str, int],
    map_name: Callable[[], str],
    wanted: Wanted,
    silences: Sequence[Silence] = (),
    unread: tuple[Unread, ...] = (),
) -> Report:
    started = time.perf_counter()
    errors: list[SourceError] = []
    with collecting_seldom(), ExitStack() as stack:
        judge = source.judge if isinstance(source, FileSource) else None
        parts = Parts(rules, lateness_us, wanted, stack, judge)
        if isinstance(source, History):
            source.watches = parts.watches
        parts.preview(silences, ticks=isinstance(source, History))
        interrupted = False
        try:
            with Interruptible(source) as history:
                drive(history, parts.pipeline, parts.ledger, parts.sink())
            if source.bounded:
                parts.settle()
        except KeyboardInterrupt:
            interrupted = True
        except SourceError as error:
            errors.append(error)
        extras = parts.extras(hurry=interrupted)
    reading = replace(_reading(source, map_name(), errors), unread=unread or _not_kept(source))
    if errors and not parts.recorder.tally.read:
        raise errors[0]
    return report(
        rules,
        parts.recorder,
        extras,
        reading=reading,
        held=parts.pipeline.held,
        elapsed_s=time.perf_counter() - started,
        interrupted=interrupted,
    )


def _reading(source: Inputs, map_name: str, errors: list[SourceError]) -> Reading:
    if not isinstance(source, FileSource):
        return Reading(map_name, tuple(error.message for error in errors))
    errors += source.broken
    broken = tuple(error.message for error in errors)
    return Reading(source.map_name, broken, tuple(source.cut), dict(source.behind_us), source.kept_waiting)
