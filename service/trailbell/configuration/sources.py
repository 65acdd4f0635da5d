"""The sources of a configuration, as written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trailbell.sources.kinds import kinds
from trailbell.watch.limits import NO_WISHES, Limits, limits_of, without_watch
from trailbell_engine.values import Json


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


def sources_of(values: Mapping[str, Any]) -> Iterator[SourceSettings]:
    """The sources as written: by the name of a kind its settings, by another name a kind and its settings."""
    for name, value in values.items():
        kind, settings = (name, value) if name in kinds() else next(iter(value.items()))
        own = without_watch(settings)
        yield SourceSettings(name, kind, own, limits_of(kind, settings.get("watch", {}), own))
