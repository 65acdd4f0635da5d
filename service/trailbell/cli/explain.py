"""``trailbell explain ALERT``: what was read, what was decided, who was told and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from trailbell.report import SEVERITY_STYLE
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import canonical

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit, Failure
from .printable import printable
from .tree import verdict_lines

if TYPE_CHECKING:
    from trailbell.store.alerts import Alerts, StoredAlert
    from trailbell_notifiers.outbox import Delivery


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
    from trailbell.store.outbox import StoreOutbox

    config = config_or_fail(config_file, secrets=False)
    try:
        database = open_database(config.state, write=False)
    except StoreError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    try:
        stored = _find(Alerts(database), alert)
        deliveries = StoreOutbox(database).of_alert(stored.alert.id)
    finally:
        database.close()
    if format_ == "json":
        click.echo(json.dumps(_document(stored, deliveries), ensure_ascii=False, indent=2))
    else:
        _print(out(), stored, deliveries)
    return Exit.OK


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


def _document(stored: StoredAlert, deliveries: list[tuple[Delivery, str]]) -> dict[str, Any]:
    alert, wording = stored.alert, stored.wording
    return stored.to_json() | {
        "why": alert.why,
        "facts": dict(alert.facts),
        "opener": alert.opener.data,
        "explanation": wording["explanation"],
        "problems": wording["problems"],
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
            for delivery, reason in deliveries
        ],
    }


def _print(console: Console, stored: StoredAlert, deliveries: list[tuple[Delivery, str]]) -> None:
    alert = stored.alert
    head = Text(f" {alert.severity} ", f"reverse {SEVERITY_STYLE[alert.severity]}")
    console.print(head.append(f" {stored.wording['title']}", "bold not reverse default"))
    if stored.wording["summary"]:
        console.print(printable(stored.wording["summary"]))
    console.print()
    for name, value in _facts(stored):
        console.print(Text(f"{name:<9} ", "dim").append(value, "not dim"), soft_wrap=True)
    console.print(Text("\nmatch", "bold"), Text(f"on event {printable(alert.opener.id)}", "dim"))
    for line in verdict_lines(stored.wording["explanation"]):
        console.print(Text("  ").append_text(line), soft_wrap=True)
    console.print(Text("\nwhen", "bold"))
    console.print(f"  {printable(alert.why)}", soft_wrap=True)
    console.print(Text("\ntold", "bold"))
    for told in _deliveries(deliveries):
        console.print(told, soft_wrap=True)


def _facts(stored: StoredAlert) -> Iterator[tuple[str, str]]:
    alert = stored.alert
    yield "alert", alert.id
    yield "rule", f"{alert.rule_id} @ {alert.rule_version}"
    if alert.key:
        yield "key", printable(", ".join(f"{name} {canonical(value)}" for name, value in alert.key.items()))
    times = format_time(alert.opened_at_us)
    yield (
        "opened",
        times if alert.last_at_us == alert.opened_at_us else f"{times}, last {format_time(alert.last_at_us)}",
    )
    folded = f", {alert.firings - 1} more firings folded in" if alert.firings > 1 else ""
    yield (
        "events",
        printable(
            f"{alert.event_count}{folded}: {', '.join(alert.event_ids[:5])}{' …' if alert.event_count > 5 else ''}"
        ),
    )
    for problem in stored.wording["problems"]:
        yield "problem", printable(problem)


def _deliveries(deliveries: list[tuple[Delivery, str]]) -> Iterator[Text]:
    if not deliveries:
        yield Text("  nobody: no route takes it and the rule names no receiver", "yellow")
    for delivery, reason in deliveries:
        sent = delivery.state == "sent"
        line = Text(
            "  ✔ " if sent else "  … " if delivery.state in ("pending", "leased") else "  ✘ ",
            "green" if sent else "yellow",
        )
        name = f"{delivery.receiver} {delivery.target}".rstrip()
        line.append(f"{printable(name)}: {delivery.state}", "default")
        line.append(f" after {delivery.attempts} attempts" if delivery.attempts > 1 else "", "default")
        line.append(f": {printable(delivery.last_error)}" if delivery.last_error else "", "red")
        yield line.append(f"   ({printable(reason)})", "dim")
