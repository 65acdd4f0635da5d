"""The body of a request: all of it, within a size and an absolute deadline, unpacked within a ratio."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from starlette.requests import ClientDisconnect, Request

from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.values import Json

from .answers import RefusalError

BODY_S: Final = 30.0
"""From the head of the request to the last byte of its body, however steadily it trickles."""
RATIO_LIMIT: Final = 100
"""Unpacked to packed. JSON logs reach 30; a bomb reaches 1,000."""
_RATIO_FREE_BYTES: Final = 64 * 1024
_DOCUMENT_BYTES: Final = 64 * 1024
_GZIP: Final = 31
"""zlib's ``wbits`` for gzip's own frame."""


async def read_body(request: Request, limit_bytes: int, deadline_s: float = BODY_S) -> bytes:
    """The body as it was sent, packed or not.

    Raises:
        RefusalError: 413 if it is larger, 408 if it takes longer, 400 if the sender went away.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise _too_large(limit_bytes)
    except TimeoutError:
        raise RefusalError(
            408, f"the body did not come within {deadline_s:g} seconds", {"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise RefusalError(400, "the body ended early") from None
    return bytes(body)


async def json_body(request: Request, limit_bytes: int = _DOCUMENT_BYTES) -> dict[str, Json]:
    """The JSON object that a request carries.

    Raises:
        RefusalError: 400, 413, or 415 for what a form of another site could send.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusalError(415, "send application/json", {"Accept": "application/json"})
    try:
        document = read_json(await read_body(request, limit_bytes))
    except NotJsonError as error:
        raise RefusalError(400, f"the body is {error}") from None
    if not isinstance(document, dict):
        raise RefusalError(400, "the body is a JSON object")
    return document


def unpacked(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """The body without its ``Content-Encoding``.

    Raises:
        RefusalError: 415 for an encoding that is not gzip, 400 for what is no gzip, 413 for what unpacks to too much.
    """
    if encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() not in ("gzip", "x-gzip"):
        raise RefusalError(415, f"the content encoding {encoding!r} is not known; gzip is", {"Accept-Encoding": "gzip"})
    largest = min(limit_bytes, max(_RATIO_FREE_BYTES, RATIO_LIMIT * len(body)))
    whole = bytearray()
    rest = body
    try:
        while rest:  # a file of several members is one text
            member = zlib.decompressobj(_GZIP)
            whole += member.decompress(rest, largest - len(whole) + 1)
            if len(whole) > largest:
                raise _too_large(limit_bytes) if largest == limit_bytes else _bomb()
            if not member.eof:
                raise RefusalError(400, "the gzip body ends early")
            rest = member.unused_data
    except zlib.error as error:
        raise RefusalError(400, f"the body is no gzip: {error}") from None
    return bytes(whole)


def _too_large(limit_bytes: int) -> RefusalError:
    return RefusalError(413, f"the body is larger than {limit_bytes:,} bytes", {"Connection": "close"})


def _bomb() -> RefusalError:
    return RefusalError(413, f"the body unpacks to more than {RATIO_LIMIT} times its size")
