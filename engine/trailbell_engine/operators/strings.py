"""``contains``, ``starts_with``, ``ends_with``, ``matches``, ``glob``: what a string looks like."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import re2

from trailbell_engine.values import Json, identity, json_equal

from .base import Check, Names, OperandError, Operator
from .checks import SCALAR_SCHEMA, TEXTS_SCHEMA, describe, is_scalar, texts

PATTERN_MEMORY_BYTES: Final = 8 << 20
"""RE2's budget for one compiled pattern; past it the pattern is refused at load instead of growing slow."""


def _fold(text: str, fold: bool) -> str:
    return text.casefold() if fold else text


def _folded(operand: tuple[str, ...], fold: bool) -> tuple[str, ...]:
    return tuple(_fold(item, fold) for item in operand)


def _contains(value: Json, operand: tuple[Json, ...], fold: bool) -> bool:
    if isinstance(value, str):
        return any(isinstance(item, str) and _fold(item, fold) in _fold(value, fold) for item in operand)
    if isinstance(value, list):
        return any(_same(element, item, fold) for element in value for item in operand)
    return False


def _same(element: Json, item: Json, fold: bool) -> bool:
    if fold and isinstance(element, str) and isinstance(item, str):
        return element.casefold() == item.casefold()
    return json_equal(element, item)


def _compile_contains(operand: tuple[Json, ...], fold: bool) -> Check:
    wanted = tuple(_fold(item, fold) for item in operand if isinstance(item, str))
    members = frozenset(identity(_fold(item, fold) if isinstance(item, str) else item) for item in operand)

    def holds(value: Json) -> bool:
        if value.__class__ is str:
            text = value.casefold() if fold else value
            return any(item in text for item in wanted)
        if value.__class__ is not list:
            return False
        return any(identity(_fold(item, fold) if isinstance(item, str) else item) in members for item in value)

    return holds


def _prepare_contains(operand: Json, names: Names) -> tuple[Json, ...]:
    entries = operand if isinstance(operand, list) else [operand]
    if entries and all(is_scalar(item) and item != "" for item in entries):
        return tuple(entries)
    for position, item in enumerate(entries):
        if not is_scalar(item):
            raise OperandError(
                f"expected a string or a single value, found {describe(item)}",
                "to look inside objects of an array write `any_element: {…}`",
                (position,) if isinstance(operand, list) else (),
            )
    return texts([item for item in entries if isinstance(item, str)] if entries else operand, names)


def _starts(value: Json, operand: tuple[str, ...], fold: bool) -> bool:
    return isinstance(value, str) and any(_fold(value, fold).startswith(_fold(item, fold)) for item in operand)


def _ends(value: Json, operand: tuple[str, ...], fold: bool) -> bool:
    return isinstance(value, str) and any(_fold(value, fold).endswith(_fold(item, fold)) for item in operand)


def _compile_starts(operand: tuple[str, ...], fold: bool) -> Check:
    wanted = _folded(operand, fold)
    if fold:
        return lambda value: value.__class__ is str and value.casefold().startswith(wanted)
    return lambda value: value.__class__ is str and value.startswith(wanted)


def _compile_ends(operand: tuple[str, ...], fold: bool) -> Check:
    wanted = _folded(operand, fold)
    if fold:
        return lambda value: value.__class__ is str and value.casefold().endswith(wanted)
    return lambda value: value.__class__ is str and value.endswith(wanted)


@lru_cache(maxsize=4096)
def pattern(source: str, fold: bool) -> Any:
    """The compiled RE2 pattern.

    Raises:
        re2.error: if it is none.
    """
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not fold
    options.never_capture = True  # nobody asks what a group matched
    options.max_mem = PATTERN_MEMORY_BYTES
    return re2.compile(source, options)


def _found(value: Json, sources: tuple[str, ...], fold: bool) -> bool:
    if not isinstance(value, str):
        return False
    subjects = {value, value.casefold()} if fold else {value}
    return any(pattern(source, fold).search(subject) is not None for source in sources for subject in subjects)


def _finder(sources: Iterable[str], fold: bool) -> Check:
    """A check that one of the patterns is found in a text."""
    # A search in bytes takes half the time of one in text, where the library counts characters up to each match.
    searches = tuple(pattern(source, fold).search for source in sources)
    if len(searches) == 1:
        (search,) = searches
        return lambda value: value.__class__ is str and search(value.encode()) is not None

    def found(value: Json) -> bool:
        if value.__class__ is not str:
            return False
        subject = value.encode()
        return any(search(subject) is not None for search in searches)

    return found


def _compile_matches(operand: tuple[str, ...], fold: bool) -> Check:
    found = _finder(operand, fold)
    if fold:
        # Simple folding, which RE2 does, and full folding (ß is ss), which `str.casefold` does, both count.
        return lambda value: value.__class__ is str and (found(value) or found(value.casefold()))
    return found


def _prepare_matches(operand: Json, names: Names) -> tuple[str, ...]:
    sources = texts(operand, names)
    _check_patterns(sources, operand)
    return sources


def _prepare_glob(operand: Json, names: Names) -> tuple[str, ...]:
    globs = texts(operand, names)
    _check_patterns(tuple(map(glob_to_pattern, globs)), operand)
    return globs


def _check_patterns(sources: tuple[str, ...], operand: Json) -> None:
    for position, source in enumerate(sources):
        try:
            for fold in (False, True):  # without case it may be larger; either way it is known at load that it fits
                pattern(source, fold)
        except re2.error as error:
            reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
            raise OperandError(
                f"invalid pattern: {reason}",
                _pattern_help(source),
                (position,) if isinstance(operand, list) else (),
                "bad-pattern",
            ) from error


def _pattern_help(source: str) -> str:
    if any(mark in source for mark in ("(?=", "(?!", "(?<=", "(?<!")):
        return "RE2 has no look-around (every pattern runs in linear time); combine two tests with `all` and `not`"
    if any(f"\\{digit}" in source for digit in range(1, 10)):
        return "RE2 has no back-references (every pattern runs in linear time); compare fields with `same_as`"
    return "patterns are RE2: https://github.com/google/re2/wiki/Syntax"


def glob_to_pattern(glob: str) -> str:
    """The RE2 pattern that matches the same whole strings as the glob: ``*`` any text, ``?`` one character."""
    body = "".join(".*" if mark == "*" else "." if mark == "?" else re2.escape(mark) for mark in glob)
    return rf"(?s)\A{body}\z"


def _globbed(value: Json, operand: tuple[str, ...], fold: bool) -> bool:
    return isinstance(value, str) and any(
        pattern(glob_to_pattern(item), fold).search(value) is not None
        or (fold and pattern(glob_to_pattern(item.casefold()), False).search(value.casefold()) is not None)
        for item in operand
    )


def _compile_glob(operand: tuple[str, ...], fold: bool) -> Check:
    found = _finder(map(glob_to_pattern, operand), fold)
    if fold:
        # As with `matches`; folded in full, the ß that a `?` would take has become two letters.
        found_folded = _finder((glob_to_pattern(item.casefold()) for item in operand), False)
        return lambda value: value.__class__ is str and (found(value) or found_folded(value.casefold()))
    return found


CONTAINS: Final = Operator(
    name="contains",
    summary="the string contains the text; the array has that element",
    schema={"type": ["string", "number", "boolean", "null", "array"], "items": SCALAR_SCHEMA, "minItems": 1},
    prepare=_prepare_contains,
    holds=_contains,
    compile=_compile_contains,
    whole=True,
    folds=True,
    example="example",
)

STARTS_WITH: Final = Operator(
    name="starts_with",
    summary="the string starts with the text",
    schema=TEXTS_SCHEMA,
    prepare=texts,
    holds=_starts,
    compile=_compile_starts,
    folds=True,
    example="4477",
)

ENDS_WITH: Final = Operator(
    name="ends_with",
    summary="the string ends with the text",
    schema=TEXTS_SCHEMA,
    prepare=texts,
    holds=_ends,
    compile=_compile_ends,
    folds=True,
    example="@example.com",
)

MATCHES: Final = Operator(
    name="matches",
    summary="the RE2 pattern is found somewhere in the string, in linear time whatever the input",
    schema=TEXTS_SCHEMA | {"format": "regex"},
    prepare=_prepare_matches,
    holds=_found,
    compile=_compile_matches,
    folds=True,
    costly=True,
    example="^sip:.*@",
)

GLOB: Final = Operator(
    name="glob",
    summary="the whole string fits the pattern: `*` is any text, `?` one character",
    schema=TEXTS_SCHEMA,
    prepare=_prepare_glob,
    holds=_globbed,
    compile=_compile_glob,
    folds=True,
    costly=True,
    example="sip:*@*.example.com",
)
