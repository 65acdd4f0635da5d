"""``POST /v1/dry-runs``: rules over the recorded history, in a process of their own with an end."""

from __future__ import annotations

import asyncio
import os
import resource as limits
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.store.address import Address, PostgresAddress
from trailbell_engine.values import Json

from .answers import RefusalError, require_json, resource
from .bodies import json_body
from .parts import Parts

PATIENCE_S: Final = 120.0
_BODY_BYTES: Final = 1024 * 1024
_MEMORY_BYTES: Final = 2 * 1024**3
_KEYS: Final = ("rules", "since", "until")
_INVALID: Final = (1, 2, 3)
"""Exit codes that say the request was at fault: invalid rules, a window that is none."""


def dry_run_routes(parts: Parts) -> list[BaseRoute]:
    """The route. One dry-run at a time: it takes a processor and reads the whole history."""
    return [resource("/v1/dry-runs", POST=partial(_post, parts, asyncio.Semaphore(1)))]


async def _post(parts: Parts, turn: asyncio.Semaphore, request: Request) -> Response:
    require_json(request)
    wanted = _checked(await json_body(request, _BODY_BYTES))
    if turn.locked():
        raise RefusalError(429, "another dry-run is under way", {"Retry-After": "10"})
    async with turn:
        with tempfile.TemporaryDirectory() as folder:
            rules = _written(Path(folder), wanted["rules"])
            window = [f"--{name}={wanted[name]}" for name in ("since", "until") if name in wanted]
            code, out, err = await _run(parts.store, rules, window)
    if code in _INVALID:
        raise RefusalError(
            422, "the rules or the window cannot be used", problems=err.replace(f"{rules}", "rules.yaml")
        )
    if code:
        raise RefusalError(503, "the dry-run did not come to its end", problems=err[-2_000:])
    return Response(out, media_type="application/json")


def _checked(wanted: dict[str, Json]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in wanted.values()):
        raise RefusalError(400, 'the body is an object of texts: {"rules": "…", "since": "30d"}')
    unknown = [name for name in wanted if name not in _KEYS]
    if unknown or not wanted.get("rules", "").strip():
        raise RefusalError(400, f"{unknown[0]!r} is not known" if unknown else "`rules`, the text of rules, is missing")
    return {"since": "30d", **wanted}


def _written(folder: Path, text: str) -> Path:
    rules = folder / "rules.yaml"
    rules.write_text(text, encoding="utf-8")
    return rules


async def _run(store: Address, rules: Path, window: list[str]) -> tuple[int, bytes, str]:
    """The command line's own dry-run, so that nothing that goes wrong in it reaches the engine."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "TRAILBELL_STATE": store.whole() if isinstance(store, PostgresAddress) else f"{store.absolute()}",
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trailbell", "dry-run", str(rules), *window, "--format", "json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=rules.parent,
        env=environment,
        preexec_fn=_bounded,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise RefusalError(503, f"the dry-run took longer than {PATIENCE_S:g} seconds; shorten the window") from None
    assert process.returncode is not None
    return process.returncode, out, err.decode("utf-8", "replace")


def _bounded() -> None:
    limits.setrlimit(limits.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    limits.setrlimit(limits.RLIMIT_CPU, (int(PATIENCE_S), int(PATIENCE_S)))
    os.nice(10)
