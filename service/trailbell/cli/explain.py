"""``trailbell explain ALERT``: what was read, what was decided, who was told and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from rich.console import Console
from rich.text import Text

from trailbell.report import SEVERITY_STYLE
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import canonical

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit, Failure
from .facts import event_rows, fact, key_text, memory_lines, print_lines
from .printable import printable
from .tree import verdict_lines

if TYPE_CHECKING:
    from trailbell.explaining import Memory
    from trailbell.store.alerts import Alerts, StoredAlert
    from trailbell.store.database import Database
    from trailbell_engine.alert import Alert
    from trailbell_engine.event import Event
    from trailbell_engine.rule import Rule
    from trailbell_notifiers.delivery.outbox import Delivery


@click.command(name="explain")
@click.argument("alert")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(alert: str, config_file: Path | None, format_: str) -> int:
    """Why an alert fired: every condition with the values it read, who was told, and what became of it.

    ALERT is an alert's id, or the beginning of one; `last` is the newest.
    """
    from trailbell.store.alerts import Alerts
    from trailbell.store.database import StoreError, open_database
    from trailbell.store.events import Events
    from trailbell.store.outbox import StoreOutbox

    config = config_or_fail(config_file, secrets=False)
    try:
        database = open_database(config.store, write=False)
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    with closing(database):
        stored = _find(Alerts(database), alert)
        found = _Found(
            stored,
            StoreOutbox(database).of_alert(stored.alert.id),
            Events(database).of(stored.alert.opener.source, stored.alert.event_ids),
            *_now(stored.alert, database, config.rules),
        )
    if format_ == "json":
        click.echo(json.dumps(_document(found), ensure_ascii=False, indent=2))
    else:
        _print(out(), found)
    return Exit.OK


class _Found(NamedTuple):
    """All that is known of an alert.

    Attributes:
        stored: the alert.
        deliveries: that tell of it, with the reason why each receiver is told.
        events: those contributing ones that the store still has, by id.
        rule: in the version that made the alert, if it is still in the rule set.
        memory: what that rule remembers of the key now.
        remark: why there is no memory to show; may be empty.
    """

    stored: StoredAlert
    deliveries: list[tuple[Delivery, str]]
    events: Mapping[str, Event]
    rule: Rule | None = None
    memory: Memory | None = None
    remark: str = ""


def _now(alert: Alert, database: Database, paths: Sequence[str]) -> tuple[Rule | None, Memory | None, str]:
    """The rule and its memory of the alert's key, if the configured rules still have that version of it."""
    from trailbell.explaining import memory_of
    from trailbell.loading import load
    from trailbell.store.ledger import StoreLedger

    rules = load(paths).rules
    if alert.rule_id not in rules:
        return None, None, "the rule is not among the configured rules any more"
    rule = rules[alert.rule_id]
    if rule.version != alert.rule_version:
        return None, None, f"the rule decides otherwise since: it is version {rule.version} now"
    ledger = StoreLedger(database)
    clock_us = ledger.watermarks().get(alert.opener.source, alert.last_at_us)
    return rule, memory_of(rule, alert.opener, ledger, clock_us), ""


def _find(alerts: Alerts, wanted: str) -> StoredAlert:
    found = alerts.newest(1) if wanted == "last" else alerts.find(wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        newest = ", ".join(stored.alert.id[:12] for stored in alerts.newest(3))
        raise Failure(
            Exit.USAGE,
            f"no alert's id begins with {wanted!r}",
            f"the newest: {newest}" if newest else "there are no alerts yet",
        )
    raise Failure(
        Exit.USAGE, f"several alerts' ids begin with {wanted!r}", ", ".join(stored.alert.id for stored in found)
    )


def _document(found: _Found) -> dict[str, Any]:
    alert, wording = found.stored.alert, found.stored.wording
    return found.stored.to_json() | {
        "why": alert.why,
        "facts": dict(alert.facts),
        "opener": alert.opener.data,
        "explanation": wording["explanation"],
        "problems": wording["problems"],
        "events": [event.data for event in found.events.values()],
        "memory": found.memory and found.memory.to_json(),
        "deliveries": [
            {
                "id": delivery.id,
                "receiver": delivery.receiver,
                "target": delivery.target,
                "reason": reason,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "last_error": delivery.last_error,
            }
            for delivery, reason in found.deliveries
        ],
    }


def _print(console: Console, found: _Found) -> None:
    stored, alert = found.stored, found.stored.alert
    head = Text(f" {alert.severity} ", f"reverse {SEVERITY_STYLE[alert.severity]}")
    console.print(
        head.append(f" {printable(str(stored.wording['title']))}", "bold not reverse default"), soft_wrap=True
    )
    if stored.wording["summary"]:
        console.print(printable(stored.wording["summary"]), soft_wrap=True)
    console.print()
    for name, value in _facts(stored):
        console.print(fact(name, value), soft_wrap=True)
    print_lines(console, *_match(stored, console.width - 2))
    print_lines(console, _condition(found), _when(found))
    count = Text("events", "bold").append(f"   {_counted(alert)}", "not bold dim")
    print_lines(console, count, event_rows(alert.event_ids, found.events, alert.event_count))
    print_lines(console, Text("told", "bold"), _deliveries(found.deliveries))


def _match(stored: StoredAlert, width: int) -> tuple[Text, list[Text]]:
    heading, explanation = Text("match", "bold"), stored.wording["explanation"]
    if explanation is None:
        return heading, [Text("no event opened it: the clock did, because none came", "dim")]
    heading.append(f"   on event {printable(stored.alert.opener.id)}", "not bold dim")
    return heading, list(verdict_lines(explanation, width))


def _condition(found: _Found) -> Text:
    from trailbell.explaining import condition_text

    words = "" if found.rule is None else f"   {printable(condition_text(found.rule.condition))}"
    return Text("when", "bold").append(words, "not bold dim")


def _when(found: _Found) -> Iterator[Text]:
    yield fact("then", printable(found.stored.alert.why))
    if found.memory is not None:
        yield from memory_lines(found.memory)
    else:
        yield fact("now", found.remark, "yellow")


def _counted(alert: Alert) -> str:
    more = alert.firings - 1
    folded = f", {counted(more, 'more firing')} folded in" if more else ""
    return f"{alert.event_count}{folded}"


def _facts(stored: StoredAlert) -> Iterator[tuple[str, str]]:
    alert = stored.alert
    yield "alert", alert.id
    yield "rule", f"{alert.rule_id} @ {alert.rule_version}"
    if alert.key:
        yield "key", key_text(alert.key)
    times = format_time(alert.opened_at_us)
    yield (
        "opened",
        times if alert.last_at_us == alert.opened_at_us else f"{times}, last {format_time(alert.last_at_us)}",
    )
    for name, row in alert.opener.lookup.items():
        yield "lookup", printable(f"{name} {'no row' if row is None else canonical(row)}")
    for problem in stored.wording["problems"]:
        yield "problem", printable(problem)


def _deliveries(deliveries: list[tuple[Delivery, str]]) -> Iterator[Text]:
    if not deliveries:
        yield Text("nobody: no route takes it and the rule names no receiver", "yellow")
    for delivery, reason in deliveries:
        sent = delivery.state == "sent"
        line = Text(
            "✔ " if sent else "… " if delivery.state in ("pending", "leased") else "✘ ",
            "green" if sent else "yellow",
        )
        name = f"{delivery.receiver} {delivery.target}".rstrip()
        line.append(f"{printable(name)}: {delivery.state}", "default")
        line.append(f" after {delivery.attempts} attempts" if delivery.attempts > 1 else "", "default")
        line.append(f": {printable(delivery.last_error)}" if delivery.last_error else "", "red")
        yield line.append(f"   ({printable(reason)})", "dim")
