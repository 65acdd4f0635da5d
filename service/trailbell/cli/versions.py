"""Another version of the rules: a folder, a file, a pack, or the same paths at a git reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trailbell.dryrun.git_rules import GitError, rules_at
from trailbell.loading import load
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet
from trailbell_rules.load import PACK_PREFIX

from .exits import Exit, Failure


def other_version(name: str, paths: Sequence[str]) -> RuleSet:
    """The rules to compare with.

    Args:
        name: what the user gave; a path that exists is taken as one, everything else as a git reference.
        paths: of the rules that are compared.

    Raises:
        Failure: if there are no such rules, or they have errors.
    """
    if name.startswith(PACK_PREFIX) or Path(name).exists():
        return _loaded([name], name)
    try:
        with rules_at(name, paths) as there:
            return _loaded(there, name)
    except GitError as error:
        if name.endswith(("/", ".yaml", ".yml")):  # as no branch, tag or commit does
            help_ = "name a folder or a file of rules, or a git reference such as main"
            raise Failure(Exit.USAGE, f"--against {name}: no such file or folder", help_) from error
        raise Failure(Exit.USAGE, f"--against {name}: {error.message}", error.help) from error


def _loaded(paths: Sequence[str], name: str) -> RuleSet:
    loaded = load(paths)
    if loaded.errors:
        first = loaded.errors[0]
        raise Failure(
            Exit.CONFIGURATION,
            f"--against {name}: these rules have {counted(len(loaded.errors), 'error')}, the first: {first.summary}",
            f"{first.span.file}:{first.span.line}; compare with a version that loads",
        )
    return loaded.rules
