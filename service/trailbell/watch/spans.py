"""Stretches of time, half open, and what can be done with sets of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """``[from_us, until_us)``, in microseconds since the epoch, UTC."""

    from_us: int
    until_us: int

    @property
    def us(self) -> int:
        """How long it is."""
        return self.until_us - self.from_us


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time in as few spans as can be, in order: what overlaps or touches is one, what is empty is none."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.from_us < span.until_us):
        if merged and span.from_us <= merged[-1].until_us:
            merged[-1] = Span(merged[-1].from_us, max(merged[-1].until_us, span.until_us))
        else:
            merged.append(Span(*span))
    return merged


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The time of the spans that lies in no hole."""
    left = union(spans)
    for hole in union(holes):
        left = [part for span in left for part in _cut(span, hole)]
    return left


def within(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The time that lies in both."""
    spans = union(spans)
    return without(spans, without(spans, others))


def total_us(spans: Iterable[Span]) -> int:
    """How long all of them are together; time that is in several counts once."""
    return sum(span.us for span in union(spans))


def shares(spans: Sequence[Span], window: Span, parts: int) -> list[float]:
    """A window cut into equal parts: how much of each lies in the spans, from 0 to 1."""
    edges = [window.from_us + window.us * number // parts for number in range(parts + 1)]
    cells = [Span(first, after) for first, after in pairwise(edges)]
    merged = union(spans)
    return [total_us(_clip(merged, cell)) / cell.us if cell.us else 0.0 for cell in cells]


def _clip(spans: Sequence[Span], window: Span) -> list[Span]:
    return [
        Span(max(span.from_us, window.from_us), min(span.until_us, window.until_us))
        for span in spans
        if span.from_us < window.until_us and window.from_us < span.until_us
    ]


def _cut(span: Span, hole: Span) -> list[Span]:
    if hole.until_us <= span.from_us or span.until_us <= hole.from_us:
        return [span]
    parts = (Span(span.from_us, hole.from_us), Span(hole.until_us, span.until_us))
    return [part for part in parts if part.from_us < part.until_us]
