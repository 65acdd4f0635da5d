"""One field of a detection with its modifiers and values, as a predicate."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.operators import OPERATORS, Names
from trailbell_engine.operators.base import OperandError
from trailbell_engine.values import Json

from .fields import FieldMap
from .unsayable import Unsayable

Predicate: TypeAlias = dict[str, Any]
"""A predicate as it is written in YAML."""

_WILDCARD: Final = re.compile(r"\\[\\*?]|[*?]")
"""A wildcard, or a backslash with what it takes the meaning from; before anything else it is a backslash."""
_DASH: Final = re.compile(r"(?<!\w)[-/](?=\w)")
_DASHES: Final = ("-", "/", "\N{EN DASH}", "\N{EM DASH}", "\N{HORIZONTAL BAR}")
_MOST_VARIANTS: Final = 625
_ENCODINGS: Final = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16"}
_PLACES: Final = {"contains": (True, True), "startswith": (False, True), "endswith": (True, False)}
_COMPARISONS: Final = ("lt", "lte", "gt", "gte")
_ALONE: Final = ("re", "cidr", "exists", "fieldref", *_COMPARISONS)
_FLAGS: Final = ("i", "m", "s")
_KNOWN: Final = frozenset(
    {*_ENCODINGS, *_PLACES, *_ALONE, *_FLAGS, "all", "cased", "windash", "base64", "base64offset", "neq"}
)
_ALIASES: Final = {"ignorecase": "i", "multiline": "m", "dotall": "s"}


class _Asked(NamedTuple):
    """One value as a test."""

    operator: str
    operand: Json
    fold: bool = False


def field_predicate(written: str, value: Json, fields: FieldMap) -> Predicate:
    """The predicate of ``field|modifier|…: value(s)``.

    Raises:
        Unsayable: with the reason.
    """
    name, *modifiers = written.split("|")
    modifiers = [_ALIASES.get(modifier, modifier) for modifier in modifiers]
    if not name:
        raise Unsayable("it searches the whole event for a text, and our tests are about fields")
    unknown = next((modifier for modifier in modifiers if modifier not in _KNOWN), None)
    if unknown is not None:
        raise Unsayable(f'the modifier "{unknown}" of "{name}" has no counterpart')
    alone = [modifier for modifier in modifiers if modifier in _ALONE]
    if len(alone) > 1 or (alone and {*modifiers} & {*_PLACES, *_ENCODINGS, "windash", "base64", "base64offset"}):
        raise Unsayable(f'the modifiers of "{written}" cannot stand together')
    values = value if isinstance(value, list) else [value]
    if not values:
        raise Unsayable(f'"{written}" has no values')
    path = fields.path(name)
    each = [_tests(path, entry, modifiers, fields) for entry in values]
    if "all" in modifiers:
        predicate = conjunction([_either(path, tests) for tests in each])
    else:
        predicate = _either(path, [test for tests in each for test in tests])
    return {"not": predicate} if "neq" in modifiers else predicate


def _tests(path: str, value: Json, modifiers: Sequence[str], fields: FieldMap) -> list[_Asked]:
    """The tests of which one must hold for a value."""
    alone = next((modifier for modifier in modifiers if modifier in _ALONE), None)
    if alone is not None:
        return [_special(alone, value, modifiers, fields)]
    places = [_PLACES[modifier] for modifier in modifiers if modifier in _PLACES]
    if len(places) > 1:
        raise Unsayable(f'"{path}" has more than one of contains, startswith and endswith')
    before, after = places[0] if places else (False, False)
    if value is None or isinstance(value, bool):
        if modifiers and {*modifiers} - {"all", "cased", "neq"}:
            raise Unsayable(f'"{path}" asks for a part of a value that is no text')
        return [_Asked("null", None)] if value is None else [_Asked("equals", value)]
    if isinstance(value, int | float) and not places:
        return [_Asked("equals", value)]
    if isinstance(value, list | dict):
        raise Unsayable(f'"{path}" has a list or a mapping among its values')
    texts = [_parsed(text) for text in _windash(str(value), modifiers)]
    encoded = [parts for text in texts for parts in _encoded(path, text, modifiers)]
    fold = "cased" not in modifiers
    return [_text_test([*["*"] * before, *parts, *["*"] * after], fold) for parts in encoded]


def _special(modifier: str, value: Json, modifiers: Sequence[str], fields: FieldMap) -> _Asked:
    match modifier:
        case "exists":
            wanted = {True: True, False: False, "yes": True, "no": False, "true": True, "false": False}
            if not isinstance(value, bool | str) or value not in wanted:
                raise Unsayable(f'"exists" takes true or false, not {value!r}')
            return _Asked("exists", wanted[value])
        case "fieldref":
            if not isinstance(value, str):
                raise Unsayable('"fieldref" names no field')
            return _Asked("same_as", fields.path(value), "cased" not in modifiers)
        case "re":
            return _Asked("matches", _pattern(str(value), modifiers))
        case "cidr":
            return _Asked("cidr", _prepared("cidr", value))
        case _:
            return _Asked(modifier, _number(modifier, value))


def _number(modifier: str, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unsayable(f'"{modifier}" compares with {value!r}, which is no number')
    return value


def _pattern(pattern: str, modifiers: Sequence[str]) -> Json:
    if "m" in modifiers:
        raise Unsayable("a pattern over several lines (the modifier m) has no counterpart")
    flags = "".join(flag for flag in ("i", "s") if flag in modifiers)
    return _prepared("matches", f"(?{flags}){pattern}" if flags else pattern)


def _prepared(operator: str, operand: Json) -> Json:
    """The operand as it is, if our operator takes it."""
    try:
        OPERATORS[operator].prepare(operand, Names())
    except OperandError as error:
        raise Unsayable(f"{operand!r} is none for `{operator}`: {error}") from error
    return operand


def _windash(text: str, modifiers: Sequence[str]) -> list[str]:
    """The text with every dash or slash before an option as each of the characters that Windows takes for one."""
    if "windash" not in modifiers:
        return [text]
    starts = [found.start() for found in _DASH.finditer(text)]
    if len(_DASHES) ** len(starts) > _MOST_VARIANTS:
        raise Unsayable(f'"windash" makes more than {_MOST_VARIANTS} variants of {text!r}')
    variants = []
    for dashes in itertools.product(_DASHES, repeat=len(starts)):
        marks = list(text)
        for start, dash in zip(starts, dashes, strict=True):
            marks[start] = dash
        variants.append("".join(marks))
    return list(dict.fromkeys(variants))


def _parsed(text: str) -> list[str]:
    """Literals and wildcards in turn; a literal ``*`` or ``?`` stands behind a NUL, which no text of a rule has."""
    parts: list[str] = []
    position, literal = 0, ""
    for found in _WILDCARD.finditer(text):
        literal += text[position : found.start()]
        position = found.end()
        if len(found[0]) == 1:
            parts += [literal] if literal else []
            parts.append(found[0])
            literal = ""
        else:
            literal += "\0" + found[0][-1] if found[0][-1] in "*?" else "\\"
    literal += text[position:]
    return [*parts, literal] if literal or not parts else parts


def _encoded(path: str, parts: list[str], modifiers: Sequence[str]) -> Iterator[list[str]]:
    """The text in base64, if that is asked for."""
    encoding = next((_ENCODINGS[modifier] for modifier in modifiers if modifier in _ENCODINGS), "utf-8")
    plain = not {"base64", "base64offset"} & {*modifiers}
    if plain and encoding != "utf-8":
        raise Unsayable(f'"{path}" is compared with the bytes of a text, and events have texts')
    if plain:
        yield parts
        return
    if len(parts) > 1 or parts[0] in ("*", "?"):
        raise Unsayable(f'"{path}" looks for a wildcard in base64')
    data = _bare(parts[0]).encode(encoding)
    if "base64" in modifiers:
        yield [base64.b64encode(data).decode()]
        return
    for offset, start, end in ((0, 0, (0, 3, 2)), (1, 2, (0, 3, 2)), (2, 3, (0, 3, 2))):
        whole = base64.b64encode(b" " * offset + data).decode()
        yield [whole[start : len(whole) - end[(len(data) + offset) % 3]]]


def _bare(literal: str) -> str:
    return literal.replace("\0", "")


def _text_test(parts: list[str], fold: bool) -> _Asked:
    """The plainest operator that finds exactly these literals and wildcards."""
    merged = [part for part, before in zip(parts, [None, *parts], strict=False) if part != "*" or before != "*"]
    shape = "".join(part if part in ("*", "?") else "x" for part in merged)
    literals = [part for part in merged if part not in ("*", "?")]
    operators = {"x": "equals", "x*": "starts_with", "*x": "ends_with", "*x*": "contains"}
    if shape == "*":
        return _Asked("present", None)
    if shape in operators:
        text = _bare(literals[0])
        if not text and shape != "x":
            return _Asked("present", None)
        return _Asked(operators[shape], text, fold and _has_case(text))
    cased = any(map(_has_case, literals))
    if any("\0" in literal for literal in literals):
        spelled = (part if part not in ("*", "?") else {"*": ".*", "?": "."}[part] for part in merged)
        pattern = "".join(text if text in (".*", ".") else re.escape(_bare(text)) for text in spelled)
        return _Asked("matches", f"(?{'i' if fold else ''}s)^{pattern}$")
    return _Asked("glob", "".join(merged), fold and cased)


def _has_case(text: str) -> bool:
    return text.casefold() != text or text.upper() != text


def _either(path: str, tests: Sequence[_Asked]) -> Predicate:
    """One of the tests of a field holds."""
    groups: dict[tuple[str, bool], list[Json]] = {}
    folds = {test.operator: any(other.fold for other in tests if other.operator == test.operator) for test in tests}
    for test in tests:
        groups.setdefault((test.operator, folds[test.operator]), []).append(test.operand)
    found = [
        each for (operator, fold), operands in groups.items() for each in _test(path, operator, operands, fold=fold)
    ]
    return found[0] if len(found) == 1 else {"any": found}


def _test(path: str, operator: str, operands: list[Json], *, fold: bool) -> list[Predicate]:
    folded = {"ignore_case": True} if fold else {}
    operands = list({(type(operand), operand): operand for operand in operands}.values())
    match operator:
        case "null":  # Sigma takes a field that is not there for null
            return [{path: {"exists": False}}, {path: None}]
        case "present":
            return [{path: {"exists": True, "not_equals": None}}]
        case "equals":
            if len(operands) > 1:
                return [{path: {"in": operands, **folded}}] if folded else [{path: operands}]
            return [{path: {"equals": operands[0], **folded}}] if folded else [{path: operands[0]}]
        case "exists" | "same_as" | "lt" | "lte" | "gt" | "gte":
            return [{path: {operator: operand, **folded}} for operand in operands]
        case _:
            return [{path: {operator: operands if len(operands) > 1 else operands[0], **folded}}]


def conjunction(parts: Sequence[Predicate]) -> Predicate:
    """All of the predicates, in one mapping where their keys allow it."""
    if len(parts) == 1:
        return parts[0]
    merged: Predicate = {}
    for part in parts:
        for key, test in part.items():
            joined = _joined(merged[key], test) if key in merged else test
            if joined is None:
                return {"all": list(parts)}
            merged[key] = joined
    return merged


def _joined(one: Any, other: Any) -> Any | None:
    """Two tests of a field as one; None if they are not both mappings of different operators."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None
    if one.get("ignore_case") != other.get("ignore_case") or {*one} & {*other} - {"ignore_case"}:
        return None
    return {name: value for name, value in (one | other).items() if name != "ignore_case"} | (
        {"ignore_case": True} if one.get("ignore_case") else {}
    )
