"""Prefixes and suffixes: which of many known ones a text has."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Affixes(Generic[T]):
    """Known beginnings (or ends, read backwards) of texts and what each stands for: one bisection, however many.

    In sorted order every known beginning of a text stands before the text, and what stands between the longest of them
    and the text begins like that one, too. So from the text's predecessor the way to all of them leads over links, each
    from a known text to the longest other one that it begins with.
    """

    __slots__ = ("_backwards", "_links", "_meanings", "_sorted")

    def __init__(self, known: Mapping[str, T], *, ends: bool = False) -> None:
        """Sort them; there is at least one, and none is empty."""
        self._backwards = ends
        texts = {text[::-1]: meaning for text, meaning in known.items()} if ends else known
        self._sorted = sorted(texts)
        self._meanings = [texts[text] for text in self._sorted]
        self._links: list[int] = []
        for position, text in enumerate(self._sorted):
            link = position - 1
            while link >= 0 and not text.startswith(self._sorted[link]):
                link = self._links[link]
            self._links.append(link)

    def find(self, text: str, found: list[T]) -> None:
        """Add what the text's beginnings stand for, longest first."""
        known = self._sorted
        if self._backwards:
            text = text[::-1]
        position = bisect_right(known, text) - 1
        while position >= 0:
            if text.startswith(known[position]):
                found.append(self._meanings[position])
            position = self._links[position]
