"""Signed requests: Standard Webhooks 1.0.0 (standardwebhooks.com), fresh, and each once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import threading
from collections import OrderedDict
from typing import Final

from starlette.datastructures import Headers

from trailbell_notifiers.channels.signing import standard_key

from .settings import Sender

TOLERANCE_S: Final = 300
"""How far the timestamp may be from now: the five minutes of Standard Webhooks."""
_REMEMBERED: Final = 100_000


def is_signed(headers: Headers) -> bool:
    """Whether a request claims to be signed."""
    return "webhook-signature" in headers


def signer(headers: Headers, body: bytes, senders: tuple[Sender, ...], now_s: float) -> Sender | None:
    """Who signed exactly these bytes, less than five minutes ago; None if nobody we know did.

    Args:
        headers: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, each once.
        body: as it was sent, packed if it was packed.
        senders: those that sign.
        now_s: seconds since the epoch.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if any(len(headers.getlist(name)) != 1 for name in names):
        return None
    message_id, timestamp, signatures = (headers[name] for name in names)
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return None
    if abs(int(timestamp) - now_s) > TOLERANCE_S:
        return None
    signed = f"{message_id}.{timestamp}.".encode("latin-1") + body
    given = [digest for text in signatures.split(" ")[:10] if (digest := _digest(text)) is not None]
    found = None
    for sender in senders:
        expected = hmac.new(standard_key(sender.secret), signed, hashlib.sha256).digest()
        for digest in given:
            if hmac.compare_digest(expected, digest):
                found = sender
    return found


class Replays:
    """The ids of signed messages that were taken, for as long as their signature holds.

    A sender that did not see our answer sends the same message again: it is told that all is well, and nothing is done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: OrderedDict[tuple[str, str], float] = OrderedDict()

    def note(self, source: str, message_id: str, now_s: float) -> None:
        """A message's events are durable."""
        with self._lock:
            self._taken[source, message_id] = now_s
            while self._taken and (
                len(self._taken) > _REMEMBERED or next(iter(self._taken.values())) < now_s - 2 * TOLERANCE_S
            ):
                self._taken.popitem(last=False)

    def taken(self, source: str, message_id: str) -> bool:
        """Whether that message was taken."""
        with self._lock:
            return (source, message_id) in self._taken


def _digest(text: str) -> bytes | None:
    version, _, encoded = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
