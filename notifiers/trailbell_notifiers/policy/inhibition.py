"""Inhibition: while one alert is open, others that follow from it are not told. The words are Alertmanager's.

A target is inhibited while a source is open whose ``equal`` labels have the target's values. An alert that is both
cannot be inhibited by another that is both. Where a label of ``equal`` is missing on both sides nothing is inhibited:
Alertmanager takes two missing labels for equal, and one typing error there hides every alert (``equal_missing: match``
asks for that).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .matchers import Labels, Matcher, MatcherError, parse_matcher

_MATCHERS: Final = {"type": "array", "items": {"type": "string"}, "minItems": 1}
SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "description": "While a source is open, its targets are not told.",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "description": "For the reason that is stored."},
            "source": _MATCHERS | {"description": "Matchers of the alert that says it all."},
            "target": _MATCHERS | {"description": "Matchers of those that need not be told while it is open."},
            "equal": {"type": "array", "items": {"type": "string"}, "description": "Labels that both must share."},
            "equal_missing": {"enum": ["differ", "match"], "default": "differ", "description": "What two missing are."},
        },
        "required": ["source", "target"],
        "additionalProperties": False,
    },
}


class InhibitionError(ValueError):
    """An inhibition cannot be read.

    Attributes:
        place: of the fault, as keys and indexes from the list.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, place: tuple[str | int, ...], help_: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


class Inhibition(NamedTuple):
    """One rule of ``inhibit``."""

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()
    missing_match: bool = False

    def is_source(self, labels: Labels) -> bool:
        """Whether such an alert inhibits others while it is open."""
        return all(matcher.holds(labels) for matcher in self.source)

    def is_target(self, labels: Labels) -> bool:
        """Whether such an alert may be inhibited."""
        return all(matcher.holds(labels) for matcher in self.target)

    def shares(self, source: Labels, target: Labels) -> bool:
        """Whether all labels of ``equal`` are the same on both."""
        for label in self.equal:
            theirs, ours = _values(source, label), _values(target, label)
            if theirs != ours or (not ours and not self.missing_match):
                return False
        return True


class Source(NamedTuple):
    """An alert that inhibits others.

    Attributes:
        until_us: from when on it does not any more; None as long as it lasts.
    """

    alert_id: str
    labels: Labels
    until_us: int | None


class Inhibited(NamedTuple):
    """Why an alert is not told, and until when at most (None: until the source ends)."""

    by: Source
    inhibition: Inhibition


def read_inhibitions(config: Sequence[Mapping[str, Any]]) -> tuple[Inhibition, ...]:
    """The inhibitions of a configuration that is valid against ``SCHEMA``.

    Raises:
        InhibitionError: for a bad matcher, with its place.
    """
    return tuple(_inhibition(entry, position) for position, entry in enumerate(config))


def _inhibition(entry: Mapping[str, Any], position: int) -> Inhibition:
    return Inhibition(
        entry.get("name") or f"inhibit {position + 1}",
        _matchers(entry, "source", position),
        _matchers(entry, "target", position),
        tuple(entry.get("equal", ())),
        entry.get("equal_missing") == "match",
    )


def _matchers(entry: Mapping[str, Any], side: str, position: int) -> tuple[Matcher, ...]:
    matchers = []
    for number, text in enumerate(entry[side]):
        try:
            matchers.append(parse_matcher(text))
        except MatcherError as error:
            raise InhibitionError(str(error), (position, side, number), error.help) from error
    return tuple(matchers)


def inhibiting(
    inhibitions: Iterable[Inhibition], sources: Iterable[Source], alert_id: str, labels: Labels, time_us: int
) -> Inhibited | None:
    """What keeps an alert from being told at this instant; None if nothing does."""
    sources = list(sources)
    for inhibition in inhibitions:
        if not inhibition.is_target(labels):
            continue
        both = inhibition.is_source(labels)
        for source in sources:
            if source.alert_id == alert_id or (source.until_us is not None and source.until_us <= time_us):
                continue
            if not inhibition.is_source(source.labels) or (both and inhibition.is_target(source.labels)):
                continue
            if inhibition.shares(source.labels, labels):
                return Inhibited(source, inhibition)
    return None


def _values(labels: Labels, label: str) -> tuple[str, ...]:
    """Without the empty text, which in Alertmanager is no label at all."""
    return tuple(value for value in labels.get(label, ()) if value)
