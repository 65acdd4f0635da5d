"""Access tokens of a Google service account: a signed statement is exchanged for a token that lasts an hour.

Source: developers.google.com, "Using OAuth 2.0 for server to server applications"; RFC 7523.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from trailbell.audit.errors import NetworkError, RefusedError
from trailbell.audit.transport import checked_base_url
from trailbell_engine.system_errors import system_words
from trailbell_engine.values import Json

LIFETIME_S: Final = 3600
_MARGIN_S: Final = 300
_TIMEOUT_S: Final = 30.0
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class KeyFileError(ValueError):
    """The key of a service account cannot be used.

    Attributes:
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str) -> None:
        super().__init__(message)
        self.help = help_


class GoogleToken:
    """Gives the current token, a new one in time.

    Args:
        key_file: the JSON key that Google's console gives out.
        subject: the user in whose name to ask.
        scope: what for.
        now_s: seconds since the epoch.

    Raises:
        KeyFileError: if it cannot be read or is no such key; or without the package that signs.
    """

    def __init__(self, key_file: str, subject: str, scope: str, *, now_s: Callable[[], float]) -> None:
        self._key = _read_key(key_file)
        self._sign = _signer(self._key)
        self._subject = subject
        self._scope = scope
        self._now_s = now_s
        self._lock = threading.Lock()
        self._token = ""
        self._until_s = 0.0

    def value(self) -> str:
        """The token.

        Raises:
            AuditError: if Google gives none.
        """
        with self._lock:
            if self._now_s() >= self._until_s:
                self._token, lifetime_s = self._fetch()
                self._until_s = self._now_s() + lifetime_s - _MARGIN_S
            return self._token

    def _fetch(self) -> tuple[str, float]:
        address = str(self._key["token_uri"])
        host = urlsplit(address).netloc
        form = {"grant_type": _GRANT, "assertion": self._statement()}
        try:
            answer = requests.post(address, data=form, timeout=_TIMEOUT_S, allow_redirects=False)
            document: Any = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise NetworkError(f"{host} gave no token: {type(error).__name__}", "check address and network") from None
        if answer.status_code >= 500:
            raise NetworkError(f"{host} gave no token: {answer.status_code}")
        if not isinstance(document, dict) or "access_token" not in document:
            said = document.get("error_description") or document.get("error") if isinstance(document, dict) else ""
            raise RefusedError(
                f"{host} gave no token: {str(said or answer.status_code)[:200]}",
                "check the domain-wide delegation of the service account, its scope and `subject`",
                status=answer.status_code,
            )
        return str(document["access_token"]), float(document.get("expires_in", LIFETIME_S))

    def _statement(self) -> str:
        now_s = int(self._now_s())
        head = {"alg": "RS256", "typ": "JWT", "kid": self._key.get("private_key_id", "")}
        body = {
            "iss": self._key["client_email"],
            "sub": self._subject,
            "scope": self._scope,
            "aud": self._key["token_uri"],
            "iat": now_s,
            "exp": now_s + LIFETIME_S,
        }
        signed = f"{_packed(json.dumps(head).encode())}.{_packed(json.dumps(body).encode())}"
        return f"{signed}.{_packed(self._sign(signed.encode()))}"


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _read_key(key_file: str) -> dict[str, Json]:
    try:
        key: Any = json.loads(Path(key_file).read_text(encoding="utf-8"))
    except OSError as error:
        raise KeyFileError(
            f"the key file {key_file} cannot be read: {system_words(error)}", "check `key_file`"
        ) from None
    except ValueError:
        raise KeyFileError(f"the key file {key_file} is no JSON", "use the file that Google's console gave") from None
    missing = [
        name for name in ("client_email", "private_key", "token_uri") if not (isinstance(key, dict) and key.get(name))
    ]
    if missing:
        raise KeyFileError(
            f"the key file {key_file} has no {', '.join(missing)}", "use the JSON key of a service account"
        )
    try:
        checked_base_url(str(key["token_uri"]))
    except ValueError as error:
        raise KeyFileError(f"the key file {key_file}: {error}", "use the file that Google's console gave") from None
    return dict(key)


def _signer(key: dict[str, Json]) -> Callable[[bytes], bytes]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise KeyFileError("signing needs the package cryptography", "pip install 'trailbell[google]'") from None
    try:
        private = serialization.load_pem_private_key(str(key["private_key"]).encode(), password=None)
    except ValueError:
        raise KeyFileError("the private key in the key file cannot be read", "make a new key in the console") from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise KeyFileError("the private key in the key file is no RSA key", "make a new key in the console")
    return lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA256())
