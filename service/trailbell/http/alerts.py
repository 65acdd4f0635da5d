"""``/v1/alerts``: what the engine found, newest first, and one alert with everything that is known of it."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.store.alerts import StoredAlert, alert_json
from trailbell.store.reading import Readers
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.codec import decode_alert
from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json

from .answers import RefusalError, answer, require_json, resource
from .deliveries import deliveries_of
from .paging import cursor, cursor_of, limit_of
from .parts import Parts

_STATES: Final = ("open", "resolved")


class AlertFilters(NamedTuple):
    """Which alerts; what is empty or None is not asked for. Times in microseconds, UTC, of the opening."""

    rule: str = ""
    severity: str = ""
    state: str = ""
    since_us: int | None = None
    until_us: int | None = None


def alert_routes(parts: Parts) -> list[BaseRoute]:
    """The list, and one."""
    return [
        resource("/v1/alerts", GET=partial(_list, parts)),
        resource("/v1/alerts/{alert_id}", GET=partial(_one, parts)),
    ]


def find_alerts(
    readers: Readers, filters: AlertFilters, limit: int, after: tuple[Json, ...] | None = None
) -> list[StoredAlert]:
    """Alerts, newest first.

    Args:
        readers: of the store.
        filters: which ones.
        limit: at most so many.
        after: the time of opening, rule and id of the alert that the list goes on after.
    """
    tests = {
        "rule_id = ?": filters.rule or None,
        "severity = ?": filters.severity or None,
        "json_extract(record, '$.state') = ?": filters.state or None,
        "opened_at_us >= ?": filters.since_us,
        "opened_at_us < ?": filters.until_us,
    }
    chosen = {test: value for test, value in tests.items() if value is not None}
    values: list[Any] = list(chosen.values())
    where = list(chosen)
    if after is not None:
        where.append("(opened_at_us, rule_id, id) < (?, ?, ?)")
        values.extend(after)
    rows = readers.rows(
        f"SELECT record, wording FROM alert WHERE {' AND '.join(where) or 'TRUE'} "  # noqa: S608 - of constants
        "ORDER BY opened_at_us DESC, rule_id DESC, id DESC LIMIT ?",
        (*values, limit),
    )
    return [StoredAlert(decode_alert(read_json(record)), read_json(wording)) for record, wording in rows]


def one_alert(readers: Readers, alert_id: str) -> StoredAlert | None:
    """The alert of that id, or None."""
    row = readers.one("SELECT record, wording FROM alert WHERE id = ?", (alert_id,))
    return None if row is None else StoredAlert(decode_alert(read_json(row[0])), read_json(row[1]))


async def _list(parts: Parts, request: Request) -> Response:
    require_json(request)
    filters, limit = read_filters(request), limit_of(request)
    after = cursor_of(request, int, str, str)
    found = await run_in_threadpool(find_alerts, parts.keeper.readers, filters, limit + 1, after)
    shown = found[:limit]
    last = shown[-1].alert if len(found) > limit else None
    return answer(
        {
            "alerts": [stored.to_json() for stored in shown],
            "next": None if last is None else cursor(last.opened_at_us, last.rule_id, last.id),
        }
    )


async def _one(parts: Parts, request: Request) -> Response:
    require_json(request)
    alert_id = request.path_params["alert_id"]
    stored = await run_in_threadpool(one_alert, parts.keeper.readers, alert_id)
    if stored is None:
        raise RefusalError(404, f"there is no alert {alert_id}")
    told = await run_in_threadpool(deliveries_of, parts.keeper.readers, alert_id)
    alert, wording = stored
    return answer(
        {
            **alert_json(alert, wording),
            "why": alert.why,
            "facts": dict(alert.facts),
            "fields": wording.get("fields", []),
            "explanation": wording.get("explanation"),
            "events": [event.data for event in alert.events],
            "deliveries": told,
        }
    )


def read_filters(request: Request) -> AlertFilters:
    """The filters in a query.

    Raises:
        RefusalError: 400, naming the parameter.
    """
    query = request.query_params
    severity, state = query.get("severity", ""), query.get("state", "")
    if severity and severity not in SEVERITIES:
        raise RefusalError(400, f"severity is one of {', '.join(SEVERITIES)}")
    if state and state not in _STATES:
        raise RefusalError(400, f"state is one of {', '.join(_STATES)}")
    return AlertFilters(
        query.get("rule", ""), severity, state, instant_of(request, "since"), instant_of(request, "until")
    )


def instant_of(request: Request, name: str) -> int | None:
    """An instant in the query, microseconds since the epoch, UTC; None if it is not there.

    Raises:
        RefusalError: 400.
    """
    text = request.query_params.get(name, "")
    time_us = parse_time(text) if text else None
    if text and time_us is None:
        raise RefusalError(400, f"{name} must be a date and time as RFC 3339 writes it")
    return time_us
