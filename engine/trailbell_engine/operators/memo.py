"""Remembering the answers of checks that cost more than a look-up. Audit events repeat their addresses and names."""

from __future__ import annotations

from typing import Final

from trailbell_engine.values import Json

from .base import Check

ENTRIES: Final = 512
"""Answers a check remembers. When there are more it starts afresh, so that no stream of new values can make it grow."""
LONGEST: Final = 128
"""Longer strings are not remembered: at most 64 KiB of text are kept for a check."""


def remembered(check: Check) -> Check:
    """The same check of strings, with its last answers at hand. What is no string does not pass."""
    answers: dict[str, bool] = {}

    def holds(value: Json) -> bool:
        if value.__class__ is not str:
            return False
        answer = answers.get(value)
        if answer is None:
            answer = check(value)
            if len(value) <= LONGEST:
                if len(answers) >= ENTRIES:
                    answers.clear()
                answers[value] = answer
        return answer

    return holds
