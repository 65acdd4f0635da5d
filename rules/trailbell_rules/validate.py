"""A document against a JSON Schema, with every error as a sentence at the one place that must be mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

from trailbell_engine.values import Json

from .document import Document, Place
from .other_words import Meant
from .problem import MAXIMUM_PROBLEMS, Problem
from .report import kind
from .suggest import did_you_mean, listed, nearest


class Fault(NamedTuple):
    """A problem, and the place it is about: for an unknown or missing key, where that key is or would be."""

    place: Place
    problem: Problem


class _Error(NamedTuple):
    """What is used of jsonschema's error."""

    keyword: str
    place: Place
    wanted: Any
    value: Json
    schema: Mapping[str, Any]
    message: str
    about_name: bool


_OTHER_WORDS: Final = "otherWords"
"""An annotation of ours: what words of other languages mean at the top of the document."""


def compile_schema(schema: Mapping[str, Any], other_words: Mapping[str, Meant] | None = None) -> Draft202012Validator:
    """A validator to keep. Its empty registry makes every ``$ref`` to another document fail instead of opening it.

    Args:
        schema: what documents are held against.
        other_words: what is meant by unknown keys at the top of a document that come from another language.
    """
    return Draft202012Validator({**schema, _OTHER_WORDS: other_words or {}}, registry=Registry())


def validate_document(document: Document, schema: Mapping[str, Any] | Draft202012Validator) -> list[Problem]:
    """Every way in which the document differs from the schema, in the order of the text; one problem per mistake.

    Patterns are explained by ``patternErrorMessage``, an annotation that editors know too.
    """
    validator = schema if isinstance(schema, Draft202012Validator) else compile_schema(schema)
    return [fault.problem for fault in faults(document, validator)]


def faults(document: Document, validator: Draft202012Validator) -> list[Fault]:
    """As ``validate_document``, with places."""
    errors = [_error(error) for error in islice(validator.iter_errors(document.value), MAXIMUM_PROBLEMS)]
    found: dict[Place, Fault] = {}
    meant: set[Place] = set()
    for error in errors:
        if error.keyword == "additionalProperties":
            for fault, suggestion in islice(_unknown(document, error), MAXIMUM_PROBLEMS):
                found[fault.place] = fault
                meant.add((*fault.place[:-1], suggestion))
    for error in errors:
        if error.keyword == "required":
            found |= {fault.place: fault for fault in _missing(document, error) if fault.place not in meant}
        elif error.keyword != "additionalProperties":
            fault = _wrong(document, error)
            found.setdefault(fault.place, fault)
    return sorted(found.values(), key=lambda fault: fault.problem.span)


def _error(error: ValidationError) -> _Error:
    """Of the alternatives of a foreign schema's ``anyOf``, the one that was most likely meant; of types, all."""
    sharpest: Any = (best_match([error]) if error.context else None) or error
    parts = sharpest.context or ()
    only_types = bool(parts) and all(part.validator == "type" for part in parts)
    types = [name for part in parts for name in _names(part.validator_value)]
    return _Error(
        keyword="type" if only_types else sharpest.validator,
        place=tuple(sharpest.absolute_path),
        wanted=types if only_types else sharpest.validator_value,
        value=sharpest.instance,
        schema=sharpest.schema if isinstance(sharpest.schema, Mapping) else {},
        message=sharpest.message,
        about_name="propertyNames" in list(sharpest.absolute_schema_path)[-2:],
    )


def _unknown(document: Document, error: _Error) -> Iterator[tuple[Fault, str]]:
    """Each key that does not belong, with the missing key that it was most likely meant to be, or an empty string."""
    known = list(error.schema.get("properties", ()))
    absent = [name for name in known if name not in error.value]
    other_words: Mapping[str, Meant] = error.schema.get(_OTHER_WORDS, {})
    for name in error.value:
        if name in known:
            continue
        place = (*error.place, name)
        meant = other_words.get(name)
        label = "" if meant else did_you_mean(name, absent)
        help_ = meant.help if meant else "" if label or not known else f"known here: {listed(known, 'and')}"
        problem = Problem("unknown-key", "error", f'unknown key "{name}"', document.span_of_key(place), help_, label)
        yield Fault(place, problem), meant.key if meant else nearest(name, absent) or ""


def _missing(document: Document, error: _Error) -> Iterator[Fault]:
    owner = f' in "{error.place[-1]}"' if error.place and isinstance(error.place[-1], str) else ""
    for name in error.wanted:
        if name in error.value:
            continue
        summary = f'the key "{name}" is missing{owner}'
        help_ = _advice(name, error.schema.get("properties", {}).get(name, {}))
        span = document.span_of_key(error.place)
        yield Fault((*error.place, name), Problem("missing-key", "error", summary, span, help_))


def _advice(name: str, schema: Any) -> str:
    examples = schema.get("examples") if isinstance(schema, Mapping) else None
    match examples[0] if examples else None:
        case str(text):
            # A template begins like a mapping, so it needs quotes.
            return f'write `{name}: "{text}"`' if text.startswith("{") else f"write `{name}: {text}`"
        case dict(members):
            return f"write `{name}: {{{', '.join(f'{key}: {value}' for key, value in members.items())}}}`"
    return f"add `{name}: …`"


def _wrong(document: Document, error: _Error) -> Fault:
    if error.about_name:
        place = (*error.place, str(error.value))
        summary = f'the name "{error.value}" is not well-formed'
        help_ = str(error.schema.get("patternErrorMessage", ""))
        return Fault(place, Problem("bad-value", "error", summary, document.span_of_key(place), help_))
    code, summary, help_, label = _WORDS.get(error.keyword, _other)(error)
    span = document.span_of_value(error.place)
    return Fault(error.place, Problem(code, "error", summary, span, help_, label))


_Words: TypeAlias = tuple[str, str, str, str]
"""Code, summary, help, label."""

_TYPES: Final = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def _name(error: _Error) -> str:
    """What a sentence calls the value: its key, or the key of the list it stands in."""
    names = [step for step in error.place if isinstance(step, str)]
    within = "an entry of " if names and not isinstance(error.place[-1], str) else ""
    return within + (f'"{names[-1]}"' if names else "the document")


def _type(error: _Error) -> _Words:
    wanted = _names(error.wanted)
    expected = listed(_TYPES[name] for name in wanted)
    return "wrong-type", f"{_name(error)} must be {expected}, not {kind(error.value)}", _type_advice(wanted, error), ""


def _type_advice(wanted: Sequence[str], error: _Error) -> str:
    """What to write instead, where that can be told from what is written."""
    value = error.value
    if "string" in wanted and isinstance(value, int | float):
        return f'quote it: "{_plain(value)}"'
    if not error.place and isinstance(value, list):
        return "write its keys without the `- ` in front"
    if wanted == ["array"] and isinstance(value, str | dict):
        return f"write a list: `[{value}]`" if isinstance(value, str) else "write a list: begin each entry with `- `"
    names = list(error.schema.get("properties", ()))
    if wanted == ["object"] and names:
        return f"write a mapping of {listed(names, 'and')}"
    return ""


def _names(types: Any) -> list[str]:
    """The types that a schema's ``type`` names, one or several."""
    return [types] if isinstance(types, str) else list(types)


def _plain(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _enum(error: _Error) -> _Words:
    allowed = [str(value) for value in error.wanted]
    return "bad-value", f"{_name(error)} must be {listed(allowed)}", "", did_you_mean(error.value, allowed)


def _pattern(error: _Error) -> _Words:
    words = error.schema.get("patternErrorMessage") or f"it must match {error.wanted}"
    return "bad-value", f"{_name(error)} is not well-formed", str(words), ""


def _other(error: _Error) -> _Words:
    return "bad-value", f"{_name(error)} is not allowed here: {error.message[:200]}", "", ""


def _bound(words: str) -> Callable[[_Error], _Words]:
    return lambda error: ("bad-value", f"{_name(error)} {words.format(error.wanted)}", "", "")


_WORDS: Final[Mapping[str, Callable[[_Error], _Words]]] = {
    "type": _type,
    "enum": _enum,
    "const": _bound("must be {}"),
    "pattern": _pattern,
    "minLength": _bound("must not be empty"),
    "maxLength": _bound("must have at most {} characters"),
    "minItems": _bound("needs at least {}"),
    "maxItems": _bound("may have at most {}"),
    "minimum": _bound("must be at least {}"),
    "maximum": _bound("must be at most {}"),
    "exclusiveMinimum": _bound("must be more than {}"),
    "exclusiveMaximum": _bound("must be less than {}"),
    "minProperties": _bound("needs at least {} key"),
    "maxProperties": _bound("may have only {} key"),
}
