"""Loading rules for commands that need every one of them to be right."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell.loading import load
from trailbell_rules.load import PACK_PREFIX, Loaded, load_rules
from trailbell_rules.rule_tests import RuleTest

from .exits import Exit, Failure


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
        from .problems import print_problems

        for problem in loaded.errors:
            if problem.code in ("no-such-file", "no-such-pack", "no-rules"):
                raise Failure(Exit.CONFIGURATION, problem.summary, problem.help)
        raise Failure(Exit.FINDINGS, print_problems(loaded.errors, loaded.sources))
    return loaded
