"""JSON values, and the two questions that every operator asks of them: is it there, are they equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

Json: TypeAlias = Any
"""A decoded JSON value: None, bool, int, float, str, list or dict with string keys."""


class _Missing(Enum):
    """A type of one value, so that type checkers can tell MISSING from every JSON value."""

    MISSING = "MISSING"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""What a path finds where the event has nothing. It is not null: null is a value that is there."""

Missing: TypeAlias = Literal[_Missing.MISSING]


def json_equal(left: Json, right: Json) -> bool:
    """Equality of JSON values: numbers by value (1 is 1.0), booleans only with booleans, strings exactly.

    Python's own ``==`` says ``True == 1``; an audit rule must not.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(json_equal(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(json_equal, left, right))
    return bool(left == right)


def identity(value: Json) -> Any:
    """A hashable stand-in for a JSON value: two values share it exactly if ``json_equal`` holds.

    For scalars it costs next to nothing (most are their own stand-in), so sets and dictionaries can be keyed by it.
    """
    if value.__class__ is bool:
        return ("bool", value)
    if isinstance(value, list):
        return ("list", *map(identity, value))
    if isinstance(value, dict):
        return ("dict", *sorted((name, identity(item)) for name, item in value.items()))
    return value


def canonical(value: Json) -> str:
    """One text for one JSON value: keys sorted, no spaces, numbers by value. What ids and versions are hashed from."""
    return _written(_plain(value))


_written: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _plain(value: Json) -> Json:
    kind = value.__class__
    if kind is str or kind is int or kind is bool:  # nearly all; the rest is asked after at length
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
