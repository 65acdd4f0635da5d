"""``trailbell.yaml``: found, read with positions, checked by a schema, completed from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from trailbell.http.settings import HttpSettings, HttpSettingsError, read_http
from trailbell.store.address import Address, AddressError, PostgresAddress, folder_of, is_url, read_address
from trailbell.upkeep.retention import Retention, retention_of
from trailbell.watch.limits import Limits
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place, read_documents
from trailbell_rules.problem import Problem, Span
from trailbell_rules.validate import validate_document

from .checks import problems_of
from .environment import Unset, expand, filled, setting
from .overrides import overridden
from .receivers import ReceiverOptions, options_of, without_options
from .schema import config_schema
from .sources import SourceSettings, sources_of

FILE_NAME: Final = "trailbell.yaml"
OWN_RULES: Final = "pack:trailbell"


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        problems: every problem, with its place.
        sources: the texts they point into, for snippets.
    """

    def __init__(self, problems: list[Problem], sources: Mapping[str, Any]) -> None:
        super().__init__(problems[0].summary if problems else "invalid configuration")
        self.problems = problems
        self.sources = sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one installation.

    Attributes:
        file: the file they were read from; None if there is none and defaults hold.
        rules: paths and ``pack:NAME``s; relative paths are relative to the file.
        state: the folder of what is kept on this machine: the store, unless that is a database, and caches and keys.
        postgres: where the store is, if it is in PostgreSQL.
        sources: where events come from.
        receivers: per name, one channel's mapping such as ``{"slack": {…}}``, the environment filled in.
        receiver_options: by the same names, what does not depend on the channel.
        route: the routing tree as written; None where no route is configured.
        inhibit: which alerts keep others from being told, as written.
        time_intervals: by name, as written, for routes to be quiet in.
        silences: as written.
        http: set if the HTTP server is to run.
        retention: how long things are kept.
        source_alerts: tell of sources that fail, lag or are quiet, by the rules of ``pack:trailbell``.
        rule_cache: keep what rules were read, in the state folder, for a quicker start.
        watch_rules: read rules again when their files change; without, at SIGHUP only.
        document: the file as written, for the places of what is wrong with it.
    """

    file: Path | None = None
    rules: tuple[str, ...] = ("rules/",)
    state: Path = Path(".trailbell")
    postgres: PostgresAddress | None = None
    sources: tuple[SourceSettings, ...] = ()
    receivers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    receiver_options: Mapping[str, ReceiverOptions] = field(default_factory=dict)
    route: Mapping[str, Json] | None = None
    inhibit: tuple[Mapping[str, Json], ...] = ()
    time_intervals: Mapping[str, Json] = field(default_factory=dict)
    silences: tuple[Mapping[str, Json], ...] = ()
    http: HttpSettings | None = None
    retention: Retention = field(default_factory=Retention)
    source_alerts: bool = True
    rule_cache: bool = True
    watch_rules: bool = True
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def store(self) -> Address:
        """Where the store is."""
        return self.postgres or self.state

    @property
    def running_rules(self) -> tuple[str, ...]:
        """What ``run`` runs: the rules, and those about its own sources."""
        own = (OWN_RULES,) if self.source_alerts and OWN_RULES not in self.rules else ()
        return (*self.rules, *own)

    @property
    def limits(self) -> dict[str, Limits]:
        """By the names of sources, those that events are pushed to included: what is wrong with each, and when."""
        senders = () if self.http is None else self.http.senders
        return {one.source: one.limits for one in senders} | {one.name: one.limits for one in self.sources}


def find_config(environ: Mapping[str, str]) -> Path | None:
    """The file that applies: ``TRAILBELL_CONFIG``, the working folder, XDG, ``/etc/trailbell``; or None."""
    named = setting("TRAILBELL_CONFIG", environ)
    if named:
        return Path(named)
    home = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    places = (Path(FILE_NAME), Path(home) / "trailbell" / FILE_NAME, Path("/etc/trailbell") / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def load_config(file: Path | None, environ: Mapping[str, str], *, secrets: bool = True) -> Config:
    """Read a configuration; without a file, the defaults.

    Args:
        file: the file, as ``find_config`` or the user names it.
        environ: the environment: ``${NAME}`` and ``TRAILBELL_…`` settings, each also as ``…_FILE``.
        secrets: fill in ``${NAME}``; without, they stay as written (for commands that send nothing).

    Raises:
        ConfigError: with every problem that was found.
        OSError: if the file cannot be read.
    """
    document = _read(file) if file is not None else None
    values, problems = overridden(document.value if document is not None else {}, environ)
    if problems:
        raise ConfigError(problems, {})
    if document is not None and secrets:
        values |= _filled({name: values.get(name, {}) for name in ("sources", "receivers", "http")}, document, environ)
    base = file.parent if file is not None else Path()
    state = _state(document, values, base, environ, secrets=secrets)
    rules = values.get("rules", ["rules/"])
    entries = [rules] if isinstance(rules, str) else rules
    return Config(
        file=file,
        rules=tuple(entry if entry.startswith("pack:") else str(base / entry) for entry in entries),
        state=folder_of(state),
        postgres=state if isinstance(state, PostgresAddress) else None,
        sources=tuple(sources_of(values.get("sources", {}))),
        receivers={name: without_options(one) for name, one in values.get("receivers", {}).items()},
        receiver_options={name: options_of(one) for name, one in values.get("receivers", {}).items()},
        route=values.get("route"),
        inhibit=tuple(values.get("inhibit", ())),
        time_intervals=values.get("time_intervals", {}),
        silences=tuple(values.get("silences", ())),
        http=None if document is None or not secrets else _http(document, values, base),
        retention=Retention() if document is None else _retention(document, values),
        source_alerts=values.get("source_alerts", True),
        rule_cache=values.get("rule_cache", True),
        watch_rules=values.get("watch_rules", True),
        document=document,
    )


def _read(file: Path) -> Document | None:
    reading = read_documents(str(file), file.read_bytes())
    problems = list(reading.problems)
    documents = list(reading.documents)
    texts = {str(file): reading.source}
    if len(documents) > 1:
        place = documents[1].span_of_value(())
        problems.append(Problem("one-document", "error", "a configuration is one document", place, "remove the `---`"))
    if documents and documents[0].value is not None:
        problems.extend(validate_document(documents[0], config_schema()))
        if not problems:
            problems.extend(problems_of(documents[0]))
    if problems:
        raise ConfigError(problems, texts)
    return documents[0] if documents and documents[0].value is not None else None


def _retention(document: Document, values: Mapping[str, Any]) -> Retention:
    try:
        return retention_of(values.get("retention", {}))
    except ValueError as error:
        span = document.span_of_value(("retention", "events"))
        problem = Problem("bad-duration", "error", str(error), span, "write `events: 2d` or more")
        raise ConfigError([problem], {document.file: document.source}) from error


def _state(
    document: Document | None, values: Mapping[str, Any], base: Path, environ: Mapping[str, str], *, secrets: bool
) -> Address:
    """Where the store is. Its password is filled in for commands, too, that need no other secret."""
    text = str(values.get("state", ".trailbell"))
    here = document is not None and document.value.get("state") == text
    span = document.span_of_value(("state",)) if document is not None and here else Span("TRAILBELL_STATE", 1, 1, 1, 1)
    texts = {document.file: document.source} if document is not None and here else {}
    try:
        # A password may hold what means something in a URL; a whole URL in a variable is one already.
        text = expand(text, environ, partial(quote, safe="") if is_url(text) else str)
        return read_address(text, base) if is_url(text) else base / text
    except Unset as unset:
        if secrets:
            raise ConfigError([_unset(unset, span)], texts) from unset
        return read_address(text, base) if is_url(text) else base / text
    except AddressError as error:
        help_ = "write `postgresql://user@host/database`, with `?schema=…` for another schema"
        raise ConfigError([Problem("bad-value", "error", str(error), span, help_)], texts) from error


def _http(document: Document, values: Mapping[str, Any], base: Path) -> HttpSettings | None:
    if "http" not in document.value:
        return None
    try:
        return read_http(values["http"], base)
    except HttpSettingsError as error:
        problem = Problem("bad-value", "error", str(error), document.span_of_value(("http", *error.place)), error.help)
        raise ConfigError([problem], {document.file: document.source}) from error


def _filled(value: Json, document: Document, environ: Mapping[str, str]) -> dict[str, Any]:
    """The values with every ``${NAME}`` replaced; all unset names are reported together."""
    problems: list[Problem] = []

    def fill(text: str, place: Place) -> str:
        try:
            return expand(text, environ)
        except Unset as unset:
            problems.append(_unset(unset, document.span_of_value(place)))
            return text

    whole: dict[str, Any] = filled(value, fill)
    if problems:
        raise ConfigError(problems, {document.file: document.source})
    return whole


def _unset(unset: Unset, span: Span) -> Problem:
    return Problem(
        "unset-variable",
        "error",
        f"the environment variable {unset.name} is not set",
        span,
        f"export {unset.name}=…, or {unset.name}_FILE=/path/to/a/file that holds it",
    )
