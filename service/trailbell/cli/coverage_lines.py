"""What tests do not exercise, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from trailbell.rule_coverage import Coverage, total
from trailbell_engine.counted import counted

from .printable import printable


def print_coverage(console: Console, coverage: Sequence[Coverage]) -> None:
    """Per rule with a gap: how much is exercised, and each outcome that is not, with its place."""
    for entry in coverage:
        if not entry.gaps:
            continue
        words = f"   {entry.covered} of {counted(entry.outcomes, 'outcome')}   {printable(entry.gaps[0].file)}"
        console.print(Text(entry.rule.id, "bold").append(words, "not bold dim"), soft_wrap=True)
        for gap in entry.gaps:
            line = Text(f"  {gap.line:>4}  ", "dim").append(gap.outcome.ljust(12), "yellow not dim")
            console.print(line.append(f"  {printable(gap.what)}", "default not dim"), soft_wrap=True)
        console.print()
    covered, outcomes = total(coverage)
    share = f"{covered / outcomes:.0%}" if outcomes else "nothing to cover"
    whole = sum(not entry.gaps for entry in coverage)
    words = f"   {covered} of {counted(outcomes, 'outcome')}, {whole} of {counted(len(coverage), 'rule')} in full"
    console.print(Text(f"coverage {share}", "bold").append(words, "not bold"))
    console.print()
