"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: object, candidates: Iterable[str]) -> str | None:
    """The candidate that the word is most likely a slip of, or None. Case, dashes and underscores count for little."""
    if not isinstance(word, str) or len(word) > 100:
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


def listed(words: Iterable[object], last: str = "or") -> str:
    """Words for a sentence: ``a, b or c``."""
    *head, tail = (str(word) for word in words)
    return f"{', '.join(head)} {last} {tail}" if head else tail
