"""What the Audit API's answers mean: a document of the expected shape, or an error in words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.values import Json

from .credentials import Credentials
from .errors import (
    AnswerError,
    AuditError,
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServerError,
)
from .transport import Answer

_SAID_LIMIT: Final = 200
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


class Page(NamedTuple):
    """One page of a list.

    Attributes:
        events: as the API gave them; almost always objects.
        number: from 1.
        total: how many events there are on all pages; None if the API did not say.
    """

    events: list[Json]
    number: int
    total: int | None


class EventType(NamedTuple):
    """A kind of event that the API knows today."""

    type: str
    description: str


def read_document(answer: Answer, credentials: Credentials, request: str) -> dict[str, Json]:
    """The JSON object in a good answer; an empty one for 204.

    Args:
        answer: of any status.
        credentials: to keep the secret out of messages and to say which variables to check.
        request: method and address, for messages.

    Raises:
        AuditError: the one that fits the status or the fault.
    """
    if answer.status == 204:
        return {}
    if answer.status != 200:
        raise _error(answer, credentials, request)
    try:
        document = read_json(answer.body)
    except NotJsonError as error:
        raise AnswerError(f"{request} was answered with broken JSON: {error}", status=200, transient=True) from None
    if not isinstance(document, dict):
        raise AnswerError(f"{request} was answered with JSON that is no object", _NO_AUDIT_API, status=200)
    return document


_NO_AUDIT_API: Final = "is there an Audit API at this address?"


def _error(answer: Answer, credentials: Credentials, request: str) -> AuditError:
    status, said = answer.status, credentials.scrub(_said(answer.body))
    if status == 401:
        return AuthenticationError(
            f"the Audit API does not accept the API key and secret (401){said}",
            f"check {credentials.origin}",
            status=401,
        )
    if status == 403:
        return ForbiddenError(
            f"the Audit API refuses this account (403){said}",
            "the key is right, but the account or the key may not read audit events; ask Vonage support to enable it",
            status=403,
        )
    if status == 404:
        return NotFoundError(
            f"{request}: nothing there (404){said}", "check the id, or the address of the API", status=404
        )
    if status == 429:
        return RateLimitedError(
            f"too many requests (429){said}", "wait, or ask less often", retry_after_s=answer.retry_after_s
        )
    if status >= 500:
        return ServerError(
            f"the Audit API failed ({status}){said}",
            "try again later",
            status=status,
            retry_after_s=answer.retry_after_s,
        )
    if 300 <= status < 400:
        target = credentials.scrub(_printable(answer.location))
        return AnswerError(
            f"{request} was redirected to {target or 'nowhere'}",
            "redirects are not followed, because the secret would go along; give the final address",
            status=status,
        )
    if 400 <= status < 500:
        return RefusedError(f"{request} was refused ({status}){said}", status=status)
    return AnswerError(f"{request} was answered with status {status}", _NO_AUDIT_API, status=status)


def _said(body: bytes) -> str:
    """The message in an error of the specified shape ``{status, error, message}``, ready to follow our own words."""
    try:
        document = read_json(body)
    except NotJsonError:
        return ""
    message = document.get("message") or document.get("error") if isinstance(document, dict) else None
    return f": {_printable(message)}" if isinstance(message, str) else ""


def _printable(text: str) -> str:
    """One line without control and direction characters, of bearable length."""
    line = without_controls(text)
    return line if len(line) <= _SAID_LIMIT else line[:_SAID_LIMIT] + "…"


def without_controls(text: str) -> str:
    """The text on one line, without what a terminal obeys or what turns the direction of writing."""
    return _CONTROLS.sub(" ", text).strip()


def read_page(document: dict[str, Json], number: int) -> Page:
    """The page in a list's answer.

    Raises:
        AnswerError: if the answer has another shape.
    """
    embedded, paging = document.get("_embedded", {}), document.get("page", {})
    events = embedded.get("events", []) if isinstance(embedded, dict) else None
    if (
        not isinstance(events, list)
        or not isinstance(paging, dict)
        or not ("_embedded" in document or "page" in document)
    ):
        raise AnswerError("the answer is no list of events: `_embedded.events` is missing", _NO_AUDIT_API, status=200)
    total = paging.get("totalElements")
    return Page(
        events, number, total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
    )


def read_event_types(document: dict[str, Json]) -> list[EventType]:
    """The kinds of events in the answer to OPTIONS.

    Raises:
        AnswerError: if the answer has another shape.
    """
    entries = document.get("eventTypes", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise AnswerError("the answer holds no list `eventTypes`", _NO_AUDIT_API, status=200)
    return [EventType(str(entry.get("type", "")), str(entry.get("description", ""))) for entry in entries]
