"""``trailbell silences``: what is not told for a while, by whose wish and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trailbell_engine.counted import counted
from trailbell_engine.timestamps import DAY_US

from .configuration import config_or_fail
from .exits import Exit, Failure
from .group import Group
from .instants import instant, to_the_second
from .printable import printable
from .stores import reading, reading_if_there, whoami, wish

if TYPE_CHECKING:
    from trailbell.configuration.config import Config
    from trailbell.store.alerts import StoredAlert
    from trailbell_notifiers.policy.silences import Silence

_config = click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="The configuration.")
_format = click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
_matchers = click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")


@click.group(cls=Group, name="silences")
def command() -> None:
    """Silences: alerts that are stored and not told until the silence ends.

    A MATCHER is `rule=lockout`, `severity!=critical`, `user_email=~".*@example.com"`; all must hold.
    """


@command.command()
@_matchers
@click.option("--for", "for_", metavar="DURATION", help="So long: 2h, 1d.")
@click.option("--until", metavar="WHEN", help="Until then: 2026-11-01T10:00:00Z.")
@click.option("--starts", metavar="WHEN", help="From then on; now by default.")
@click.option("--comment", required=True, help="Why; people read it beside what is silenced.")
@click.option("--by", "author", metavar="NAME", help="Who wishes it; your user name by default.")
@click.option("--force", is_flag=True, help="Even if it holds on every value of its labels.")
@_config
def add(
    matchers: Sequence[str],
    for_: str | None,
    until: str | None,
    starts: str | None,
    comment: str,
    author: str | None,
    config_file: Path | None,
    *,
    force: bool,
) -> int:
    """Silence alerts for a while, and say what that would have hidden. A running engine takes it up within a second."""
    from trailbell.clock import now_us
    from trailbell_engine.durations import parse_duration

    if (for_ is None) is (until is None):
        raise Failure(Exit.USAGE, "a silence has an end: --for or --until", "such as `--for 2h`")
    starts_us = instant("--starts", starts) or now_us()
    span_us = parse_duration(for_) if for_ is not None else None
    if for_ is not None and span_us is None:
        raise Failure(Exit.USAGE, f"--for {for_}: no duration", "write 30m, 2h or 1d")
    ends_us = starts_us + span_us if span_us is not None else instant("--until", until)
    config = config_or_fail(config_file, secrets=False)
    silence = _silence(matchers, starts_us, ends_us or starts_us, author or whoami(), comment, force=force)
    wish(config.state, "silence", author=silence.author, comment=comment, silence=silence)
    click.echo(f"{silence.id}  {printable(str(silence))}  until {to_the_second(silence.ends_us)}")
    _warn(config, silence._replace(starts_us=now_us() - 7 * DAY_US))
    return Exit.OK


def _warn(config: Config, silence: Silence) -> None:
    """Say what it would have hidden lately, where there is something to tell it by."""
    with reading_if_there(config.store) as database:
        if database is None:
            return
    hidden = _hidden(config, silence, silence.starts_us)
    click.echo(f"of the last 7 days it would have hidden {_counted(hidden)}")
    _name_unknown(config, silence)


def _silence(
    matchers: Sequence[str], starts_us: int, ends_us: int, author: str, comment: str, *, force: bool = False
) -> Silence:
    from trailbell_notifiers.policy.matchers import MatcherError
    from trailbell_notifiers.policy.silences import SilenceError, new_silence

    try:
        return new_silence(
            matchers, starts_us=starts_us, ends_us=ends_us, author=author, comment=comment, sweeping=force
        )
    except (MatcherError, SilenceError) as error:
        raise Failure(Exit.USAGE, str(error), error.help) from error


@command.command(name="list")
@click.option("--all", "all_", is_flag=True, help="Expired ones, too.")
@_config
@_format
def list_(all_: bool, config_file: Path | None, format_: str) -> int:
    """List the silences of the store, of the configuration, and those the engine has yet to take up."""
    from trailbell.clock import now_us

    config, at_us = config_or_fail(config_file, secrets=False), now_us()
    found = [(silence, where) for silence, where in _known(config) if all_ or silence.ends_us > at_us]
    if format_ == "json":
        rows = [silence.to_json() | {"state": silence.phase(at_us), "taken_up": where} for silence, where in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return Exit.OK
    for silence, taken_up in found:
        waits = "" if taken_up else "  (waits for the engine)"
        head = f"{silence.id}  {silence.phase(at_us):<7}  until {to_the_second(silence.ends_us)}"
        click.echo(f"{head}  {printable(str(silence))}  {printable(_who(silence))}{waits}")
    if not found:
        click.echo("no silences" if all_ else "no silences now; --all shows expired ones", err=True)
    return Exit.OK


def _who(silence: Silence) -> str:
    return f"{silence.author or silence.origin}: {silence.comment}"


def _known(config: Config) -> Iterator[tuple[Silence, bool]]:
    """Every silence, and whether an engine knows of it."""
    from trailbell.configuration.policy import policy_of
    from trailbell.operations import waiting
    from trailbell.store.silences import Silences

    for silence in policy_of(config).silences:
        yield silence, True
    stored: set[str] = set()
    with reading_if_there(config.store) as database:
        for silence in [] if database is None else Silences(database).all():
            stored.add(silence.id)
            yield silence, True
    for _, one in waiting(config.state):
        if one is not None and one.silence is not None and one.silence.id not in stored:
            yield one.silence, False


def _find(config: Config, wanted: str) -> Silence:
    found = [silence for silence, _ in _known(config) if silence.id.startswith(wanted)]
    if len(found) != 1:
        words = "no silence's id begins" if not found else "several silences' ids begin"
        raise Failure(Exit.USAGE, f"{words} with {wanted!r}", "`trailbell silences list --all` shows them")
    return found[0]


@command.command()
@click.argument("silence_id", metavar="ID")
@_config
@_format
def show(silence_id: str, config_file: Path | None, format_: str) -> int:
    """Show one silence, and the alerts it has hidden."""
    config = config_or_fail(config_file, secrets=False)
    silence = _find(config, silence_id)
    hidden = _hidden(config, silence, silence.starts_us)
    if format_ == "json":
        rows = silence.to_json() | {"hidden": [stored.to_json() for stored in hidden]}
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return Exit.OK
    for name, value in silence.to_json().items():
        click.echo(f"{name:<10}{printable(', '.join(value) if isinstance(value, list) else str(value))}")
    _print_hidden(hidden)
    return Exit.OK


@command.command()
@click.argument("silence_id", metavar="ID")
@click.option("--comment", default="", help="Why.")
@click.option("--by", "author", metavar="NAME", help="Who does it; your user name by default.")
@_config
def expire(silence_id: str, comment: str, author: str | None, config_file: Path | None) -> int:
    """End a silence now. What it hides and is still open is told."""
    config = config_or_fail(config_file, secrets=False)
    silence = _find(config, silence_id)
    if silence.origin == "config":
        raise Failure(Exit.USAGE, "this silence is declared in the configuration", "take it out of `silences:` there")
    wish(config.state, "expire", author=author or whoami(), comment=comment, subject=silence.id)
    click.echo(f"{silence.id} ends as soon as the engine has taken it up")
    return Exit.OK


@command.command()
@_matchers
@click.option("--since", default="7d", show_default=True, metavar="WHEN", help="How far back: 30d, 2026-11-01.")
@_config
@_format
def preview(matchers: Sequence[str], since: str, config_file: Path | None, format_: str) -> int:
    """Show what a silence with these matchers would have hidden."""
    from trailbell.clock import now_us

    config = config_or_fail(config_file, secrets=False)
    since_us = instant("--since", since) or now_us() - 7 * DAY_US
    silence = _silence(matchers, now_us() - 1, now_us(), "", "preview", force=True)._replace(starts_us=since_us)
    hidden = _hidden(config, silence, since_us)
    if format_ == "json":
        click.echo(json.dumps([stored.to_json() for stored in hidden], ensure_ascii=False, indent=2))
    else:
        _print_hidden(hidden)
        _name_unknown(config, silence)
    return Exit.OK


def _hidden(config: Config, silence: Silence, since_us: int) -> list[StoredAlert]:
    """The stored alerts that a silence covers, by the labels they have with the rules of today."""
    from trailbell.loading import load
    from trailbell.store.alerts import Alerts
    from trailbell_engine.rule import Words
    from trailbell_notifiers.policy.routing import labels_of

    rules = load(config.rules).rules
    with reading(config.store) as database:
        stored = Alerts(database).opened_between(since_us, silence.ends_us)
    found = []
    for one in stored:
        words: Any = rules[one.alert.rule_id].words if one.alert.rule_id in rules else Words("")
        if silence.covers(labels_of(one.alert, words)):
            found.append(one)
    return found


def _counted(hidden: Sequence[StoredAlert]) -> str:
    severe = sum(one.alert.severity in ("critical", "high") for one in hidden)
    return counted(len(hidden), "alert") + (f", {severe} of them high or critical" if severe else "")


def _name_unknown(config: Config, silence: Silence) -> None:
    """A label that no alert has is most often a misspelled one."""
    from trailbell.loading import load
    from trailbell.wiring import known_labels

    known = known_labels(load(config.rules).rules)
    for label in dict.fromkeys(matcher.label for matcher in silence.matchers if matcher.label not in known):
        click.echo(f"no rule's alerts have a label {label!r}; there are {', '.join(known)}", err=True)


def _print_hidden(hidden: Sequence[StoredAlert]) -> None:
    from .lines import alert_line

    click.echo(f"hides {_counted(hidden)}")
    for one in hidden[-20:]:
        click.echo(f"  {alert_line(one, '')}")
