"""What to do about a failure of a receiver: from the reason in a receipt to a sentence for whoever runs it.

What Slack's codes mean is said by ``slack_errors`` already. SMTP: RFC 5321, RFC 4954.
"""

from __future__ import annotations

import re
from typing import Final

_ADVICE: Final[tuple[tuple[str, str], ...]] = (
    (r"ratelimited|answered 429", "it asks for patience: nothing to mend, trailbell keeps to its pace"),
    (r"[Hh]ostname mismatch|not valid for|IP address mismatch", "use the name that is in the certificate"),
    (r"self[- ]signed|unable to get (local )?issuer", "name its authority with `ca_file`, if it is your own"),
    (r"certificate has expired", "renew the server's certificate"),
    (
        r"no TLS there|wrong version number|does not speak TLS|STARTTLS",
        "check the port, and whether it speaks TLS there",
    ),
    (r"TLS failed|TLS with", "look at the certificate: `openssl s_client -connect HOST:PORT`"),
    (r"never a destination", "no alert goes there; check what the name leads to"),
    (r"hung up without an answer", "it may speak TLS there: try https, and look at its own log"),
    (r"is no HTTP", "something else listens there: check the port"),
    (r"ended with \d+", "run it by hand, with a document of `trailbell render` on its standard input"),
    (r"connection refused", "nothing listens there: check host and port, and whether the service runs"),
    (
        r"has no address|name or service not known|name resolution",
        "check the name, and the name servers of this machine",
    ),
    (r"allow_cidrs", "put the network into `allow_cidrs` of this receiver, if the address is yours"),
    (r"no answer within|timed out", "it is slow, or a firewall drops packets: try it from this machine with curl"),
    (r"network is unreachable|no route to host", "this machine has no way there: check routes and proxies"),
    (r"answered 40[13]\b", "it does not let us in: check the secret, the token, and its own log"),
    (r"answered 404\b", "there is nothing at this path: check the URL to its last character"),
    (r"answered 410\b", "the endpoint was taken away for good: make a new one"),
    (r"redirect", "use the address that it redirects to"),
    (r"answered 5\d\d\b.*(login|auth)|answered 535", "user name or password are wrong, or it wants an app password"),
    (r"answered 5\d\d to rcpt", "it does not know this address, or does not let us send there"),
    (r"answered 5\d\d to mail", "it does not let us send as this `from`"),
    (r"answered 5\d\d to data", "it does not take mail from us for this address, whatever it says: see its own log"),
    (r"answered 5\d\d\b", "it is out of order: see its own log"),
)


def advice(reason: str) -> str:
    """What to do about it; empty if nobody has written that down yet.

    Args:
        reason: of a receipt.
    """
    return next((words for pattern, words in _ADVICE if re.search(pattern, reason, re.IGNORECASE)), "")
