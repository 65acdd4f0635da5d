"""Prefixes and suffixes: which of many known ones a text has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Affixes(Generic[T]):
    """Known beginnings (or ends) of texts and what each stands for: one look-up for each length that occurs."""

    __slots__ = ("_by_length",)

    def __init__(self, known: Mapping[str, T], *, ends: bool = False) -> None:
        """Sort by length; none is empty."""
        by_length: dict[int, dict[str, T]] = {}
        for text, meaning in known.items():
            by_length.setdefault(len(text), {})[text] = meaning
        self._by_length = [
            (length, slice(-length, None) if ends else slice(length), by_length[length]) for length in sorted(by_length)
        ]

    def find(self, text: str, found: list[T]) -> None:
        """Add what the text's beginnings stand for, shortest first."""
        longest = len(text)
        for length, part, known in self._by_length:
            if length > longest:
                return
            meaning = known.get(text[part])
            if meaning is not None:
                found.append(meaning)
