"""``trailbell alerts``: what was raised, what became of it, and what people do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from trailbell_engine.timestamps import format_time

from .configuration import config_or_fail
from .exits import Exit
from .group import Group
from .printable import printable
from .stores import find_alert, reading, whoami, wish

if TYPE_CHECKING:
    from trailbell.store.alerts import StoredAlert
    from trailbell.store.database import Database
    from trailbell.store.handlings import Handling
    from trailbell_notifiers.delivery.outbox import Delivery
    from trailbell_notifiers.groups.group import Note

_config = click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_by = click.option("--by", "author", metavar="NAME", help="Who does it; your user name by default.")


@click.group(cls=Group, name="alerts")
def command() -> None:
    """Alerts of the store: what was raised, who was told and why, and what people do about it."""


class Whole(NamedTuple):
    """All that is known of how an alert was told."""

    stored: StoredAlert
    notes: Sequence[Note]
    deliveries: Sequence[tuple[Delivery, str]]
    handlings: Sequence[Handling]
    acknowledged: Handling | None

    @property
    def condition(self) -> str:
        """One word for how it stands."""
        if self.stored.alert.state == "resolved":
            return "resolved"
        return "acknowledged" if self.acknowledged else "open"

    @property
    def held(self) -> Note | None:
        """Why a receiver is not told now; None if all were."""
        from trailbell_notifiers.groups.group import HELD

        newest = {note.receiver: note for note in self.notes if note.what in (*HELD, "told", "dropped")}
        return next((note for note in newest.values() if note.what in HELD), None)

    def to_json(self) -> dict[str, Any]:
        """The alert with its decisions, deliveries and deeds."""
        return self.stored.to_json() | {
            "condition": self.condition,
            "held": None if self.held is None else _note_json(self.held),
            "decisions": [_note_json(note) for note in self.notes],
            "deliveries": [
                {"id": row.id, "receiver": row.receiver, "target": row.target, "kind": row.kind, "state": row.state,
                 "attempts": row.attempts, "last_error": row.last_error, "reason": reason}
                for row, reason in self.deliveries
            ],
            "handlings": [deed._asdict() | {"at_us": format_time(deed.at_us)} for deed in self.handlings],
        }  # fmt: skip


def _note_json(note: Note) -> dict[str, Any]:
    until = None if note.until_us is None else format_time(note.until_us)
    return {
        "at": format_time(note.at_us),
        "what": note.what,
        "receiver": note.receiver,
        "detail": note.detail,
        "until": until,
    }


def _whole(database: Database, stored: StoredAlert) -> Whole:
    from trailbell.store.decisions import Decisions
    from trailbell.store.handlings import Handlings
    from trailbell.store.outbox import StoreOutbox

    handlings = Handlings(database)
    return Whole(
        stored,
        Decisions(database).of(stored.alert.id),
        StoreOutbox(database).of_alert(stored.alert.id),
        handlings.of(stored.alert.id),
        handlings.acknowledged(stored.alert.id),
    )


@command.command(name="list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, the newest.")
@click.option("--open", "open_", is_flag=True, help="Only those that are open.")
@click.option("--held", "held_", is_flag=True, help="Only those that something keeps from being told.")
@_config
@_format
def list_(limit: int, open_: bool, held_: bool, config_file: Path | None, format_: str) -> int:
    """List alerts, newest first, with what keeps them from being told."""
    from trailbell.store.alerts import Alerts

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        every = (_whole(database, stored) for stored in Alerts(database).newest_first())
        wanted = (one for one in every if (not open_ or one.condition != "resolved") and (not held_ or one.held))
        shown = list(islice(wanted, limit))
    if format_ == "json":
        click.echo(json.dumps([one.to_json() for one in shown], ensure_ascii=False, indent=2))
        return Exit.OK
    for one in shown:
        click.echo(_line(one))
    hidden = sum(one.held is not None for one in shown)
    if hidden:
        click.echo(f"{hidden} held back: see `alerts show ID`", err=True)
    if not shown:
        click.echo("no such alerts", err=True)
    return Exit.OK


def _line(one: Whole) -> str:
    from .lines import alert_line

    line = f"{alert_line(one.stored, '')}  {one.condition}"
    if one.held is None:
        return line
    until = "" if one.held.until_us is None else f" until {format_time(one.held.until_us)}"
    return f"{line}  {click.style(printable(f'{one.held.detail}{until}'), fg='yellow')}"


@command.command()
@click.argument("alert")
@_config
@_format
def show(alert: str, config_file: Path | None, format_: str) -> int:
    """Show an alert with every decision about it: routed, grouped, silenced, told. `last` is the newest.

    What it saw, and why the rule fired, `trailbell explain` says.
    """
    from trailbell.store.alerts import Alerts

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        one = _whole(database, find_alert(Alerts(database), alert))
    if format_ == "json":
        click.echo(json.dumps(one.to_json(), ensure_ascii=False, indent=2))
        return Exit.OK
    for line in _lines(one):
        click.echo(line)
    return Exit.OK


def _lines(one: Whole) -> Iterator[str]:
    alert = one.stored.alert
    yield f"{alert.severity}  {printable(str(one.stored.wording['title']))}  ({one.condition})"
    yield f"{click.style('alert', dim=True)}   {alert.id}"
    yield f"{click.style('rule', dim=True)}    {alert.rule_id}"
    yield f"{click.style('opened', dim=True)}  {format_time(alert.opened_at_us)}"
    yield "decisions"
    for note in one.notes:
        until = "" if note.until_us is None else f", until {format_time(note.until_us)}"
        to = f" → {note.receiver}" if note.receiver else ""
        yield f"  {format_time(note.at_us)}  {note.what}{to}: {printable(note.detail)}{until}"
    for deed in one.handlings:
        said = f": {printable(deed.comment)}" if deed.comment else ""
        yield f"  {format_time(deed.at_us)}  {deed.what} by {printable(deed.author)}{said}"
    yield "deliveries"
    for row, _ in one.deliveries:
        name = f"{row.receiver} {row.target}".rstrip()
        tries = f" after {row.attempts} attempts" if row.attempts > 1 else ""
        error = f": {printable(row.last_error)}" if row.last_error else ""
        yield f"  {row.kind} to {printable(name)}: {row.state}{tries}{error}  {click.style(row.id, dim=True)}"
    if not one.deliveries:
        yield "  none"


def _deed(do: str, said: str, alert: str, author: str | None, comment: str, config_file: Path | None) -> int:
    from trailbell.store.alerts import Alerts

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        stored = find_alert(Alerts(database), alert)
    wish(config.state, do, author=author or whoami(), comment=comment, subject=stored.alert.id)
    click.echo(f"{stored.alert.id[:12]} is {said} as soon as the engine has taken it up")
    return Exit.OK


@command.command()
@click.argument("alert")
@click.option("--undo", is_flag=True, help="Nobody looks after it any more.")
@click.option("--comment", default="", help="What is being done.")
@_by
@_config
def ack(alert: str, undo: bool, comment: str, author: str | None, config_file: Path | None) -> int:
    """Acknowledge an alert: somebody looks after it. No more reminders, and no escalation."""
    if undo:
        return _deed("unacknowledge", "nobody's again", alert, author, comment, config_file)
    return _deed("acknowledge", "acknowledged", alert, author, comment, config_file)


@command.command()
@click.argument("alert")
@click.option("--comment", default="", help="Why it is over.")
@_by
@_config
def resolve(alert: str, comment: str, author: str | None, config_file: Path | None) -> int:
    """Say that an alert is over. Those who were told of it are told so."""
    return _deed("resolve", "resolved", alert, author, comment, config_file)
