"""``POST /v1/logs``: log records as OpenTelemetry's SDKs and collectors export them (OTLP/HTTP 1.x).

Its rules: https://opentelemetry.io/docs/specs/otlp/#otlphttp. The answer is of the form of the request, refusals too.
An exporter tries again after 429 and 503 only.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.values import Json

from .answers import RefusalError, answer, resource
from .bodies import unpacked
from .intake import COMMIT_S, Intake, Sent
from .otlp_messages import read_request, write_response, write_status
from .otlp_records import Records, read_records
from .parts import Parts
from .protobuf import NotProtobufError

JSON_FORM: Final = "application/json"
PROTOBUF_FORM: Final = "application/x-protobuf"
_CODES: Final = {401: 16, 408: 14, 429: 8, 503: 14}
"""google.rpc.Code: UNAUTHENTICATED, UNAVAILABLE, RESOURCE_EXHAUSTED; all else is INVALID_ARGUMENT."""
_INVALID_ARGUMENT: Final = 3


def otlp_routes(parts: Parts, *, commit_s: float = COMMIT_S) -> list[BaseRoute]:
    """The route, if anybody may send."""
    if not parts.settings.senders:
        return []
    return [resource("/v1/logs", POST=partial(_post, parts, Intake(parts, commit_s)))]


async def _post(parts: Parts, intake: Intake, request: Request) -> Response:
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        refused = await _take(parts, intake, request, form)
    except RefusalError as error:
        return _refusal(form, error)
    return _response(form, refused)


async def _take(parts: Parts, intake: Intake, request: Request, form: str) -> list[str]:
    """Make the records durable; gives why some are no events."""
    if form not in (JSON_FORM, PROTOBUF_FORM):
        raise RefusalError(415, f"send {PROTOBUF_FORM} or {JSON_FORM}", {"Accept": f"{PROTOBUF_FORM}, {JSON_FORM}"})
    sent = await intake.receive(request)
    if intake.is_repeated(sent):
        return []
    records = await run_in_threadpool(_records, request, form, sent, parts.settings.max_body_bytes)
    await intake.store(sent, records.inputs)
    return records.refused


def _records(request: Request, form: str, sent: Sent, limit_bytes: int) -> Records:
    whole = unpacked(sent.body, request.headers.get("content-encoding", ""), limit_bytes)
    document: Json
    try:
        document = read_json(whole) if form == JSON_FORM else read_request(whole)
    except (NotJsonError, NotProtobufError) as error:
        raise RefusalError(400, f"the body is no ExportLogsServiceRequest: {error}") from None
    return read_records(document, sent.sender.source, now_us())


def _response(form: str, refused: list[str]) -> Response:
    """Records that are no events are told by their number and the first reason; they are kept in quarantine."""
    words = refused[0] if refused else ""
    if form == PROTOBUF_FORM:
        return Response(write_response(len(refused), words), 200, media_type=PROTOBUF_FORM)
    partial_success = {"rejectedLogRecords": str(len(refused)), "errorMessage": words}
    return answer({"partialSuccess": partial_success} if refused else {})


def _refusal(form: str, error: RefusalError) -> Response:
    """A ``Status``. A body that came too slowly is asked for again, which exporters do after 503 only."""
    status, headers = error.status, error.headers
    if status == 408:
        status, headers = 503, {**headers, "Retry-After": "10"}
    code = _CODES.get(error.status, _INVALID_ARGUMENT)
    if form == PROTOBUF_FORM:
        return Response(write_status(code, error.detail), status, headers, PROTOBUF_FORM)
    return answer({"code": code, "message": error.detail}, status, headers)
