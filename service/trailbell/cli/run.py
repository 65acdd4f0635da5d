"""``trailbell run``: for real. Alerts appear on stdout as they become durable, words about the work on stderr."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from trailbell.config import Config
from trailbell.live import Live
from trailbell.outgoing import Told
from trailbell.sources.base import Source
from trailbell.sources.errors import SourceError
from trailbell.store.alerts import StoredAlert
from trailbell.store.database import StoreError, open_database
from trailbell.tally import Tally
from trailbell.wiring import Receivers, WiringError, check_notify, receivers
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.receipt import Delivered
from trailbell_notifiers.sender import Sent

from .configuration import config_or_fail
from .exits import Exit, Failure
from .lines import alert_line
from .loading import load_or_fail

log = logging.getLogger("trailbell")


class Terminated(BaseException):
    """SIGTERM: stop in good order. Like KeyboardInterrupt it is no Exception, so nothing on the way swallows it."""


@click.command(name="run")
@click.option(
    "--config",
    "-c",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration; ./trailbell.yaml by default.",
)
@click.option("--once", is_flag=True, help="Catch up, deliver, and end: for cron.")
@click.option("--dry-run", is_flag=True, help="Evaluate live and print; store and send nothing.")
@click.option(
    "--events",
    "-e",
    multiple=True,
    metavar="PATH",
    help="Read events from files instead of the configured source; ends with them.",
)
@click.option(
    "--map", "map_name", metavar="NAME|FILE", help="Where the envelope of --events lies; found by looking if not given."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How alerts are printed.",
)
def command(
    config_file: Path | None, once: bool, dry_run: bool, events: Sequence[str], map_name: str | None, format_: str
) -> int:
    """Watch the sources, raise alerts, tell people. Ends with ^C, with --once, or with the files of --events."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    config = config_or_fail(config_file, secrets=not dry_run)
    rules = load_or_fail(config.rules).rules
    say = _json_line if format_ == "json" else _text_line
    try:
        source = _source(config, events, map_name, once=once)
        with _terminable():
            if dry_run:
                _print_only(rules, source, say)
                return Exit.OK
            return _run(config, rules, source, say, ends=once or bool(events))
    except Terminated:
        log.info("stopped by SIGTERM")
        return Exit.OK
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    except WiringError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error


def _source(config: Config, events: Sequence[str], map_name: str | None, *, once: bool) -> Source:
    if events:
        from trailbell.sources.files import FileSource
        from trailbell.sources.map_file import load_map

        return FileSource(events, load_map(map_name) if map_name else None)
    if config.vonage is None:
        where = config.file or "trailbell.yaml"
        raise Failure(
            Exit.CONFIGURATION,
            f"no source is configured in {where}" if config.file else "there is no configuration",
            "write `sources: {vonage: {}}`, or name files with --events; `trailbell init` makes a configuration",
        )
    from .vonage import vonage_source

    return vonage_source(config.vonage, os.environ, once=once)


def _run(config: Config, rules: RuleSet, source: Source, say: Callable[[StoredAlert, str], None], *, ends: bool) -> int:
    who = receivers(config)
    check_notify(rules, list(who.channels))
    _announce(config, rules, source, who)
    database = open_database(config.state)
    try:
        with Live(rules, database, who, told=lambda fresh: _tell(fresh, say), attempted=_log_attempt) as live:
            live.run(source)
            delivered = live.drain() if ends else True
            _log_end(live.tally, "kept in quarantine")
            for receiver, error, count in [] if delivered else live.undelivered():
                log.error("%s has not got %d: %s", receiver, count, error)
            return Exit.OK if delivered else Exit.DELIVERY
    finally:
        database.close()


def _announce(config: Config, rules: RuleSet, source: Source, who: Receivers) -> None:
    told = ", ".join(who.channels) or "nobody: no receivers are configured, alerts are stored and printed"
    log.info("%d rules, source %s, store %s, receivers: %s", len(rules), source.name, config.state, told)


def _log_end(tally: Tally, aside: str) -> None:
    alerts = sum(entry.alerts for entry in tally.rules.values())
    log.info("%d events (%d new), %d alerts", tally.read, tally.read - tally.duplicate - tally.malformed, alerts)
    for example in tally.examples:
        log.warning("malformed, %s: %s: %s", aside, example.place, example.reason)
    for rule_id, entry in tally.rules.items():
        for reason, count in entry.errors.items():
            log.error("%s could not be evaluated on %d events: %s", rule_id, count, reason)


def _tell(fresh: Sequence[Told], say: Callable[[StoredAlert, str], None]) -> None:
    for stored, decisions in fresh:
        say(stored, ", ".join(decision.receiver for decision in decisions))


def _text_line(stored: StoredAlert, told: str) -> None:
    click.echo(alert_line(stored, told))


def _json_line(stored: StoredAlert, told: str) -> None:
    click.echo(json.dumps(stored.to_json() | {"told": [name for name in told.split(", ") if name]}, ensure_ascii=False))


def _log_attempt(sent: Sent) -> None:
    delivery = sent.delivery
    if isinstance(sent.receipt, Delivered):
        log.info("told %s of %s", f"{delivery.receiver} {delivery.target}".rstrip(), delivery.alert_id[:12])
    else:
        log.warning(
            "%s: %s (attempt %d, now %s)", delivery.receiver, sent.receipt.reason, delivery.attempts, delivery.state
        )


def _print_only(rules: RuleSet, source: Source, say: Callable[[StoredAlert, str], None]) -> None:
    from trailbell.drive import drive
    from trailbell.memory import MemoryLedger
    from trailbell.recorder import Recorder
    from trailbell.wording import Wording
    from trailbell_engine.pipeline import Pipeline

    recorder = Recorder(Wording(rules).of, opened=lambda stored: say(stored, ""))
    log.info("dry run of %d rules over %s: nothing is stored or sent", len(rules), source.name)
    drive(source, Pipeline(rules, {source.name: source.lateness_us}), MemoryLedger(), recorder)
    _log_end(recorder.tally, "left out")


@contextmanager
def _terminable() -> Iterator[None]:
    """Turn SIGTERM into an orderly end while the engine runs."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
