"""``trailbell run``: for real. Alerts appear on stdout as they become durable, words about the work on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

import click

from trailbell.clock import now_us
from trailbell.configuration.config import Config
from trailbell.http.observed import Observed
from trailbell.http.settings import HttpSettings
from trailbell.live import Live
from trailbell.outgoing import NewAlert
from trailbell.rulebook.book import Edition, RuleBook
from trailbell.rulebook.cache import CACHE_FILE, RuleCache
from trailbell.slack.buttons import with_buttons
from trailbell.sources.base import Source
from trailbell.sources.brokers.source import BrokerSource
from trailbell.sources.errors import SourceError
from trailbell.store.alerts import StoredAlert
from trailbell.store.database import Database, StoreError, open_database
from trailbell.tally import Tally
from trailbell.upkeep.keeper import keeping, visit
from trailbell.wiring import Receivers, WiringError, check_inhibitions, check_notify, receivers
from trailbell.wiring import sources as configured_sources
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.delivery.sender import Sent
from trailbell_notifiers.receipt import Delivered

from .configuration import config_or_fail
from .early import never_reloads
from .exits import Exit, Failure
from .lines import alert_line
from .loading import edition_or_fail
from .reloading import reloading
from .serving import server_or_fail
from .stopping import Terminated, stopped_by_signals, terminable

log = logging.getLogger("trailbell")


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
    # A dry run writes nothing, and a cache neither.
    cache = RuleCache(config.state / CACHE_FILE) if config.rule_cache and not dry_run else None
    paths = config.rules if events or dry_run else config.running_rules
    book = RuleBook(paths, cache)
    edition = edition_or_fail(book)
    if once or events or dry_run:
        book.close()  # it is not read again
        never_reloads()
    say = _json_line if format_ == "json" else _text_line
    try:
        sources = _sources(config, events, map_name, once=once)
        if dry_run:
            _refuse_to_take(sources)
            _print_only(edition.rules, sources, say, ends=once or bool(events))
            return Exit.OK
        return _run(config, book, edition, sources, say, ends=once or bool(events), once=once)
    except Terminated:
        log.info("stopped by SIGTERM")
        return Exit.OK
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    except WiringError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error


def _sources(config: Config, events: Sequence[str], map_name: str | None, *, once: bool) -> list[Source]:
    if events:
        from trailbell.sources.files import FileSource
        from trailbell.sources.map_file import load_map

        return [FileSource(events, load_map(map_name) if map_name else None)]
    if not config.sources and not (config.http is not None and config.http.senders):
        where = config.file or "trailbell.yaml"
        raise Failure(
            Exit.CONFIGURATION,
            f"no source is configured in {where}" if config.file else "there is no configuration",
            "write `sources: {vonage: {}}`, or name files with --events; `trailbell init` makes a configuration",
        )
    return configured_sources(config, os.environ, once=once)


def _run(
    config: Config,
    book: RuleBook,
    edition: Edition,
    sources: Sequence[Source],
    say: Callable[[StoredAlert, str], None],
    *,
    ends: bool,
    once: bool,
) -> int:
    who, rules = receivers(config), edition.rules
    check_notify(rules, list(who.channels))
    check_inhibitions(rules, who.inhibitions, who.document)
    _announce(config, rules, sources, who)
    database = open_database(config.store)
    observed = Observed()
    hearing = None if ends else with_buttons(who.channels, config.state)

    def attempted(sent: Sent) -> None:
        _log_attempt(sent)
        observed.attempt(sent)

    try:
        with (
            terminable(),
            Live(
                rules,
                database,
                who,
                told=lambda fresh: _tell(fresh, say),
                attempted=attempted,
                limits=config.limits,
                keep_asked=once,
            ) as live,
        ):
            _warn_of_orphans(live)
            with (
                stopped_by_signals(live.stop),  # first: what follows takes a while to start, and has to be ended too
                _served(None if ends else config.http, config, live, database, observed) as inboxes,
                _kept_up(config, book, edition, live, who) if not ends else nullcontext(),
                nullcontext() if ends else keeping(live, database, config.retention, now_us),
                nullcontext() if hearing is None else hearing(database, live),
            ):
                _read(live, [*sources, *inboxes], patient=not ends)
            delivered = live.drain() if ends else True
            _log_end(live.tally, "kept in quarantine")
            for receiver, error, count in [] if delivered else live.undelivered():
                log.error("%s has not got %d: %s", receiver, count, error)
        if once:
            visit(database, config.retention, now_us)
        return Exit.OK if delivered else Exit.DELIVERY
    finally:
        database.close()


def _read(live: Live, sources: Sequence[Source], *, patient: bool) -> None:
    try:
        live.run(sources, patient=patient)
    except SourceError:
        live.drain()  # that it fails may be what there is to tell
        raise


@contextmanager
def _served(
    settings: HttpSettings | None, config: Config, live: Live, database: Database, observed: Observed
) -> Iterator[list[Source]]:
    """Serve beside the engine, if that is configured; gives the sources that the server fills."""
    if settings is None:
        yield []
        return
    with ExitStack() as stack:
        with server_or_fail():
            from trailbell.http.serving import inboxes_of, serving_engine

            inboxes = inboxes_of(settings)
            server = stack.enter_context(
                serving_engine(
                    settings,
                    config.store,
                    lambda: live.rules,
                    engine=live,
                    database=database,
                    inboxes=inboxes,
                    observed=observed,
                )
            )
        log.info("serving at %s", server.url)
        yield list(inboxes.values())


def _kept_up(
    config: Config, book: RuleBook, edition: Edition, live: Live, who: Receivers
) -> AbstractContextManager[None]:
    return reloading(config.running_rules, book, edition, live, who, watch=config.watch_rules)


def _announce(config: Config, rules: RuleSet, sources: Sequence[Source], who: Receivers) -> None:
    told = ", ".join(who.channels) or "nobody: no receivers are configured, alerts are stored and printed"
    senders = config.http.senders if config.http is not None else ()
    names = list(dict.fromkeys([*(source.name for source in sources), *(sender.source for sender in senders)]))
    word = "source" if len(names) == 1 else "sources"
    many = counted(len(rules), "rule")
    log.info("%s, %s %s, store %s, receivers: %s", many, word, ", ".join(names), config.store, told)


def _warn_of_orphans(live: Live) -> None:
    """At every run, so that they do not vanish in silence. No run can deliver them, so none fails for it."""
    for name, count in live.orphaned().items():
        log.warning(
            "%s for %s, which is not among the receivers any more: put it back under this name and they are sent; "
            "`trailbell deliveries list --receiver %s` shows them, `deliveries give-up --receiver %s` ends their wait",
            counted(count, "message waits", "messages wait"), name, name, name,
        )  # fmt: skip


def _log_end(tally: Tally, aside: str) -> None:
    alerts = sum(entry.alerts for entry in tally.rules.values())
    new = tally.read - tally.duplicate - tally.malformed
    log.info("%s (%d new), %s", counted(tally.read, "event"), new, counted(alerts, "alert"))
    for example in tally.examples:
        log.warning("malformed, %s: %s: %s", aside, example.place, example.reason)
    for rule_id, entry in tally.rules.items():
        for reason, count in entry.errors.items():
            log.error("%s could not be evaluated on %s: %s", rule_id, counted(count, "event"), reason)


def _tell(fresh: Sequence[NewAlert], say: Callable[[StoredAlert, str], None]) -> None:
    for stored, decisions in fresh:
        say(stored, ", ".join(decision.receiver for decision in decisions))


def _text_line(stored: StoredAlert, told: str) -> None:
    click.echo(alert_line(stored, told))


def _json_line(stored: StoredAlert, told: str) -> None:
    click.echo(json.dumps(stored.to_json() | {"told": [name for name in told.split(", ") if name]}, ensure_ascii=False))


def _log_attempt(sent: Sent) -> None:
    delivery = sent.delivery
    who = f"{delivery.receiver} {delivery.target}".rstrip()
    if isinstance(sent.receipt, Delivered):
        log.info("told %s of %s", who, delivery.alert_id[:12])
    else:
        log.warning("%s: %s (attempt %d, now %s)", who, sent.receipt.reason, delivery.attempts, delivery.state)


def _refuse_to_take(sources: Sequence[Source]) -> None:
    """What a dry run reads must be there for the real run, and a broker's message is gone once it is taken."""
    taking = [source.name for source in sources if isinstance(source, BrokerSource)]
    if taking:
        raise Failure(
            Exit.USAGE,
            f"a dry run would take messages from {', '.join(taking)}, and a real run would miss them",
            "use `--events` with files, or `trailbell dry-run` over what is stored",
        )


def _print_only(
    rules: RuleSet, sources: Sequence[Source], say: Callable[[StoredAlert, str], None], *, ends: bool
) -> None:
    from trailbell.memory import MemoryLedger
    from trailbell.recorder import Recorder
    from trailbell.running.loop import Loop
    from trailbell.wording import Wording
    from trailbell_engine.pipeline import Pipeline

    recorder = Recorder(Wording(rules).of, opened=lambda stored: say(stored, ""))
    names = ", ".join(source.name for source in sources)
    log.info("dry run of %s over %s: nothing is stored or sent", counted(len(rules), "rule"), names)
    loop = Loop(MemoryLedger(), recorder, now_us=now_us)
    with stopped_by_signals(loop.stop):
        lateness_us = {source.name: source.lateness_us for source in sources}
        loop.pipeline = Pipeline(rules, lateness_us)
        loop.run(sources, patient=not ends)
    _log_end(recorder.tally, "left out")
