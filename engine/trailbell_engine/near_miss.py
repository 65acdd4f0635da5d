"""Nearly: what a person would take for the same and the engine does not, said beside a test that does not hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from .event import Event
from .operators import OPERATORS, Operator
from .operators.checks import describe
from .operators.network import parse_address
from .path import Path, Root, elements
from .predicate import Test
from .timestamps import parse_time
from .values import Json, canonical

_ENTRIES_COMPARED: Final = 10_000
"""A longer list is not searched for what somebody may have meant."""
_ALIKE: Final = 0.88
"""A likeness of names; `source` and `source_ip`, which are two fields, have 0.8."""

_Fits: TypeAlias = tuple[str, Callable[[Json], bool]]

_STRING: Final[_Fits] = ("a string", lambda value: isinstance(value, str))
_ARRAY: Final[_Fits] = ("an array", lambda value: isinstance(value, list))
_TIME: Final[_Fits] = ("a time", lambda value: isinstance(value, str) and parse_time(value) is not None)
# What can be compared with anything can be compared with itself.
_ORDERED: Final[_Fits] = ("a number or a time", lambda value: OPERATORS["gte"].holds(value, value, False))
_NEEDS: Final[Mapping[str, _Fits]] = {
    **dict.fromkeys(("starts_with", "ends_with", "matches", "glob"), _STRING),
    **dict.fromkeys(("any_element", "every_element"), _ARRAY),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _ORDERED),
    **dict.fromkeys(("during", "outside"), _TIME),
    "cidr": ("an IP address", lambda value: parse_address(value) is not None),
    "contains": ("a string or an array", lambda value: isinstance(value, str | list)),
    "length": ("a string, an array or an object", lambda value: isinstance(value, str | list | dict)),
}
"""What operators look at; anything else they pass over."""


def near_miss(test: Test, found: Sequence[Json], event: Event, here: Json = None) -> str:
    """A remark on a test that does not hold: what is nearly right about it. The empty string if nothing is.

    Args:
        test: it does not hold for the event.
        found: what its path reached; nothing means MISSING.
        event: the event.
        here: where the path starts, if not at the event: an element.
    """
    if not found:
        inside = here is not None and here is not event.data
        return _misspelt(test.path, here if inside else event.data, "the element" if inside else "the event")
    operator = OPERATORS[test.operator]
    values = list(found) if operator.whole else [scalar for value in found for scalar in elements(value)]
    for value in values:
        remark = _nearly(operator, test, value) or _kind(test.operator, value)
        if remark:
            return remark
    return ""


def _misspelt(path: Path, start: Json, whose: str) -> str:
    """A field of nearly that name, where the path first fails."""
    if path.root is not Root.HERE:
        return ""
    here = start
    for depth, segment in enumerate(path.segments):
        if not isinstance(here, dict) or not isinstance(segment, str):
            return ""
        if segment not in here:
            dotted = ".".join(map(str, path.segments[depth:]))
            if dotted in here:
                return f"{whose} has {canonical(dotted)}: a name with dots in it is quoted"
            near = _alike(segment, here)
            return f"{whose} has {canonical(near)}" if near else ""
        here = here[segment]
    return ""


def _alike(name: str, names: Iterable[str]) -> str | None:
    by_form = {_form(other): other for other in names}
    close = get_close_matches(_form(name), by_form, n=1, cutoff=_ALIKE)
    return by_form[close[0]] if close else None


def _form(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _kind(operator: str, value: Json) -> str:
    if operator not in _NEEDS:
        return ""
    words, fits = _NEEDS[operator]
    if fits(value):
        return ""
    return f"it is {describe(value)}, not {words}"


def _nearly(operator: Operator, test: Test, value: Json) -> str:
    if operator.operand != "value" or test.operator in ("exists", "during", "outside"):
        return ""
    if isinstance(test.operand, tuple) and len(test.operand) > _ENTRIES_COMPARED:
        return ""

    def holds(change: Callable[[Json], Json], *, fold: bool = test.fold) -> bool:
        # A pattern or a network is not changed: white space may be what it is about.
        operand = test.operand if operator.name in ("matches", "glob", "cidr") else _each(test.operand, change)
        return operator.holds(change(value), operand, fold)

    for words, change in _CHANGES:
        if holds(change):
            return words
        if operator.folds and not test.fold and holds(change, fold=True):
            return f"{words} and in case" if change is not _same else "it differs only in case"
    return _other_type(value, test.operand) if holds(_as_text) else ""


def _each(operand: Any, change: Callable[[Json], Json]) -> Any:
    return tuple(map(change, operand)) if isinstance(operand, tuple) else change(operand)


def _same(value: Json) -> Json:
    return value


def _stripped(value: Json) -> Json:
    return " ".join(value.split()) if isinstance(value, str) else value


def _seen(value: Json) -> Json:
    """What is seen of a text: no zero-width and direction marks, and one form of every letter."""
    if not isinstance(value, str):
        return value
    plain = unicodedata.normalize("NFKC", value)
    return _stripped("".join(mark for mark in plain if unicodedata.category(mark) != "Cf"))


def _as_text(value: Json) -> Json:
    return value if isinstance(value, str | list | dict) else canonical(value)


_CHANGES: Final[tuple[tuple[str, Callable[[Json], Json]], ...]] = (
    ("it differs only in case", _same),
    ("it differs only in white space", _stripped),
    ("it differs only in characters that cannot be seen or look alike", _seen),
)


def _other_type(value: Json, operand: Any) -> str:
    entries = operand if isinstance(operand, tuple) else (operand,)
    alike = [describe(entry) for entry in entries if _as_text(entry) == _as_text(value)]
    return f"it is {describe(value)}, and the rule has {alike[0] if alike else 'another type'}"
