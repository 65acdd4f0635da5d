"""Timelines: what happened at which second, and what a rule makes of it."""

from collections.abc import Callable
from itertools import count
from typing import Any, TypeAlias

import pytest

from trailbell_engine.alert import Matched, Opened, Output, Resolved, RuleError
from trailbell_engine.conditions.base import Condition
from trailbell_engine.event import Event, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.state import MemoryState, State
from trailbell_engine.timestamps import SECOND_US, parse_time

Timeline: TypeAlias = list[tuple[int, dict[str, Any] | None]]
"""Records with the second in which each happened, in the order in which they come; None is a tick of the clock."""

START_US = parse_time("2026-11-22T10:00:00Z")


def _rule(condition: Condition, suppress_s: int | None = 0, **more: Any) -> Rule:
    suppress = Suppress(None if suppress_s is None else suppress_s * SECOND_US)
    return Rule("r", "medium", ALWAYS, condition, Words("t"), **{"suppress": suppress} | more)


def _events(timeline: Timeline) -> list[Event]:
    return [item for item in _inputs(timeline) if isinstance(item, Event)]


def _inputs(timeline: Timeline) -> list[Event | Tick]:
    numbers = count(1)
    return [
        Tick(START_US + t * SECOND_US, "test")
        if data is None
        else Event("test", f"e{next(numbers)}", "T", START_US + t * SECOND_US, data)
        for t, data in timeline
    ]


def _close(pipeline: Pipeline, state: State) -> list[Output]:
    return [output for tick in pipeline.closing() for output in pipeline.take(tick, state)]


def _outputs(rule: Rule, timeline: Timeline, lateness_s: int = 0) -> list[Output]:
    pipeline, state = Pipeline(RuleSet([rule]), {"test": lateness_s * SECOND_US}), MemoryState()
    given = [output for item in _inputs(timeline) for output in pipeline.take(item, state)]
    told = [output for output in given + _close(pipeline, state) if not isinstance(output, Matched)]
    assert not [output for output in told if isinstance(output, RuleError)], told
    return told


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


def _story(condition: Condition, timeline: Timeline, lateness_s: int = 0) -> list[tuple[int, str]]:
    """What people would be told: the second, and the events of an alert or ``resolved``."""
    return [
        ((output.time_us - START_US) // SECOND_US, "resolved")
        if isinstance(output, Resolved)
        else ((output.alert.opened_at_us - START_US) // SECOND_US, " ".join(output.alert.event_ids) or "silence")
        for output in _outputs(_rule(condition), timeline, lateness_s)
        if isinstance(output, Opened | Resolved)
    ]


@pytest.fixture(scope="session")
def story() -> Callable[..., list[tuple[int, str]]]:
    """When a condition fires and when that is over: ``(t, "e1 e2")``, ``(t, "silence")``, ``(t, "resolved")``."""
    return _story
