"""The token of a Google service account: the statement is signed, exchanged once an hour, and never shown."""

import base64
import json
from urllib.parse import parse_qs

import pytest

from trailbell.audit.errors import NetworkError, RefusedError
from trailbell.sources.vendors.google_token import GoogleToken, KeyFileError
from trailbell.testing.loopback import Answer, LoopbackServer

hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
asymmetric = pytest.importorskip("cryptography.hazmat.primitives.asymmetric")

SCOPE = "https://www.googleapis.com/auth/admin.reports.audit.readonly"


@pytest.fixture(scope="module")
def private():
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)


class TokenServer:
    """Gives a token for a statement that the account's public key verifies."""

    def __init__(self, private):
        self.public = private.public_key()
        self.claims = []
        self.answer = None

    def __call__(self, request):
        from cryptography.hazmat.primitives.asymmetric import padding

        form = parse_qs(request.body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        signed, _, signature = form["assertion"][0].rpartition(".")
        self.public.verify(_unpacked(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        head, body = (json.loads(_unpacked(part)) for part in signed.split("."))
        assert head == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        self.claims.append(body)
        if self.answer is not None:
            return self.answer
        token = {"access_token": f"ya29.{len(self.claims)}", "expires_in": 3600, "token_type": "Bearer"}
        return Answer(body=json.dumps(token).encode())


def _unpacked(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.fixture
def server(private):
    handler = TokenServer(private)
    with LoopbackServer(handler) as loopback:
        handler.address = f"http://127.0.0.1:{loopback.port}/token"
        yield handler


@pytest.fixture
def key_file(tmp_path, private, server):
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = {
        "client_email": "bell@acme.example",
        "private_key": pem.decode(),
        "private_key_id": "k1",
        "token_uri": server.address,
    }
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key))
    return file


def test_the_statement_is_signed_and_says_who_asks_for_what_in_whose_name(server, key_file):
    """The endpoint checks the signature with the public key; the claims are those of RFC 7523."""
    token = GoogleToken(str(key_file), "audit@acme.example", SCOPE, now_s=lambda: 1_000_000.5)
    assert token.value() == "ya29.1"
    assert server.claims == [
        {
            "iss": "bell@acme.example",
            "sub": "audit@acme.example",
            "scope": SCOPE,
            "aud": server.address,
            "iat": 1_000_000,
            "exp": 1_003_600,
        }
    ]


def test_a_token_is_used_until_shortly_before_its_end(server, key_file):
    """And then exchanged for a new one."""
    now_s = [1_000_000.0]
    token = GoogleToken(str(key_file), "a", SCOPE, now_s=lambda: now_s[0])
    assert [token.value(), token.value()] == ["ya29.1", "ya29.1"]
    now_s[0] += 3299
    assert token.value() == "ya29.1"
    now_s[0] += 2
    assert token.value() == "ya29.2"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(400, b'{"error": "unauthorized_client"}'), RefusedError, "unauthorized_client"),
        (Answer(503, b"{}"), NetworkError, "503"),
        (Answer(200, b"<html>"), NetworkError, "no token"),
        (Answer(302, b"{}", {"Location": "http://elsewhere.example/"}), RefusedError, "302"),
    ],
)
def test_no_token_is_an_error_in_words_without_the_key(server, key_file, answer, error, words):
    """What passes by itself is told from what somebody has to mend."""
    server.answer = answer
    with pytest.raises(error, match=words) as caught:
        GoogleToken(str(key_file), "a", SCOPE, now_s=lambda: 0.0).value()
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"private_key": ""}, "has no private_key"),
        ({"private_key": "secret nonsense"}, "cannot be read"),
        ({"token_uri": "http://tokens.example/"}, "unencrypted"),
    ],
)
def test_a_key_file_that_cannot_work_is_refused_at_the_start(key_file, change, words):
    """Without showing what is in it."""
    key_file.write_text(json.dumps(json.loads(key_file.read_text()) | change))
    with pytest.raises(KeyFileError, match=words) as caught:
        GoogleToken(str(key_file), "a", SCOPE, now_s=lambda: 0.0)
    assert "nonsense" not in str(caught.value)
