"""Finding a sequence among the entries of one window. Pure: entries and steps in, the entries of one occurrence out.

An entry is ``[time_us, event id, [positions of the steps it matches]]``. Events of one instant may have happened in any
order; whatever order makes a step occur, an absent one too, is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from .window import Entry


class StepLike(Protocol):
    """What the scan asks of a step."""

    @property
    def at_least(self) -> int:
        """How many events it takes."""

    @property
    def absent(self) -> bool:
        """Whether it must not occur."""


class Taken(NamedTuple):
    """An entry as part of an occurrence, and the position of the step that took it."""

    entry: Entry
    step: int


class Stage(NamedTuple):
    """A step that must occur, and the positions of the absent steps between it and the one before."""

    step: int
    at_least: int
    guards: frozenset[int]


def stages_of(steps: Sequence[StepLike]) -> tuple[tuple[Stage, ...], frozenset[int]]:
    """The stages in order, and the absent steps after the last of them."""
    stages: list[Stage] = []
    guards: set[int] = set()
    for position, step in enumerate(steps):
        if step.absent:
            guards.add(position)
        else:
            stages.append(Stage(position, step.at_least, frozenset(guards)))
            guards = set()
    return tuple(stages), frozenset(guards)


class _Run(NamedTuple):
    """An occurrence under way: what earlier stages took, and what the present one has so far."""

    before: tuple[Taken, ...] = ()
    own: tuple[Taken, ...] = ()

    def uses(self, entry: Entry) -> bool:
        return any(taken.entry is entry for taken in (*self.before, *self.own))


def find_ordered(stages: Sequence[Stage], entries: Sequence[Entry], new: Entry | None) -> tuple[Taken, ...] | None:
    """The first occurrence of the stages one after the other that takes the new entry (any, if None is given).

    One without it would have been found before, or was hindered then by what has left the window since.

    Of all occurrences under way in a stage, the one that has come furthest stands for the others: what can happen to
    them is the same. So there is one run per stage, and the work is entries times stages.
    """
    runs: list[_Run | None] = [_Run(), *[None] * (len(stages) - 1)]
    for _, group in groupby(entries, key=lambda entry: entry[0]):
        instant = list(group)
        _guard(stages, runs, instant)
        for _ in range(min(len(instant), len(stages))):  # in any order: what the last pass began, the next goes on with
            for entry in sorted(instant, key=lambda entry: len(entry[2])):
                found = _advance(stages, runs, entry)
                if found is not None and (new is None or any(taken.entry is new for taken in found)):
                    return found
        _guard(stages, runs, instant)
    return None


def _guard(stages: Sequence[Stage], runs: list[_Run | None], instant: Sequence[Entry]) -> None:
    """End the runs that meet an event of a step that must be absent at their stage."""
    for position, (stage, run) in enumerate(zip(stages, runs, strict=True)):
        if run is not None and stage.guards and any(_breaks(stage, run, entry) for entry in instant):
            runs[position] = None


def _breaks(stage: Stage, run: _Run, entry: Entry) -> bool:
    """An event that the stage could take itself, or that the run has taken, is not held against it."""
    return not stage.guards.isdisjoint(entry[2]) and stage.step not in entry[2] and not run.uses(entry)


def _advance(stages: Sequence[Stage], runs: list[_Run | None], entry: Entry) -> tuple[Taken, ...] | None:
    """Let each run take the entry, the furthest first, so that no entry is taken twice; a whole occurrence ends it."""
    for position in reversed(range(len(stages))):
        stage, run = stages[position], runs[position]
        if run is None or stage.step not in entry[2] or run.uses(entry):
            continue
        own = (*run.own, Taken(entry, stage.step))
        if len(own) < stage.at_least:
            runs[position] = run._replace(own=own)
            continue
        runs[position] = run._replace(own=own[1:])  # a later one may yet need a later start
        if position + 1 == len(stages):
            return run.before + own
        after = runs[position + 1]
        if after is None or not after.own:
            runs[position + 1] = _Run(run.before + own)
    return None


def find_unordered(stages: Sequence[Stage], entries: Sequence[Entry]) -> tuple[Taken, ...] | None:
    """The newest events of every stage, if all have enough. An event may count for several steps."""
    taken: list[Taken] = []
    for stage in stages:
        newest = [Taken(entry, stage.step) for entry in entries if stage.step in entry[2]][-stage.at_least :]
        if len(newest) < stage.at_least:
            return None
        taken += newest
    return tuple(taken)


def matching(entries: Sequence[Entry], steps: frozenset[int]) -> Iterator[Entry]:
    """The entries that match one of the steps."""
    return (entry for entry in entries if not steps.isdisjoint(entry[2]))
