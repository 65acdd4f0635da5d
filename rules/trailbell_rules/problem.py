"""What is wrong with a text, as a value: code, severity, sentence, place, and the way out. Printers are elsewhere."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

ProblemSeverity = Literal["error", "warning"]

MAXIMUM_PROBLEMS: Final = 1_000
"""Of one file. Nobody mends more at once, and a megabyte can hold half a million."""


class Span(NamedTuple):
    """A stretch of one file. Lines and columns count from 1, as editors show them; ``end`` is exclusive.

    Columns count code points. ``end_line`` equals ``line`` for nearly every problem.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Problem(NamedTuple):
    """One thing to mend.

    Attributes:
        code: stable, kebab-case, with a page of its own, such as ``unknown-key``.
        severity: errors keep a rule from loading, warnings do not.
        summary: one line; what is wrong, naming the offending text.
        span: where.
        help: what to write instead; may be empty.
        label: a short text under the caret; may be empty.
        rule_id: the rule it belongs to, when known.
    """

    code: str
    severity: ProblemSeverity
    summary: str
    span: Span
    help: str = ""
    label: str = ""
    rule_id: str = ""


def too_many(span: Span) -> Problem:
    """The last problem of a file that has more than are told."""
    summary = f"more than {MAXIMUM_PROBLEMS:,} problems; from here on the file was not read"
    return Problem("too-many-problems", "error", summary, span, "mend the first ones and check again")
