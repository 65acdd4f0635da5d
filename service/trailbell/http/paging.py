"""Cursors: where a list goes on, as an opaque text that says which row was the last one."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import orjson
from starlette.requests import Request

from trailbell_engine.values import Json

from .answers import RefusalError, number_of

_LIMIT_DEFAULT: Final = 100
_LIMIT: Final = 1_000


def limit_of(request: Request) -> int:
    """How many entries a page may have: ``limit``, 1 to 1,000, 100 if not said.

    Raises:
        RefusalError: 400.
    """
    return number_of(request, "limit", _LIMIT_DEFAULT, _LIMIT)


def cursor_of(request: Request, *kinds: type) -> tuple[Json, ...] | None:
    """The values in ``cursor``; None if the list is to begin at its beginning.

    Raises:
        RefusalError: 400 for a cursor that this list did not give.
    """
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise RefusalError(400, "the cursor is not one that this list gave: begin without")
    return tuple(values)


def cursor(*values: Json) -> str:
    """The cursor after the row with these values."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()
