"""Problems as GitHub shows them: annotations beside the lines of a pull request, and a table in the step's summary.

Sources: GitHub, "Workflow commands for GitHub Actions" (form, step summary of at most 1 MiB); actions/toolkit,
issue 734 (ten errors and ten warnings are shown of a step).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from trailbell_rules.problem import Problem

from .escapes import github_message, github_property
from .machine import line, sentence
from .text import summary
from .visible import visible

_SHOWN_OF_EACH: Final = 10
_ROWS: Final = 500
"""Of the table; far below the limit in bytes, and more than anybody reads."""


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands, one a line: as many as GitHub shows, errors first. The others follow as plain lines."""
    ordered = sorted(problems, key=lambda problem: problem.severity)  # "error" sorts before "warning"
    shown: list[str] = []
    rest: list[str] = []
    for _, alike in groupby(ordered, key=lambda problem: problem.severity):
        of_one_kind = list(alike)
        shown += map(_annotation, of_one_kind[:_SHOWN_OF_EACH])
        rest += map(line, of_one_kind[_SHOWN_OF_EACH:])
    return "\n".join([*shown, *rest])


def _annotation(problem: Problem) -> str:
    span = problem.span
    properties = {"file": span.file, "line": span.line, "endLine": span.end_line, "title": problem.code}
    if span.line == span.end_line:
        properties |= {"col": span.column, "endColumn": span.end_column - 1}
    written = ",".join(f"{name}={github_property(str(value))}" for name, value in properties.items())
    return f"::{problem.severity} {written}::{github_message(sentence(problem))}"


def as_markdown(problems: Sequence[Problem], *, title: str) -> str:
    """A table of all problems, for a step's summary or a comment."""
    ordered = sorted(problems, key=lambda problem: problem.severity)
    lines = [f"### {title}", "", f"{summary(problems)}", ""]
    if ordered:
        lines += ["| | where | code | what |", "|---|---|---|---|", *map(_row, ordered[:_ROWS])]
    if len(ordered) > _ROWS:
        lines.append(f"\n… and {len(ordered) - _ROWS:,} more")
    return "\n".join([*lines, ""])


def _row(problem: Problem) -> str:
    mark = "❌" if problem.severity == "error" else "⚠️"
    place = f"{_cell(problem.span.file)}:{problem.span.line}"
    return f"| {mark} | {place} | `{problem.code}` | {_cell(sentence(problem))} |"


def _cell(text: str) -> str:
    """Text that cannot end its cell, begin HTML, or make a link or a mention."""
    for mark in "\\|`<>[]*_@#":
        text = text.replace(mark, f"&#{ord(mark)};" if mark in "<>|@#" else f"\\{mark}")
    return visible(text)
