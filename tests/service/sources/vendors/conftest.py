"""What it takes to be let in by the vendors."""

import json
from contextlib import ExitStack

import pytest

from trailbell.testing.loopback import Answer, LoopbackServer


@pytest.fixture(scope="session")
def private_pem():
    """The private key of a service account."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def google_key(tmp_path, request):
    """A function: the key file of an account whose statements are exchanged for a token."""
    with ExitStack() as ending:

        def write(token):
            answer = Answer(body=json.dumps({"access_token": token, "expires_in": 3600}).encode())
            server = ending.enter_context(LoopbackServer(lambda _request: answer))
            key = {
                "client_email": "bell@acme.example",
                "private_key": request.getfixturevalue("private_pem"),
                "private_key_id": "k1",
                "token_uri": f"http://127.0.0.1:{server.port}/token",
            }
            (tmp_path / "key.json").write_text(json.dumps(key))

        yield write
