"""What a dry-run found, as one value: the table, the JSON document and every later view are drawn from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from trailbell_engine.alert import Alert, Severity
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import DAY_US
from trailbell_engine.values import Json

from .recorder import Recorder
from .store.alerts import StoredAlert
from .tally import RuleTally, Tally

Verdict: TypeAlias = Literal["quiet", "noisy", "flood", "never-fired"]

NOISY_PER_DAY: Final = 1.0
"""More alerts a day than this and people start to skip them."""
FLOOD_PER_DAY: Final = 24.0
"""More than one an hour, all day: Elastic's rule preview warned of noise from there on (elastic/kibana#78985)."""

SHARE_WORTH_NAMING: Final = 0.5


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What one rule would have done.

    Attributes:
        per_day: alerts a day over the window of the events, which counts as one day at least.
        peak_per_hour: the most alerts opened within one clock hour (UTC).
        timeline: alerts opened on each day (UTC) of the window.
        verdict, reason: is it worth having, and why this verdict.
        not_evaluated: why it could not be evaluated, on some events or at all; None if it always was.
    """

    rule: Rule
    tally: RuleTally
    per_day: float
    peak_per_hour: int
    timeline: tuple[int, ...]
    verdict: Verdict
    reason: str
    not_evaluated: str | None

    def to_json(self) -> dict[str, Json]:
        """One entry of ``rules`` as interfaces promise it."""
        return {
            "id": self.rule.id,
            "version": self.rule.version,
            "severity": self.rule.severity,
            "matched": self.tally.matched,
            "alerts": self.tally.alerts,
            "suppressed": dict(sorted(self.tally.suppressed.items())),
            "per_day": round(self.per_day, 2),
            "peak_per_hour": self.peak_per_hour,
            "verdict": self.verdict,
            "reason": self.reason,
            "not_evaluated": self.not_evaluated,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A dry-run's outcome.

    Attributes:
        rules: one entry per rule, in the order of the rule set.
        tally: counts of the input.
        alerts: in order of opening, rule id and id.
        map_name: the map that told where the envelope lies.
        held: recorded events that the live engine was still holding for order at the end.
        elapsed_s: wall clock.
        interrupted: stopped before the end of the history; everything here is about the part that was read.
    """

    rules: tuple[RuleReport, ...]
    tally: Tally
    alerts: tuple[StoredAlert, ...]
    map_name: str
    held: int
    elapsed_s: float
    interrupted: bool = False

    def to_json(self) -> dict[str, Json]:
        """The document of ``dry-run --format json``."""
        return {
            "schema": 1,
            "rules": [entry.to_json() for entry in self.rules],
            "events": self.tally.events_json() | {"map": self.map_name, "held": self.held},
            "alerts": [stored.to_json() for stored in self.alerts],
            "elapsed_s": round(self.elapsed_s, 3),
            "interrupted": self.interrupted,
        }


def report(
    rules: RuleSet, recorder: Recorder, *, map_name: str, held: int, elapsed_s: float, interrupted: bool = False
) -> Report:
    """Draw the conclusions from what a recorder saw."""
    tally = recorder.tally
    alerts = recorder.alerts()
    days = _days(tally)
    by_rule: dict[str, list[Alert]] = {rule.id: [] for rule in rules}
    for stored in alerts:
        by_rule[stored.alert.rule_id].append(stored.alert)
    entries = tuple(_rule_report(rule, recorder, days, by_rule[rule.id]) for rule in rules)
    return Report(entries, tally, tuple(alerts), map_name, held, elapsed_s, interrupted)


def _days(tally: Tally) -> range:
    """The days (since the epoch, UTC) from the first to the last event."""
    if tally.first_us is None or tally.last_us is None:
        return range(0)
    return range(tally.first_us // DAY_US, tally.last_us // DAY_US + 1)


def _rule_report(rule: Rule, recorder: Recorder, days: range, alerts: list[Alert]) -> RuleReport:
    tally = recorder.tally.of(rule.id)
    span_us = (recorder.tally.last_us or 0) - (recorder.tally.first_us or 0)
    per_day = tally.alerts / max(1.0, span_us / DAY_US)
    peak = max((count for (rule_id, _), count in recorder.per_hour.items() if rule_id == rule.id), default=0)
    timeline = tuple(recorder.per_day[rule.id, day] for day in days)
    verdict, reason = _judge(tally, per_day, alerts)
    errors = "; ".join(f"{reason} ({count}×)" for reason, count in sorted(tally.errors.items())) or None  # noqa: RUF001 - a times sign is meant
    return RuleReport(rule, tally, per_day, peak, timeline, verdict, reason, errors)


def _judge(tally: RuleTally, per_day: float, alerts: list[Alert]) -> tuple[Verdict, str]:
    if not tally.alerts:
        matched = tally.matched
        reason = "no event matched" if not matched else f"{matched:,} matched, none met the condition"
        return "never-fired", reason
    cause = _cause(alerts)
    if per_day > FLOOD_PER_DAY:
        return "flood", cause or "more than one an hour"
    if per_day > NOISY_PER_DAY:
        return "noisy", cause or "more than one a day"
    return "quiet", ""


def _cause(alerts: list[Alert]) -> str:
    """Who or what causes most of the alerts, if one value does: by key, else by actor, else by address."""
    for values in _groupings(alerts):
        value, count = max(Counter(values).items(), key=lambda item: (item[1], item[0]), default=("", 0))
        share = count / len(alerts)
        if value and len(alerts) >= 3 and share > SHARE_WORTH_NAMING:
            return f"{share:.0%} from {value}"
    return ""


def _groupings(alerts: list[Alert]) -> Iterable[list[str]]:
    yield [", ".join(str(value) for value in alert.key.values() if value is not None) for alert in alerts]
    for name in ("user_email", "source_ip"):
        yield [str(alert.opener.data.get(name) or "") for alert in alerts]


SEVERITY_STYLE: Final[dict[Severity, str]] = {
    "info": "cyan",
    "low": "blue",
    "medium": "yellow",
    "high": "bright_red",
    "critical": "bold white on red",
}
"""How a terminal shows severities."""
