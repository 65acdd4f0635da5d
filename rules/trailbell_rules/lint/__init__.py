"""Warnings about rules that load and may still not be what was meant: one check per file, and one table of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import (
    always_true,
    constant_title,
    event_types,
    fields,
    hidden_severity,
    ignore,
    keys,
    masks,
    never_true,
    outcome,
    overlap,
    patterns,
    receivers,
    suppress_key,
    untested,
)
from .base import Check, Subject, each_rule
from .fields import dotted_paths
from .seen import Seen
from .vocabulary import Vocabulary, spoken

CHECKS: Final = (
    never_true.CHECK,
    always_true.CHECK,
    patterns.CHECK,
    masks.CHECK,
    keys.CHECK,
    overlap.CHECK,
    outcome.CHECK,
    suppress_key.CHECK,
    hidden_severity.CHECK,
    constant_title.CHECK,
    receivers.CHECK,
    untested.CHECK,
)
"""The checks that need nothing but the rules."""

LINT_CODES: Final = (
    *(code for check in CHECKS for code in check.codes),
    *(event_types.CODE, fields.CODE, ignore.BAD, ignore.UNUSED),
)
"""Every code that the checks may yield."""


def vocabulary_checks(vocabularies: Sequence[Vocabulary], seen: Seen | None = None) -> tuple[Check, ...]:
    """The checks against what sources are known to say, and what they have said."""
    return event_types.check(vocabularies, seen), fields.check(vocabularies, seen)


__all__ = [
    "CHECKS",
    "LINT_CODES",
    "Check",
    "Seen",
    "Subject",
    "Vocabulary",
    "dotted_paths",
    "each_rule",
    "spoken",
    "vocabulary_checks",
]
