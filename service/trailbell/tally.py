"""Counts, so that nothing disappears: every input and output is in exactly one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from trailbell_engine.alert import (
    Duplicate,
    Late,
    Matched,
    Opened,
    Output,
    Overflow,
    RuleError,
    TooLate,
    Untracked,
    Updated,
)
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.timestamps import HOUR_US, format_time
from trailbell_engine.values import Json


@dataclass(slots=True)
class RuleTally:
    """What one rule did.

    Attributes:
        matched: events for which its ``match`` held.
        alerts: alerts it opened.
        suppressed: firings that told nobody, by reason.
        too_late: matches that came after their window had closed.
        overflow: entries given up because a key held as many as it may; what it measured is less exact.
        untracked: matches of new keys that were not evaluated, because the rule remembered as many keys as it may.
        errors: the reasons why it could not be evaluated on some events, with how often.
    """

    matched: int = 0
    alerts: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    overflow: int = 0
    untracked: int = 0
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """What came in and what each rule made of it.

    Attributes:
        read: records of the input, malformed and duplicate ones included.
        first_us, last_us: the earliest and latest time of a timed event (microseconds, UTC).
        untracked: the sum of those of the rules.
        per_hour: timed events by hour since the epoch (UTC).
        examples: the first few malformed records, for people to look at.
    """

    read: int = 0
    malformed: int = 0
    duplicate: int = 0
    late: int = 0
    untimed: int = 0
    untracked: int = 0
    first_us: int | None = None
    last_us: int | None = None
    per_hour: dict[int, int] = field(default_factory=dict)
    rules: dict[str, RuleTally] = field(default_factory=dict)
    examples: list[Malformed] = field(default_factory=list)

    def count(self, item: Input, outputs: Sequence[Output]) -> None:
        """Count one input and what followed from it."""
        if isinstance(item, Event):
            self.read += 1
            if item.untimed:
                self.untimed += 1
            else:
                self._stretch(item.time_us)
        elif isinstance(item, Malformed):
            self.read += 1
            self.malformed += 1
            if len(self.examples) < 5:
                self.examples.append(item)
        if outputs:
            self._outputs(outputs)

    def _stretch(self, time_us: int) -> None:
        hour = time_us // HOUR_US
        self.per_hour[hour] = self.per_hour.get(hour, 0) + 1
        if self.last_us is None or self.first_us is None:
            self.first_us = self.last_us = time_us
        elif time_us > self.last_us:
            self.last_us = time_us
        elif time_us < self.first_us:
            self.first_us = time_us

    def _outputs(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case Matched(rule_id):  # first, because nearly all are
                    self.of(rule_id).matched += 1
                case Opened(alert):
                    self.of(alert.rule_id).alerts += 1
                case Updated(rule_id=rule_id):
                    self.of(rule_id).suppressed["suppress"] += 1
                case Duplicate():
                    self.duplicate += 1
                case Late():
                    self.late += 1
                case _:
                    self._hindered(output)

    def _hindered(self, output: Output) -> None:
        """Count what a rule could not do."""
        match output:
            case TooLate(rule_id):
                self.of(rule_id).too_late += 1
            case Overflow(rule_id, _, entries):
                self.of(rule_id).overflow += entries
            case Untracked(rule_id):
                self.untracked += 1
                self.of(rule_id).untracked += 1
            case RuleError(rule_id, _, reason):
                self.of(rule_id).errors[reason] += 1

    def of(self, rule_id: str) -> RuleTally:
        """The tally of one rule."""
        found = self.rules.get(rule_id)
        if found is None:
            found = self.rules[rule_id] = RuleTally()
        return found

    def events_json(self) -> dict[str, Json]:
        """The counts of events as interfaces promise them."""
        return {
            "read": self.read,
            "malformed": self.malformed,
            "duplicate": self.duplicate,
            "late": self.late,
            "untimed": self.untimed,
            "first": None if self.first_us is None else format_time(self.first_us),
            "last": None if self.last_us is None else format_time(self.last_us),
        }
