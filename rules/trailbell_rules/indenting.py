"""Indentation of YAML as text: two spaces a level, a list inside a mapping one level deeper than its key.

Each line is moved as a whole, by where libyaml's tokens say that its block stands. Lines inside texts and brackets move
along with the line on which these begin.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml

_STEP: Final = 2
_DASHES: Final = re.compile(r"(?:-[ ]+)+(?=[^ ])")
_EXPLICIT: Final = re.compile(r"[|>][+-]?[1-9]")
_OPENING: Final = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSING: Final = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_BEFORE_A_VALUE: Final = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)


class _Level(NamedTuple):
    """A block collection that is open: the column it stands in, and the one it should.

    Attributes:
        implied: a list that is not indented below its key; it has no tokens of its own.
    """

    is_list: bool
    old: int
    new: int
    implied: bool = False


class Layout(NamedTuple):
    """The lines of one document.

    Attributes:
        lines: moved, without white space at their ends where it means nothing.
        keys: the line of each key of the outermost mapping, and its name.
        inside: lines that continue a text; they hold neither comments nor blank lines.
    """

    lines: list[str]
    keys: list[tuple[int, str]]
    inside: set[int]


def lay_out(text: str) -> Layout:
    """Move the lines of one document.

    Raises:
        yaml.YAMLError: if it is no YAML.
    """
    scan = _Scan(text)
    lines: list[str] = []
    for number, line in enumerate(scan.texts):
        lines.append(line if number in scan.inside and not line.strip() else scan.moved(number, line))
    return Layout(lines, scan.keys, scan.inside)


class _Scan:
    """What the tokens say of the lines."""

    def __init__(self, text: str) -> None:
        self.texts = text.split("\n")
        self.keys: list[tuple[int, str]] = []
        self.inside: set[int] = set()
        self._columns: dict[int, int] = {}
        self._shifts: dict[int, int] = {}
        self._levels_at: dict[int, dict[int, int]] = {}
        self._levels: list[_Level] = []
        self._flow: list[int] = []
        self._key_of_root = False
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            self._token(token, token.__class__, token.start_mark.line, token.start_mark.column)

    def _token(self, token: Any, kind: type, line: int, column: int) -> None:
        if kind in _OPENING:
            self._value(line, column)
            self._flow.append(line)
        elif kind in _CLOSING:
            self._continue(self._flow.pop(), token.end_mark.line)
        elif self._flow:
            self._inside_flow(token, kind, line)
        elif kind is yaml.ScalarToken:
            self._scalar(token, line, column)
        elif kind in _BEFORE_A_VALUE:
            self._value(line, column)
        else:
            self._structure(kind, line, column)

    def _structure(self, kind: type, line: int, column: int) -> None:
        """The beginning and the end of a block, its keys and its dashes."""
        if kind in (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken):
            new = self._levels[-1].new + _STEP if self._levels else 0
            self._levels.append(_Level(kind is yaml.BlockSequenceStartToken, column, new))
        elif kind is yaml.BlockEndToken:
            self._leave_implied()
            self._levels.pop()
        elif kind is yaml.BlockEntryToken:
            if not self._levels[-1].is_list:
                self._levels.append(_Level(True, column, self._levels[-1].new + _STEP, implied=True))
            self._start(line, self._levels[-1].new)
        elif kind is yaml.KeyToken:
            self._leave_implied()
            self._start(line, self._levels[-1].new)
            self._key_of_root = len(self._levels) == 1

    def _inside_flow(self, token: Any, kind: type, line: int) -> None:
        if kind is yaml.ScalarToken:
            self.inside.update(range(line + 1, token.end_mark.line + 1))

    def _leave_implied(self) -> None:
        if self._levels and self._levels[-1].implied:
            self._levels.pop()

    def _start(self, line: int, column: int) -> None:
        """The line begins in this column, unless something before has said where."""
        if line not in self._columns:
            self._columns[line] = column
            self._levels_at[line] = {level.old: level.new for level in self._levels}

    def _value(self, line: int, column: int) -> None:
        """A value that is first on its line stands one level below its key."""
        if self._levels and not self.texts[line][:column].strip():
            self._start(line, self._levels[-1].new + _STEP)

    def _shift(self, line: int) -> int:
        """How far what continues from this line moves: as far as the innermost block."""
        if not self._levels:
            return 0
        own = self._columns.get(line, 0) - _width(self.texts[line])
        on_its_own = line in self._columns and self._columns[line] == self._levels[-1].new + _STEP
        return own if on_its_own else self._levels[-1].new - self._levels[-1].old

    def _continue(self, first: int, last: int) -> None:
        shift = self._shift(first)
        for line in range(first + 1, last + 1):
            self._shifts.setdefault(line, shift)

    def _scalar(self, token: Any, line: int, column: int) -> None:
        if self._key_of_root:
            self.keys.append((line, token.value))
            self._key_of_root = False
        self._value(line, column)
        if token.style in ("|", ">"):
            self._block_text(token, line, column)
        elif token.end_mark.line > line:
            self._continue(line, token.end_mark.line)
            self.inside.update(range(line + 1, token.end_mark.line + 1))

    def _block_text(self, token: Any, line: int, column: int) -> None:
        last = token.end_mark.line - (token.end_mark.column == 0)
        header = self.texts[line][column:]
        while last > line and "+" not in header[:3] and not self.texts[last].strip():
            last -= 1
        widths = [_width(text) for text in self.texts[line + 1 : last + 1] if text.strip()]
        shift = self._shift(line)
        if widths and self._levels and not _EXPLICIT.match(header):
            shift = self._levels[-1].new + _STEP - widths[0]
        for number in range(line + 1, last + 1):
            self._shifts[number] = shift
            self.inside.add(number)

    def moved(self, number: int, line: str) -> str:
        """The line where it belongs."""
        if number in self._shifts:
            moved = " " * max(0, _width(line) + self._shifts[number]) + line.lstrip(" ")
            return moved if number in self.inside else moved.rstrip()
        if number in self._columns:
            body = line.lstrip(" ").rstrip() if number + 1 not in self.inside else line.lstrip(" ")
            return " " * self._columns[number] + _DASHES.sub(lambda dashes: "- " * dashes[0].count("-"), body, count=1)
        return self._comment(number, line.rstrip())

    def _comment(self, number: int, line: str) -> str:
        """A line with a comment alone stands where the block around it does: mostly, where the next line does."""
        if not line.lstrip().startswith("#"):
            return line
        column = _width(line)
        after = next((later for later in range(number + 1, len(self.texts)) if later in self._columns), None)
        before = next((earlier for earlier in range(number - 1, -1, -1) if earlier in self._columns), None)
        known = self._levels_at[before] if before is not None else {}
        if after is not None and (
            column not in known or column == _width(self.texts[after]) or self._opens(before, after)
        ):
            return " " * self._columns[after] + line.lstrip()
        return " " * known.get(column, column) + line.lstrip()

    def _opens(self, before: int | None, after: int) -> bool:
        """Whether the second line begins the block that the first one announces."""
        return before is not None and self._columns[after] > self._columns[before]


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
