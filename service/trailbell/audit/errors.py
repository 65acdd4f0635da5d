"""What can go wrong with the Audit API.

AuditError
├── RefusedError             it will not work until somebody changes something
│   ├── AuthenticationError  401: wrong key or secret
│   ├── ForbiddenError       403: right secret, no access
│   └── NotFoundError        404: no such event, or no Audit API there
├── RateLimitedError         429: too many requests             (retried)
├── ServerError              5xx: their fault                   (retried)
├── NetworkError             no connection, no answer in time   (retried)
└── AnswerError              an answer that is none: broken JSON, too large, a redirect, another shape
"""

from __future__ import annotations


class AuditError(Exception):
    """Something went wrong between us and the Audit API.

    Attributes:
        message: what happened, in words; never holds the secret.
        help: what to do about it; may be empty.
        status: the HTTP status, if there was an answer.
        transient: trying again later may help.
    """

    transient = False

    def __init__(self, message: str, help_: str = "", *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help_
        self.status = status


class RefusedError(AuditError):
    """The API understood and said no."""


class AuthenticationError(RefusedError):
    """401: the key or the secret is wrong."""


class ForbiddenError(RefusedError):
    """403: the account may not use the API, or not this part of it."""


class NotFoundError(RefusedError):
    """404: no such event, or nothing at that address."""


class RateLimitedError(AuditError):
    """429: too many requests.

    Attributes:
        retry_after_s: how long the API asked to wait, in seconds; None if it did not say.
    """

    transient = True

    def __init__(self, message: str, help_: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message, help_, status=429)
        self.retry_after_s = retry_after_s


class ServerError(AuditError):
    """5xx: the API failed.

    Attributes:
        retry_after_s: as for ``RateLimitedError``; a 503 may carry it.
    """

    transient = True

    def __init__(self, message: str, help_: str = "", *, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message, help_, status=status)
        self.retry_after_s = retry_after_s


class NetworkError(AuditError):
    """No connection, a broken one, or no whole answer in time."""

    transient = True


class AnswerError(AuditError):
    """An answer that cannot be used.

    Attributes:
        transient: a body that broke off may be whole the next time; one of another shape will not.
    """

    def __init__(self, message: str, help_: str = "", *, status: int | None = None, transient: bool = False) -> None:
        super().__init__(message, help_, status=status)
        self.transient = transient
