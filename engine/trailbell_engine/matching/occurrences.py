"""Occurrences: which of many known texts occur in a text, at its beginning, at its end or anywhere in it.

An Aho-Corasick automaton (Aho, Corasick 1975) finds all of them in one pass over the text, however many there are. To
it, where a text begins and where it ends are letters like others: control characters of ASCII that hardly any text has.
Whoever needs to be sure asks the text itself about what was found; nothing that occurs is ever missed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Generic, TypeVar

from ahocorasick_rs import AhoCorasick

T = TypeVar("T")

START: Final = "\x02"
"""Where a text begins: a known text that starts with it is sought there only."""
END: Final = "\x03"
"""Where a text ends, as above."""
_FEW: Final = 8
"""So many known texts are sought faster one by one: a miss costs some 40 ns each, the automaton 400 ns."""

_LONGEST: Final = 256
"""Longer texts are sought one by one."""
_SLICE: Final = 4_096
"""A text is scanned in slices of so many characters: one that repeats a known text has thousands of hits in each."""


class Occurrences(Generic[T]):
    """Known texts and what each stands for."""

    __slots__ = ("_meanings", "_odd", "_scan", "_texts")

    def __init__(self, known: Mapping[str, T]) -> None:
        """Build the automaton; none of the texts is empty."""
        self._texts = [text for text in known if _is_plain(text)] if len(known) > _FEW else []
        self._meanings = [known[text] for text in self._texts]
        plain = set(self._texts)
        self._odd = {text: meaning for text, meaning in known.items() if text not in plain}
        self._scan: Callable[[str, bool], list[tuple[int, int, int]]] = AhoCorasick(self._texts).find_matches_as_indexes

    def found(self, text: str) -> Collection[T]:
        """What the known texts in the text stand for; and where it has control characters, perhaps that of others."""
        framed = f"{START}{text}{END}"
        found = [self._odd[known] for known in self._odd if known in framed] if self._odd else []
        if self._texts:
            try:
                hits = self._scan(framed, True) if len(framed) <= _SLICE else self._sliced(framed)
            except UnicodeEncodeError:  # half a surrogate pair, which is no text to the automaton
                hits = [(number, 0, 0) for number, known in enumerate(self._texts) if known in framed]
            if hits:
                found += [self._meanings[number] for number in dict.fromkeys([hit[0] for hit in hits])]
        return found

    def _sliced(self, framed: str) -> list[tuple[int, int, int]]:
        """The hits of a long text, each known text once. Slices overlap, so that nothing is cut in two."""
        hits: dict[int, tuple[int, int, int]] = {}
        for start in range(0, len(framed), _SLICE):
            hits |= {hit[0]: hit for hit in self._scan(framed[start : start + _SLICE + _LONGEST], True)}
        return list(hits.values())


def _is_plain(text: str) -> bool:
    """Whether the automaton takes it: not half a surrogate pair, and not so long that building takes seconds."""
    return len(text) <= _LONGEST and (text.isascii() or text.encode(errors="ignore").decode() == text)
