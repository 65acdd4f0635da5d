"""``dry-run --explain`` and ``--why-not``: about one alert, or one event, of the history that was just run."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from trailbell.explaining import WhyNot, condition_text
from trailbell.report import SEVERITY_STYLE, Report
from trailbell.store.alerts import StoredAlert
from trailbell_engine.event import is_instant
from trailbell_engine.explain import explain
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import format_time

from .exits import Exit, Failure
from .facts import event_rows, fact, key_text, print_lines
from .printable import printable
from .tree import verdict_lines

_IDS_SAID: Final = 10


def print_explained(console: Console, rules: RuleSet, report: Report, wanted: str) -> None:
    """Print why an alert of the report fired: the match with the values it read, the condition, the events.

    Args:
        console: where to.
        rules: that were run.
        report: what they told.
        wanted: ``first``, ``last``, or the beginning of an alert's id.

    Raises:
        Failure: if no alert, or more than one, is meant.
    """
    stored = _find(report, wanted)
    alert, rule = stored.alert, rules[stored.alert.rule_id]
    console.print()
    head = Text(f" {alert.severity} ", f"reverse {SEVERITY_STYLE[alert.severity]}")
    title = printable(str(stored.wording["title"]))
    console.print(head.append(f" {title}", "bold not reverse default"), soft_wrap=True)
    console.print()
    for name, value in _facts(stored):
        console.print(fact(name, value), soft_wrap=True)
    print_lines(console, Text("match", "bold"), _match(rule, stored, console.width - 2))
    words = Text("when", "bold").append(f"   {printable(condition_text(rule.condition))}", "not bold dim")
    print_lines(console, words, [fact("then", printable(alert.why))])
    kept = {event.id: event for event in (alert.opener, *alert.events) if not is_instant(event)}
    count = Text("events", "bold").append(f"   {alert.event_count:,}", "not bold dim")
    earlier = [printable(event_id) for event_id in alert.event_ids if event_id not in kept]
    rows = [*event_rows(list(kept), kept, len(kept))]
    if earlier:
        rows.append(Text(f"and {', '.join(earlier[:_IDS_SAID])}{', …' if len(earlier) > _IDS_SAID else ''}", "dim"))
    print_lines(console, count, rows)


def print_why_not(console: Console, answer: WhyNot | None, event_id: str) -> None:
    """Print what a rule made of an event of the history.

    Raises:
        Failure: if the history does not hold it.
    """
    from .why_not import print_answer

    if answer is None:
        raise Failure(Exit.USAGE, f"no event of the history has an id that begins with {event_id!r}")
    console.print()
    print_answer(console, answer)


def _find(report: Report, wanted: str) -> StoredAlert:
    if report.alerts and wanted in ("first", "last"):
        return report.alerts[0 if wanted == "first" else -1]
    found = [stored for stored in report.alerts if stored.alert.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    some = ", ".join(stored.alert.id[:12] for stored in (found or report.alerts)[:3])
    problem = f"several alerts' ids begin with {wanted!r}" if found else f"no alert's id begins with {wanted!r}"
    raise Failure(Exit.USAGE, problem, f"some are {some}; --format json lists all" if some else "there are no alerts")


def _facts(stored: StoredAlert) -> list[tuple[str, str]]:
    alert = stored.alert
    key = [("key", key_text(alert.key))] if alert.key else []
    return [
        ("alert", alert.id),
        ("rule", f"{alert.rule_id} @ {alert.rule_version}"),
        *key,
        ("opened", format_time(alert.opened_at_us)),
    ]


def _match(rule: Rule, stored: StoredAlert, width: int) -> list[Text]:
    opener = stored.alert.opener
    if is_instant(opener):
        return [Text("no event opened it: the clock did, because none came", "dim")]
    return list(verdict_lines(explain(rule.match, opener).to_json(), width))
