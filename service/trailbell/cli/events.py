"""``trailbell events``: the Audit API from the shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from trailbell_engine.counted import counted
from trailbell_engine.decoding.exact_json import write_json
from trailbell_engine.system_errors import system_words
from trailbell_engine.timestamps import DAY_US, to_datetime
from trailbell_engine.values import Json

from .exits import Exit, Failure
from .group import Group
from .instants import instant
from .printable import printable

if TYPE_CHECKING:
    from trailbell.audit import AuditClient

_Function = TypeVar("_Function", bound=Callable[..., Any])


@click.group(cls=Group, name="events")
def command() -> None:
    """The Audit API from the shell: what happened on the account.

    Credentials come from VONAGE_API_KEY and VONAGE_API_SECRET (or NEXMO_…), each also as …_FILE.
    """


def _base_url(function: _Function) -> _Function:
    return click.option(
        "--base-url",
        envvar="VONAGE_AUDIT_URL",
        show_envvar=True,
        help="Another Audit API, such as that of `python -m trailbell.testing.vonage_api`.",
    )(function)


def _filters(function: _Function) -> _Function:
    for decorate in (
        click.option("--user-id", default="", help="Only what this user did."),
        click.option("--search", default="", metavar="TEXT", help="Only events with this text in their JSON."),
        click.option("--until", metavar="WHEN", help="The end: 12h, 2026-11-01 or 2026-11-01T10:00:00Z."),
        click.option("--since", metavar="WHEN", help="The start: 30d, 2026-11-01 or 2026-11-01T10:00:00Z."),
        click.option("--type", "types", multiple=True, metavar="TYPE", help="Only these; repeated or with commas."),
    ):
        function = decorate(function)
    return function


def _format(function: _Function) -> _Function:
    return click.option(
        "--format", "form", type=click.Choice(["table", "json", "ndjson"]), help="A table on a terminal, else NDJSON."
    )(function)


@command.command(name="types")
@_base_url
@_format
def types_(base_url: str | None, form: str | None) -> None:
    """List the kinds of events the API knows today."""
    with _client(base_url) as client:
        kinds = client.event_types()
    rows: list[Json] = [{"type": kind.type, "description": kind.description} for kind in kinds]
    if _chosen(form) == "table":
        _print_table(("type", "description"), rows)
    else:
        _print_json(rows, _chosen(form))


@command.command(name="list")
@_filters
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="At most so many; 0 is all.")
@_base_url
@_format
def list_(
    types: Sequence[str],
    since: str | None,
    until: str | None,
    search: str,
    user_id: str,
    limit: int,
    base_url: str | None,
    form: str | None,
) -> None:
    """List events, in the API's order."""
    from_us, to_us = instant("--since", since), instant("--until", until)
    if from_us is not None and to_us is not None:
        _check_order(from_us, to_us)
    told_limit = click.get_current_context().get_parameter_source("limit") is not ParameterSource.DEFAULT
    with _client(base_url) as client:
        found = client.events(
            event_types=_names(types),
            date_from=None if from_us is None else to_datetime(from_us),
            date_to=None if to_us is None else to_datetime(to_us),
            search_text=search,
            user_id=user_id,
            size=min(limit or 100, 100),
        )
        wanted = islice(found, limit or None)
        if _chosen(form) == "table":
            count = _print_table(_fitting(_COLUMNS), wanted)
        else:
            count = _print_json(wanted, _chosen(form))
    if not count:
        click.echo("no such events", err=True)
    elif count == limit and not told_limit:
        click.echo(f"the first {limit}; --limit 0 gives all", err=True)


_COLUMNS = ("created_at", "event_type", "user_email", "source_ip", "source_country", "id")
_WITH_IDS = 110
"""On fewer columns an id leaves the others no room."""
_WHOLE = {"created_at": 19, "id": 36, "type": 20}
"""Columns that are never broken, and how wide they are at least."""


@command.command()
@click.argument("event_id", metavar="ID")
@_base_url
def show(event_id: str, base_url: str | None) -> None:
    """Show one event whole, as JSON."""
    import json

    with _client(base_url) as client:
        event = client.event(event_id)
    # Escaped, so that nothing in the event can act on the terminal.
    click.echo(json.dumps(event, indent=2))


@command.command()
@click.option("-o", "--output", required=True, metavar="FILE", help="events.ndjson, events.ndjson.gz, or - for stdout.")
@_filters
@_base_url
def pull(
    output: str,
    types: Sequence[str],
    since: str | None,
    until: str | None,
    search: str,
    user_id: str,
    base_url: str | None,
) -> None:
    """Save events as NDJSON, oldest first, all or none.

    Without --since the last 30 days. The file appears when it is complete; an interrupted pull leaves nothing behind.
    """
    from trailbell.audit.history import history
    from trailbell.clock import now_us

    from .pulling import pull_progress, writing

    to_us = instant("--until", until) or now_us()
    from_us = instant("--since", since) or to_us - 30 * DAY_US
    _check_order(from_us, to_us)
    with _client(base_url) as client, _writable(output), writing(output) as stream:
        days = history(client, from_us, to_us, event_types=_names(types), search_text=search, user_id=user_id)
        count = 0
        for day in pull_progress(days, -(-(to_us - from_us) // DAY_US)):
            stream.writelines(write_json(event) + b"\n" for event in day)
            count += len(day)
    click.echo(f"{counted(count, 'event')} in {output}", err=True)


@contextmanager
def _writable(output: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(
            Exit.USAGE, f"{output} cannot be written: {system_words(error)}", "name a file in a folder of yours"
        ) from error


@contextmanager
def _client(base_url: str | None) -> Iterator[AuditClient]:
    """A client with the environment's credentials; its errors become exit codes."""
    from trailbell.audit import BASE_URL, AuditClient, AuditError, CredentialsError, RetryPolicy
    from trailbell.audit import credentials_from_environment as find

    def tell(wait_s: float, error: AuditError) -> None:
        click.echo(f"{error.message}; trying again in {wait_s:.0f} s", err=True)

    try:
        credentials = find(os.environ)
        client = AuditClient(base_url=base_url or BASE_URL, credentials=credentials, retry=RetryPolicy(on_wait=tell))
    except CredentialsError as error:
        raise Failure(Exit.CONFIGURATION, str(error), error.help) from error
    except ValueError as error:
        raise Failure(Exit.CONFIGURATION, f"--base-url: {error}", "the real one is the default") from error
    with client:
        try:
            yield client
        except AuditError as error:
            raise Failure(Exit.SOURCE, error.message, error.help) from error


def _check_order(from_us: int, to_us: int) -> None:
    if from_us >= to_us:
        raise Failure(Exit.USAGE, "--since lies after --until: nothing can be in between", "swap them")


def _names(types: Sequence[str]) -> list[str]:
    return [name for given in types for name in given.replace(" ", "").split(",") if name]


def _chosen(form: str | None) -> str:
    return form or ("table" if sys.stdout.isatty() else "ndjson")


def _print_json(rows: Iterable[Json], form: str) -> int:
    """Print rows, one a line as they come or all as one array; how many they were."""
    stream, count = sys.stdout.buffer, 0
    if form == "json":
        rows = list(rows)
        stream.write(write_json(rows) + b"\n")
        count = len(rows)
    else:
        for count, row in enumerate(rows, start=1):  # noqa: B007 - the last one counts
            stream.write(write_json(row) + b"\n")
    stream.flush()
    return count


def _fitting(columns: Sequence[str]) -> Sequence[str]:
    """The columns that can be read on this terminal."""
    from .consoles import out

    width = out().width
    if width >= _WITH_IDS:
        return columns
    click.echo(f"ids do not fit on {width} columns; --format ndjson has them", err=True)
    return [column for column in columns if column != "id"]


def _print_table(columns: Sequence[str], rows: Iterable[Json]) -> int:
    """Print rows; how many they were."""
    from rich.table import Table
    from rich.text import Text

    from .consoles import out

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        title = "country" if column == "source_country" else column.replace("_", " ")
        table.add_column(title, no_wrap=column in _WHOLE, min_width=_WHOLE.get(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(row.get(column, "")))) for column in columns))
    out().print(table)
    return table.row_count
