"""``trailbell doctor``: what is wrong with this installation, before an alert has to find out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from trailbell.configuration.config import Config
from trailbell.configuration.rules import with_own_rules
from trailbell.health import (
    Finding,
    State,
    api_findings,
    platform_findings,
    receiver_findings,
    rule_findings,
    server_findings,
    source_findings,
    store_findings,
)
from trailbell.loading import load
from trailbell.sources.vonage_settings import settings_of
from trailbell.wiring import (
    WiringError,
    channels_of,
    check_inhibitions,
    check_notify,
    known_labels,
    matched_labels,
    receivers,
)
from trailbell_engine.rule import RuleSet

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit, Failure
from .printable import printable

_MARKS: Final[dict[State, tuple[str, str]]] = {
    "ok": ("✔", "green"),
    "note": ("•", "yellow"),
    "wrong": ("✘", "bold red"),
}


@click.command(name="doctor")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="The configuration to look at.")
@click.option("--offline", is_flag=True, help="Ask nobody: neither sources nor receivers.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(config_file: Path | None, format_: str, *, offline: bool) -> int:
    """Check configuration, rules, store, credentials, the sources and the receivers.

    Nothing is changed and nobody is told anything: receivers are only asked whether they would listen.
    """
    config = config_or_fail(config_file)
    findings: list[Finding] = []
    console = out()
    for finding in _findings(config, offline=offline):
        findings.append(finding)
        if format_ == "text":
            _print(console, finding)
    if format_ == "json":
        click.echo(json.dumps({"schema": 1, "findings": [finding._asdict() for finding in findings]}, indent=2))
    wrong = sum(finding.state == "wrong" for finding in findings)
    if format_ == "text":
        words = Text("all is well", "bold green") if not wrong else Text(f"{wrong} to mend", "bold red")
        console.print(Text("\n").append_text(words))
    return Exit.FINDINGS if wrong else Exit.OK


def _findings(config: Config, *, offline: bool) -> Iterator[Finding]:
    yield from platform_findings()
    yield Finding("ok", "configuration", str(config.file) if config.file else "none, the defaults hold")
    loaded = load(config.rules)
    yield from rule_findings(loaded)
    yield from store_findings(config)
    yield from _source(config, loaded.rules, offline=offline)
    if not offline:
        yield from source_findings(config, os.environ)
    yield from server_findings(config.http)
    yield from _receivers(config, with_own_rules(loaded.rules, config), offline=offline)


def _source(config: Config, rules: RuleSet, *, offline: bool) -> Iterator[Finding]:
    if not config.sources and not (config.http is not None and config.http.senders):
        yield Finding("note", "audit api", "not configured as a source", "write `sources: {vonage: {}}`")
    from .vonage import audit_client

    for source in config.sources:
        if source.kind != "vonage":
            continue
        subject = "audit api" if source.name == source.kind else f"source {source.name}"
        try:
            with audit_client(settings_of(source.settings), os.environ) as client:
                if offline:
                    yield Finding("note", subject, "credentials are there; not asked")
                else:
                    yield from api_findings(client, rules, subject)
        except Failure as failure:
            yield Finding("wrong", subject, failure.message, failure.help)


def _receivers(config: Config, rules: RuleSet, *, offline: bool) -> Iterator[Finding]:
    channels, problems = channels_of(config)
    if problems:
        for name, problem in problems.items():
            yield Finding("wrong", "receivers", f"the receiver {name!r}: {problem}", problem.help)
        yield from () if offline else receiver_findings(channels)
        return
    try:
        who = receivers(config)
        check_notify(rules, list(who.channels))
        check_inhibitions(rules, who.inhibitions, who.document)
    except WiringError as error:
        yield Finding("wrong", "receivers", error.message, error.help)
        return
    if offline and who.channels:
        yield Finding("note", "receivers", f"{', '.join(who.channels)}; not asked")
    else:
        yield from receiver_findings(who.channels)
    if who.channels and who.route is None and not all(rule.notify for rule in rules):
        yield Finding("note", "route", "none: rules without `notify` tell nobody", "write `route: {receiver: NAME}`")
    unknown = sorted(matched_labels(who.policy) - set(known_labels(rules)))
    if unknown:
        words = f"no rule's alerts have a label {', '.join(map(repr, unknown))}, which matchers ask for"
        yield Finding("note", "matchers", words, f"there are {', '.join(known_labels(rules))}")


def _print(console: Console, finding: Finding) -> None:
    mark, style = _MARKS[finding.state]
    line = Text(f"{mark} ", style).append(f"{finding.subject:<16}", "bold default")
    console.print(line.append(f" {printable(finding.words)}", "not bold default"), soft_wrap=True)
    if finding.help:
        console.print(Text(f"{'':19}{printable(finding.help)}", "cyan"), soft_wrap=True)
