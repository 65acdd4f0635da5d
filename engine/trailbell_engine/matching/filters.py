"""Filters: what a text must have to lead anywhere, where asking for that costs less than looking the text up.

Texts that were looked up are remembered. But of many of them most are far away in memory, and what was never seen must
be found out about. Where the rules of an event type ask little of a field, the text itself is asked: does it start with
one of these, does it contain that. A filter lets pass more than leads somewhere, and never less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.operators.addresses import Span
from trailbell_engine.operators.network import spans
from trailbell_engine.predicate import Test

from .anchors import is_listed
from .texts import TEXT_OPERATORS, is_folded, parts_of, pieces_of

_ENOUGH_NS: Final = 200
"""To look up a text takes 50 to 250 ns if it is remembered, by where it lies, and 2,000 if not. With 300 here what is
asked of names costs more than remembering them where one in ten is new (``benchmarks/scale.py``, 1,000 rules)."""
_EXACT_NS: Final = 40
_PIECE_NS: Final = 20
_ENDS_NS: Final = 56
_FOLD_NS: Final = 60
_HEAD_NS: Final = 75
_FEW: Final = 3
"""So few beginnings are sought faster anywhere in the text than at its start."""
_HEAD: Final = 7
"""Characters of the shortest IPv4 address; the first of the colons of IPv6 is among them, too."""
_HEADS: Final = 4_096
"""So many beginnings of addresses are kept for a field of an event type."""

_IPV4: Final = 1 << 32
_A, _B, _C = 1 << 24, 1 << 16, 1 << 8
"""The addresses that share the first number, the first two, the first three."""


class _TooMuchError(Exception):
    """More than is asked quickly, or nothing that a text can be asked for."""


@dataclass(slots=True)
class _Form:
    """What is asked of a text as it stands, or of its case-folded form: one of it must hold."""

    exact: set[str] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    pieces: set[str] = field(default_factory=set)

    def add(self, test: Test) -> None:
        """Take in a test of text, in this form."""
        for part in parts_of(test, folded=is_folded(test)):
            if part.operator == "equals":
                self.exact.add(part.operand)
                continue
            required = (part.operand[0],) if part.operator in ("starts_with", "ends_with") else pieces_of(part)
            if required is None:
                raise _TooMuchError
            known = {"starts_with": self.starts, "ends_with": self.ends}.get(part.operator, self.pieces)
            known.update(required)

    def cost_ns(self) -> int:
        """About what asking takes."""
        ends = sum(min(_PIECE_NS * len(texts), _ENDS_NS + 2 * len(texts)) for texts in (self.starts, self.ends))
        return _EXACT_NS * bool(self.exact) + ends + _PIECE_NS * len(self.pieces)

    def names(self, mark: str) -> dict[str, Any]:
        """What the questions refer to."""
        starts, ends = tuple(sorted(self.starts)), tuple(sorted(self.ends))
        return {f"exact{mark}": frozenset(self.exact), f"starts{mark}": starts, f"ends{mark}": ends}

    def questions(self, text: str, mark: str) -> Iterator[str]:
        """Expressions in Python about the text in a variable."""
        if self.exact:
            yield f"{text} in exact{mark}"
        pieces = set(self.pieces)
        for known, question in ((self.starts, f"startswith(starts{mark})"), (self.ends, f"endswith(ends{mark})")):
            if len(known) < _FEW:
                pieces |= known
            else:
                yield f"{text}.{question}"
        yield from (f"{piece!r} in {text}" for piece in sorted(pieces))


class Filter:
    """What texts must have to meet one of some tests."""

    __slots__ = ("_folded", "_heads", "_plain")

    def __init__(self, plain: _Form, folded: _Form, heads: set[str] | None) -> None:
        """Note what is asked.

        Args:
            plain: of the text as it stands.
            folded: of its case-folded form.
            heads: the first characters of IPv4 addresses in networks; None if no network is sought.
        """
        self._plain = plain
        self._folded = folded
        self._heads = heads

    def names(self, mark: str) -> dict[str, Any]:
        """What the condition refers to, each name with the mark behind it."""
        return {**self._plain.names(mark), **self._folded.names(f"_folded{mark}"), f"heads{mark}": self._heads}

    def condition(self, text: str, mark: str) -> str:
        """The expression in Python, with the text in a variable."""
        asked = list(self._plain.questions(text, mark))
        if in_folded := list(self._folded.questions("folded", f"_folded{mark}")):
            asked += [f"not (folded := {text}.casefold())", *in_folded]
        if self._heads is not None:
            asked.append(f"(head := {text}[:{_HEAD}]) in heads{mark} or ':' in head")
        return " or ".join(asked) or "False"  # only elements of arrays are sought, such as numbers


def filter_of(tests: Iterable[Test]) -> Filter | None:
    """What a text must have to meet one of the tests of a field; None if that is too much to ask, or nothing."""
    plain, folded = _Form(), _Form()
    heads: set[str] | None = None
    try:
        for test in tests:
            if is_listed(test):
                return None
            if test.operator == "cidr":
                heads = set() if heads is None else heads
                for network in spans(test.operand):
                    _add_network(network, heads, plain.starts)
            elif test.operator in TEXT_OPERATORS:
                (folded if is_folded(test) else plain).add(test)
            else:
                return None
            folding_ns = folded.cost_ns()
            cost_ns = plain.cost_ns() + folding_ns + (folding_ns and _FOLD_NS) + (0 if heads is None else _HEAD_NS)
            if cost_ns > _ENOUGH_NS:
                return None
    except _TooMuchError:
        return None
    return Filter(plain, folded, heads)


def _add_network(network: Span, heads: set[str], starts: set[str]) -> None:
    """The first characters of a network's IPv4 addresses: ``heads``, or shorter ``starts`` if it is large."""
    first, after = network[0], min(network[1], _IPV4)
    while first < after:
        for size, numbers in ((_A, 1), (_B, 2)):
            if first % size == 0 and first + size <= after:
                starts.add(_numbers(first, numbers))
                first += size
                break
        else:
            start = _numbers(first, 3)
            heads.update((start[:_HEAD],) if len(start) >= _HEAD else (f"{start}{digit}" for digit in range(10)))
            first += _C - first % _C
        if len(starts) + len(heads) > _HEADS:
            raise _TooMuchError


def _numbers(address: int, count: int) -> str:
    """The first numbers of an IPv4 address, each with the dot behind it."""
    return "".join(f"{address >> shift & 255}." for shift in (24, 16, 8)[:count])
