"""Problems as people read them: the line, a caret under the very characters, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from trailbell_engine.counted import counted
from trailbell_rules.problem import Problem
from trailbell_rules.source import Source

from .visible import visible

_LINE_CELLS: Final = 120
"""How much of a long line is shown around the caret."""


def problems_text(problems: Iterable[Problem], sources: Mapping[str, Source]) -> list[Text]:
    """One text for each problem, styled; ``plain`` of it has no colours."""
    return [_problem(problem, sources.get(problem.span.file)) for problem in problems]


def _problem(problem: Problem, source: Source | None) -> Text:
    style = "bold red" if problem.severity == "error" else "bold yellow"
    gutter = " " * len(str(problem.span.line))
    text = Text.assemble((f"{problem.severity}[{problem.code}]", style), (f": {visible(problem.summary)}\n", "bold"))
    place = f"{visible(problem.span.file)}:{problem.span.line}:{problem.span.column}"
    text.append_text(Text.assemble((f" {gutter}--> ", "blue"), f"{place}\n"))
    line = source.line(problem.span.line) if source is not None else ""
    if line.strip():
        text.append_text(_snippet(problem, line, gutter, style))
    elif problem.label:
        text.append_text(_note(gutter, "help", problem.label))
    if problem.help:
        text.append_text(_note(gutter, "help", problem.help))
    return text.append_text(_note(gutter, "docs", f"trailbell docs {problem.code}"))


def _note(gutter: str, name: str, words: str) -> Text:
    return Text.assemble((f" {gutter} = ", "blue"), (f"{name}: ", "bold"), f"{visible(words)}\n")


def _snippet(problem: Problem, line: str, gutter: str, style: str) -> Text:
    start = problem.span.column - 1
    end = problem.span.end_column - 1 if problem.span.end_line == problem.span.line else len(line.rstrip())
    first, last = _window(line, start, end)
    before, under = visible(line[first:start]), visible(line[start : min(end, last)])
    cut = "…" if first else ""
    shown = f"{cut}{visible(line[first:last])}{'…' if last < len(line) else ''}"
    indent = " " * cell_len(cut + before)
    carets = "^" * max(1, cell_len(under))
    return Text.assemble(
        (f" {gutter} |\n", "blue"),
        *((f" {problem.span.line} | ", "blue"), f"{shown}\n"),
        *((f" {gutter} | ", "blue"), indent, (f"{carets} {visible(problem.label)}".rstrip() + "\n", style)),
    )


def _window(line: str, start: int, end: int) -> tuple[int, int]:
    """The part of the line to show: all of it, or what lies around the carets."""
    if len(line) <= _LINE_CELLS:
        return 0, len(line)
    first = max(0, min(start - 20, len(line) - _LINE_CELLS))
    return first, min(len(line), max(first + _LINE_CELLS, min(end, first + 2 * _LINE_CELLS)))


def summary(problems: Iterable[Problem]) -> str:
    """One line: ``7 errors and 1 warning in 2 files``, or ``no problems``."""
    problems = list(problems)
    counts = [
        counted(number, name)
        for name in ("error", "warning")
        if (number := sum(problem.severity == name for problem in problems))
    ]
    files = counted(len({problem.span.file for problem in problems}), "file")
    return f"{' and '.join(counts)} in {files}" if counts else "no problems"
