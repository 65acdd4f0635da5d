"""What a dry-run found, as one value: all views of it are drawn from this and from nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trailbell_engine.alert import SEVERITIES, Alert, Severity
from trailbell_engine.counted import counted
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import HOUR_US
from trailbell_engine.values import Json

from .dryrun.alert_log import AlertLog, Head
from .dryrun.budget import Budget, budget_of
from .dryrun.coverage import Coverage, coverage
from .dryrun.culprits import Culprit, Culprits
from .dryrun.reading import Reading
from .dryrun.verdict import VERDICTS, Verdict, judge
from .store.alerts import StoredAlert
from .tally import RuleTally, Tally

if TYPE_CHECKING:
    from .dryrun.comparison import Comparison
    from .dryrun.funnel import Funnel
    from .dryrun.messages import Messages
    from .dryrun.suggestion import Suggestion
    from .explaining import WhyNot
    from .recorder import Recorder


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What one rule would have done.

    Attributes:
        per_day: alerts a day over the window of the events, which counts as one day at least.
        peak_per_hour: the most alerts opened within one clock hour (UTC).
        timeline: alerts opened in each bar of the report's coverage: an hour, a day (UTC) or several.
        verdict, reason: is it worth having, and why this verdict.
        not_evaluated: why it could not be evaluated, on some events or at all; None if it always was.
        culprit: the value that most of its alerts share, if there is one.
        suggestion: a change that would make it quiet, tried on its own matches; None if none is needed or helps.
        budget: what it may cost; None if nobody says.
        funnel: where its events went; None unless asked for.
    """

    rule: Rule
    tally: RuleTally
    per_day: float
    peak_per_hour: int
    timeline: tuple[int, ...]
    verdict: Verdict
    reason: str
    not_evaluated: str | None
    culprit: Culprit | None = None
    suggestion: Suggestion | None = None
    budget: Budget | None = None
    funnel: Funnel | None = None

    def to_json(self) -> dict[str, Json]:
        """One entry of ``rules`` as interfaces promise it."""
        document: dict[str, Json] = {
            "id": self.rule.id,
            "version": self.rule.version,
            "severity": self.rule.severity,
            "matched": self.tally.matched,
            "alerts": self.tally.alerts,
            "suppressed": dict(sorted(self.tally.suppressed.items())),
            "too_late": self.tally.too_late,
            "overflow": self.tally.overflow,
            "untracked": self.tally.untracked,
            "per_day": round(self.per_day, 2),
            "peak_per_hour": self.peak_per_hour,
            "timeline": list(self.timeline),
            "verdict": self.verdict,
            "reason": self.reason,
            "not_evaluated": self.not_evaluated,
            "suggestion": None if self.suggestion is None else self.suggestion.to_json(),
            "budget": None if self.budget is None else self.budget.to_json(),
        }
        return document if self.funnel is None else document | {"funnel": self.funnel.to_json()}


@dataclass(frozen=True, slots=True)
class Report:
    """A dry-run's outcome.

    Attributes:
        rules: one entry per rule, in the order of the rule set.
        tally: counts of the input.
        alerts: in order of opening, rule id and id.
        reading: how the reading went.
        held: recorded events that the live engine was still holding for order at the end.
        elapsed_s: wall clock.
        interrupted: stopped before the end of the history; everything here is about the part that was read.
        coverage: which days the history has events on.
        culprits: who caused the alerts.
        messages: who would have been told of them; None if that was not looked at.
        against: another version of the rules on the same history; None if there was none.
        why_not: what a rule made of one event; None if nobody asked, or the history does not hold it.
    """

    rules: tuple[RuleReport, ...]
    tally: Tally
    alerts: Sequence[StoredAlert]
    reading: Reading
    held: int
    elapsed_s: float
    interrupted: bool = False
    coverage: Coverage = field(default_factory=Coverage)
    culprits: Culprits = field(default_factory=Culprits)
    messages: Messages | None = None
    against: Comparison | None = None
    why_not: WhyNot | None = None

    @property
    def map_name(self) -> str:
        """The map that told where the envelope lies."""
        return self.reading.map_name

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """How many rules have each verdict, the worst first; those that none has are left out."""
        counts = Counter(entry.verdict for entry in self.rules)
        return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}

    @property
    def over_budget(self) -> list[RuleReport]:
        """The rules that cost more alerts a day than they may."""
        return [entry for entry in self.rules if entry.budget is not None and entry.budget.passed]

    @property
    def by_urgency(self) -> list[RuleReport]:
        """The rules, the most severe first, then those with the most alerts."""
        return sorted(self.rules, key=_urgency)

    def remarks(self) -> Iterator[str]:
        """What must be said of the history, a sentence each: where it tells nothing, and how the reading went."""
        tally = self.tally
        events = tally.read - tally.malformed
        if not events:
            what = "nothing in the history could be read as an event" if tally.read else "the history holds no events"
            yield f"{what}: nothing can be said about these rules"
        elif tally.untimed * 2 > events:
            found = f"by the map {self.map_name}" if self.map_name else "in them"
            yield (
                f"{tally.untimed:,} of {counted(events, 'event')} have no time that can be read {found}, so windows "
                "and rates tell nothing: is it another `--map`?"
            )
        yield from self.reading.remarks(tally.late)

    def per_bar(self) -> dict[Severity, tuple[int, ...]]:
        """Alerts opened in each bar of the coverage, by the alerts' own severity, the most severe first."""
        hours: dict[Severity, Counter[int]] = {severity: Counter() for severity in reversed(SEVERITIES)}
        for head in _heads(self.alerts):
            hours[head.severity][head.opened_at_us // HOUR_US] += 1
        return {severity: self.coverage.in_bars(counts) for severity, counts in hours.items()}

    def heat(self) -> tuple[tuple[int, ...], ...]:
        """Alerts opened by weekday (Monday first) and hour of the day (UTC)."""
        grid = [[0] * 24 for _ in range(7)]
        for head in _heads(self.alerts):
            hours = head.opened_at_us // HOUR_US
            # The epoch was a Thursday.
            grid[(hours // 24 + 3) % 7][hours % 24] += 1
        return tuple(map(tuple, grid))

    def to_json(self) -> dict[str, Json]:
        """The document of ``dry-run --format json``."""
        document: dict[str, Json] = {
            "schema": 1,
            "rules": [entry.to_json() for entry in self.rules],
            "events": self.tally.events_json() | self.reading.to_json() | {"held": self.held},
            "coverage": self.coverage.to_json(),
            "messages": None if self.messages is None else self.messages.to_json(),
            "alerts": [stored.to_json() for stored in self.alerts],
            "elapsed_s": round(self.elapsed_s, 3),
            "interrupted": self.interrupted,
        }
        if self.against is not None:
            document["against"] = self.against.to_json()
        if self.why_not is not None:
            document["why_not"] = self.why_not.to_json()
        return document

    def to_frame(self, *, of: str = "alerts", library: str | None = None) -> Any:
        """The alerts or the rules as a data frame.

        Args:
            of: ``alerts`` (one row each; times as UTC timestamps) or ``rules``.
            library: ``pandas`` or ``polars``; by default the first of them that is installed.

        Raises:
            ImportError: if it, or without a choice either, is not installed.
            ValueError: for any other ``of`` or ``library``.
        """
        from .dryrun.frames import frame

        return frame(self, of, library)


class Extras:
    """What a run was asked for beside the counting, by rule id where it is about rules."""

    def __init__(self) -> None:
        self.against: Comparison | None = None
        self.messages: Messages | None = None
        self.why_not: WhyNot | None = None
        self.funnels: Mapping[str, Funnel] = {}
        self.suggestions: Mapping[str, Suggestion] = {}
        self.max_per_day: float | None = None


def report(
    rules: RuleSet,
    recorder: Recorder,
    extras: Extras,
    *,
    reading: Reading,
    held: int,
    elapsed_s: float,
    interrupted: bool = False,
) -> Report:
    """Draw the conclusions from what a recorder saw."""
    tally = recorder.tally
    covered = coverage(tally.first_us, tally.last_us, tally.per_hour)
    times = _Times(recorder.alerts)
    return Report(
        rules=tuple(_rule_report(rule, recorder, covered, times, extras) for rule in rules),
        tally=tally,
        alerts=recorder.alerts,
        reading=reading,
        held=held,
        elapsed_s=elapsed_s,
        interrupted=interrupted,
        coverage=covered,
        culprits=recorder.culprits,
        messages=extras.messages,
        against=extras.against,
        why_not=extras.why_not,
    )


class _Times:
    """When the alerts of each rule opened."""

    def __init__(self, alerts: Sequence[StoredAlert]) -> None:
        self.per_hour: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for head in _heads(alerts):
            self.per_hour[head.rule_id][head.opened_at_us // HOUR_US] += 1


def _not_evaluated(tally: RuleTally) -> str | None:
    """What could not be evaluated, or not exactly."""
    parts = [f"{reason} ({count}×)" for reason, count in sorted(tally.errors.items())]  # noqa: RUF001 - a times sign is meant
    if tally.untracked:
        parts.append(
            f"key cap: {counted(tally.untracked, 'match', 'matches')} of keys beyond the most that the rule remembers"
        )
    if tally.overflow:
        parts.append(f"not exact: {counted(tally.overflow, 'entry', 'entries')} of keys that hold too many given up")
    return "; ".join(parts) or None


def _rule_report(rule: Rule, recorder: Recorder, covered: Coverage, times: _Times, extras: Extras) -> RuleReport:
    tally = recorder.tally.of(rule.id)
    per_day = tally.alerts / covered.span_days
    culprit = recorder.culprits.main(rule.id, tally.alerts)
    verdict, reason = judge(tally, per_day, culprit)
    return RuleReport(
        rule=rule,
        tally=tally,
        per_day=per_day,
        peak_per_hour=max(times.per_hour[rule.id].values(), default=0),
        timeline=covered.in_bars(times.per_hour[rule.id]),
        verdict=verdict,
        reason=reason,
        not_evaluated=_not_evaluated(tally),
        culprit=culprit,
        suggestion=extras.suggestions.get(rule.id),
        budget=budget_of(rule, per_day, extras.max_per_day),
        funnel=extras.funnels.get(rule.id),
    )


def _heads(alerts: Sequence[StoredAlert]) -> Iterable[Head | Alert]:
    """When, of which rule and how severe, without unpacking alerts that are kept packed."""
    return alerts.heads() if isinstance(alerts, AlertLog) else [stored.alert for stored in alerts]


def _urgency(entry: RuleReport) -> tuple[int, int, str]:
    return -SEVERITIES.index(entry.rule.severity), -entry.tally.alerts, entry.rule.id


SEVERITY_STYLE: Final[dict[Severity, str]] = {
    "info": "cyan",
    "low": "blue",
    "medium": "yellow",
    "high": "bright_red",
    "critical": "bold white on red",
}
"""How a terminal shows severities."""
