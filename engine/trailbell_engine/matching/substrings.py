"""Substrings: which of many known texts occur in a text, in one pass over it.

Few known texts are sought one by one. Of many, each is noted under some of its *grams*, pieces of a fixed length, so
that wherever it occurs one of them begins at a multiple of the stride. A text's grams at those places lead to the few
known texts that are then sought.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final, Generic, TypeVar

from trailbell_engine.operators.memo import LONGEST

T = TypeVar("T")

_FEW: Final = 24
"""So many known texts are sought faster one by one: a miss costs some 40 ns each."""
_SIZES: Final = ((7, 5), (3, 3))
"""From which length on texts are noted under grams of which length; shorter texts are sought one by one."""


class Substrings(Generic[T]):
    """Known texts and what each stands for."""

    __slots__ = ("_grams", "_known", "_singly")

    def __init__(self, known: Mapping[str, T]) -> None:
        """Sort the texts by what finds them; none is empty."""
        self._known = known
        rest = sorted(known)
        self._grams = []
        for shortest, size in _SIZES:
            long = [text for text in rest if len(text) >= shortest]
            if len(long) > _FEW:
                self._grams.append(_Grams(long, size, shortest - size + 1))
                rest = [text for text in rest if len(text) < shortest]
        self._singly = rest

    def found(self, text: str) -> list[T]:
        """What the known texts in the text stand for."""
        found = [known for known in self._singly if known in text] if self._singly else []
        for grams in self._grams:
            candidates = grams.candidates(text)
            if candidates:
                found += [known for known in candidates if known in text]
        return [self._known[known] for known in found] if found else []


class _Grams:
    """Texts of at least ``size + stride - 1`` characters by ``stride`` consecutive grams of each."""

    __slots__ = ("_noted", "_size", "_stride")

    def __init__(self, texts: Iterable[str], size: int, stride: int) -> None:
        self._size = size
        self._stride = stride
        self._noted: dict[str, list[str]] = {}
        for text in texts:
            for gram in self._rarest(text):
                self._noted.setdefault(gram, []).append(text)

    def candidates(self, text: str) -> Collection[str]:
        """The texts of which a gram stands at a multiple of the stride; those that occur are among them."""
        cut = _usual_cuts if len(text) <= LONGEST else _cuts
        cuts = cut(len(text), self._size, self._stride)
        if self._noted.keys().isdisjoint(map(text.__getitem__, cuts)):  # nearly always, and found out without a loop
            return ()
        met = self._noted.keys() & set(map(text.__getitem__, cuts))
        return {known for gram in met for known in self._noted[gram]}

    def _rarest(self, text: str) -> list[str]:
        """The consecutive grams of which the most common has the fewest texts so far: ``www.`` says little."""
        size, stride = self._size, self._stride
        grams = [text[place : place + size] for place in range(len(text) - size + 1)]
        crowds = [len(self._noted.get(gram, ())) for gram in grams]
        start = min(range(len(grams) - stride + 1), key=lambda first: max(crowds[first : first + stride]))
        return list(dict.fromkeys(grams[start : start + stride]))


def _cuts(length: int, size: int, stride: int) -> tuple[slice, ...]:
    """Where the grams stand that are looked at in a text of that length."""
    return tuple(slice(place, place + size) for place in range(0, length - size + 1, stride))


_usual_cuts = lru_cache(maxsize=2 * LONGEST)(_cuts)
