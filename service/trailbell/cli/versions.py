"""Another version of the rules: a folder, a file, a pack, or the same paths at a git reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trailbell.dryrun.git_rules import GitError, rules_at
from trailbell.loading import load
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet
from trailbell_rules.load import PACK_PREFIX

from .exits import Exit, Failure

_NAME: Final = "name a folder or a file of rules, or a git reference such as main"


def other_version(name: str, paths: Sequence[str]) -> RuleSet:
    """The rules to compare with.

    Args:
        name: what the user gave; a path that exists is taken as one, everything else as a git reference.
        paths: of the rules that are compared.

    Raises:
        Failure: if there are no such rules, or they have errors.
    """
    if not name:  # a variable of a CI that is not set; taken as a path it would be this folder, and nothing differ
        raise Failure(Exit.USAGE, "--against is empty", _NAME)
    if name.startswith(PACK_PREFIX) or Path(name).exists():
        return _loaded([name], name)
    try:
        with rules_at(name, paths) as (root, there):
            return _loaded(there, name, root)
    except GitError as error:
        if name.endswith(("/", ".yaml", ".yml")):  # as no branch, tag or commit does
            raise Failure(Exit.USAGE, f"--against {name}: no such file or folder", _NAME) from error
        raise Failure(Exit.USAGE, f"--against {name}: {error.message}", error.help) from error


def _loaded(paths: Sequence[str], name: str, root: Path | None = None) -> RuleSet:
    """The rules; ``root`` is where a commit was unpacked, which is no place that a reader could look at."""
    loaded = load(paths)
    if loaded.errors:
        first = loaded.errors[0]
        file = first.span.file if root is None else f"{name}:{first.span.file.removeprefix(f'{root}/')}"
        raise Failure(
            Exit.CONFIGURATION,
            f"--against {name}: these rules have {counted(len(loaded.errors), 'error')}, the first: {first.summary}",
            f"{file}:{first.span.line}; compare with a version that loads",
        )
    return loaded.rules
