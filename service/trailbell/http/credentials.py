"""Who asks: Basic pairs, bearer tokens, compared in constant time as bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import NamedTuple

from starlette.datastructures import Headers

from trailbell_notifiers.secret import Secret

from .settings import AuditPair


class Basic(NamedTuple):
    """User and password as they came, of whatever bytes."""

    user: bytes
    password: bytes


def basic(headers: Headers) -> Basic | None:
    """The Basic credentials of a request; None for none, for broken ones, and for two at once."""
    given = _authorization(headers, "basic")
    if given is None:
        return None
    try:
        user, colon, password = base64.b64decode(given, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return Basic(user, password) if colon else None


def bearer(headers: Headers) -> bytes | None:
    """The bearer token of a request; None for none, and for two at once."""
    return _authorization(headers, "bearer")


def same(given: bytes, secret: str) -> bool:
    """Whether they are equal, in a time that tells nothing, their lengths included."""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(secret.encode()).digest())


def audit_pair(headers: Headers, pairs: Iterable[AuditPair]) -> AuditPair | None:
    """The pair that a request shows; None if it shows none of these."""
    given = basic(headers)
    if given is None:
        return None
    found = None
    for pair in pairs:  # all of them, so that the time does not tell which it was
        if same(given.user, pair.key) & same(given.password, pair.secret.reveal()):
            found = pair
    return found


def has_token(headers: Headers, tokens: Iterable[Secret]) -> bool:
    """Whether a request shows one of the tokens: as a bearer, or, for browsers, as the password of any user."""
    pair = basic(headers)
    given = bearer(headers) or (pair.password if pair is not None else b"")
    found = False
    for token in tokens:
        found |= same(given, token.reveal())
    return found


def _authorization(headers: Headers, scheme: str) -> bytes | None:
    given = headers.getlist("authorization")
    if len(given) != 1:
        return None
    name, _, rest = given[0].partition(" ")
    return rest.strip().encode("latin-1") if name.lower() == scheme and rest.strip() else None
