"""``trailbell.yaml``: found, read with positions, checked by a schema, completed from the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from trailbell_engine.durations import format_duration
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place, read_documents
from trailbell_rules.problem import Problem, Span
from trailbell_rules.validate import validate_document

from .config_schema import config_schema
from .environment import Unset, expand, filled, setting
from .http.settings import HttpSettings, HttpSettingsError, read_http
from .overrides import overridden
from .policy import PolicyError, read_policy
from .receiver_options import ReceiverOptions, options_of, without_options
from .sources.kinds import kinds, maker_of
from .sources.vonage_settings import SHORTEST_US, duration_us
from .store.address import Address, AddressError, PostgresAddress, folder_of, is_url, read_address
from .upkeep.retention import Retention, retention_of
from .watch.events import SOURCE as OWN_SOURCE
from .watch.limits import NO_WISHES, Limits, limits_of, watch_problems, without_watch

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


class SourceSettings(NamedTuple):
    """One entry of ``sources``.

    Attributes:
        name: of the source and of its events.
        kind: what it is (see ``sources.kinds``).
        settings: as written, the environment filled in.
        limits: what is wrong with it, and how bad that is.
    """

    name: str
    kind: str
    settings: Mapping[str, Json]
    limits: Limits = NO_WISHES


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
        sources=tuple(_sources(values.get("sources", {}))),
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
            checks = (_receiver_problems, _policy_problems, _duration_problems, _name_problems, _watch_problems)
            problems.extend(problem for check in checks for problem in check(documents[0]))
    if problems:
        raise ConfigError(problems, texts)
    return documents[0] if documents and documents[0].value is not None else None


def _receiver_problems(document: Document) -> list[Problem]:
    """What the schema leaves open: that there is one channel, and only one, and that the fallback is another one."""
    problems = []
    receivers = document.value.get("receivers", {})
    for name, receiver in receivers.items():
        fallback = options_of(receiver).fallback
        if fallback and (fallback == name or fallback not in receivers):
            who = "itself" if fallback == name else f"{fallback!r}, and no receiver is called so"
            span = document.span_of_value(("receivers", name, "fallback"))
            help_ = f"the others are: {', '.join(sorted(set(receivers) - {name})) or 'none'}"
            problems.append(
                Problem("bad-route", "error", f"the receiver {name!r} has as its fallback {who}", span, help_)
            )
        channels = list(without_options(receiver))
        if len(channels) != 1:
            words = f"has {len(channels)} channels: {', '.join(channels)}" if channels else "has no channel"
            span = document.span_of_value(("receivers", name))
            help_ = "make a receiver of each; a route may name several" if channels else "write one: `slack: {…}`"
            problems.append(Problem("bad-value", "error", f'"{name}" {words}', span, help_))
    return problems


def _policy_problems(document: Document) -> list[Problem]:
    """What a schema cannot say of delivery: names that nobody defined, matchers and times that are none."""
    try:
        read_policy(document.value, list(document.value.get("receivers", {})))
    except PolicyError as error:
        return [Problem("bad-route", "error", str(error), document.span_of_value(error.place), error.help)]
    return []


def _duration_problems(document: Document) -> list[Problem]:
    """What a pattern cannot say of durations: that one is too short to poll by, or longer than ten years."""
    problems = []
    for source in _sources(document.value.get("sources", {})):
        place = ("sources", source.name) if source.name == source.kind else ("sources", source.name, source.kind)
        own = maker_of(source.kind).SCHEMA.get("properties", {})
        for name, shortest_us in {name: least for name, least in SHORTEST_US.items() if name in own}.items():
            given = source.settings.get(name)
            given_us = shortest_us if given is None else duration_us(given)
            if given_us is None or given_us < shortest_us:
                span = document.span_of_value((*place, name))
                summary = f"`{name}` is from {format_duration(shortest_us)} to ten years, and not {given}"
                problems.append(Problem("bad-duration", "error", summary, span, "write it as `90s`, `10m` or `1d`"))
    return problems


def _name_problems(document: Document) -> list[Problem]:
    """Sources that are called as that of trailbell's own events, and senders as that or as one that is read."""
    own = f'no source can be called "{OWN_SOURCE}": what is wrong with the others is recorded under that name'
    sources = document.value.get("sources", {})
    found = [(own, document.span_of_key(("sources", name))) for name in sources if name == OWN_SOURCE]
    for position, sender in enumerate(document.value.get("http", {}).get("senders", ())):
        name, span = sender["source"], document.span_of_value(("http", "senders", position, "source"))
        if name == OWN_SOURCE:
            found.append((own, span))
        elif name in sources:
            found.append((f'"{name}" is read already, below `sources`: of the two nobody could say which fails', span))
    return [Problem("bad-value", "error", words, span, "give it another name") for words, span in found]


def _watch_problems(document: Document) -> list[Problem]:
    """What is wrong below ``watch:`` of sources and senders."""
    places: list[Place] = []
    for source in _sources(document.value.get("sources", {})):
        own = (source.name,) if source.name == source.kind else (source.name, source.kind)
        places.append(("sources", *own, "watch"))
    senders = document.value.get("http", {}).get("senders", ())
    places += [("http", "senders", position, "watch") for position in range(len(senders))]
    return [problem for place in places for problem in watch_problems(document, place)]


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


def _sources(values: Mapping[str, Any]) -> Iterator[SourceSettings]:
    """The sources as written: by the name of a kind its settings, by another name a kind and its settings."""
    for name, value in values.items():
        kind, settings = (name, value) if name in kinds() else next(iter(value.items()))
        own = without_watch(settings)
        yield SourceSettings(name, kind, own, limits_of(kind, settings.get("watch", {}), own))


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
