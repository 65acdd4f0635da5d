"""What of a match was met, in one line with the values read: ``event_type LOGIN · country KP not in GB``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from .compile import compile_predicate
from .event import Event
from .phrases import phrase, value_text
from .predicate import AllOf, AnyOf, Not, Predicate, Test, to_json
from .readers import Reader, Several, reader
from .values import MISSING, Json

LIMIT: Final = 200
"""Characters of a description."""
_JOINT: Final = " · "
_VALUES_SAID: Final = 2
_VALUES_READ: Final = 10


def compile_description(node: Predicate) -> Callable[[Event], str]:
    """A function: why the predicate holds for an event, of alternatives the first that is met; each field once.

    At most ``LIMIT`` characters; what does not fit is counted at the end. What can be said without an event is said
    here, once for all of them.
    """
    settle = _compile(node)

    def describe(event: Event) -> str:
        by_field: dict[str, tuple[Reader, list[str]]] = {}
        for name, read, words in settle(event)[1]:
            by_field.setdefault(name, (read, []))[1].append(words)
        parts = [_field(name, read(event.data, event), words) for name, (read, words) in by_field.items()]
        return _fitted(parts) if parts else "every event matches"

    return describe


class _Said(NamedTuple):
    """A test that helped to settle a predicate: its field, how that is read, and words; the value may say it all."""

    name: str
    read: Reader
    words: str


_Settle: TypeAlias = Callable[[Event], tuple[bool, list[_Said]]]
"""Whether a predicate holds for an event, and the tests that settle it: one alternative where several would do."""


def _compile(node: Predicate) -> _Settle:
    match node:
        case AllOf(parts):
            return _until([_compile(part) for part in parts], settled_by=False)
        case AnyOf(parts):
            return _until([_compile(part) for part in parts], settled_by=True)
        case Not(part):
            return _negated(_compile(part))
        case Test():
            return _test(node)


def _until(parts: list[_Settle], *, settled_by: bool) -> _Settle:
    """The first part that comes out so settles it; if none does, they all had their share."""

    def settle(event: Event) -> tuple[bool, list[_Said]]:
        everything: list[_Said] = []
        for part in parts:
            holds, said = part(event)
            if holds is settled_by:
                return holds, said
            everything += said
        return not settled_by, everything

    return settle


def _negated(part: _Settle) -> _Settle:
    def settle(event: Event) -> tuple[bool, list[_Said]]:
        holds, said = part(event)
        return not holds, said

    return settle


def _test(test: Test) -> _Settle:
    holds_for, operand = compile_predicate(test), to_json(test.operand)
    name, read = str(test.path), reader(test.path)

    def said(*, holds: bool) -> list[_Said]:
        plain = test.operator == "exists" or (holds and test.operator in ("equals", "in"))
        words = "" if plain else phrase(test.operator, operand, negated=not holds, fold=test.fold)
        return [_Said(name, read, words)]

    if_not, if_so = said(holds=False), said(holds=True)

    def settle(event: Event) -> tuple[bool, list[_Said]]:
        return (True, if_so) if holds_for(event) else (False, if_not)

    return settle


def _field(name: str, found: Any, said: Iterable[str]) -> str:
    words = ", ".join(filter(None, said))
    if found is MISSING:
        return f"{name} missing, {words}" if words else f"{name} missing"
    read = _values(found[:_VALUES_READ] if found.__class__ is Several else [found])
    return f"{name} {read} {words}" if words else f"{name} {read}"


def _values(values: list[Json]) -> str:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    said = ", ".join(value_text(value) for value in flat[:_VALUES_SAID])
    return (said if len(flat) <= _VALUES_SAID else f"{said}, …") or "[]"


def _fitted(parts: list[str]) -> str:
    text = _JOINT.join(parts)
    if len(text) <= LIMIT:
        return text
    for kept in range(len(parts) - 1, 0, -1):
        text = f"{_JOINT.join(parts[:kept])}{_JOINT}{len(parts) - kept} more"
        if len(text) <= LIMIT:
            return text
    return parts[0][: LIMIT - 1] + "…"
