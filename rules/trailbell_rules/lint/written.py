"""Walking a rule as it is written, before it means anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_engine.conditions import BY, CONDITIONS
from trailbell_engine.operators import OPERATORS
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place

_NAMING: Final = ("equals", "in", "not_equals", "not_in")


def operands(value: Json, place: Place, operator: str) -> Iterator[tuple[Place, Json]]:
    """Every operand of an operator in a predicate, at any depth, with its place."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name == operator and not isinstance(entry, dict):
                yield (*place, name), entry
            else:
                yield from operands(entry, (*place, name), operator)
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from operands(entry, (*place, position), operator)


def event_types(value: Json, place: Place) -> Iterator[tuple[Place, str]]:
    """Every kind of event that a predicate or a condition names, with its place."""
    if isinstance(value, list):
        for position, entry in enumerate(value):
            yield from event_types(entry, (*place, position))
    elif isinstance(value, dict):
        for name, entry in value.items():
            if name == "event_type":
                yield from _kinds(entry, (*place, name))
            else:
                yield from event_types(entry, (*place, name))


def _kinds(value: Json, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        yield from (((*place, position), entry) for position, entry in enumerate(value) if isinstance(entry, str))
    elif isinstance(value, dict):
        for name in (*_NAMING, "not"):
            if name in value and not (name in ("in", "not_in") and isinstance(value[name], str)):
                yield from _kinds(value[name], (*place, name))


def paths(document: Document) -> Iterator[tuple[Place, str, bool]]:
    """Every field path of a rule: its place, its text, and whether it is the key at that place rather than the value.

    Paths inside elements are left out: they do not start at the event.
    """
    yield from _predicate(document.at(("match",)), ("match",))
    yield from _condition(document.at(("when",)), ("when",))
    for place in (("alert", "fields"), ("suppress", "by")):
        yield from _texts(document.at(place), place)
    cases = document.at(("alert", "severity"))
    for position, case in enumerate(cases if isinstance(cases, list) else ()):
        yield from _predicate(case["if"], ("alert", "severity", position, "if"))


def _predicate(value: Json, place: Place) -> Iterator[tuple[Place, str, bool]]:
    for name, entry in value.items() if isinstance(value, dict) else ():
        if name in ("all", "any"):
            for position, part in enumerate(entry):
                yield from _predicate(part, (*place, name, position))
        elif name == "not":
            yield from _predicate(entry, (*place, name))
        elif name != "use":
            yield (*place, name), name, True
            yield from _other_fields(entry, (*place, name))


def _other_fields(value: Json, place: Place) -> Iterator[tuple[Place, str, bool]]:
    """The operands that are paths themselves."""
    for name, entry in value.items() if isinstance(value, dict) else ():
        if name == "differs_from" or (name in OPERATORS and OPERATORS[name].operand == "path"):
            yield (*place, name), entry, False


def _condition(value: Json, place: Place) -> Iterator[tuple[Place, str, bool]]:
    for name, arguments in value.items() if isinstance(value, dict) else ():
        kinds = {parameter.name: parameter.kind for parameter in (*CONDITIONS[name].parameters, BY)}
        for parameter, entry in arguments.items() if isinstance(arguments, dict) else ():
            here = (*place, name, parameter)
            if kinds[parameter] in ("path", "paths"):
                yield from _texts(entry, here)
            elif kinds[parameter] == "predicate":
                yield from _predicate(entry, here)
            elif kinds[parameter] == "steps":
                for position, step in enumerate(entry):
                    yield from _predicate(step.get("match"), (*here, position, "match"))


def _texts(value: Json, place: Place) -> Iterator[tuple[Place, str, bool]]:
    if isinstance(value, str):
        yield place, value, False
    elif isinstance(value, list):
        yield from (((*place, position), entry, False) for position, entry in enumerate(value))
