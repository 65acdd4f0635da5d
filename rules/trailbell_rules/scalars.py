"""Plain scalars by the core schema of YAML 1.2, and the way from a character of a scalar to its place in the file.

PyYAML reads YAML 1.1, where ``NO`` is false, ``18:00`` is 1080 and ``on`` is true.
Source of the forms: YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import math
import re
from itertools import islice
from typing import Final

from trailbell_engine.values import Json

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MINIMUM, _MAXIMUM = -(2**63), 2**64 - 1


class NotANumberError(ValueError):
    """A scalar in the form of a number that JSON, and so an event, cannot hold."""


def plain_value(text: str) -> Json:
    """The value of a plain (unquoted) scalar.

    Raises:
        NotANumberError: for infinities, NaN, and whole numbers beyond 64 bits.
    """
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if text[0] not in "+-.0123456789":
        return text
    if _DECIMAL.fullmatch(text):
        return _whole(text, 10)
    if _OCTAL.fullmatch(text):
        return _whole(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return _whole(text[2:], 16)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        raise NotANumberError(f"{text} is no finite number")
    return text


def _whole(digits: str, base: int) -> int:
    if len(digits) <= 64 and _MINIMUM <= (number := int(digits, base)) <= _MAXIMUM:
        return number
    raise NotANumberError(f"{digits[:24]}{'…' * (len(digits) > 24)} does not fit into 64 bits")


def has_leading_zero(text: str) -> bool:
    """Whether a plain scalar is a whole number whose zeros in front get lost, as those of a phone number would."""
    return len(text) > 1 and text[0] == "0" and _DECIMAL.fullmatch(text) is not None


_DOUBLE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|[^\\]")
_SINGLE: Final = re.compile(r"''|[^']")
_BLACK: Final = re.compile(r"\S")


def offset_in_scalar(written: str, value: str, index: int) -> int | None:
    """Where character ``index`` of a scalar's value stands in the scalar as written, quotes included.

    None where that cannot be said: in quotes over several lines.
    """
    if written == value:
        return index
    form = {'"': _DOUBLE, "'": _SINGLE}.get(written[:1])
    if form is None:
        return _offset_in_folded(written, value, index)
    if "\n" in written or "\r" in written:
        return None
    offsets = [1 + found.start() for found in form.finditer(written[1:-1])]
    offsets.append(len(written) - 1)
    return offsets[index] if len(offsets) == len(value) + 1 else None


def _offset_in_folded(written: str, value: str, index: int) -> int | None:
    """In a block scalar, or a plain one over several lines: folding and indenting add and take white space alone."""
    begin = written.find("\n") + 1 if written[:1] in ("|", ">") else 0
    before = len("".join(value[:index].split()))
    found = next(islice(_BLACK.finditer(written, begin), before, None), None)
    return found.start() if found and found[0] == value[index : index + 1] else None
