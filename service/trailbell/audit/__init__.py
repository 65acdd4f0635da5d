"""A typed client of the Vonage Audit API, of use without the rest of trailbell.

from trailbell.audit import AuditClient

with AuditClient("abcd1234", secret) as client:
    for event in client.events(event_types=["ACCOUNT_SECRET_CREATE"], date_from="2026-11-01"):
        print(event["created_at"], event["event_type"])
"""

from .answers import EventType, Page
from .client import BASE_URL, AuditClient
from .credentials import Credentials, CredentialsError, credentials_from_environment
from .errors import (
    AnswerError,
    AuditError,
    AuthenticationError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerError,
)
from .retry import RetryPolicy

__all__ = [
    "BASE_URL",
    "AnswerError",
    "AuditClient",
    "AuditError",
    "AuthenticationError",
    "Credentials",
    "CredentialsError",
    "EventType",
    "ForbiddenError",
    "NetworkError",
    "NotFoundError",
    "Page",
    "RateLimitedError",
    "RefusedError",
    "RetryPolicy",
    "ServerError",
    "credentials_from_environment",
]
