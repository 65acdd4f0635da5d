"""``trailbell store``: copies, the way back, taking a person out, and what state it is in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from trailbell.store.address import Address, PostgresAddress
from trailbell.store.database import NoStoreError, StoreError, open_database
from trailbell.store.schema import STEPS
from trailbell.upkeep.backup import STORE, back_up, check, restore
from trailbell.upkeep.person import find_person, forget_person
from trailbell.upkeep.retention import Removed, Retention, step
from trailbell_engine.event import Malformed

from .configuration import config_or_fail
from .exits import Exit, Failure
from .group import Group
from .printable import printable
from .stores import reading

_CONFIG = click.option(
    "--config", "-c", "config_file", type=click.Path(path_type=Path), help="./trailbell.yaml if not given."
)


_BEGINS_BYTES = 120
"""Of a record in quarantine; enough to know it again."""


@click.group(cls=Group, name="store")
def command() -> None:
    """Look after the store: backup, restore, purge, migrate, check; what is in quarantine."""


@command.command(name="backup")
@click.argument("target", type=click.Path(path_type=Path))
@_CONFIG
def _backup(target: Path, config_file: Path | None) -> int:
    """Copy the store to the file TARGET (in a folder: with the time as its name), while it is in use."""
    folder = _folder(config_file, "copied", "pg_dump or pg_basebackup")
    if not target.suffix and not target.exists():
        # Taken for a file's name, it would be in the way of the next backup.
        raise Failure(Exit.USAGE, f"there is no folder {target}", f"mkdir -p {target}, or name a file: {target}.db")
    if target.is_dir():
        target = target / f"trailbell-{datetime.now(tz=UTC):%Y%m%dT%H%M%SZ}.db"
    with _failing():
        back_up(folder, target)
    click.echo(f"{target}: written and checked")
    return Exit.OK


@command.command(name="restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Keep the store that is there under another name.")
@_CONFIG
def _restore(source: Path, replace: bool, config_file: Path | None) -> int:
    """Put the backup SOURCE in the place of the store. Nobody may be running on it."""
    folder = _folder(config_file, "restored", "pg_restore, or psql for a dump in SQL")
    with _failing():
        aside = f"trailbell-before-{datetime.now(tz=UTC):%Y%m%dT%H%M%SZ}.db" if replace else ""
        moved = restore(source, folder, aside=aside)
    if moved is not None:
        click.echo(f"the store that was there is {moved} now")
    click.echo(f"{folder / STORE}: restored; the next `trailbell run` goes on from there")
    return Exit.OK


@command.command(name="purge")
@click.option("--person", metavar="TEXT", help="Delete what names a person: an e-mail address, a name.")
@click.option("--yes", is_flag=True, help="With --person: delete; without it only count.")
@_CONFIG
def _purge(person: str | None, yes: bool, config_file: Path | None) -> int:
    """Delete what is older than `retention:` says, or, with --person, all that names somebody."""
    config = config_or_fail(config_file, secrets=False)
    if person is not None:
        return _purge_person(config.store, person, yes=yes)
    if config.retention == Retention():
        raise Failure(
            Exit.USAGE,
            "nothing to purge",
            "write `retention: {events: 90d}` into the configuration, or name a --person",
        )
    from trailbell.clock import now_us

    with _failing():
        database = open_database(config.store)
        try:
            total = Removed()
            while (removed := step(database, config.retention, now_us())) != Removed():
                total += removed
        finally:
            database.close()
    click.echo(f"removed {total}")
    return Exit.OK


def _purge_person(store: Address, person: str, *, yes: bool) -> int:
    with _failing():
        try:
            found = forget_person(store, person) if yes else find_person(store, person)
        except ValueError as error:
            raise Failure(Exit.USAGE, f"--person takes {error}", "give an e-mail address or a full name") from error
    for name, count in found.rows.items():
        if count:
            click.echo(f"{count:8,} {name}")
    if not found.total:
        click.echo(f"nothing names {person!r}")
    elif yes:
        click.echo("deleted, and written over; backups and what was sent are not touched")
    else:
        click.echo("nothing is deleted yet: add --yes, while no `trailbell run` is running")
    return Exit.OK


@command.command(name="migrate")
@click.option("--backup", "target", type=click.Path(path_type=Path), help="Copy the store to this file before.")
@_CONFIG
def _migrate(target: Path | None, config_file: Path | None) -> int:
    """Bring the store to this version's form. `trailbell run` does so by itself; here it can be done beforehand."""
    store = config_or_fail(config_file, secrets=False).store
    if isinstance(store, PostgresAddress) and target is not None:
        raise _not_ours(store, "copied", "pg_dump or pg_basebackup")
    with _failing():
        _must_be_there(store)
        if target is not None and isinstance(store, Path):
            back_up(store, target)
        open_database(store).close()
        _check_whole(store)
    click.echo(f"{_name(store)}: version {len(STEPS)}, checked")
    return Exit.OK


@command.command(name="check")
@_CONFIG
def _check(config_file: Path | None) -> int:
    """Read every page and every index of the store; say whether it is whole."""
    store = config_or_fail(config_file, secrets=False).store
    with _failing():
        _check_whole(store)
    click.echo(f"{_name(store)}: whole")
    return Exit.OK


@command.command(name="quarantine")
@click.option("--source", metavar="NAME", help="Only of this source.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many.")
@click.option("--format", "form", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@_CONFIG
def _quarantine(source: str | None, limit: int, form: str, config_file: Path | None) -> int:
    """Show the newest records that are no events, each with its place, the reason, and how it begins.

    With --format ndjson whole, as far as it was kept (64 KiB): as `raw`, or `raw_base64` if it is no UTF-8.
    """
    from trailbell.store.quarantine import newest

    with reading(config_or_fail(config_file, secrets=False).store) as database:
        found = newest(database, source, limit)
    for _, record in found:
        click.echo(_record_json(record) if form == "ndjson" else _record_text(record))
    if not found:
        click.echo(f"nothing of {source} is in quarantine" if source else "nothing is in quarantine", err=True)
    return Exit.OK


def _record_text(record: Malformed) -> str:
    begins = printable(record.raw[:_BEGINS_BYTES].decode(errors="replace"))
    lines = [printable(f"{record.source}: {record.place}"), f"    {printable(record.reason)}"]
    more = "…" if len(record.raw) > _BEGINS_BYTES else ""
    return "\n".join([*lines, *([f"    {begins}{more}"] if begins.strip() else [])])


def _record_json(record: Malformed) -> str:
    try:
        raw = {"raw": record.raw.decode()}
    except UnicodeDecodeError:
        raw = {"raw_base64": base64.b64encode(record.raw).decode()}
    return json.dumps({"source": record.source, "place": record.place, "reason": record.reason, **raw})


def _folder(config_file: Path | None, done: str, tools: str) -> Path:
    """The state folder with the store in it."""
    store = config_or_fail(config_file, secrets=False).store
    if isinstance(store, PostgresAddress):
        raise _not_ours(store, done, tools)
    return store


def _not_ours(store: PostgresAddress, done: str, tools: str) -> Failure:
    words = f"{store} is {done} by PostgreSQL's own tools"
    return Failure(Exit.USAGE, words, f"use {tools}; with a dump, give `--schema={store.schema}`")


def _must_be_there(store: Address) -> None:
    """A store that is not there is not made here. Of an earlier version it is."""
    try:
        open_database(store, write=False).close()
    except NoStoreError:
        raise
    except StoreError:
        pass  # whoever brings it up says what is wrong with it


def _check_whole(store: Address) -> None:
    if isinstance(store, PostgresAddress):
        from trailbell.upkeep.postgres_check import check_postgres

        check_postgres(store)
    else:
        check(store / STORE)


def _name(store: Address) -> str:
    return str(store) if isinstance(store, PostgresAddress) else str(store / STORE)


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise Failure(Exit.CONFIGURATION, error.message, error.help) from error
