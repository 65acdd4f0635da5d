"""What files of rules came to, kept on disk by their content: a start need not read YAML that it has read before.

The cache is worth nothing: whatever is wrong with it, it is thrown away and made again, and no error of it is an error
of the run. What it says is believed only if its own check sum is right and if it was written by this very program.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import platform
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import apsw
import orjson

import trailbell_engine
import trailbell_notifiers
import trailbell_rules
from trailbell import __version__
from trailbell_engine.values import Json

log: Final = logging.getLogger("trailbell")

CACHE_FILE: Final = "rules.cache"
"""Its name in the state folder."""
_SPARE: Final = 1_000
"""So many entries beside twice those in use may lie there before the others are dropped."""
_SUM_BYTES: Final = 16


class Entry(NamedTuple):
    """What the text of one file came to.

    Attributes:
        definitions: the digest of the definitions that it refers to; empty if it refers to none.
        absent: names that must not be defined, or it would mean something else.
        lists: the names of the lists in files that its rules read.
        rules: their forms.
    """

    definitions: str
    absent: list[str]
    lists: list[str]
    rules: list[Json]


class RuleCache:
    """Entries by the digest of a file's text, in one SQLite file. Used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Open the cache, or make it. If that cannot be, there is none, which is only slower."""
        self._file = file
        self._connection = self._opened() or self._renewed()

    def get(self, digest: bytes) -> Entry | None:
        """What the text with this digest came to, if it is known."""
        if self._connection is None:
            return None
        try:
            row = next(iter(self._connection.execute("SELECT body FROM entry WHERE digest = ?", (digest,))), None)
        except apsw.Error as error:
            self._give_up(error)
            return None
        return None if row is None else _read(row[0])

    def put(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Keep entries."""
        rows = [(digest, body) for digest, entry in entries if (body := _written(entry)) is not None]
        if rows:
            self._write("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)

    def keep_only(self, digests: Iterable[bytes]) -> None:
        """Drop what is not in use, once it is more than what is."""
        if self._connection is None:
            return
        used = set(digests)
        try:
            there = {digest for (digest,) in self._connection.execute("SELECT digest FROM entry")}
        except apsw.Error as error:
            self._give_up(error)
            return
        if len(there) > 2 * len(used) + _SPARE:
            self._write("DELETE FROM entry WHERE digest = ?", [(digest,) for digest in there - used])

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, sql: str, rows: Sequence[tuple[bytes, ...]]) -> None:
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany(sql, rows)
        except apsw.Error as error:
            self._give_up(error)

    def _opened(self) -> apsw.Connection | None:
        connection = None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = apsw.Connection(str(self._file))
            connection.execute("PRAGMA synchronous = OFF")  # a power cut may cost the cache
            connection.execute("CREATE TABLE IF NOT EXISTS program (name TEXT)")
            program = next(iter(connection.execute("SELECT name FROM program")), None)
            if program != (_program(),):
                connection.execute("DROP TABLE IF EXISTS entry; DELETE FROM program")
                connection.execute("INSERT INTO program VALUES (?)", (_program(),))
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entry (digest BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"
            )
        except (apsw.Error, OSError):
            if connection is not None:
                connection.close()
            return None
        return connection

    def _renewed(self) -> apsw.Connection | None:
        with contextlib.suppress(OSError):
            self._file.unlink()
        connection = self._opened()
        if connection is None:
            log.info("rules are read without a cache: %s cannot be used", self._file)
        return connection

    def _give_up(self, error: apsw.Error) -> None:
        """It is damaged: the next start makes a new one."""
        log.info("the cache of rules %s is not used any more: %s", self._file, error)
        self.close()
        with contextlib.suppress(OSError):
            self._file.unlink()


def _written(entry: Entry) -> bytes | None:
    try:
        body = orjson.dumps(tuple(entry))
    except TypeError:  # a number beyond 64 bits, a text that is no Unicode: such a file is read every time
        return None
    return _sum(body) + body


def _read(body: bytes) -> Entry | None:
    if not isinstance(body, bytes) or _sum(body[_SUM_BYTES:]) != body[:_SUM_BYTES]:
        return None
    return Entry(*orjson.loads(body[_SUM_BYTES:]))


def _sum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_SUM_BYTES).digest()


@cache
def _program() -> str:
    """This very program: its version, and the state of the files that make rules of texts."""
    digest = hashlib.sha256(f"{__version__} {platform.python_version()}".encode())
    for file in _modules():
        state = file.stat()
        digest.update(f"\0{file} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.hexdigest()


def _modules() -> Iterator[Path]:
    for package in (trailbell_engine, trailbell_rules, trailbell_notifiers):
        assert package.__file__ is not None
        yield from sorted(Path(package.__file__).parent.rglob("*.py"))
    yield from sorted(Path(__file__).parent.glob("*.py"))
