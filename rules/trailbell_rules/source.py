"""The text of one file, and the way from offsets in it to lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from .problem import Span

_LINE_BREAK: Final = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name as the user gave it, and its text.

    Offsets count code points from 0. libyaml also breaks lines at U+0085, U+2028 and U+2029, editors do not; therefore
    lines are counted here, from offsets, and never taken from libyaml.
    """

    file: str
    text: str
    _starts: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", [0, *(found.end() for found in _LINE_BREAK.finditer(self.text))])

    def span(self, start: int, end: int) -> Span:
        """The stretch between two offsets, white space at its end left out; never empty, so that a caret can stand."""
        end = start + len(self.text[start:end].rstrip())
        line, column = self._place(start)
        end_line, end_column = self._place(end) if end > start else (line, column + 1)
        return Span(self.file, line, column, end_line, end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    @property
    def lines(self) -> int:
        """How many lines there are; a line break at the end begins one more."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break; empty beyond the end."""
        if not 0 < number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")
