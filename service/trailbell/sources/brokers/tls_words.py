"""What to do about a connection that TLS does not let come about, by what OpenSSL says of it."""

from __future__ import annotations

from typing import Final

_HELP: Final = (
    ("mismatch", "the address must name the server as its certificate does"),
    ("not valid for", "the address must name the server as its certificate does"),
    ("expired", "the server's certificate, or the clock here, is wrong"),
    ("verify failed", "`tls: {ca_file: …}` names the certificates to trust"),
    ("wrong version number", "nothing speaks TLS there; is the port right?"),
    ("certificate required", "`tls: {cert_file: …, key_file: …}` says who we are"),
)


def tls_help(words: str) -> str:
    """The way out; empty if TLS is not what went wrong.

    Args:
        words: what the client said, with OpenSSL's reason in it.
    """
    said = words.lower()
    return next((help_ for reason, help_ in _HELP if reason in said), "")
