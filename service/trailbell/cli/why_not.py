"""``trailbell why-not RULE EVENT``: what of a rule does not hold for an event, or what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.text import Text

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit, Failure
from .loading import load_or_fail, rule_or_fail
from .printable import printable

if TYPE_CHECKING:
    from trailbell.configuration.config import Config
    from trailbell.explaining import WhyNot
    from trailbell.sources.base import Source
    from trailbell_engine.event import Event
    from trailbell_engine.rule import Rule, RuleSet
    from trailbell_notifiers.policy.routing import Route

STDIN = "-"


@click.command(name="why-not")
@click.argument("rule_id", metavar="RULE")
@click.argument("event_id", metavar="EVENT")
@click.option("--rules", "-r", "paths", multiple=True, metavar="PATH", help="Where the rule is; else as configured.")
@click.option(
    "--events", "-e", multiple=True, metavar="PATH", help="Look for the event in files, not in the store; repeatable."
)
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    rule_id: str,
    event_id: str,
    paths: Sequence[str],
    events: Sequence[str],
    map_name: str | None,
    config_file: Path | None,
    format_: str,
) -> int:
    """Why RULE said nothing about EVENT: every test with the value it read; and if all hold, what the condition,
    folding and the routes made of it.

    EVENT is an event's id, or the beginning of one, in the store or in --events; `-` reads an event as JSON from stdin.
    """
    from trailbell.explaining import why_not

    config = config_or_fail(config_file, secrets=False)
    rules = load_or_fail(paths or config.rules).rules
    rule = rule_or_fail(rule_id, rules)
    if event_id == STDIN or events:
        event = _of_files(event_id, [STDIN] if event_id == STDIN else events, map_name)
        answer = why_not(rule, rules.lookups.enrich(event), _route(config))
    else:
        answer = _of_store(rule, rules, event_id, config)
    if format_ == "json":
        click.echo(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
    else:
        print_answer(out(), answer)
    return Exit.OK


def _route(config: Config) -> Route | None:
    from trailbell.configuration.policy import policy_of

    return policy_of(config).route


def _of_store(rule: Rule, rules: RuleSet, event_id: str, config: Config) -> WhyNot:
    from trailbell.explaining import why_not_stored
    from trailbell.store.database import StoreError, open_database
    from trailbell.store.events import Events

    try:
        database = open_database(config.store, write=False)
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    with closing(database):
        found = Events(database).find(event_id)
        if not found:
            raise Failure(
                Exit.USAGE,
                f"no event of the store has an id that begins with {event_id!r}",
                "name a file that holds it with --events, or give the event itself on stdin: `why-not RULE -`",
            )
        if len(found) > 1:
            ids = ", ".join(f"{entry.event.id} of {entry.event.source}" for entry in found)
            raise Failure(Exit.USAGE, f"several events' ids begin with {event_id!r}", ids)
        recorded = found[0]._replace(event=rules.lookups.enrich(found[0].event))
        return why_not_stored(rule, recorded, database, _route(config))


def _of_files(event_id: str, paths: Sequence[str], map_name: str | None) -> Event:
    from trailbell.sources.errors import SourceError
    from trailbell.sources.files import FileSource
    from trailbell.sources.map_file import load_map

    try:
        source = FileSource(paths, load_map(map_name) if map_name else None)
        return _find(source, None if event_id == STDIN else event_id)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error


def _find(source: Source, wanted: str | None) -> Event:
    """The event with that id, else the first whose id begins so; with None the first of all."""
    from trailbell_engine.event import Event, Malformed

    first: Event | None = None
    malformed: Malformed | None = None
    with closing(source.batches(None)) as batches:
        for batch in batches:
            for item in batch.inputs:
                if isinstance(item, Malformed):
                    malformed = malformed or item
                elif isinstance(item, Event) and (wanted is None or item.id == wanted):
                    return item
                elif isinstance(item, Event) and first is None and item.id.startswith(wanted or ""):
                    first = item
    if first is not None:
        return first
    if malformed is not None:
        raise Failure(Exit.SOURCE, f"{malformed.place}: {malformed.reason}", "an event is a JSON object")
    if wanted is None:
        raise Failure(Exit.SOURCE, "there is no event on stdin", "give one as a JSON object")
    raise Failure(Exit.USAGE, f"no event's id begins with {wanted!r}", "is it in another file, or is --map missing?")


def print_answer(console: Console, answer: WhyNot) -> None:
    """Print what came of the event, or why nothing did."""
    from trailbell_engine.conditions import spec_of

    from .facts import event_line, fact, memory_lines, print_lines, told_lines
    from .tree import verdict_lines

    rule, event, holds = answer.rule, answer.event, answer.verdict.holds
    head = Text("✔ " if holds else "✘ ", "bold green" if holds else "bold red")
    console.print(head.append(printable(answer.answer), "bold default"), soft_wrap=True)
    console.print()
    console.print(fact("rule", f"{rule.id} @ {rule.version}"), soft_wrap=True)
    console.print(fact("event", event_line(event)), soft_wrap=True)
    console.print(fact("", Text(printable(event.id), "dim")), soft_wrap=True)
    lines = list(verdict_lines(answer.verdict.to_json(), console.width - 2))
    print_lines(console, Text("match", "bold"), lines or [Text("  every event matches")])
    if not holds:
        return
    if answer.memory is not None or spec_of(rule.condition).remembers:
        print_lines(console, _condition(answer), memory_lines(answer.memory) if answer.memory is not None else [])
    heading = Text("would tell", "bold").append(f"   severity {answer.severity}", "not bold dim")
    print_lines(console, heading, told_lines(answer.told, experimental=rule.status == "experimental"))


def _condition(answer: WhyNot) -> Text:
    from trailbell.explaining import condition_text

    return Text("when", "bold").append(f"   {printable(condition_text(answer.rule.condition))}", "not bold dim")
