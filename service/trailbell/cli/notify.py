"""``trailbell notify``: try a receiver before an alert does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from .configuration import config_or_fail
from .exits import Exit, Failure
from .group import Group
from .printable import printable

if TYPE_CHECKING:
    from trailbell.configuration.config import Config
    from trailbell_notifiers.channel import Channel
    from trailbell_notifiers.receipt import Receipt

_config = click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="The configuration.")
_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group(cls=Group, name="notify")
def command() -> None:
    """Try receivers."""


class Tried(NamedTuple):
    """What came of a test message to one target; nothing was sent where the receiver's settings cannot work."""

    receiver: str
    target: str
    arrived: bool
    words: str
    help: str
    sent: bool = True


@command.command()
@click.argument("names", nargs=-1, metavar="RECEIVER...")
@click.option("--all", "all_", is_flag=True, help="Every receiver that is configured.")
@_config
@_format
def test(names: Sequence[str], all_: bool, config_file: Path | None, format_: str) -> int:
    """Send a test message, and say in words what is wrong and what to do. Exit 5 if one did not arrive.

    The message says that it is a test. It goes straight to the receiver: neither routes nor silences are asked, and
    nothing is stored. A receiver whose settings cannot work keeps no other from its test; exit 3 if all others arrive.
    """
    config = config_or_fail(config_file)
    _check_names(names, all_, config.receivers)
    tried = list(_tried(config, names or tuple(config.receivers)))
    if format_ == "json":
        told = [{name: value for name, value in one._asdict().items() if name != "sent"} for one in tried]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in tried:
            _print(one)
    if any(one.sent and not one.arrived for one in tried):
        return Exit.DELIVERY
    return Exit.OK if all(one.arrived for one in tried) else Exit.CONFIGURATION


def _check_names(names: Sequence[str], all_: bool, known: Collection[str]) -> None:
    words = f"configured: {', '.join(known) or 'none; add some below `receivers:`'}"
    if bool(names) == all_:
        raise Failure(Exit.USAGE, "which receiver: a name, or --all", words)
    for name in names:
        if name not in known:
            raise Failure(Exit.USAGE, f"there is no receiver {name!r}", words)


def _tried(config: Config, names: Sequence[str]) -> Iterator[Tried]:
    from trailbell.wiring import channels_of

    channels, problems = channels_of(config)
    for name in names:
        if name in problems:
            yield Tried(name, "", arrived=False, words=str(problems[name]), help=problems[name].help, sent=False)
        else:
            yield from _try(channels[name])


def _try(channel: Channel) -> Iterator[Tried]:
    from trailbell.clock import now_us
    from trailbell_engine.timestamps import SECOND_US
    from trailbell_notifiers.channel import Attempt
    from trailbell_notifiers.delivery.notices import Notice, notice_id, notice_message
    from trailbell_notifiers.delivery.outbox import delivery_id

    at_us, occasion = now_us(), secrets.token_hex(8)
    notice = Notice(
        kind="test",
        subject=f"test of {channel.name}",
        episode=occasion,
        title=f"A test of the receiver {channel.name}",
        summary="Alerts sent here arrive. Somebody ran `trailbell notify test`; there is nothing to do.",
        severity="info",
        at_us=at_us,
    )
    message = notice_message(notice, notice_id(notice.subject, occasion))
    for target in channel.targets:
        id_ = delivery_id(message.thread, channel.name, "test", target)
        attempt = Attempt(id_, target, created_s=at_us / SECOND_US)
        yield _judged(channel.name, target, channel.send(channel.render(message, id_), attempt, now_us() / SECOND_US))


def _judged(receiver: str, target: str, receipt: Receipt) -> Tried:
    from trailbell_notifiers.delivery.advice import advice
    from trailbell_notifiers.receipt import Delivered

    if isinstance(receipt, Delivered):
        return Tried(receiver, target, arrived=True, words=receipt.reference or "taken", help="")
    return Tried(receiver, target, arrived=False, words=receipt.reason, help=advice(receipt.reason))


def _print(one: Tried) -> None:
    mark = click.style("✔", fg="green") if one.arrived else click.style("✘", fg="red")
    name = f"{one.receiver} {one.target}".rstrip()
    click.echo(f"{mark} {printable(f'{name}: {one.words}')}")
    if one.help:
        click.echo(f"  {printable(one.help)}")
