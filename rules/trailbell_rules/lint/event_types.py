"""``unknown-event-type``: a kind of event that the source does not document, and history does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.document import Place
from trailbell_rules.problem import Problem
from trailbell_rules.suggest import Alike

from .base import Check, Subject, each_rule
from .seen import Seen
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


_LIKENESS: Final = 0.8


def check(vocabularies: Sequence[Vocabulary], seen: Seen | None = None) -> Check:
    """The check, for the sources that are known and against recorded history.

    A kind that history holds is known. One that it does not hold may be rare, which is what alerts are about; so
    without a vocabulary only a single wrong letter against a kind that was seen is reported.
    """
    alike = Alike()
    known = tuple(sorted(seen.event_types)) if seen is not None and seen.telling else ()

    def find(subject: Subject) -> Iterator[Problem]:
        vocabulary = spoken(subject, vocabularies, alike)
        for name in ("match", "when") if vocabulary is not None or known else ():
            for place, event_type in event_types(subject.document.at((name,)), (name,)):
                if seen is not None and event_type in seen.event_types:
                    continue
                if vocabulary is not None and event_type not in vocabulary.event_types:
                    never = f", nor was one seen in {seen}" if seen is not None and known else ""
                    summary = f'no {vocabulary.name} event is documented as "{event_type}"{never}'
                    meant = vocabulary.slip(event_type, alike) or alike.nearest(event_type, _LIKENESS, known)
                    yield _problem(subject, place, summary, meant)
                elif vocabulary is None and (meant := _one_letter(event_type, known, alike)):
                    yield _problem(subject, place, f'"{event_type}" was never seen in {seen}', meant)

    return each_rule(find, CODE)


def _one_letter(event_type: str, known: Sequence[str], alike: Alike) -> str:
    """The kind from which this one differs by one letter, or two that changed places; `s` and digits at the end are
    how sources tell kinds apart: `ListObjects`, `ListObjectsV2`.
    """
    meant = alike.nearest(event_type, _LIKENESS, known)
    longer, shorter = sorted((event_type, meant), key=len, reverse=True)
    if not meant or len(longer) - len(shorter) > 1 or longer.removesuffix("s") == shorter:
        return ""
    if any(mark.isdigit() for mark in longer + shorter):
        return ""
    start = next((at for at, (one, two) in enumerate(zip(longer, shorter, strict=False)) if one != two), len(shorter))
    turned = longer[:start] + longer[start : start + 2][::-1] + longer[start + 2 :]
    same_end = longer[start + 1 :] == shorter[start + (len(longer) == len(shorter)) :]
    return meant if same_end or turned == shorter else ""


def _problem(subject: Subject, place: Place, summary: str, meant: str) -> Problem:
    span = subject.document.span_of_value(place)
    help_ = "" if meant else "the source may have it all the same: `trailbell events types` asks it"
    label = f'did you mean "{meant}"?' if meant else ""
    return Problem(CODE.name, "warning", summary, span, help_, label, subject.rule.id)
