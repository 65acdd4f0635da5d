"""Literals: pieces of plain text of which every text that fits a pattern contains one.

Seeking them costs far less than running a pattern. What is not understood with certainty has none, and the pattern is
run on every new value. Syntax: https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

SHORTEST: Final = 3
"""Shorter pieces are in too many texts."""
_MOST: Final = 32
"""More alternatives than this are not told apart."""
_DEEPEST: Final = 50

_ESCAPED_CLASS: Final = "dDsSwW"
_ESCAPED_PLACE: Final = "bBAz"
_ESCAPED_CONTROL: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_FLAGS: Final = re.compile(r"\?([imsU]*(?:-[imsU]+)?)([:)])")
_NAME: Final = re.compile(r"\?P?<\w+>")
_TIMES: Final = re.compile(r"\{(\d+)(?:,\d*)?\}")


class Required(NamedTuple):
    """One of the texts is in every text that fits; in its case-folded form if ``folded``."""

    texts: frozenset[str]
    folded: bool


def of_pattern(source: str, *, fold: bool) -> Required | None:
    """What a valid RE2 pattern requires; None if that is nothing, or not known.

    Args:
        source: the pattern.
        fold: it is run without case.
    """
    parser = _Parser(source)
    try:
        need = parser.alternatives(0).required()
    except _NotUnderstoodError:
        return None
    return _usable(need, fold=fold or parser.ignores_case)


def of_glob(glob: str, *, fold: bool) -> Required | None:
    """What a glob requires: the longest of its plain pieces."""
    pieces = [piece for piece in re.split(r"[*?]", glob) if piece.isascii() or not fold]
    return _usable(frozenset({max(pieces, key=len, default="")}), fold=fold)


def of_any(found: Iterable[Required | None]) -> Required | None:
    """What is required where any of several must fit."""
    texts, folded = frozenset[str](), set[bool]()
    for required in found:
        if required is None:
            return None
        texts |= required.texts
        folded.add(required.folded)
    if len(folded) == 2:
        texts = frozenset(text.lower() for text in texts) if all(map(str.isascii, texts)) else frozenset({""})
    return _usable(texts, fold=True in folded)


def _usable(texts: frozenset[str] | None, *, fold: bool) -> Required | None:
    if not texts or min(map(len, texts)) < SHORTEST:
        return None
    if not fold:
        return Required(texts, folded=False)
    # RE2 folds letter by letter. Of ASCII letters all forms (the Kelvin sign is a K) have the same `str.casefold`.
    return Required(frozenset(map(str.lower, texts)), folded=True) if all(map(str.isascii, texts)) else None


class _NotUnderstoodError(Exception):
    """Something in the pattern is beyond this reader."""


class _Piece(NamedTuple):
    """What is known of a part of a pattern.

    Attributes:
        exact: all texts that fit it; None if they are too many to say.
        need: one of them is in whatever fits; None if nothing is known.
    """

    exact: frozenset[str] | None = None
    need: frozenset[str] | None = None

    def required(self) -> frozenset[str] | None:
        """The better of both."""
        return _better(self.need, self.exact)


_ANYTHING: Final = _Piece()
_EMPTY: Final = _Piece(exact=frozenset({""}))


def _better(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return max((one, other), key=lambda texts: (min(map(len, texts)), -len(texts)) if texts else (-1, 0))


class _Parser:
    """Reads a pattern from left to right, by recursive descent."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self.ignores_case = False

    def alternatives(self, depth: int) -> _Piece:
        """Up to the closing parenthesis or the end."""
        if depth > _DEEPEST:
            raise _NotUnderstoodError
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]
        return _Piece(_joined([branch.exact for branch in branches]), _joined([one.required() for one in branches]))

    def _sequence(self, depth: int) -> _Piece:
        run, best, whole = frozenset({""}), None, True
        while self._peek() not in ("|", ")", ""):
            piece = self._times(self._atom(depth))
            if piece.exact is not None and len(run) * len(piece.exact) <= _MOST:
                run = frozenset(left + right for left in run for right in piece.exact)
            else:
                best, run, whole = _better(_better(best, run), piece.required()), frozenset({""}), False
        return _Piece(run if whole else None, _better(best, run))

    def _times(self, piece: _Piece) -> _Piece:
        mark = self._peek()
        if mark == "{":
            times = _TIMES.match(self._source, self._at)
            if times is None:
                raise _NotUnderstoodError
            self._at = times.end()
            least = int(times[1])
        elif mark in ("*", "?", "+") and mark:
            self._at += 1
            least = int(mark == "+")
        else:
            return piece
        if self._peek() == "?":
            self._at += 1
        return _Piece(need=piece.required()) if least else _ANYTHING

    def _atom(self, depth: int) -> _Piece:
        character = self._take()
        match character:
            case "(":
                return self._group(depth)
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
            case ".":
                return _ANYTHING
            case "^" | "$":
                return _EMPTY
            case "{" | "*" | "+" | "?":
                raise _NotUnderstoodError
        return _Piece(exact=frozenset({character}))

    def _group(self, depth: int) -> _Piece:
        if self._peek() == "?":
            flags = _FLAGS.match(self._source, self._at)
            opening = flags or _NAME.match(self._source, self._at)
            if opening is None:
                raise _NotUnderstoodError
            self._at = opening.end()
            if flags is not None:
                self.ignores_case |= "i" in flags[1].partition("-")[0]
                if flags[2] == ")":
                    return _EMPTY
        inside = self.alternatives(depth + 1)
        self._take()
        return inside

    def _class(self) -> _Piece:
        if self._peek() == "^":
            self._at += 1
        if self._peek() == "]":
            self._at += 1
        while (character := self._take()) != "]":
            if character == "\\" and self._take() == "Q":
                raise _NotUnderstoodError
            if character == "[" and self._peek() == ":":
                self._at = self._source.find(":]", self._at) + 2
                if self._at == 1:
                    raise _NotUnderstoodError
        return _ANYTHING

    def _escaped(self) -> _Piece:
        character = self._take()
        if character in _ESCAPED_CLASS:
            return _ANYTHING
        if character in _ESCAPED_PLACE:
            return _EMPTY
        if character in _ESCAPED_CONTROL:
            return _Piece(exact=frozenset({_ESCAPED_CONTROL[character]}))
        if character.isascii() and not character.isalnum() and character != "_":
            return _Piece(exact=frozenset({character}))
        raise _NotUnderstoodError

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._source):
            raise _NotUnderstoodError
        self._at += 1
        return self._source[self._at - 1]


def _joined(several: list[frozenset[str] | None]) -> frozenset[str] | None:
    """The union; None if a part is not known, or they are too many."""
    union = frozenset[str]()
    for texts in several:
        if texts is None:
            return None
        union |= texts
    return union if len(union) <= _MOST else None
