"""The history that a dry-run was asked for: files, the store, or the past of a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .consoles import err
from .exits import Exit, Failure
from .instants import instant

if TYPE_CHECKING:
    from trailbell.replay import Wanted
    from trailbell.report import Report
    from trailbell_engine.rule import RuleSet


class Asked(NamedTuple):
    """What the command line says of the history.

    Attributes:
        events: paths; then the history is files.
        source: its name in the configuration, or its kind; then the history is its past.
        since_us: where it begins, for the store and a source; microseconds, UTC.
        until_us: where it ends.
        map_name: where the envelope of files lies.
        lateness_us: how much disorder of files is put right.
        processes: that read long files; None decides.
        config_file: says where the store and the sources are.
    """

    events: Sequence[str]
    source: str | None
    since_us: int | None
    until_us: int | None
    map_name: str | None
    lateness_us: int | None
    processes: int | None
    config_file: Path | None


def asked(
    events: Sequence[str],
    source: str | None,
    times: tuple[str | None, str | None],
    of_files: tuple[str | None, str | None, int | None],
    config_file: Path | None,
) -> Asked:
    """What was asked for, if it fits together.

    Args:
        events: paths.
        source: the name or kind of a source.
        times: since and until, as typed.
        of_files: map, lateness and processes, as typed; they are about files.
        config_file: as typed.

    Raises:
        Failure: with exit code 2, if it does not.
    """
    since_us, until_us = instant("--since", times[0]), instant("--until", times[1])
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise Failure(Exit.USAGE, "--since lies after --until: nothing can be in between", "swap them")
    if events and (source or times[0] or times[1]):
        raise Failure(
            Exit.USAGE,
            "--events names files; --since, --until and --source are about the store and sources",
            "give one",
        )
    if not (events or source or times[0] or times[1]):
        raise Failure(
            Exit.USAGE,
            "name the history: --events PATH, --since 30d for the store, or --source NAME --since 30d for a source",
        )
    if source is not None and since_us is None:
        raise Failure(Exit.USAGE, "--source needs --since", "--since 30d is a month")
    map_name, lateness, processes = of_files
    if not events and any(of_files):
        raise Failure(Exit.USAGE, "--map, --lateness and --jobs are about files: they go with --events")
    return Asked(events, source, since_us, until_us, map_name, _lateness_us(lateness), processes, config_file)


def dry_run(rules: RuleSet, history: Asked, wanted: Wanted) -> Report:
    """Run the rules over the history.

    Raises:
        Failure: if it cannot be read at all.
    """
    from trailbell.sources.errors import SourceError

    try:
        if history.events:
            return _over_files(rules, history, wanted)
        if history.source is not None:
            return _over_source(rules, history, history.source, wanted)
        return _over_store(rules, history, wanted)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error


def _lateness_us(text: str | None) -> int | None:
    from trailbell.sources.vonage_settings import duration_us

    if text is None:
        return None
    lateness_us = duration_us(text)
    if lateness_us is None:
        raise Failure(Exit.USAGE, f"--lateness {text}: no duration", "write 15m, 1h or 0s")
    return lateness_us


def _over_files(rules: RuleSet, history: Asked, wanted: Wanted) -> Report:
    from trailbell.replay import dry_run_source, open_files
    from trailbell.sources.map_file import load_map

    from .progress import reading

    event_map = load_map(history.map_name) if history.map_name else None
    lateness_us = history.lateness_us or 0
    files = open_files(rules, history.events, event_map, wanted, lateness_us=lateness_us, processes=history.processes)
    with files as source, reading(err(), source):
        return dry_run_source(rules, source, wanted=wanted)


def _over_source(rules: RuleSet, history: Asked, source: str, wanted: Wanted) -> Report:
    from contextlib import nullcontext

    from trailbell.clock import now_us
    from trailbell.replay import dry_run_source
    from trailbell.sources.past import Past

    from .pasts import past_or_fail
    from .progress import asking

    assert history.since_us is not None
    until_us = min(now_us(), history.until_us or now_us())
    if history.since_us >= until_us:
        raise Failure(Exit.USAGE, "--since is to come: nothing has happened since then", "--since 30d is a month ago")
    past = past_or_fail(history.config_file, source, history.since_us, until_us)
    with asking(err(), past) if isinstance(past, Past) else nullcontext():
        return dry_run_source(rules, past, lambda: past.map_name if isinstance(past, Past) else "", wanted)


def _over_store(rules: RuleSet, history: Asked, wanted: Wanted) -> Report:
    from trailbell.replay import dry_run_store
    from trailbell.store.contents import Contents
    from trailbell.store.database import StoreError, open_database

    from .configuration import config_or_fail

    config = config_or_fail(history.config_file, secrets=False)
    try:
        database = open_database(config.store, write=False)
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
    try:
        for name in Contents(database).differing(rules.lookups.digests):
            err().print(f"the content of the {name} is not that of the last run: live alerts may have been others")
        return dry_run_store(rules, database, history.since_us, history.until_us, wanted)
    finally:
        database.close()
