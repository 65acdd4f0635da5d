"""What people ask of a running engine from outside: silences, acknowledgements, resolving by hand.

Only one process writes the store. So whoever wants something leaves a file in ``STATE/operations/``, and the engine
takes it up within a second, in a transaction of its own events; if no engine runs, the next one does. A file is removed
after the commit, and taking it twice changes nothing.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from trailbell_engine.timestamps import format_time, parse_time
from trailbell_notifiers.policy.silences import Silence, silence_of_json

from .clock import now_us

FOLDER: Final = "operations"
_LARGEST_BYTES: Final = 1 << 20


class Operation(NamedTuple):
    """One wish.

    Attributes:
        id: unique; its file's name.
        do: ``silence``, ``expire``, ``acknowledge``, ``unacknowledge``, ``resolve``, ``retry``, ``give-up``.
        at_us: when it was wished (microseconds, UTC).
        author: by whom.
        comment: why.
        subject: the alert's or the silence's id; for ``retry`` and ``give-up`` a delivery's, ``receiver:NAME`` or,
            for ``retry``, ``all``.
        silence: the new silence, for ``silence``.
    """

    id: str
    do: str
    at_us: int
    author: str
    comment: str = ""
    subject: str = ""
    silence: Silence | None = None


def submit(
    state: Path, do: str, *, author: str, comment: str = "", subject: str = "", silence: Silence | None = None
) -> Operation:
    """Leave a wish for the engine of a state folder.

    Raises:
        OSError: if the folder cannot be written.
    """
    at_us = now_us()
    wish = Operation(f"{at_us:017d}-{secrets.token_hex(4)}", do, at_us, author, comment, subject, silence)
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = wish._asdict() | {"at": format_time(at_us), "silence": None if silence is None else silence.to_json()}
    part = folder / f".{wish.id}.part"
    with part.open("wb") as file:
        file.write(orjson.dumps(document))
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / f"{wish.id}.json")
    return wish


def waiting(state: Path) -> Iterator[tuple[Path, Operation | None]]:
    """The wishes that no engine has taken up yet, oldest first; None for a file that is none."""
    folder = state / FOLDER
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".json"))
    except OSError:
        return
    for name in names:
        yield folder / name, _read(folder / name)


def _read(file: Path) -> Operation | None:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            return None
        record = json.loads(file.read_bytes())
        return _operation(record)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _operation(record: Mapping[str, Any]) -> Operation:
    silence = record["silence"]
    texts = {name: str(record[name]) for name in ("id", "do", "author", "comment", "subject")}
    return Operation(**texts, at_us=int(record["at_us"]), silence=None if silence is None else _silence(silence))


def _silence(record: Mapping[str, Any]) -> Silence:
    starts_us, ends_us = parse_time(record["starts_at"]), parse_time(record["ends_at"])
    if starts_us is None or ends_us is None:
        raise ValueError("a silence without its times")
    return silence_of_json(record, starts_us, ends_us)
