"""Why an alert is there under one version of a rule and not under the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailbell_engine.alert import Alert
from trailbell_engine.compile import compile_predicate
from trailbell_engine.event import Event, is_instant
from trailbell_engine.explain import Verdict, decisive, explain
from trailbell_engine.phrases import phrase, value_text
from trailbell_engine.rule import RuleSet

from .versions import Change


class Causes:
    """Of one rule in two versions: what keeps an alert of the one version from being an alert of the other."""

    def __init__(self, rule_id: str, here: RuleSet, there: RuleSet, changed: Iterable[Change], *, other: str) -> None:
        """Look at a rule.

        Args:
            rule_id: of both versions.
            here: the version under which the alerts are there.
            there: the version under which they are not.
            changed: what ``versions.changes`` found between them.
            other: how ``there`` is called in a sentence: ``before`` or ``now``.
        """
        self._match = there[rule_id].match
        self._lookups = there.lookups
        self._holds = compile_predicate(self._match)
        self._by_part = {part: [change.text for change in changed if change.part == part] for part in _DECIDING}
        self._same_match = here[rule_id].match == self._match and not self._by_part["match"]
        self._other = other

    def of(self, alert: Alert, covered: Alert | None) -> str:
        """The cause in words.

        Args:
            alert: it is there under ``here`` only.
            covered: the alert of ``there`` of which its opening event is a part, if there is one.
        """
        refused = None if self._same_match else next(self._refused(alert), None)
        if refused is not None:
            return refused
        if covered is not None and self._by_part["suppress"]:
            return f"{self._and('suppress')}: {self._other} it {_folded(self._other)} into the alert before it"
        if self._by_part["when"]:
            return self._and("when")
        if self._by_part["suppress"]:
            return self._and("suppress")
        if self._by_part["match"]:
            return f"some of its events: {self._and('match')}"
        return "it follows from another alert that is new or gone"

    def _and(self, part: str) -> str:
        return ", ".join(self._by_part[part])

    def _refused(self, alert: Alert) -> Iterator[str]:
        """The tests that its events do not meet there; the opening event is asked first."""
        for event in (alert.opener, *reversed(alert.events)):
            if not is_instant(event) and not self._holds(event):
                yield self._failing(event)

    def _failing(self, event: Event) -> str:
        tests = list(decisive(explain(self._match, event)))
        said = dict.fromkeys(_said(test) for test in tests)
        return f"{self._other} not matched: {', and '.join(list(said)[:2]) or 'the match asks for more'}"


_DECIDING = ("match", "when", "suppress")


def _said(test: Verdict) -> str:
    """A test that stands in the way: ``source_country KP, not in GB, IE``."""
    read = ", ".join(map(value_text, test.values[:2])) or "missing"
    return f"{test.path} {read}, {phrase(test.operator, test.operand, negated=not test.holds, fold=test.fold)}"


def _folded(other: str) -> str:
    return "was folded" if other == "before" else "folds"
