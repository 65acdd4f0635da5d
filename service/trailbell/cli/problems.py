"""Showing the problems of rules and configurations, as ``check`` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trailbell_rules.printers.text import problems_text, summary
from trailbell_rules.problem import Problem
from trailbell_rules.source import Source

from .consoles import err


def print_problems(problems: Iterable[Problem], sources: Mapping[str, Source]) -> str:
    """Print problems on stderr; returns the one line that counts them."""
    found = list(problems)
    console = err()
    for text in problems_text(found, sources):
        console.print(text, soft_wrap=True)
    return summary(found)
