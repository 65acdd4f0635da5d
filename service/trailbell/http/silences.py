"""``/v1/silences``: what is not told for a while. A running engine takes up a wish within a second."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell.operations import submit, waiting
from trailbell.store.reading import Readers
from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json
from trailbell_notifiers.policy.matchers import MatcherError
from trailbell_notifiers.policy.silences import Silence, SilenceError, new_silence, silence_of_json

from .answers import RefusalError, answer, require_json, resource
from .bodies import json_body
from .parts import Parts

ORIGIN: Final = "api"
_NEEDED: Final = ("matchers", "ends_at", "author", "comment")


def silence_routes(parts: Parts) -> list[BaseRoute]:
    """The list, a new one, one, and the end of one."""
    return [
        resource("/v1/silences", GET=partial(_list, parts), POST=partial(_add, parts)),
        resource("/v1/silences/{silence_id}", GET=partial(_one, parts), DELETE=partial(_expire, parts)),
    ]


def known_silences(readers: Readers, folder: Path) -> list[Silence]:
    """Those in the store, and those that no engine has taken up yet; the one that ends last first."""
    rows = readers.rows("SELECT record, starts_us, ends_us FROM silence")
    known = {silence.id: silence for silence in (silence_of_json(read_json(row[0]), *row[1:]) for row in rows)}
    ended: dict[str, int] = {}
    for _, wish in waiting(folder):
        if wish is not None and wish.silence is not None:
            known.setdefault(wish.silence.id, wish.silence)
        elif wish is not None and wish.do == "expire":
            ended[wish.subject] = wish.at_us
    shown = [
        silence._replace(ends_us=max(silence.starts_us, min(silence.ends_us, ended.get(silence.id, silence.ends_us))))
        for silence in known.values()
    ]
    return sorted(shown, key=lambda silence: (-silence.ends_us, silence.id))


def one_silence(parts: Parts, silence_id: str) -> Silence:
    """The silence of that id.

    Raises:
        RefusalError: 404.
    """
    for silence in known_silences(parts.keeper.readers, parts.folder):
        if silence.id == silence_id:
            return silence
    raise RefusalError(404, f"there is no silence {silence_id}")


def wish_silence(parts: Parts, matchers: list[str], starts_us: int, ends_us: int, author: str, comment: str) -> Silence:
    """A new silence, on its way to the engine.

    Raises:
        RefusalError: 400 if it cannot be, or is over already.
    """
    if ends_us <= now_us():
        raise RefusalError(400, "it ends before now: nothing would be silenced")
    try:
        silence = new_silence(
            matchers, starts_us=starts_us, ends_us=ends_us, author=author, comment=comment, origin=ORIGIN
        )
    except (MatcherError, SilenceError) as error:
        raise RefusalError(400, f"{error}{f': {error.help}' if error.help else ''}") from None
    submit(parts.folder, "silence", author=author, comment=comment, silence=silence)
    return silence


def wish_end(parts: Parts, silence_id: str) -> None:
    """Have a silence end.

    Raises:
        RefusalError: 404.
    """
    silence = one_silence(parts, silence_id)
    submit(parts.folder, "expire", author=silence.author, comment="by the API", subject=silence_id)


def instant_in(document: dict[str, Json], name: str, default_us: int | None = None) -> int:
    """A time of a document.

    Raises:
        RefusalError: 400.
    """
    given = document.get(name)
    if given is None and default_us is not None:
        return default_us
    time_us = parse_time(given) if isinstance(given, str) else None
    if time_us is None:
        raise RefusalError(400, f"{name} must be a date and time as RFC 3339 writes it")
    return time_us


async def _list(parts: Parts, request: Request) -> Response:
    require_json(request)
    found = await run_in_threadpool(known_silences, parts.keeper.readers, parts.folder)
    at_us = now_us()
    return answer({"silences": [_document(silence, at_us) for silence in found]})


async def _one(parts: Parts, request: Request) -> Response:
    require_json(request)
    silence = await run_in_threadpool(one_silence, parts, request.path_params["silence_id"])
    return answer(_document(silence, now_us()))


async def _add(parts: Parts, request: Request) -> Response:
    require_json(request)
    wanted = await json_body(request)
    lacking = [name for name in _NEEDED if not wanted.get(name)]
    texts = isinstance(wanted.get("author"), str) and isinstance(wanted.get("comment"), str)
    matchers = wanted.get("matchers")
    if lacking or not texts or not isinstance(matchers, list) or not all(isinstance(one, str) for one in matchers):
        raise RefusalError(400, f"a silence has texts: {', '.join(_NEEDED)}, and `matchers` is a list of them")
    at_us = now_us()
    starts_us, ends_us = instant_in(wanted, "starts_at", at_us), instant_in(wanted, "ends_at")
    silence = await run_in_threadpool(
        wish_silence, parts, matchers, starts_us, ends_us, wanted["author"], wanted["comment"]
    )
    return answer(_document(silence, at_us), 201, {"Location": f"/v1/silences/{silence.id}"})


async def _expire(parts: Parts, request: Request) -> Response:
    await run_in_threadpool(wish_end, parts, request.path_params["silence_id"])
    return Response(status_code=204)


def _document(silence: Silence, at_us: int) -> dict[str, Json]:
    return silence.to_json() | {"state": silence.phase(at_us)}
