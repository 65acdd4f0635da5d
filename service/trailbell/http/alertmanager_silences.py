"""Alertmanager's silences, version 2, over ours: ``amtool silence add|query|expire`` works."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json
from trailbell_notifiers.policy.matchers import Matcher, Operator
from trailbell_notifiers.policy.silences import Silence

from .answers import ALERTMANAGER, RefusalError, answer, resource
from .bodies import json_body
from .parts import Parts
from .silences import instant_in, known_silences, one_silence, wish_end, wish_silence

_NAMES: Final = {"alertname": "rule"}
"""Labels that Alertmanager calls otherwise."""
_THEIRS: Final = {ours: theirs for theirs, ours in _NAMES.items()}


def alertmanager_silence_routes(parts: Parts) -> list[BaseRoute]:
    """The list, a new one, one, and the end of one."""
    return [
        resource(f"{ALERTMANAGER}/silences", GET=partial(_list, parts), POST=partial(_add, parts)),
        resource(f"{ALERTMANAGER}/silence/{{silence_id}}", GET=partial(_one, parts), DELETE=partial(_expire, parts)),
    ]


async def _list(parts: Parts, _request: Request) -> Response:
    found = await run_in_threadpool(known_silences, parts.keeper.readers, parts.folder)
    at_us = now_us()
    return answer([_document(silence, at_us) for silence in found])


async def _one(parts: Parts, request: Request) -> Response:
    silence = await run_in_threadpool(one_silence, parts, request.path_params["silence_id"])
    return answer(_document(silence, now_us()))


async def _add(parts: Parts, request: Request) -> Response:
    wanted = await json_body(request)
    given = wanted.get("matchers")
    if not isinstance(given, list) or not given:
        raise RefusalError(400, "matchers is a list of at least one matcher")
    matchers = [str(_matcher(one)) for one in given]
    starts_us, ends_us = instant_in(wanted, "startsAt", now_us()), instant_in(wanted, "endsAt")
    author, comment = str(wanted.get("createdBy") or ""), str(wanted.get("comment") or "")
    silence = await run_in_threadpool(wish_silence, parts, matchers, starts_us, ends_us, author, comment)
    before = wanted.get("id")
    if isinstance(before, str) and before and before != silence.id:  # an edit: a new one takes the place of the old
        await run_in_threadpool(wish_end, parts, before)
    return answer({"silenceID": silence.id})


async def _expire(parts: Parts, request: Request) -> Response:
    await run_in_threadpool(wish_end, parts, request.path_params["silence_id"])
    return Response(status_code=200)


def _matcher(given: Json) -> Matcher:
    name, value = (given.get("name"), given.get("value")) if isinstance(given, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(value, str):
        raise RefusalError(400, "a matcher has a name and a value")
    operators: dict[tuple[bool, bool], Operator] = {
        (True, False): "=",
        (False, False): "!=",
        (True, True): "=~",
        (False, True): "!~",
    }
    operator = operators[given.get("isEqual", True) is not False, given.get("isRegex", False) is True]
    return Matcher(_NAMES.get(name, name), operator, value)


def _document(silence: Silence, at_us: int) -> dict[str, Json]:
    return {
        "id": silence.id,
        "matchers": [
            {
                "name": _THEIRS.get(matcher.label, matcher.label),
                "value": matcher.value,
                "isRegex": matcher.operator in ("=~", "!~"),
                "isEqual": matcher.operator in ("=", "=~"),
            }
            for matcher in silence.matchers
        ],
        "startsAt": format_time(silence.starts_us),
        "endsAt": format_time(silence.ends_us),
        "updatedAt": format_time(silence.starts_us),
        "createdBy": silence.author,
        "comment": silence.comment,
        "status": {"state": silence.phase(at_us)},
    }
