"""What a check is: a function over the valid rules of a set that yields problems, and the codes it may yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final, TypeAlias

from trailbell_engine.predicate import tests
from trailbell_engine.rule import Rule
from trailbell_rules.code import Code
from trailbell_rules.document import Document, Place
from trailbell_rules.problem import Problem, ProblemSeverity
from trailbell_rules.rule_tests import RuleTest

from .located import Every, Node, locate


@dataclass(frozen=True)
class Subject:
    """A valid rule as checks see it: what it means, how it is written, and its tests."""

    rule: Rule
    document: Document
    tests: tuple[RuleTest, ...]

    @cached_property
    def vast(self) -> bool:
        """Whether the match has more tests than are reasoned about."""
        return next(islice(tests(self.rule.match), _MOST_TESTS, None), None) is not None

    @cached_property
    def match(self) -> Node:
        """The match with the place of each test; nothing at all of a vast one."""
        return Every(("match",), ()) if self.vast else locate(self.document.at(("match",)), ("match",), self.rule.match)

    def warning(self, code: str, place: Place, summary: str, help_: str = "", label: str = "") -> Problem:
        """A warning at a key."""
        return self.problem("warning", code, place, summary, help_, label)

    def problem(
        self, severity: ProblemSeverity, code: str, place: Place, summary: str, help_: str = "", label: str = ""
    ) -> Problem:
        """A problem at a key."""
        return Problem(code, severity, summary, self.document.span_of_key(place), help_, label, self.rule.id)


MOST_OF_A_RULE: Final = 200
"""Problems of one check with one rule. Nobody mends more at once, and a megabyte can hold fifty thousand."""
_MOST_TESTS: Final = 5_000
"""A larger predicate is not reasoned about: no hand wrote it, and the time is better spent elsewhere."""


FindInSet: TypeAlias = Callable[[Sequence[Subject]], Iterator[Problem]]
FindInRule: TypeAlias = Callable[[Subject], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        find: the problems of a rule set.
        codes: what it may yield. A comment that ignores a code is unused only if its check was made.
    """

    find: FindInSet
    codes: tuple[Code, ...]


def each_rule(find: FindInRule, *codes: Code) -> Check:
    """A check that looks at one rule at a time, and says at most ``MOST_OF_A_RULE`` things about it."""
    return Check(
        lambda subjects: (problem for subject in subjects for problem in islice(find(subject), MOST_OF_A_RULE)), codes
    )


def whole_set(find: FindInSet, *codes: Code) -> Check:
    """A check that compares rules with one another."""
    return Check(find, codes)
