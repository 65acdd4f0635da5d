"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Final

_LONGEST: Final = 100
"""Characters of a word for which another is looked for: a longer one is no slip of the pen."""


def nearest(word: object, candidates: Iterable[str]) -> str | None:
    """The candidate that the word is most likely a slip of, or None. Case, dashes and underscores count for little."""
    if not isinstance(word, str) or len(word) > _LONGEST:
        return None
    by_form = {_form(candidate): candidate for candidate in candidates}
    form = _form(word)
    turned = [other for other in by_form if sorted(other) == sorted(form)]  # `fro`: too short to be alike by a share
    found = turned or get_close_matches(form, by_form, n=1, cutoff=0.7)
    return by_form[found[0]] if found else None


def _form(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def did_you_mean(word: object, candidates: Iterable[str]) -> str:
    """The question for a label, or the empty string."""
    found = nearest(word, candidates)
    return f'did you mean "{found}"?' if found else ""


class Alike:
    """The known words that others were most likely meant to be, for a bounded amount of work.

    A megabyte can hold fifty thousand slips, and a source a thousand fields. When the work is done up, nothing is alike
    any more.
    """

    _LENGTH, _LETTERS, _ORDER = 1, 10, 50  # what a comparison by length, by letters and by their order costs
    _REMEMBERED = 8

    def __init__(self, work: int = 300_000) -> None:
        """Set the work: some 2 µs each at most, so the default ends within a second on any machine."""
        self._left = work
        self._answers: dict[tuple[int, float], tuple[Sequence[str], dict[str, tuple[float, str]]]] = {}

    def nearest(self, word: str, cutoff: float, *known: Sequence[str]) -> str:
        """The known word that is most like it, of equals the first; the empty string if none is.

        Args:
            word: to find another for.
            cutoff: the least likeness that counts, from 0 to 1.
            known: each in a settled order; for the same words best the same object, whose answers are remembered.
        """
        if len(word) > _LONGEST:
            return ""
        return max((self._among(word, cutoff, group) for group in known), key=lambda found: found[0], default=_NONE)[1]

    def _among(self, word: str, cutoff: float, known: Sequence[str]) -> tuple[float, str]:
        if (id(known), cutoff) not in self._answers:
            if len(self._answers) >= self._REMEMBERED:
                self._answers.clear()
            self._answers[id(known), cutoff] = (known, {})  # held, so that no other object gets this id
        answers = self._answers[id(known), cutoff][1]
        if word not in answers:
            answers[word] = self._search(word, cutoff, known)
        return answers[word]

    def _search(self, word: str, cutoff: float, known: Sequence[str]) -> tuple[float, str]:
        best = _NONE
        if self._left < 0:
            return best
        matcher = SequenceMatcher(b=word)
        for other in known:
            self._left -= self._LENGTH
            if self._left < 0:
                break
            least = max(cutoff, best[0])
            if 2 * min(len(word), len(other)) < least * (len(word) + len(other)):
                continue
            matcher.set_seq1(other)
            self._left -= self._LETTERS
            if matcher.quick_ratio() < least:
                continue
            self._left -= self._ORDER
            ratio = matcher.ratio()
            if ratio >= cutoff and ratio > best[0]:
                best = (ratio, other)
        return best


_NONE: Final = (0.0, "")


def listed(words: Iterable[object], last: str = "or") -> str:
    """Words for a sentence: ``a, b or c``."""
    *head, tail = (str(word) for word in words)
    return f"{', '.join(head)} {last} {tail}" if head else tail
