"""``unknown-field``: a field that neither the source's documentation nor the rule's own tests know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from trailbell_engine.path import Path, Root, parse_path
from trailbell_engine.values import Json
from trailbell_rules.code import Code
from trailbell_rules.document import Place
from trailbell_rules.predicates import OPERATOR_NAMES
from trailbell_rules.problem import Problem
from trailbell_rules.rule_tests import is_tick

from .base import Check, Subject, each_rule
from .vocabulary import Vocabulary, spoken
from .written import paths

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
_OTHERWISE: Final = frozenset({"lookup", *OPERATOR_NAMES})
"""What lookups add to an event, and names of which another problem speaks."""


def check(vocabularies: Sequence[Vocabulary]) -> Check:
    """The check, for the sources that are known. Of other sources only slips against a rule's own tests are found."""

    def find(subject: Subject) -> Iterator[Problem]:
        vocabulary = spoken(subject, vocabularies)
        tested = {
            path for test in subject.tests for event in test.events if not is_tick(event) for path in _paths(event)
        }
        fields = vocabulary.fields if vocabulary else frozenset[str]()
        known = tested | fields | (vocabulary.paths if vocabulary else frozenset())
        for place, text, is_key in paths(subject.document):
            name = _dotted(parse_path(text))
            if name and name not in known and name.partition(".")[0] not in _OTHERWISE:
                top = name.partition(".")[0]
                certain = bool(fields) and top not in fields and top not in tested
                meant = next(iter(get_close_matches(name, sorted(known), 1, 0.6 if certain else _SLIP)), "")
                if certain or (meant and not meant.startswith(f"{name}.")):
                    yield _problem(subject, vocabulary, place, text, meant, is_key=is_key)

    return each_rule(find, CODE)


def _paths(value: Mapping[str, Json], above: str = "") -> Iterator[str]:
    for name, entry in value.items():
        yield above + name
        if isinstance(entry, dict):
            yield from _paths(entry, f"{above}{name}.")


def _dotted(path: Path) -> str:
    """The names of a path; empty if nothing can be said of it: the envelope, elements, names with dots."""
    plain = path.root is Root.HERE and all(isinstance(segment, str) and "." not in segment for segment in path.segments)
    return ".".join(map(str, path.segments)) if plain else ""


def _problem(
    subject: Subject, vocabulary: Vocabulary | None, place: Place, text: str, meant: str, *, is_key: bool
) -> Problem:
    document = subject.document
    span = document.span_of_key(place) if is_key else document.span_of_value(place)
    where = f"{vocabulary.name} events and the tests" if vocabulary else "the tests of this rule"
    label = f'did you mean "{meant}"?' if meant else ""
    help_ = "" if meant else "if the source has it all the same, use it in a test event"
    return Problem(CODE.name, "warning", f'{where} have no field "{text}"', span, help_, label, subject.rule.id)
