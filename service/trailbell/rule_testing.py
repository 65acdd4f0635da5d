"""The tests inside rules, run through the real engine on a list of events."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS, detect
from trailbell_engine.event import Event, Input, Malformed, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US, format_time, parse_time
from trailbell_engine.values import Json
from trailbell_notifiers.policy.routing import Route
from trailbell_rules.load import Loaded
from trailbell_rules.rule_tests import RENDERED_KEYS, Difference, RuleTest, compare, is_tick

from .drive import drive
from .memory import MemoryLedger
from .recorder import Recorder
from .rendered import rendered
from .rule_coverage import Coverage, coverage_of
from .sources.base import Batch
from .wording import Wording

FIRST_EVENT_AT: Final = "2026-01-05T12:00:00Z"
"""When the first event of a test happens if it does not say: a Monday noon. Later ones follow a second apart."""

_SOURCE: Final = "test"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test gave.

    Attributes:
        test: the test.
        actual: the alerts, as JSON.
        differences: what is not as expected; none if the test passed.
        errors: why events could not be taken as events, or the rule not be evaluated.
        openers: the events that opened the alerts.
    """

    test: RuleTest
    actual: tuple[dict[str, Json], ...]
    differences: tuple[Difference, ...]
    errors: tuple[str, ...]
    openers: tuple[Event, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.differences and not self.errors

    def to_json(self) -> dict[str, Json]:
        """One entry of ``test --format json``."""
        return {
            "rule_id": self.test.rule_id,
            "name": self.test.name,
            "passed": self.passed,
            "expected": [dict(alert) for alert in self.test.alerts],
            "actual": list(self.actual),
            "diff": [*map(str, self.differences), *self.errors],
            "file": self.test.span.file,
            "line": self.test.span.line,
        }


class _Given:
    """The events of a test as a source."""

    name = _SOURCE
    lateness_us = 0
    bounded = True

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._inputs = inputs

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:  # noqa: ARG002 - a test starts at its start
        yield Batch(self._inputs)


def run_tests(rules: RuleSet, tests: Iterable[RuleTest], route: Route | None = None) -> list[Outcome]:
    """Run tests, each in an engine of its own that holds only the test's rule.

    Args:
        rules: of the tests.
        tests: to run.
        route: who is told where a rule names nobody, for tests that say who is told.
    """
    return [run_test(rules, test, route) for test in tests]


def run_test(rules: RuleSet, test: RuleTest, route: Route | None = None) -> Outcome:
    """Run one test through the loop that live runs use."""
    rule = rules[test.rule_id]
    alone = rules.only([rule])
    wording = Wording(alone)
    recorder = Recorder(wording.of)
    drive(_Given(_inputs(test)), Pipeline(alone), MemoryLedger(), recorder)
    stored = recorder.alerts
    actual = tuple(entry.to_json() for entry in stored)
    if any(name in expectation for expectation in test.alerts for name in RENDERED_KEYS):
        actual = tuple(
            document | rendered(entry, rule, wording, route) for document, entry in zip(actual, stored, strict=True)
        )
    errors = [f"{example.place}: {example.reason}" for example in recorder.tally.examples]
    errors += [f"the rule could not be evaluated: {reason}" for reason in recorder.tally.of(test.rule_id).errors]
    errors += [problem for entry in stored for problem in entry.wording["problems"]]
    openers = tuple(entry.alert.opener for entry in stored)
    return Outcome(test, actual, tuple(compare(test.alerts, actual)), tuple(dict.fromkeys(errors)), openers)


def coverage(loaded: Loaded, outcomes: Sequence[Outcome]) -> list[Coverage]:
    """What of each rule the tests exercise that gave these outcomes, in the order of the rules."""
    found = []
    for rule in loaded.rules:
        own = [outcome for outcome in outcomes if outcome.test.rule_id == rule.id]
        events = [item for outcome in own for item in _inputs(outcome.test) if isinstance(item, Event)]
        enriched = [loaded.rules.lookups.enrich(event) for event in events]
        openers = [event for outcome in own for event in outcome.openers]
        found.append(coverage_of(rule, loaded.documents[rule.id], enriched, openers))
    return found


def _inputs(test: RuleTest) -> list[Input]:
    """The test's records as events, with ids and times filled in where they have none."""
    records = [record for record in test.events if not is_tick(record)]
    event_map = next(filter(None, map(detect, records)), PRESETS["vonage"])
    id_key, time_key = (paths[0].segments[0] for paths in (event_map.id, event_map.time))
    decoder = Decoder(_SOURCE, event_map)
    time_us = (parse_time(FIRST_EVENT_AT) or 0) - SECOND_US
    inputs: list[Input] = []
    for number, record in enumerate(test.events, start=1):
        if is_tick(record):
            inputs.append(_tick(record["tick"], f"event {number}"))
            time_us = parse_time(record["tick"]) or time_us
            continue
        filled = {id_key: f"event-{number}", time_key: format_time(time_us + SECOND_US)} | record
        taken = decoder.decode_value(filled, f"event {number}")
        inputs += [_timed(item, record.get(str(time_key)), f"event {number}") for item in taken]
        time_us = decoder.last_time_us
    return inputs


def _timed(item: Input, written: Json, place: str) -> Input:
    """Live, an event whose time cannot be read takes that of the one before it; in a test it is a slip of the pen."""
    if isinstance(item, Event) and item.untimed and isinstance(written, str):
        return Malformed(_SOURCE, place, f'"{written}" is no time', written.encode())
    return item


def _tick(text: str, place: str) -> Input:
    """The clock shows that time: whatever was to happen by then, that very instant included, has come."""
    time_us = parse_time(text)
    if time_us is None:
        return Malformed(_SOURCE, place, f'the tick "{text}" is no time', text.encode())
    return Tick(time_us + 1, _SOURCE)
