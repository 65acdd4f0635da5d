"""Ordinary JSON, read fast: what is out of the ordinary is refused, and left to the reader of everything.

The reader is told a type, so that it checks while it decodes what would cost passes over the bytes of their own: that
integers fit in 64 bits, and that nothing is nested deeply. A text that it accepts means what it means to
``exact_json.read_json`` in every detail.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Annotated, Any, Final

import msgspec

from trailbell_engine.values import Json

LEVELS: Final = 8
"""Objects and arrays inside each other that are ordinary. Each level doubles the type: eight take 3 ms to prepare."""

_INTEGER: Final = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


def _shallow_type() -> Any:
    scalar: Any = str | _INTEGER | float | bool | None
    value = scalar
    for _ in range(LEVELS):
        value = scalar | GenericAlias(dict, (str, value)) | GenericAlias(list, value)
    return value


read_shallow: Final[Callable[[bytes], Json]] = msgspec.json.Decoder(_shallow_type()).decode
"""The value of a JSON text; one of ``REFUSALS`` is raised for what is no JSON, nested deeply, or has long integers."""

REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError)
