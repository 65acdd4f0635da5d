"""Signatures of webhooks: Standard Webhooks 1.0.0 (standardwebhooks.com), and the style of GitHub."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from trailbell_notifiers.secret import Secret

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = (24, 64)  # Standard Webhooks 1.0.0, "signature scheme": 192 to 512 bits


def standard_key(secret: Secret) -> bytes:
    """The key in ``whsec_BASE64``.

    Raises:
        ValueError: if it is not base64 of 24 to 64 bytes. The message does not hold the secret.
    """
    try:
        key = b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _KEY_BYTES[0] <= len(key) <= _KEY_BYTES[1]:
        raise ValueError("a signing secret is `whsec_` and the base64 of 24 to 64 random bytes")
    return key


def standard_headers(keys: Sequence[bytes], delivery_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers; with two keys (rotation) both signatures are sent, separated by a space.

    Args:
        keys: the current key first.
        delivery_id: the same over all attempts; holds no dot.
        timestamp_s: of this attempt, seconds since the epoch, UTC; receivers allow five minutes.
        body: exactly what is sent.
    """
    signed = f"{delivery_id}.{timestamp_s}.".encode() + body
    signatures = (b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def github_headers(secret: Secret, delivery_id: str, body: bytes) -> dict[str, str]:
    """The headers of GitHub's webhooks: HMAC-SHA256 of the body in hex, keyed by the secret's text."""
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Delivery": delivery_id}
