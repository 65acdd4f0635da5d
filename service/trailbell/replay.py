"""Rules over history: the live engine on recorded time, with a recorder where the outbox would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trailbell_engine.maps import GENERIC, PRESETS, EventMap
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet

from .drive import Sink, drive
from .dryrun.comparison import compare, differing
from .dryrun.coverage import coverage
from .dryrun.funnel import Funnel, Funnels
from .dryrun.interruptible import Interruptible
from .dryrun.match_spool import MatchSpool
from .dryrun.messages import MessagePreview, Messages
from .dryrun.reading import Reading
from .dryrun.shadow import Shadow
from .dryrun.sinks import Sinks
from .dryrun.suggestion import Noisy, Suggestion, suggestions
from .dryrun.verdict import judge
from .memory import MemoryLedger
from .recorder import Recorder
from .report import Extras, Report, report
from .sources.base import Inputs
from .sources.errors import SourceError
from .sources.files import FileSource
from .sources.judged import Judge
from .sources.pieces import Pieces
from .store.database import Database
from .store.history import History
from .wiring import Receivers
from .wording import Wording


class Told(NamedTuple):
    """Whom a dry-run previews.

    Attributes:
        receivers: channels and routes.
        kinds: per receiver ``slack``, ``email`` or ``webhook``.
        configured: whether a configuration named them.
    """

    receivers: Receivers
    kinds: Mapping[str, str]
    configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a dry-run looks at beside the alerts.

    Attributes:
        against: another version of the rules and its name.
        told: whose messages are previewed.
        funnel: count where the events of every rule go; about doubles the cost of matching.
        suggest: try what would make noisy rules quiet.
        max_per_day: the budget of rules that have none of their own.
    """

    against: tuple[str, RuleSet] | None = None
    told: Told | None = None
    funnel: bool = False
    suggest: bool = True
    max_per_day: float | None = None


PLAIN = Wanted()


@contextmanager
def open_files(
    rules: RuleSet,
    paths: Sequence[str | Path],
    event_map: EventMap | None = None,
    wanted: Wanted = PLAIN,
    *,
    lateness_us: int = 0,
    processes: int = 1,
) -> Iterator[FileSource]:
    """Files as a history that is read for these rules: of what none of them matches as little as can be.

    Args:
        rules: that will be run on it.
        paths: files, folders, globs, or ``-``.
        event_map: where the envelope lies; None looks at each file.
        wanted: what will be looked at.
        lateness_us: how much disorder is put right, in microseconds.
        processes: how many read long files; the outcome is the same with any number.

    Raises:
        SourceError: if a path names nothing.
    """
    if wanted.funnel:  # asks every rule about every event once more, whatever the rule's other parts say
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
    return _run(rules, history, history.lateness, lambda: "", wanted)


def _run(
    rules: RuleSet, source: Inputs, lateness_us: dict[str, int], map_name: Callable[[], str], wanted: Wanted
) -> Report:
    started = time.perf_counter()
    errors: list[SourceError] = []
    with ExitStack() as stack:
        parts = _Parts(rules, lateness_us, wanted, stack, source.judge if isinstance(source, FileSource) else None)
        interrupted = False
        try:
            with Interruptible(source) as history:
                drive(history, parts.pipeline, MemoryLedger(), parts.sink())
        except KeyboardInterrupt:
            interrupted = True
        except SourceError as error:
            errors.append(error)
        extras = parts.extras(hurry=interrupted)
    reading = _reading(source, map_name(), errors)
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


class _Parts:
    """The sinks of one run, as far as they are wanted."""

    def __init__(
        self, rules: RuleSet, lateness_us: dict[str, int], wanted: Wanted, stack: ExitStack, judge: Judge | None
    ) -> None:
        self._rules = rules
        self._wanted = wanted
        self.pipeline = Pipeline(rules, lateness_us, None if judge is None else judge.given(0))
        self.recorder = Recorder(Wording(rules).of)
        self._spool = stack.enter_context(MatchSpool()) if wanted.suggest else None
        self._funnels = Funnels(rules, self.pipeline, lateness_us) if wanted.funnel else None
        self._shadow = self._shadowed(wanted.against[1], lateness_us, judge) if wanted.against else None
        self._preview = self._previewed(wanted.told) if wanted.told else None

    def _shadowed(self, before: RuleSet, lateness_us: dict[str, int], judge: Judge | None) -> Shadow:
        return Shadow(differing(before, self._rules), lateness_us, None if judge is None else judge.given(1))

    def _previewed(self, told: Told) -> MessagePreview:
        alerts = self.recorder.alerts
        return MessagePreview(self._rules, told.receivers, told.kinds, alerts, configured=told.configured)

    def sink(self) -> Sink:
        """The recorder alone, or with those that look over its shoulder."""
        others = [sink for sink in (self._spool, self._funnels, self._shadow, self._preview) if sink is not None]
        return Sinks([self.recorder, *others]) if others else self.recorder

    def extras(self, *, hurry: bool) -> Extras:
        """What they saw; in a hurry, without trying anything."""
        extras = Extras()
        extras.max_per_day = self._wanted.max_per_day
        extras.messages = None if self._preview is None else self._preview.messages()
        extras.suggestions = {} if self._spool is None or hurry else self._suggestions(self._spool)
        if self._funnels is not None:
            extras.funnels = self._drawn(self._funnels, extras.messages)
        if self._shadow is not None and self._wanted.against is not None:
            name, before = self._wanted.against
            extras.against = compare(name, before, self._rules, self._shadow.recorder.alerts, self.recorder.alerts)
        return extras

    def _drawn(self, funnels: Funnels, messages: Messages | None) -> dict[str, Funnel]:
        told = None if messages is None else messages.per_rule
        return {
            rule.id: funnels.of(rule, self.recorder.tally, None if told is None else told.get(rule.id, 0))
            for rule in self._rules
        }

    def _suggestions(self, spool: MatchSpool) -> dict[str, Suggestion]:
        """What would help the noisy rules; nothing, if the user will not wait for it."""
        tally = self.recorder.tally
        span_days = coverage(tally.first_us, tally.last_us, tally.per_day).span_days
        try:
            return suggestions(self._rules, list(self._noisy(span_days)), spool, tally.first_us or 0, span_days)
        except KeyboardInterrupt:
            return {}

    def _noisy(self, span_days: float) -> Iterator[Noisy]:
        opened_us: dict[str, list[int]] = {}
        for head in self.recorder.alerts.heads():
            opened_us.setdefault(head.rule_id, []).append(head.opened_at_us)
        for rule in self._rules:
            counts = self.recorder.tally.of(rule.id)
            culprit = self.recorder.culprits.main(rule.id, counts.alerts)
            if judge(counts, counts.alerts / span_days, culprit)[0] in ("noisy", "flood"):
                yield Noisy(rule, counts.matched, opened_us[rule.id], culprit)
