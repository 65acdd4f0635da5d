"""Timelines: what happened at which second, and what a rule makes of it."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from trailbell_engine.alert import Matched, Opened, Output
from trailbell_engine.conditions.base import Condition
from trailbell_engine.event import Event
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.state import MemoryState, State
from trailbell_engine.timestamps import SECOND_US, parse_time

Timeline: TypeAlias = list[tuple[int, dict[str, Any]]]
"""Records with the second in which each happened, in the order in which they come."""

START_US = parse_time("2026-11-22T10:00:00Z")


def _rule(condition: Condition, suppress_s: int | None = 0, **more: Any) -> Rule:
    suppress = Suppress(None if suppress_s is None else suppress_s * SECOND_US)
    return Rule("r", "medium", ALWAYS, condition, Words("t"), **{"suppress": suppress} | more)


def _events(timeline: Timeline) -> list[Event]:
    return [
        Event("test", f"e{number}", "T", START_US + t * SECOND_US, data) for number, (t, data) in enumerate(timeline, 1)
    ]


def _close(pipeline: Pipeline, state: State) -> list[Output]:
    return [output for tick in pipeline.closing() for output in pipeline.take(tick, state)]


def _outputs(rule: Rule, timeline: Timeline, lateness_s: int = 0) -> list[Output]:
    pipeline, state = Pipeline(RuleSet([rule]), {"test": lateness_s * SECOND_US}), MemoryState()
    given = [output for event in _events(timeline) for output in pipeline.take(event, state)]
    return [output for output in given + _close(pipeline, state) if not isinstance(output, Matched)]


def _firings(condition: Condition, timeline: Timeline, lateness_s: int = 0) -> list[tuple[int, str]]:
    return [
        ((output.alert.opened_at_us - START_US) // SECOND_US, " ".join(output.alert.event_ids))
        for output in _outputs(_rule(condition), timeline, lateness_s)
        if isinstance(output, Opened)
    ]


@pytest.fixture(scope="session")
def start_us() -> int:
    """Second 0 of every timeline."""
    return START_US


@pytest.fixture(scope="session")
def a_rule() -> Callable[..., Rule]:
    """Makes the rule ``r`` of a condition: it takes every event, and folds nothing unless told."""
    return _rule


@pytest.fixture(scope="session")
def events_of() -> Callable[[Timeline], list[Event]]:
    """The events of a timeline, their ids ``e1``, ``e2``, … in the order in which they come."""
    return _events


@pytest.fixture(scope="session")
def close() -> Callable[[Pipeline, State], list[Output]]:
    """The input has ended: lets go what is held, and gives the outputs."""
    return _close


@pytest.fixture(scope="session")
def outputs() -> Callable[..., list[Output]]:
    """What a rule gives on a timeline, without its matches."""
    return _outputs


@pytest.fixture(scope="session")
def firings() -> Callable[..., list[tuple[int, str]]]:
    """When a condition fires on a timeline, with the events that contributed: ``(t, "e1 e2")``."""
    return _firings
