"""``trailbell serve``: the HTTP server over a state folder, without an engine: to look at what is recorded."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from queue import SimpleQueue

import click

from trailbell.store.database import StoreError

from .configuration import config_or_fail
from .exits import Exit, Failure
from .loading import load_or_fail
from .serving import server_or_fail
from .stopping import Terminated, stopped_by_signals

log = logging.getLogger("trailbell")


@click.command(name="serve")
@click.option(
    "--config",
    "-c",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration; ./trailbell.yaml by default.",
)
@click.option("--listen", metavar="ADDRESS:PORT", help="Instead of `http: {listen: …}`.")
def command(config_file: Path | None, listen: str | None) -> int:
    """Serve what is recorded: the Audit API, alerts, deliveries, metrics. Takes no events in; ends with ^C.

    `trailbell run` serves the same, and takes events in, where the configuration has `http:`.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    config = config_or_fail(config_file)
    rules = load_or_fail(config.rules).rules
    with server_or_fail():
        from trailbell.http.serving import serving_store
        from trailbell.http.settings import HttpSettings, HttpSettingsError, listening_on

        settings = config.http or HttpSettings()
        try:
            chosen = listening_on(settings, listen) if listen else settings
        except HttpSettingsError as error:
            raise Failure(Exit.USAGE, str(error), error.help) from error
        ended: SimpleQueue[None] = SimpleQueue()  # its `put` is safe in signal handlers
        try:
            with (
                stopped_by_signals(lambda: ended.put(None)),
                serving_store(chosen, config.store, lambda: rules) as server,
            ):
                log.info("serving %s at %s", config.store, server.url)
                ended.get()
        except Terminated:
            log.info("stopped by SIGTERM")
        except StoreError as error:
            raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    return Exit.OK
