"""A quick yes to what a JSON Schema allows, so that the validator need only be asked where something is wrong.

The validator explains; most documents have nothing to explain. What is made here of a schema says yes only where the
validator finds nothing; of a keyword that it does not know, it never says yes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from trailbell_engine.values import Json

Accept: TypeAlias = Callable[[Json], bool]
"""Whether a value is surely valid."""

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),  # 1.0 is one, too; the validator will say so
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "title", "description", "examples", "default", "$comment", "patternErrorMessage"}
)


def compile_accept(schema: Any) -> Accept:
    """The quick check of a schema."""
    if schema is True:
        return lambda _: True
    if not isinstance(schema, Mapping):
        return lambda _: False
    tests = [test for name, wanted in schema.items() if (test := _test(name, wanted, schema)) is not None]
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _test(name: str, wanted: Any, schema: Mapping[str, Any]) -> Accept | None:
    """What a keyword asks for; None if it asks for nothing by itself."""
    if name in _ANNOTATIONS or name in ("then", "else", "additionalProperties"):
        return None  # the last three belong to others
    make = _MAKERS.get(name)
    return make(wanted, schema) if make is not None else lambda _: False


def _type(wanted: Any, _: Mapping[str, Any]) -> Accept:
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = frozenset(kind for name in names for kind in _TYPES.get(name, ()))
    return lambda value: value.__class__ in kinds


def _enum(wanted: list[Json], _: Mapping[str, Any]) -> Accept:
    texts = frozenset(value for value in wanted if isinstance(value, str))
    return lambda value: value.__class__ is str and value in texts


def _const(wanted: Json, _: Mapping[str, Any]) -> Accept:
    return lambda value: value.__class__ is wanted.__class__ and value == wanted


def _if(condition: Any, schema: Mapping[str, Any]) -> Accept:
    """Where the condition is not surely met, it may be or not, so both branches must be; but a type is met or not."""
    holds = compile_accept(condition)
    then, otherwise = compile_accept(schema.get("then", True)), compile_accept(schema.get("else", True))
    if isinstance(condition, Mapping) and condition.keys() == {"type"} and "integer" not in condition["type"]:
        return lambda value: then(value) if holds(value) else otherwise(value)
    return lambda value: then(value) and (holds(value) or otherwise(value))


def _properties(wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> Accept:
    known = {name: compile_accept(part) for name, part in wanted.items()}
    other = compile_accept(schema.get("additionalProperties", True))
    return lambda value: (
        value.__class__ is not dict
        or all(known[name](part) if name in known else other(part) for name, part in value.items())
    )


def _items(wanted: Any, _: Mapping[str, Any]) -> Accept:
    each = compile_accept(wanted)
    return lambda value: value.__class__ is not list or all(map(each, value))


def _pattern(wanted: str, _: Mapping[str, Any]) -> Accept:
    search = re.compile(wanted).search
    return lambda value: value.__class__ is not str or search(value) is not None


def _of(kind: type, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Mapping[str, Any]], Accept]:
    """A keyword that asks something of one type of values, and nothing of others."""
    return lambda wanted, _: lambda value: value.__class__ is not kind or holds(value, wanted)


def _number(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Mapping[str, Any]], Accept]:
    return lambda wanted, _: lambda value: value.__class__ not in (int, float) or holds(value, wanted)


_MAKERS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Accept]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "if": _if,
    "properties": _properties,
    "items": _items,
    "pattern": _pattern,
    "required": _of(dict, lambda value, names: all(name in value for name in names)),
    "minLength": _of(str, lambda value, least: len(value) >= least),
    "maxLength": _of(str, lambda value, most: len(value) <= most),
    "minItems": _of(list, lambda value, least: len(value) >= least),
    "maxItems": _of(list, lambda value, most: len(value) <= most),
    "minProperties": _of(dict, lambda value, least: len(value) >= least),
    "maxProperties": _of(dict, lambda value, most: len(value) <= most),
    "minimum": _number(lambda value, least: value >= least),
    "maximum": _number(lambda value, most: value <= most),
    "exclusiveMinimum": _number(lambda value, least: value > least),
    "exclusiveMaximum": _number(lambda value, most: value < most),
}
