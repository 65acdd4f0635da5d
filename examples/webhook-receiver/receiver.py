"""Receive trailbell's alerts over HTTP, and believe only those that carry a good signature.

Usage: ``WEBHOOK_SECRET=whsec_… python receiver.py [PORT] [--once]``

Prints each alert as one line of JSON. Answers 204, or 401 to a request that is not signed with the secret. ``--once``
ends after the first good alert. Needs nothing but Python.

The signature is that of Standard Webhooks 1.0 (https://www.standardwebhooks.com): the header ``webhook-signature``
holds one or more ``v1,BASE64`` entries, each the HMAC-SHA256 of ``webhook-id.webhook-timestamp.body``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300
"""How old or how far in the future a timestamp may be. A recorded request cannot be played back later."""

LONGEST_BODY_BYTES = 1 << 20


class SignatureError(Exception):
    """The request was not made by somebody who knows the secret, or not now."""


def verify(headers: Mapping[str, str], body: bytes, secret: str, now_s: float) -> str:
    """The id of a well signed request.

    Raises:
        SignatureError: with the reason. It is for the log; the sender is told nothing.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not re.fullmatch("[0-9]{1,12}", timestamp):
        raise SignatureError("the webhook-id or webhook-timestamp header is missing or unreadable")
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise SignatureError(f"the timestamp {timestamp} is not of the last {TOLERANCE_S} seconds")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    # Several signatures stand side by side while a secret is being replaced: one good one is enough.
    given = headers.get("webhook-signature", "").encode().split()
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise SignatureError("no signature fits")
    return message_id


class Receiver(HTTPServer):
    """An HTTP server that remembers which alerts it has seen."""

    def __init__(self, port: int, secret: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.secret = secret
        self.seen: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Receiver
    timeout = 10

    def do_POST(self) -> None:
        """Take one alert."""
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,7}", length) or int(length) > LONGEST_BODY_BYTES:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            message_id = verify(headers, body, self.server.secret, time.time())
        except SignatureError as error:
            print(f"refused: {error}", file=sys.stderr, flush=True)
            self.answer(401)
            return
        # Delivery is at least once: the same id twice is the same alert, sent again because our answer got lost.
        if message_id not in self.server.seen:
            self.server.seen.add(message_id)
            print(json.dumps(json.loads(body), ensure_ascii=False), flush=True)
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body, and close."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the access log quiet: alerts are the output."""


def main(arguments: list[str]) -> int:
    """Serve until interrupted."""
    secret = os.environ.get("WEBHOOK_SECRET", "")
    if not secret.startswith("whsec_"):
        print("error: set WEBHOOK_SECRET to the secret that trailbell.yaml names (whsec_…)", file=sys.stderr)
        return 2
    ports = [int(argument) for argument in arguments if argument.isdigit()]
    once = "--once" in arguments
    with Receiver(ports[0] if ports else 8099, secret) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
        try:
            while not (once and server.seen):
                server.handle_request()
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
