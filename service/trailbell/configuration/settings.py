"""Every setting that is in force, with where it comes from: the file, the environment, or a default. Secrets hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from trailbell.audit.client import BASE_URL
from trailbell.audit.credentials import VARIABLES
from trailbell.sources.kinds import kinds
from trailbell.sources.vonage_settings import URL_VARIABLE, VonageSettings
from trailbell.watch.limits import NEVER, limits_of
from trailbell_engine.durations import format_duration
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place, read_documents

from .config import load_config
from .environment import REFERENCE, setting
from .overrides import overridden

HIDDEN: Final = "***"
_SECRET: Final = re.compile(
    r"(?i)(^|_)(tokens?|secrets?|passwords?|passphrase|credentials?|authorization|api_?key|routing_key|webhook_url|key)$"
)
_SECRET_URL: Final = re.compile(
    r"(?i)^\w[\w+.-]*://([^/@]+@|hooks\.slack\.com/|[^/]*webhook\.office\.com/|[^/]*discord(app)?\.com/api/webhooks/)"
    r"|[?&](key|token|sig)="
)
_KEY_FILE: Final = ("http", "key")
"""The path of a key, which is no secret."""

Origin = Literal["file", "environment", "default"]


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: the keys on the way to it, with dots; entries of lists by number: ``route.routes[0].receiver``.
        value: as written, or ``***``.
        origin: where it comes from.
        place: ``trailbell.yaml:10``, the variable of the environment, or empty for a default.
        unset: variables that it names and that are not set.
    """

    name: str
    value: Json
    origin: Origin
    place: str = ""
    unset: tuple[str, ...] = ()


def effective(file: Path | None, environ: Mapping[str, str]) -> list[Setting]:
    """All settings of an installation, those of the file first in its order, then those of the environment, then the
    defaults of what is in use.

    Args:
        file: the configuration that applies; None if there is none.
        environ: the environment.

    Raises:
        ConfigError: if the configuration cannot be used.
        OSError: if the file cannot be read.
    """
    load_config(file, environ, secrets=False)
    document = None
    if file is not None:
        documents = read_documents(str(file), file.read_bytes()).documents
        document = next((found for found in documents if found.value is not None), None)
    values, _ = overridden(document.value if document is not None else {}, environ)
    found = [_setting(place, value, document, environ) for place, value in _leaves(values, ())]
    found += _audit_api(values, environ)
    return found + _defaults(values)


def _leaves(value: Json, place: Place) -> Iterator[tuple[Place, Json]]:
    """The values that are no mappings; a list of plain values is one of them."""
    if isinstance(value, dict) and value:
        for name, entry in value.items():
            yield from _leaves(entry, (*place, name))
    elif isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        for position, entry in enumerate(value):
            yield from _leaves(entry, (*place, position))
    elif place:
        yield place, value


def _setting(place: Place, value: Json, document: Document | None, environ: Mapping[str, str]) -> Setting:
    name = _dotted(place)
    if document is not None and _written(document, place) == (True, value):
        span = document.span_of_value(place)
        names = [found for text in _texts(value) for found in REFERENCE.findall(text)]
        unset = tuple(dict.fromkeys(name for name in names if setting(name, environ) is None))
        return Setting(name, _shown(place, value), "file", f"{span.file}:{span.line}", unset)
    variable = "TRAILBELL_" + "_".join(map(str, place)).upper()
    return Setting(name, _shown(place, value), "environment", _variable(variable, environ))


def _written(document: Document, place: Place) -> tuple[bool, Json]:
    """Whether the file has such a place, and what stands there."""
    value: Any = document.value
    for part in place:
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        if not inside:
            return False, None
        value = value[part]
    return True, value


def _dotted(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _variable(name: str, environ: Mapping[str, str]) -> str:
    return name if environ.get(name) else f"{name}_FILE"


def _texts(value: Json) -> list[str]:
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str)]


def _shown(place: Place, value: Json) -> Json:
    """The value, unless it is a secret: by its name, by its look, or because it is taken from the environment."""
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    if place != _KEY_FILE and _SECRET.search(key):
        return HIDDEN
    if isinstance(value, list):
        return [HIDDEN if isinstance(entry, str) and _hides(entry) else entry for entry in value]
    return HIDDEN if isinstance(value, str) and _hides(value) else value


def _hides(text: str) -> bool:
    return bool(REFERENCE.search(text) or _SECRET_URL.search(text))


def _audit_api(values: Mapping[str, Any], environ: Mapping[str, str]) -> list[Setting]:
    """The Audit API's address, key and secret, where it is a source and the file does not name them."""
    if "vonage" not in (values.get("sources") or {}):
        return []
    given = values["sources"]["vonage"] or {}
    url = setting(URL_VARIABLE, environ)
    address = (
        Setting("sources.vonage.url", BASE_URL, "default")
        if url is None
        else Setting("sources.vonage.url", _shown(("url",), url), "environment", _variable(URL_VARIABLE, environ))
    )
    names = next((pair for pair in VARIABLES if any(setting(name, environ) for name in pair)), VARIABLES[0])
    return ([] if "url" in given else [address]) + [
        Setting(f"sources.vonage.{key}", HIDDEN, "environment", _variable(name, environ))
        if setting(name, environ)
        else Setting(f"sources.vonage.{key}", None, "environment", name, (name,))
        for key, name in zip(("api_key", "api_secret"), names, strict=True)
        if key not in given
    ]


def _defaults(values: Mapping[str, Any]) -> list[Setting]:
    """What holds because nothing else was said, as far as it is in use."""
    sources = values.get("sources") or {}
    plain: dict[str, Json] = {"rules": ["rules/"], "state": ".trailbell", "watch_rules": True, "rule_cache": True}
    plain |= {"source_alerts": True} if sources else {}
    found = [Setting(name, value, "default") for name, value in plain.items() if name not in values]
    if "vonage" in sources:
        given = sources["vonage"] or {}
        for field in fields(VonageSettings):
            name = field.name.removesuffix("_us")
            if field.name.endswith("_us") and name not in given and isinstance(field.default, int):
                found.append(Setting(f"sources.vonage.{name}", format_duration(field.default), "default"))
    return found + [setting for name, value in sources.items() for setting in _watch_defaults(name, value or {})]


def _watch_defaults(name: str, value: Mapping[str, Any]) -> Iterator[Setting]:
    """When something is said to be wrong with a source."""
    kind = name if name in kinds() else next(iter(value))
    own = value if kind == name else value[kind] or {}
    limits = limits_of(kind, {}, own)
    spans = {
        "quiet_after": limits.quiet_after_us,
        "lag_after": limits.lag_after_us,
        "failing_after": limits.failing_after_us,
    }
    place = f"sources.{name}" if kind == name else f"sources.{name}.{kind}"
    for key, span_us in spans.items():
        if key not in own.get("watch", {}):
            words = NEVER if span_us is None else format_duration(span_us)
            yield Setting(f"{place}.watch.{key}", words, "default")
