"""``unknown-event-type``: a kind of event that the source does not document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Check, Subject, each_rule
from .vocabulary import Vocabulary, spoken
from .written import event_types

CODE: Final = Code(
    name="unknown-event-type",
    summary="The rule asks for a kind of event that the documentation of its source does not name.",
    why="A misspelt kind never comes, so the rule is silent for ever. Sources do add kinds, so it is a warning.",
    bad="""\
# rules/application-created.yaml
id: application-created
title: An application was created
severity: info
match: {event_type: APP_CRAETE}
""",
    good="""\
# rules/application-created.yaml
id: application-created
title: An application was created
severity: info
match: {event_type: APP_CREATE}
""",
    severity="warning",
    lint=True,
)


def check(vocabularies: Sequence[Vocabulary]) -> Check:
    """The check, for the sources that are known."""

    def find(subject: Subject) -> Iterator[Problem]:
        vocabulary = spoken(subject, vocabularies)
        if vocabulary is None:
            return
        for name in ("match", "when"):
            for place, event_type in event_types(subject.document.at((name,)), (name,)):
                if event_type not in vocabulary.event_types:
                    yield _problem(subject, vocabulary, place, event_type)

    return each_rule(find, CODE)


def _problem(subject: Subject, vocabulary: Vocabulary, place: tuple[str | int, ...], event_type: str) -> Problem:
    meant = vocabulary.slip(event_type)
    summary = f'no {vocabulary.name} event is documented as "{event_type}"'
    span = subject.document.span_of_value(place)
    help_ = "" if meant else "the source may have it all the same: `trailbell events types` asks it"
    label = f'did you mean "{meant}"?' if meant else ""
    return Problem(CODE.name, "warning", summary, span, help_, label, subject.rule.id)
