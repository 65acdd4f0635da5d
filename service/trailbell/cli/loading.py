"""Loading rules for commands that need every one of them to be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from trailbell.garbage import not_collecting
from trailbell.loading import load
from trailbell_rules.load import PACK_PREFIX, Loaded, load_rules
from trailbell_rules.problem import Problem
from trailbell_rules.rule_tests import RuleTest
from trailbell_rules.source import Source

from .exits import Exit, Failure

if TYPE_CHECKING:
    from trailbell.rulebook.book import Edition, RuleBook
    from trailbell_engine.rule import Rule, RuleSet

_NAMED: Final = 5
"""So many rules are named where none was meant."""


def paths_or_configured(paths: Sequence[str]) -> Sequence[str]:
    """The paths of the command line; without any, the `rules:` of the configuration, which default to rules/."""
    from .configuration import config_or_fail

    return paths or config_or_fail(None, secrets=False).rules


def own_tests(paths: Sequence[str], loaded: Loaded) -> list[RuleTest]:
    """The tests of all rules but those of packs that come along with one's own rules.

    A pack's tests speak of the pack's own definitions, which one's own may replace. Named alone, a pack is tested.
    """
    packs = [path for path in paths if path.startswith(PACK_PREFIX)]
    if not packs or len(packs) == len(paths):
        return list(loaded.tests)
    shipped = {rule.id for rule in load_rules(packs).rules}
    return [test for test in loaded.tests if test.rule_id not in shipped]


def load_or_fail(paths: Sequence[str]) -> Loaded:
    """The rules of the paths.

    Raises:
        Failure: if any rule has an error; the problems are printed first, as ``check`` prints them.
    """
    loaded = load(paths)
    if loaded.errors:
        raise _failure(loaded.errors, loaded.sources)
    return loaded


def rule_or_fail(rule_id: str, rules: RuleSet) -> Rule:
    """The rule of an id that somebody typed.

    Raises:
        Failure: if there is none; it names the one that was probably meant.
    """
    from trailbell_rules.suggest import did_you_mean

    if rule_id not in rules:
        known = sorted(rule.id for rule in rules)
        more = ", …" if len(known) > _NAMED else ""
        help_ = did_you_mean(rule_id, known) or f"there are: {', '.join(known[:_NAMED])}{more}"
        raise Failure(Exit.USAGE, f"no rule is called {rule_id!r}", help_)
    return rules[rule_id]


def edition_or_fail(book: RuleBook) -> Edition:
    """The rules of a book.

    Raises:
        Failure: as ``load_or_fail``.
    """
    from trailbell.rulebook.book import UnsoundRules

    try:
        with not_collecting():
            return book.edition()
    except UnsoundRules as error:
        raise _failure(error.problems, error.sources) from error


def _failure(errors: Sequence[Problem], sources: Mapping[str, Source]) -> Failure:
    from .problems import print_problems

    for problem in errors:
        source = sources.get(problem.span.file)
        is_of_the_call = source is None or not source.text  # a table that is not there stands in a file of rules
        if is_of_the_call and problem.code in ("no-such-file", "no-such-pack", "no-rules"):
            return Failure(Exit.CONFIGURATION, problem.summary, problem.help)
    return Failure(Exit.FINDINGS, print_problems(errors, sources))
