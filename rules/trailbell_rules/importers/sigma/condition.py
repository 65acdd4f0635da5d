"""The condition of a detection: ``selection and not 1 of filter_*``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from .unsayable import Unsayable
from .values import Predicate, conjunction

_TOKEN: Final = re.compile(r"\s*(?:(?P<mark>[()|])|(?P<word>[^\s()|]+))")
_DEEPEST: Final = 50


def condition_predicate(text: str, searches: Mapping[str, Callable[[], Predicate]]) -> Predicate:
    """The predicate of a condition.

    ``not`` binds closer than ``and``, ``and`` closer than ``or``; ``1 of`` and ``any of`` are an or, ``all of`` is an
    and, over the searches whose names fit a pattern; ``them`` are all whose names do not begin with ``_``.

    Args:
        text: as written.
        searches: by name; asked when the condition names them.

    Raises:
        Unsayable: if it is no condition, or says what ours cannot.
    """
    tokens = [found["mark"] or found["word"] for found in _TOKEN.finditer(text)]
    if "|" in tokens:
        raise Unsayable("the condition aggregates with `|`, which Sigma has given up for correlations")
    parser = _Parser(tokens, searches)
    predicate = parser.either()
    if parser.left:
        raise Unsayable(f'the condition has "{parser.left[0]}" where it should end')
    return predicate


class _Parser:
    """By descent, one method per level of binding."""

    def __init__(self, tokens: Sequence[str], searches: Mapping[str, Callable[[], Predicate]]) -> None:
        self.left = list(tokens)
        self._searches = searches
        self._depth = 0

    def either(self) -> Predicate:
        parts = [self._both()]
        while self._next("or"):
            parts.append(self._both())
        return any_of(parts)

    def _both(self) -> Predicate:
        parts = [self._negated()]
        while self._next("and"):
            parts.append(self._negated())
        return conjunction(parts)

    def _negated(self) -> Predicate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unsayable(f"the condition is nested deeper than {_DEEPEST}")
        try:
            return {"not": self._negated()} if self._next("not") else self._one()
        finally:
            self._depth -= 1

    def _one(self) -> Predicate:
        if self._next("("):
            inner = self.either()
            if not self._next(")"):
                raise Unsayable("the condition has a parenthesis that is not closed")
            return inner
        if not self.left:
            raise Unsayable("the condition ends where a search should stand")
        word = self.left.pop(0)
        if self.left and self.left[0].lower() == "of" and word.lower() in ("1", "any", "all"):
            self.left.pop(0)
            return self._quantified(word.lower())
        if self.left and self.left[0].lower() == "of":
            raise Unsayable(f'"{word} of" has no counterpart: there are `1 of`, `any of` and `all of`')
        if word not in self._searches:
            raise Unsayable(f'the condition names "{word}", and the detection has no such search')
        return self._searches[word]()

    def _quantified(self, quantifier: str) -> Predicate:
        if not self.left:
            raise Unsayable(f'"{quantifier} of" says not of what')
        pattern = self.left.pop(0)
        if pattern.lower() == "them":
            names = [name for name in self._searches if not name.startswith("_")]
        else:
            names = [name for name in self._searches if fnmatchcase(name, pattern.replace("[", "[[]"))]
        if not names:
            raise Unsayable(f'no search has a name like "{pattern}"')
        parts = [self._searches[name]() for name in names]
        return conjunction(parts) if quantifier == "all" else any_of(parts)

    def _next(self, word: str) -> bool:
        if self.left and self.left[0].lower() == word:
            self.left.pop(0)
            return True
        return False


def any_of(parts: Sequence[Predicate]) -> Predicate:
    """One of the predicates, alternatives of alternatives as one list."""
    if len(parts) == 1:
        return parts[0]
    return {"any": [inner for part in parts for inner in (part["any"] if set(part) == {"any"} else [part])]}
