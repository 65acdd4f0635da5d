"""Loading rules for commands that need every one of them to be right."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell.loading import load
from trailbell_rules.load import Loaded

from .exits import Exit, Failure


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
