"""``/v1/deliveries``: what is told to whom, and how far it got; the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.store.reading import Readers
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json

from .answers import RefusalError, answer, require_json, resource
from .paging import cursor, cursor_of, limit_of
from .parts import Parts

STATES: Final = ("pending", "leased", "ambiguous", "parked", "sent", "dead", "folded")
_COLUMNS: Final = (
    "seq, id, alert_id, receiver, target, kind, state, attempts, "
    "created_us, not_before_us, last_error, reference, reason"
)


_TESTS: Final = {
    "state": "state = ?",
    "receiver": "receiver = ?",
    # A message about a group has the id of one of its alerts, and tells of all.
    "alert": "(alert_id = ? OR (receiver, thread, number) IN "
    "(SELECT receiver, thread, number FROM decision WHERE alert_id = ? AND what = 'told'))",
}


def delivery_routes(parts: Parts) -> list[BaseRoute]:
    """The list."""
    return [resource("/v1/deliveries", GET=partial(_list, parts))]


def find_deliveries(
    readers: Readers, tests: Mapping[str, str], limit: int, after: int | None = None
) -> list[tuple[int, dict[str, Json]]]:
    """Deliveries with their numbers, newest first; ``tests`` may have a ``state``, a ``receiver`` and an ``alert``."""
    where = [_TESTS[name] for name in tests]
    values: list[Any] = [value for name, value in tests.items() for _ in range(_TESTS[name].count("?"))]
    if after is not None:
        where.append("seq < ?")
        values.append(after)
    rows = readers.rows(
        f"SELECT {_COLUMNS} FROM outbox WHERE {' AND '.join(where) or 'TRUE'} ORDER BY seq DESC LIMIT ?",  # noqa: S608 - of constants
        (*values, limit),
    )
    return [(row[0], _document(*row[1:])) for row in rows]


def deliveries_of(readers: Readers, alert_id: str) -> list[dict[str, Json]]:
    """The deliveries that tell of an alert, the first one first."""
    return [document for _, document in reversed(find_deliveries(readers, {"alert": alert_id}, 1_000))]


async def _list(parts: Parts, request: Request) -> Response:
    require_json(request)
    query, limit = request.query_params, limit_of(request)
    state = query.get("state", "")
    if state and state not in STATES:
        raise RefusalError(400, f"state is one of {', '.join(STATES)}")
    given = {"state": state, "receiver": query.get("receiver", ""), "alert": query.get("alert", "")}
    after = cursor_of(request, int)
    found = await run_in_threadpool(
        find_deliveries,
        parts.keeper.readers,
        {name: value for name, value in given.items() if value},
        limit + 1,
        after[0] if after else None,
    )
    shown = found[:limit]
    return answer(
        {
            "deliveries": [document for _, document in shown],
            "next": cursor(shown[-1][0]) if len(found) > limit else None,
        }
    )


def _document(  # noqa: PLR0913, PLR0917 - the columns of a row
    delivery_id: str,
    alert_id: str,
    receiver: str,
    target: str,
    kind: str,
    state: str,
    attempts: int,
    created_us: int,
    not_before_us: int,
    last_error: str,
    reference: str,
    reason: str,
) -> dict[str, Json]:
    return {
        "id": delivery_id,
        "alert_id": alert_id,
        "receiver": receiver,
        "target": target,
        "kind": kind,
        "state": state,
        "attempts": attempts,
        "created_at": format_time(created_us),
        "next_attempt_at": None if state in ("sent", "dead", "folded") else format_time(not_before_us),
        "last_error": last_error,
        "reference": reference,
        "reason": reason,
    }
