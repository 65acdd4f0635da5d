"""The words that events of a source are known to use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from trailbell_engine.values import Json
from trailbell_rules.document import Place
from trailbell_rules.rule_tests import is_tick

from .base import Subject
from .written import event_types

_SLIP: Final = 0.8
"""How alike a word must be to a known one to be a slip of the pen: ``APP_CRAETE``, not ``APP_ARCHIVE``."""


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

    def slip(self, event_type: str) -> str | None:
        """The kind of event that was most likely meant by one that is not known."""
        return next(iter(get_close_matches(event_type, sorted(self.event_types), 1, _SLIP)), None)


def spoken(subject: Subject, vocabularies: Sequence[Vocabulary]) -> Vocabulary | None:
    """The vocabulary that a rule is written in, by its tags, kinds of events or test events; None if none is."""
    named = {name for _, name in _named(subject)}
    tested = {str(event.get("event_type")) for test in subject.tests for event in test.events if not is_tick(event)}
    for vocabulary in vocabularies:
        if vocabulary.name in subject.rule.words.tags or vocabulary.event_types & (named | tested):
            return vocabulary
    return next((vocabulary for vocabulary in vocabularies if any(map(vocabulary.slip, named))), None)


def _named(subject: Subject) -> Iterator[tuple[Place, str]]:
    value: Json = subject.document.value
    for name in ("match", "when"):
        yield from event_types(value.get(name), (name,))
