"""``trailbell render RULE --event FILE --as slack``: a rule's message as a channel would show it; nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from trailbell_engine.system_errors import system_words

from .configuration import config_or_fail
from .consoles import err, out
from .exits import Exit, Failure
from .loading import load_or_fail

if TYPE_CHECKING:
    from trailbell.configuration.config import Config
    from trailbell.rendering import Shown
    from trailbell_engine.rule import Rule, RuleSet
    from trailbell_notifiers.channel import Channel
    from trailbell_notifiers.message import Kind

_STAND_INS: Final[Mapping[str, Mapping[str, Any]]] = {
    "slack": {"token": "xoxb-not-sent", "channel": "#alerts"},
    "email": {"to": "oncall@example.com", "from": "Trailbell <trailbell@example.com>", "host": "smtp.example.com"},
    "webhook": {"url": "https://example.com/hook"},
    "pagerduty": {"routing_key": "0" * 32},
    "teams": {"url": "https://example.com/workflow"},
    "discord": {"url": "https://example.com/webhook"},
    "alertmanager": {"url": "http://alertmanager.example.com:9093"},
    "command": {"argv": ["true"]},
    "apprise": {"url": "json://example.com/"},
}
"""Settings to render with where the configuration has no receiver of the kind."""
_DELIVERY: Final = "dlv_" + "0" * 32


@click.command(name="render")
@click.argument("rule_id", metavar="RULE")
@click.option("--event", "-e", "event_file", required=True, metavar="FILE", help="Events to fire on; - for stdin.")
@click.option(
    "--as",
    "kind",
    default="slack",
    show_default=True,
    metavar="KIND",
    help=f"text, {', '.join(_STAND_INS)}, or a plug-in.",
)
@click.option("--receiver", metavar="NAME", help="Render for this receiver of the configuration instead.")
@click.option("--rules", "-r", "paths", multiple=True, metavar="PATH", help="Where the rule is; else as configured.")
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where receivers are defined.")
@click.option(
    "--state",
    "message_kind",
    type=click.Choice(["opened", "updated", "reminder", "resolved", "test"]),
    default="opened",
    show_default=True,
    help="Why the message goes out.",
)
@click.option("--raw", is_flag=True, help="Print the body exactly as it would be sent.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write a page that looks like the message.")
def command(
    rule_id: str,
    event_file: str,
    kind: str,
    receiver: str | None,
    paths: tuple[str, ...],
    map_name: str | None,
    config_file: Path | None,
    message_kind: Kind,
    html_file: Path | None,
    *,
    raw: bool,
) -> int:
    """Show RULE's message over events as a channel would show it. Nothing is sent.

    The newest alert that the events make is shown. If they make none, the newest event that the rule looks for is shown
    as if the rule had fired on it.
    """
    config = config_or_fail(config_file, secrets=False)
    rules = load_or_fail(paths or config.rules).rules
    shown = _shown(rules, _rule(rule_id, rules), event_file, map_name, message_kind)
    if not shown.alerts:
        err().print("the rule stays silent over these events; shown as if it had fired on the newest that it looks for")
    if kind == "text" and receiver is None:
        return _text(shown)
    kind, channel = _channel(kind, receiver, config)
    body = channel.render(shown.message, _DELIVERY)
    if html_file is not None:
        _write(html_file, kind, body)
    elif raw:
        click.echo(body.decode("utf-8"))
    else:
        from .samples import drawn

        out().print(drawn(kind, body))
    return Exit.OK


def _rule(rule_id: str, rules: RuleSet) -> Rule:
    from trailbell_rules.suggest import did_you_mean

    if rule_id not in rules:
        names = [rule.id for rule in rules]
        raise Failure(Exit.USAGE, f"there is no rule {rule_id!r}", did_you_mean(rule_id, names) or "name its id")
    return rules[rule_id]


def _shown(rules: RuleSet, rule: Rule, file: str, map_name: str | None, kind: Kind) -> Shown:
    from trailbell.rendering import NoMatchError, message_over
    from trailbell.sources.errors import SourceError
    from trailbell.sources.files import FileSource
    from trailbell.sources.map_file import load_map

    try:
        return message_over(rules, rule, FileSource([file], load_map(map_name) if map_name else None), kind)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    except NoMatchError as error:
        help_ = f"`trailbell why-not {rule.id} EVENT --events {file}` says what does not hold"
        raise Failure(Exit.FINDINGS, str(error), help_) from error


def _text(shown: Shown) -> int:
    from trailbell_notifiers.channels.mail.bodies import plain_body

    from .printable import printable

    for line in plain_body(shown.message, _DELIVERY).splitlines():
        click.echo(printable(line))
    return Exit.OK


def _channel(kind: str, receiver: str | None, config: Config) -> tuple[str, Channel]:
    from trailbell.dryrun.preview import kinds, preview
    from trailbell.wiring import WiringError
    from trailbell_notifiers.channel import ChannelError, build_channel
    from trailbell_notifiers.channel import kinds as all_kinds

    try:
        configured = kinds(config)
        name = receiver or next((name for name, of in configured.items() if of == kind), None)
        if receiver is not None and receiver not in configured:
            known = ", ".join(configured) or "none is defined"
            raise Failure(Exit.USAGE, f"there is no receiver {receiver!r}", f"one of: {known}")
        if name is not None:
            return configured[name], preview(config, os.environ).channels[name]
        if kind not in all_kinds():
            raise Failure(Exit.USAGE, f"there is no channel {kind!r}", f"one of: text, {', '.join(all_kinds())}")
        if kind not in _STAND_INS:
            raise Failure(Exit.USAGE, f"no receiver of kind {kind!r} is configured", "define one, and name it")
        return kind, build_channel({"name": kind, kind: _STAND_INS[kind]})
    except (WiringError, ChannelError) as error:
        raise Failure(Exit.CONFIGURATION, str(error), error.help) from error


def _write(file: Path, kind: str, body: bytes) -> None:
    from trailbell.message_page import message_page

    try:
        file.write_text(message_page(kind, body), encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.USAGE, f"cannot write {file}: {system_words(error)}") from error
