"""What is different between two rule sets, in words for the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from trailbell_engine.rule import Rule, RuleSet

_TOLD: Final = tuple(field.name for field in fields(Rule) if field.name not in ("match", "condition", "origin"))
"""What may change without another version: who is told, and in which words."""
_NAMED: Final = 5
"""So many are named; of more, the number says enough."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Between the rules before and after, by id in the order of the rules.

    Attributes:
        changed: other decisions: a new version, which begins anew.
        reworded: the same decisions in other words, or told to others.
        new: that were not there before.
        removed: that are not there any more.
        content: lists and tables whose content is another one, such as ``list vips``.
        unchanged: how many are as they were.
    """

    changed: tuple[str, ...]
    reworded: tuple[str, ...]
    new: tuple[str, ...]
    removed: tuple[str, ...]
    content: tuple[str, ...]
    unchanged: int

    def __bool__(self) -> bool:
        return any((self.changed, self.reworded, self.new, self.removed, self.content))

    def __str__(self) -> str:
        parts = [
            _counted(self.changed, "changed"),
            _counted(self.reworded, "in other words"),
            _counted(self.new, "new"),
            _counted(self.removed, "removed"),
            f"other content of the {', the '.join(self.content)}" if self.content else "",
            f"{self.unchanged:,} unchanged",
        ]
        return ", ".join(filter(None, parts))


def differences(before: RuleSet, after: RuleSet) -> Differences:
    """What has become of the rules."""
    changed, reworded, new = [], [], []
    for rule in after:
        if rule.id not in before:
            new.append(rule.id)
        elif before[rule.id].version != rule.version:
            changed.append(rule.id)
        elif not _same(before[rule.id], rule):
            reworded.append(rule.id)
    removed = tuple(rule.id for rule in before if rule.id not in after)
    digests = before.lookups.digests
    content = tuple(name for name, digest in after.lookups.digests.items() if digests.get(name, digest) != digest)
    unchanged = len(after) - len(changed) - len(reworded) - len(new)
    return Differences(tuple(changed), tuple(reworded), tuple(new), removed, content, unchanged)


def _same(before: Rule, after: Rule) -> bool:
    """Whether nothing about the rule has changed but, perhaps, where it stands in which file."""
    return before is after or all(getattr(before, name) == getattr(after, name) for name in _TOLD)


def _counted(ids: Sequence[str], word: str) -> str:
    if not ids:
        return ""
    named = ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
    return f"{len(ids):,} {word} ({named})"
