"""``trailbell deliveries``: what is told to whom, how far it got, and another try, or none, for what did not arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from trailbell_engine.counted import counted
from trailbell_engine.timestamps import format_time

from .configuration import config_or_fail
from .exits import Exit, Failure
from .group import Group
from .instants import to_the_second
from .printable import printable
from .stores import reading, whoami, wish

if TYPE_CHECKING:
    from trailbell.configuration.config import Config
    from trailbell.store.deliveries import Deliveries, StoredDelivery

_config = click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_STATES = ("pending", "leased", "ambiguous", "parked", "sent", "dead", "folded")
_COLOURS = {"sent": "green", "folded": "green", "dead": "red", "parked": "yellow", "ambiguous": "yellow"}


@click.group(cls=Group, name="deliveries")
def command() -> None:
    """Deliveries: one message to one receiver each, with its state and every attempt."""


@command.command(name="list")
@click.option("--state", type=click.Choice([*_STATES, "open"]), help="Only these; `open` is what has yet to arrive.")
@click.option("--receiver", metavar="NAME", help="Only those to this receiver.")
@click.option("--alert", metavar="ID", help="Only those that tell of this alert; the beginning of its id is enough.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, the newest.")
@_config
@_format
def list_(
    state: str | None, receiver: str | None, alert: str | None, limit: int, config_file: Path | None, format_: str
) -> int:
    """List deliveries, newest first, and the receivers that fail."""
    from trailbell.store.breakers import Breakers
    from trailbell.store.deliveries import Deliveries

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        found = Deliveries(database).find(state=state, receiver=receiver, alert=alert, limit=limit + 1)
        failing = Breakers(database).failing()
    more, found = len(found) > limit, found[:limit]
    if format_ == "json":
        click.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=2))
        return Exit.OK
    for one in found:
        click.echo(_line(one))
    if more or not found:
        click.echo("there are more: --limit" if more else "no such deliveries", err=True)
    for queue, breaker in failing:
        name = f"{queue.receiver} {queue.target}".rstrip()
        since = format_time(breaker.since_us or 0)
        click.echo(printable(f"{name} fails since {since}: {breaker.reason}"), err=True)
    return Exit.OK


def _line(one: StoredDelivery) -> str:
    row = one.delivery
    state = click.style(f"{row.state:<9}", fg=_COLOURS.get(row.state))
    who = f"{row.receiver} {row.target}".rstrip()
    said = f"  {row.last_error}" if row.last_error and row.state != "sent" else ""
    instead = f"  → {one.diverted}" if one.diverted else ""
    head = f"{to_the_second(row.created_us)}  {row.id[:12]}"
    return f"{head}  {state}  {printable(f'{who}  {row.kind}  {row.alert_id[:12]}{instead}{said}')}"


@command.command()
@click.argument("delivery_id", metavar="ID")
@_config
@_format
def show(delivery_id: str, config_file: Path | None, format_: str) -> int:
    """Show a delivery: why it goes there, every attempt, and what it says. The beginning of its id is enough."""
    from trailbell.store.attempts import Attempts
    from trailbell.store.deliveries import Deliveries

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        one = _one(Deliveries(database).starting(delivery_id), delivery_id)
        attempts = Attempts(database).of(one.delivery.id)
    if format_ == "json":
        tries = [
            {"number": made.number, "at": format_time(made.at_us), "outcome": made.outcome, "words": made.words}
            for made in attempts
        ]
        document = one.to_json() | {"attempts_made": tries, "body": one.delivery.body.decode("utf-8", "replace")}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return Exit.OK
    for name, value in one.to_json().items():
        if value not in ("", None):
            click.echo(f"{name:<16}{printable(str(value))}")
    click.echo("\nattempts" + ("" if attempts else "  none yet"))
    for made in attempts:
        click.echo(printable(f"  {format_time(made.at_us)}  {made.number}  {made.outcome:<9}  {made.words}".rstrip()))
    click.echo("\nbody")
    for line in _shown(one.delivery.body):
        click.echo(f"  {printable(line)}")
    return Exit.OK


def _shown(body: bytes) -> Iterator[str]:
    """JSON with indents; a mail as it is."""
    text = body.decode("utf-8", "replace")
    with suppress(ValueError):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    yield from text.splitlines()


def _one(found: Sequence[StoredDelivery], wanted: str) -> StoredDelivery:
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.delivery.id for one in found)
        raise Failure(Exit.USAGE, f"several deliveries' ids begin with {wanted!r}", ids)
    raise Failure(
        Exit.USAGE, f"no delivery's id begins with {wanted!r}", "`trailbell deliveries list` shows the newest"
    )


@command.command()
@click.argument("delivery_ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "all_", is_flag=True, help="Everything that is dead or parked.")
@click.option("--receiver", metavar="NAME", help="Everything to this receiver that is dead or parked.")
@click.option("--by", "author", metavar="NAME", help="Who wishes it; your user name by default.")
@_config
def retry(
    delivery_ids: Sequence[str], all_: bool, receiver: str | None, author: str | None, config_file: Path | None
) -> int:
    """Try again what is dead or parked: the same message, with the same id. An engine may be running or not."""
    from trailbell.store.deliveries import Deliveries

    if bool(delivery_ids) == (all_ or receiver is not None):
        raise Failure(Exit.USAGE, "which deliveries: ids, --receiver, or --all", "`trailbell deliveries list` has ids")
    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        stored = Deliveries(database)
        named = _named(stored, delivery_ids, ("dead", "parked"), "only what is dead or parked can be tried again")
        count = len(named) if named else stored.count_released(receiver)
    subjects = named or [f"receiver:{receiver}" if receiver else "all"]
    if count:
        _do(config, "retry", subjects, author or whoami(), "no engine runs: they are sent when one is started")
    click.echo(f"{counted(count, 'delivery', 'deliveries')} to try again")
    return Exit.OK


@command.command(name="give-up")
@click.argument("delivery_ids", nargs=-1, metavar="[ID]...")
@click.option("--receiver", metavar="NAME", help="Everything that waits for this receiver, which may be gone.")
@click.option("--yes", is_flag=True, help="Give them up; without it they are only counted.")
@click.option("--by", "author", metavar="NAME", help="Who wishes it; your user name by default.")
@_config
def give_up(
    delivery_ids: Sequence[str], receiver: str | None, yes: bool, author: str | None, config_file: Path | None
) -> int:
    """Give up what has yet to arrive: dead letters, which say who gave them up. They can still be retried."""
    from trailbell.store.deliveries import Deliveries
    from trailbell_notifiers.delivery.outbox import OPEN_STATES

    if bool(delivery_ids) == (receiver is not None):
        raise Failure(Exit.USAGE, "which deliveries: ids, or --receiver", "`trailbell deliveries list` has ids")
    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        stored = Deliveries(database)
        named = _named(stored, delivery_ids, OPEN_STATES, "only what has yet to arrive can be given up")
        count = len(named) if receiver is None else stored.count_waiting(receiver)
    if count and not yes:
        click.echo(f"{counted(count, 'delivery', 'deliveries')} to give up: add --yes")
        return Exit.OK
    if count:
        _do(config, "give-up", named or [f"receiver:{receiver}"], author or whoami(), "")
    click.echo(f"{counted(count, 'delivery', 'deliveries')} given up")
    return Exit.OK


def _named(stored: Deliveries, wanted: Sequence[str], states: Sequence[str], help_: str) -> list[str]:
    """The ids of deliveries in one of these states, from the beginnings of their ids."""
    named = [_one(stored.starting(one), one).delivery for one in wanted]
    for delivery in named:
        if delivery.state not in states:
            raise Failure(Exit.USAGE, f"{delivery.id} is {delivery.state}", help_)
    return [delivery.id for delivery in named]


def _do(config: Config, what: Literal["retry", "give-up"], subjects: Sequence[str], author: str, idle: str) -> None:
    """At once if no engine runs, with these words; else the engine does it."""
    from trailbell.clock import now_us
    from trailbell.store.database import StoreError, open_database
    from trailbell.store.deliveries import Deliveries

    try:
        database = open_database(config.store)
    except StoreError:
        for subject in subjects:
            wish(config.state, what, author=author, subject=subject)
        click.echo("a running engine takes it up within seconds", err=True)
        return
    stored = Deliveries(database)
    with closing(database), database.transaction():
        for subject in subjects:
            if what == "retry":
                stored.release(subject, now_us())
            else:
                stored.give_up(subject, author, now_us())
    if idle:
        click.echo(idle, err=True)
