"""A rule as the engine knows it: frozen, with a version that changes exactly when its decisions may."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from .alert import Severity
from .conditions.base import Condition
from .lookup import Lookups
from .path import Path
from .predicate import Predicate, to_json
from .values import canonical


class Origin(NamedTuple):
    """Where a rule was written: file name as the user gave it, first line (from 1)."""

    file: str
    line: int


NOWHERE: Final = Origin("", 0)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads: Jinja2 template sources and plain texts. Nothing here decides anything."""

    title: str
    summary: str = ""
    fields: tuple[Path, ...] = ()
    description: str = ""
    references: tuple[str, ...] = ()
    runbook: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""


class SeverityCase(NamedTuple):
    """One entry of ``alert.severity``: if the opening event meets the predicate, the alert has this severity."""

    test: Predicate
    severity: Severity


@dataclass(frozen=True, slots=True)
class Suppress:
    """How long firings fold into an open alert, and per which key.

    Attributes:
        for_us: microseconds from the opening; 0 folds nothing; None is the condition's default.
        by: paths on the firing event; None is the condition's own key.
    """

    for_us: int | None = None
    by: tuple[Path, ...] | None = None


class Budget(NamedTuple):
    """What a rule may cost those who read it. It decides nothing: a dry-run says whether the rule keeps to it.

    Attributes:
        max_per_day: alerts a day, on average.
    """

    max_per_day: float


MAX_KEYS: Final = 10_000_000
"""Keys that a rule remembers at once unless it says otherwise: some gigabyte of windows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A validated rule.

    Attributes:
        id: unique in its set.
        severity: unless a case of ``severity_cases`` says otherwise; the first that holds wins.
        match: which events.
        condition: what about them, over time.
        suppress: how repeats are folded.
        words: what a person reads.
        notify: names of receivers; empty leaves it to the routes.
        status: an ``experimental`` rule is evaluated and stored, and nobody is told.
        budget: how many alerts it may make; None if nobody has said.
        max_keys: how many keys it remembers at once; events of further ones are not evaluated, and counted.
        version: 12 hex digits, a hash of match, condition and suppress.
    """

    id: str
    severity: Severity
    match: Predicate
    condition: Condition
    words: Words
    suppress: Suppress = field(default_factory=Suppress)
    severity_cases: tuple[SeverityCase, ...] = ()
    notify: tuple[str, ...] = ()
    status: Literal["stable", "experimental"] = "stable"
    budget: Budget | None = None
    max_keys: int = MAX_KEYS
    origin: Origin = NOWHERE
    version: str = field(init=False)

    def __post_init__(self) -> None:
        deciding = {
            "match": to_json(self.match),
            "when": self.condition.to_json(),
            "suppress": [
                self.suppress.for_us,
                None if self.suppress.by is None else [str(path) for path in self.suppress.by],
            ],
        }
        object.__setattr__(self, "version", hashlib.sha256(canonical(deciding).encode()).hexdigest()[:12])

    @classmethod
    def restored(cls, version: str, origin: Origin, values: Iterable[tuple[str, Any]]) -> Rule:
        """A rule that was valid when it was kept, with the version that it had then.

        Args:
            version: of the rule with these values; to find it again takes longer than all the rest.
            origin: where it was written.
            values: the names and values of all other attributes.
        """
        rule, keep = cls.__new__(cls), object.__setattr__
        for name, value in values:
            keep(rule, name, value)
        keep(rule, "origin", origin)
        keep(rule, "version", version)
        return rule


class RuleSet:
    """Rules with unique ids, in the order they were written. Immutable: a reload makes a new one."""

    def __init__(self, rules: Iterable[Rule] = (), lookups: Lookups | None = None) -> None:
        """Collect the rules.

        Args:
            rules: in the order they were written.
            lookups: the tables that they may read from.

        Raises:
            ValueError: if two rules share an id.
        """
        self.rules = tuple(rules)
        self.lookups = lookups or Lookups()
        self._by_id = {rule.id: rule for rule in self.rules}
        if len(self._by_id) != len(self.rules):
            raise ValueError("two rules share an id")

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def only(self, rules: Iterable[Rule]) -> RuleSet:
        """A set of these rules, with the tables of this one."""
        return RuleSet(rules, self.lookups)

    def __getitem__(self, rule_id: str) -> Rule:
        return self._by_id[rule_id]

    def __contains__(self, rule_id: str) -> bool:
        return rule_id in self._by_id
