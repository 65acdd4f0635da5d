"""The words that events of a source are known to use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from trailbell_engine.values import Json
from trailbell_rules.document import Place
from trailbell_rules.rule_tests import is_tick
from trailbell_rules.suggest import Alike

from .base import Subject
from .written import event_types

_SLIP: Final = 0.8
"""How alike a word must be to a known one to be a slip of the pen: ``APP_CRAETE``, not ``APP_ARCHIVE``."""


_MOST_NAMED: Final = 20
"""Kinds of events by which a rule is told to be about a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a source's documentation names.

    Attributes:
        name: of the source, which rules about it carry as a tag.
        event_types: the kinds of events. Sources add new ones, so another one is doubtful and not wrong.
        fields: the fields that its records have at the top.
        paths: documented fields further down, written with dots.
    """

    name: str
    event_types: frozenset[str]
    fields: frozenset[str]
    paths: frozenset[str] = frozenset()
    _in_order: tuple[str, ...] = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Every documented field and path, in order."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_in_order", tuple(sorted(self.event_types)))
        object.__setattr__(self, "names", tuple(sorted(self.fields | self.paths)))

    def slip(self, event_type: str, alike: Alike) -> str:
        """The kind of event that was most likely meant by one that is not known; empty if none was."""
        return alike.nearest(event_type, _SLIP, self._in_order)


def spoken(subject: Subject, vocabularies: Sequence[Vocabulary], alike: Alike) -> Vocabulary | None:
    """The vocabulary that a rule is written in, by its tags, kinds of events or test events; None if none is."""
    named = {name for _, name in _named(subject)}
    tested = {str(event.get("event_type")) for test in subject.tests for event in test.events if not is_tick(event)}
    for vocabulary in vocabularies:
        if vocabulary.name in subject.rule.words.tags or vocabulary.event_types & (named | tested):
            return vocabulary
    few = sorted(named)[:_MOST_NAMED]
    return next((vocabulary for vocabulary in vocabularies if any(vocabulary.slip(name, alike) for name in few)), None)


def _named(subject: Subject) -> Iterator[tuple[Place, str]]:
    value: Json = subject.document.value
    for name in ("match", "when"):
        yield from event_types(value.get(name), (name,))
