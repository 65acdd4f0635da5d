"""The filters and tests a template may use. Each takes JSON values and gives text or numbers no larger than it got."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import jinja2
from jinja2.tests import TESTS as _JINJA_TESTS

from .text import fit

_RESULT_LIMIT: Final = 64 * 1024
_DIGITS: Final = 15


def _text(value: Any) -> str:
    if isinstance(value, str | jinja2.Undefined):
        return str(value)  # a missing field raises here
    return json.dumps(value, ensure_ascii=False)


def _bounded(text: str) -> str:
    if len(text) > _RESULT_LIMIT:
        raise ValueError(f"a filter gave more than {_RESULT_LIMIT} characters")
    return text


def _default(value: Any, fallback: Any = "", falsy: bool = False) -> Any:
    return fallback if isinstance(value, jinja2.Undefined) or (falsy and not value) else value


def _replace(value: Any, old: str, new: str) -> str:
    text = _text(value)
    if len(text) + text.count(old) * len(new) > 2 * _RESULT_LIMIT:
        raise ValueError(f"a filter gave more than {_RESULT_LIMIT} characters")
    return _bounded(text.replace(old, new))


def _join(value: Any, between: str = ", ") -> str:
    parts = [_text(part) for part in ([value] if isinstance(value, str) else value)]
    if sum(map(len, parts)) + len(between) * len(parts) > 2 * _RESULT_LIMIT:
        raise ValueError(f"a filter gave more than {_RESULT_LIMIT} characters")
    return _bounded(between.join(parts))


def _truncate(value: Any, length: int = 80) -> str:
    return fit(_text(value), max(1, length))


def _round(value: float, digits: int = 0) -> float:
    rounded = round(value, max(-_DIGITS, min(digits, _DIGITS)))
    return int(rounded) if digits <= 0 else rounded


def _first(value: Any) -> Any:
    return next(iter(value))


def _last(value: Any) -> Any:
    return list(value)[-1]


def _sorted(value: Any) -> list[Any]:
    return sorted(value, key=_text)


def _unique(value: Any) -> list[Any]:
    return list({_text(item): item for item in value}.values())


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "capitalize": lambda value: _text(value).capitalize(),
    "count": len,
    "d": _default,
    "default": _default,
    "first": _first,
    "float": float,
    "int": int,
    "join": _join,
    "last": _last,
    "length": len,
    "lower": lambda value: _text(value).lower(),
    "replace": _replace,
    "round": _round,
    "sort": _sorted,
    "string": _text,
    "title": lambda value: _text(value).title(),
    "tojson": lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True),
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "unique": _unique,
    "upper": lambda value: _text(value).upper(),
}
TESTS: Final[Mapping[str, Callable[..., Any]]] = {
    name: cast("Callable[..., Any]", _JINJA_TESTS[name])
    for name in (
        "boolean", "defined", "even", "false", "in", "iterable", "mapping", "none", "number", "odd", "sequence",
        "string", "true", "undefined", "eq", "equalto", "ne", "gt", "greaterthan", "ge", "lt", "lessthan", "le",
    )
}  # fmt: skip
