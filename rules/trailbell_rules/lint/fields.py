"""``unknown-field``: a field that neither the source's documentation, nor history, nor the rule's own tests know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from trailbell_engine.path import Path, Root, parse_path
from trailbell_engine.values import Json
from trailbell_rules.code import Code
from trailbell_rules.document import Place
from trailbell_rules.predicates import OPERATOR_NAMES
from trailbell_rules.problem import Problem
from trailbell_rules.rule_tests import is_tick
from trailbell_rules.suggest import Alike, listed

from .base import Check, Subject, each_rule
from .seen import Seen
from .vocabulary import Vocabulary, spoken
from .written import event_types, paths

CODE: Final = Code(
    name="unknown-field",
    summary="The rule reads a field that neither the documentation of its source nor any of its test events has.",
    why="A missing field is no error when events are matched: a positive test is false, a negative one true. A "
    "misspelt name therefore fires never, or always.",
    bad="""\
# rules/sign-in.yaml
id: contractor-signed-in
title: A contractor signed in
severity: low
match:
  event_type: USER_LOGIN
  user_mail: {ends_with: '@contractor.example'}
""",
    good="""\
# rules/sign-in.yaml
id: contractor-signed-in
title: A contractor signed in
severity: low
match:
  event_type: USER_LOGIN
  user_email: {ends_with: '@contractor.example'}
""",
    severity="warning",
    lint=True,
)

_SLIP: Final = 0.85
"""Below the top level a source's documentation is seldom complete; only what looks like a slip is reported."""
_NEAR: Final = 0.6
"""At the top it is complete, so that every likeness helps."""
_OTHERWISE: Final = frozenset({"lookup", *OPERATOR_NAMES})
"""What lookups add to an event, and names of which another problem speaks."""


def check(vocabularies: Sequence[Vocabulary], seen: Seen | None = None) -> Check:
    """The check, for the sources that are known and against recorded history.

    Of other sources only slips against a rule's own tests are found, and names at the top that no event of the rule's
    own kinds has had.
    """
    alike = Alike()
    in_history = tuple(sorted(seen.paths)) if seen is not None else ()

    def find(subject: Subject) -> Iterator[Problem]:
        vocabulary = spoken(subject, vocabularies, alike)
        told = seen if seen is not None and seen.tells_of(_event_types(subject)) else None
        tested = {
            path
            for test in subject.tests
            for event in test.events
            if not is_tick(event)
            for path in dotted_paths(event)
        }
        own, documented = tuple(sorted(tested)), vocabulary.names if vocabulary else ()

        def known(name: str) -> bool:
            return name in tested or name in documented or (seen is not None and name in seen.paths)

        for place, text, is_key in paths(subject.document):
            name = _dotted(parse_path(text))
            top = name.partition(".")[0]
            if name and not known(name) and top not in _OTHERWISE:
                certain = bool(documented or told) and not known(top)
                meant = alike.nearest(name, _NEAR if certain else _SLIP, own, documented, in_history if told else ())
                if certain or (meant and not meant.startswith(f"{name}.")):
                    where = _where(vocabulary, told)
                    yield _problem(subject, place, f'{where} have no field "{text}"', meant, is_key=is_key)

    return each_rule(find, CODE)


def _event_types(subject: Subject) -> frozenset[str]:
    return frozenset(name for key in ("match", "when") for _, name in event_types(subject.document.at((key,)), (key,)))


def _where(vocabulary: Vocabulary | None, seen: Seen | None) -> str:
    """What was compared with."""
    documented = [f"{vocabulary.name} events"] if vocabulary else []
    recorded = [str(seen)] if seen else []
    return listed([*documented, *recorded, "the tests"], "and") if documented or seen else "the tests of this rule"


def dotted_paths(value: Mapping[str, Json], above: str = "") -> Iterator[str]:
    """Every field of a record and of the objects in it, written with dots; what is in arrays is left out."""
    for name, entry in value.items():
        yield above + name
        if isinstance(entry, dict):
            yield from dotted_paths(entry, f"{above}{name}.")


def _dotted(path: Path) -> str:
    """The names of a path; empty if nothing can be said of it: the envelope, elements, names with dots."""
    plain = path.root is Root.HERE and all(isinstance(segment, str) and "." not in segment for segment in path.segments)
    return ".".join(map(str, path.segments)) if plain else ""


def _problem(subject: Subject, place: Place, summary: str, meant: str, *, is_key: bool) -> Problem:
    document = subject.document
    span = document.span_of_key(place) if is_key else document.span_of_value(place)
    label = f'did you mean "{meant}"?' if meant else ""
    help_ = "" if meant else "if the source has it all the same, use it in a test event"
    return Problem(CODE.name, "warning", summary, span, help_, label, subject.rule.id)
