"""``trailbell.yaml``: found, read with positions, checked by a schema, completed from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trailbell_engine.durations import format_duration, parse_duration
from trailbell_engine.timestamps import DAY_US, MINUTE_US, SECOND_US
from trailbell_engine.values import Json
from trailbell_notifiers.routing import RouteError, parse_route
from trailbell_rules.document import Document, read_documents
from trailbell_rules.problem import Problem, Span
from trailbell_rules.validate import validate_document

from .config_schema import config_schema
from .environment import Unset, expand, setting
from .overrides import overridden

FILE_NAME: Final = "trailbell.yaml"

_SHORTEST_US: Final = {"since": SECOND_US, "poll_every": SECOND_US, "overlap": SECOND_US, "lateness": 0}
"""The API's times are whole seconds: what is shorter cannot be asked for."""


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
class VonageSettings:
    """How the Audit API is polled; times in microseconds."""

    since_us: int = DAY_US
    poll_every_us: int = MINUTE_US
    lateness_us: int = MINUTE_US
    overlap_us: int = 5 * MINUTE_US
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one installation.

    Attributes:
        file: the file they were read from; None if there is none and defaults hold.
        rules: paths and ``pack:NAME``s; relative paths are relative to the file.
        state: the folder of the store.
        vonage: set if the Audit API is a source.
        receivers: per name, one channel's mapping such as ``{"slack": {…}}``, the environment filled in.
        route: the routing tree as written; None where no route is configured.
    """

    file: Path | None = None
    rules: tuple[str, ...] = ("rules/",)
    state: Path = Path(".trailbell")
    vonage: VonageSettings | None = None
    receivers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    route: Mapping[str, Json] | None = None


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
        values["receivers"] = _filled(values.get("receivers", {}), document, environ)
    base = file.parent if file is not None else Path()
    rules = values.get("rules", ["rules/"])
    entries = [rules] if isinstance(rules, str) else rules
    vonage = values.get("sources", {}).get("vonage")
    return Config(
        file=file,
        rules=tuple(entry if entry.startswith("pack:") else str(base / entry) for entry in entries),
        state=base / values.get("state", ".trailbell"),
        vonage=None if vonage is None else _vonage(vonage),
        receivers=values.get("receivers", {}),
        route=values.get("route"),
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
            problems.extend((*_route_problems(documents[0]), *_duration_problems(documents[0])))
    if problems:
        raise ConfigError(problems, texts)
    return documents[0] if documents and documents[0].value is not None else None


def _route_problems(document: Document) -> list[Problem]:
    """What a schema cannot say of a route: receivers that nobody defined, matchers that are none."""
    if "route" not in document.value:
        return []
    try:
        parse_route(document.value["route"], list(document.value.get("receivers", {})))
    except RouteError as error:
        place = ("route", *error.place)
        span = document.span_of_value(place)
        return [Problem("bad-route", "error", str(error), span, error.help)]
    return []


def _duration_problems(document: Document) -> list[Problem]:
    """What a pattern cannot say of durations: that one is too short to poll by, or longer than ten years."""
    given = document.value.get("sources", {}).get("vonage", {})
    problems = []
    for name, shortest_us in _SHORTEST_US.items():
        duration_us = _duration_us(given[name]) if name in given else shortest_us
        if duration_us is None or duration_us < shortest_us:
            span = document.span_of_value(("sources", "vonage", name))
            summary = f"`{name}` is from {format_duration(shortest_us)} to ten years, and not {given[name]}"
            problems.append(Problem("bad-duration", "error", summary, span, "write it as `90s`, `10m` or `1d`"))
    return problems


def _duration_us(text: str) -> int | None:
    return 0 if text == "0s" else parse_duration(text)


def _filled(value: Json, document: Document, environ: Mapping[str, str]) -> Json:
    """The receivers with every ``${NAME}`` replaced; all unset names are reported together."""
    problems: list[Problem] = []

    def fill(value: Json, place: tuple[str | int, ...]) -> Json:
        if isinstance(value, dict):
            return {name: fill(item, (*place, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [fill(item, (*place, index)) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return expand(value, environ)
        except Unset as unset:
            problems.append(_unset(unset, document.span_of_value(place)))
            return value

    filled = fill(value, ("receivers",))
    if problems:
        raise ConfigError(problems, {document.file: document.source})
    return filled


def _unset(unset: Unset, span: Span) -> Problem:
    return Problem(
        "unset-variable",
        "error",
        f"the environment variable {unset.name} is not set",
        span,
        f"export {unset.name}=…, or {unset.name}_FILE=/path/to/a/file that holds it",
    )


def _vonage(values: Mapping[str, Any]) -> VonageSettings:
    names = {"since": "since_us", "poll_every": "poll_every_us", "lateness": "lateness_us", "overlap": "overlap_us"}
    durations = {target: _duration_us(values[name]) for name, target in names.items() if name in values}
    return VonageSettings(**durations, url=values.get("url"))  # type: ignore[arg-type]  # no None: they were checked
