"""Keeping the search index up: the events that were recorded since, and those that were deleted."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import IO, Final, NamedTuple, Self

import apsw

from trailbell_engine.decoding.exact_json import read_json

from .search_tables import ALL, DAY, SLOT, begin_anew, first_row, open_for_writing
from .search_text import USER, fingerprint

_BATCH: Final = 2_000
_SAMPLE: Final = 64
"""One event in so many tells how common trigrams are."""
_END: Final = b"\n\n"
"""Follows the JSON in the index, so that one or two letters always begin a trigram. Our JSON holds no line end."""

_ROWS: Final = f"SELECT seq, event_type, time_us, data, {USER} FROM input WHERE kind = 0"  # noqa: S608 - constants


class _Row(NamedTuple):
    seq: int
    event_type: str
    time_us: int
    data: bytes
    user: str | None


class _Entry(NamedTuple):
    """A row of ``entry``."""

    seq: int
    account: int
    type: int
    time_us: int
    user: int | None


class SearchIndex:
    """The one writer of a state folder's search index. Safe to use from several threads, one at a time works.

    Raises:
        BlockingIOError: if another process writes it.
    """

    def __init__(self, folder: Path, store: apsw.Connection) -> None:
        """Open, or begin anew.

        Args:
            folder: the state folder.
            store: a read-only connection to the store, used by this object alone.
        """
        self._lock_file = _lock(folder)
        self._store = store
        self._lock = Lock()
        self._index = open_for_writing(folder)
        if self._missed_some():
            self._index.close()
            self._index = begin_anew(folder)
        self._terms: dict[tuple[str, str], int] = {
            (kind, text): number for number, kind, text in self._index.execute("SELECT id, kind, text FROM term")
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index and let go of it; the store's connection stays the caller's."""
        with self._lock:
            self._index.close()
            self._lock_file.close()

    def catch_up(self, limit: int | None = None) -> bool:
        """Index what came since, at most so many events; say whether nothing is left to do."""
        done = 0
        with self._lock:
            self._forget()
            while limit is None or done < limit:
                newest = first_row(self._store, "SELECT coalesce(max(seq), 0) FROM input")[0]
                rows = self._fresh(_BATCH if limit is None else min(_BATCH, limit - done))
                if rows:
                    self._add(rows)
                    done += len(rows)
                elif newest > self._progress("seq"):
                    self._note("seq", newest)  # clock ticks, which are not looked for
                else:
                    return True
            return not self._fresh(1)

    def _progress(self, name: str) -> int:
        return int(first_row(self._index, "SELECT value FROM progress WHERE name = ?", (name,))[0])

    def _note(self, name: str, value: int) -> None:
        self._index.execute("UPDATE progress SET value = ? WHERE name = ?", (value, name))

    def _fresh(self, limit: int) -> list[_Row]:
        rows = self._store.execute(f"{_ROWS} AND seq > ? ORDER BY seq LIMIT ?", (self._progress("seq"), limit))
        return [_Row(*row) for row in rows]

    def _add(self, rows: list[_Row]) -> None:
        with self._index:
            self._insert(rows)
            self._note("seq", rows[-1].seq)

    def _insert(self, rows: list[_Row]) -> None:
        entries = [self._entry(row) for row in rows]
        self._index.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", entries)
        self._index.executemany("INSERT INTO place VALUES (?, ?, ?, ?)", _places(entries))
        self._count(entries, 1)
        self._index.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", [(row.seq, (row.data + _END).decode()) for row in rows]
        )
        self._sample(row for row in rows if row.seq % _SAMPLE == 0)

    def _entry(self, row: _Row) -> _Entry:
        account, kind = self._account(row.data), self._term("type", row.event_type or "")
        return _Entry(row.seq, account, kind, row.time_us, None if row.user is None else fingerprint(row.user))

    def _account(self, data: bytes) -> int:
        account = read_json(data).get("account_id")
        return self._term("account", account) if isinstance(account, str) and account else ALL

    def _term(self, kind: str, text: str) -> int:
        number = self._terms.get((kind, text))
        if number is None:
            self._index.execute("INSERT INTO term (kind, text) VALUES (?, ?)", (kind, text))
            number = self._terms[kind, text] = self._index.last_insert_rowid()
        return number

    def _count(self, entries: Iterable[_Entry], sign: int) -> None:
        for table, width_us in (DAY, SLOT):
            counts: Counter[tuple[int, int, int]] = Counter()
            seqs: dict[tuple[int, int, int], list[int]] = {}
            for entry in entries:
                start = entry.time_us // width_us
                for key in {(account, kind, start) for account in (ALL, entry.account) for kind in (ALL, entry.type)}:
                    counts[key] += sign
                    seqs.setdefault(key, []).append(entry.seq)
            self._index.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "  # noqa: S608 - constants
                "events = events + excluded.events, "
                "first = min(first, excluded.first), last = max(last, excluded.last)",
                [(*key, count, min(seqs[key]), max(seqs[key])) for key, count in counts.items()],
            )
            if sign < 0:
                self._index.executemany(
                    f"DELETE FROM {table} WHERE account = ? AND type = ? AND start = ? AND events <= 0",  # noqa: S608 - constants
                    list(counts),
                )

    def _sample(self, rows: Iterable[_Row]) -> None:
        counts: Counter[str] = Counter()
        for row in rows:
            text = row.data.decode()
            counts.update({text[start : start + 3] for start in range(len(text) - 2)})
        self._index.executemany(
            "INSERT INTO gram VALUES (?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events",
            list(counts.items()),
        )

    def _missed_some(self) -> bool:
        """Whether deleted events are off the store's list that are still in here: a power cut took the removal back."""
        oldest = first_row(self._store, "SELECT min(number) FROM forgotten")[0]
        return oldest is not None and oldest > self._progress("forgotten") + 1

    def _forget(self) -> None:
        """Take out what the store has deleted."""
        while True:
            gone = list(
                self._store.execute(
                    "SELECT number, seq FROM forgotten WHERE number > ? ORDER BY number LIMIT ?",
                    (self._progress("forgotten"), _BATCH),
                )
            )
            if not gone:
                return
            with self._index:
                self._remove({seq for _, seq in gone})
                self._note("forgotten", gone[-1][0])

    def _remove(self, seqs: set[int]) -> None:
        entries = [
            _Entry(*row)
            for seq in sorted(seqs)
            for row in self._index.execute("SELECT seq, account, type, time_us, user FROM entry WHERE seq = ?", (seq,))
        ]
        self._index.executemany("DELETE FROM entry WHERE seq = ?", [(entry.seq,) for entry in entries])
        self._index.executemany("DELETE FROM words WHERE rowid = ?", [(entry.seq,) for entry in entries])
        self._index.executemany(
            "DELETE FROM place WHERE account = ? AND type = ? AND time_us = ? AND seq = ?", _places(entries)
        )
        self._count(entries, -1)


def _places(entries: Iterable[_Entry]) -> list[tuple[int, int, int, int]]:
    return [
        (account, entry.type, entry.time_us, entry.seq) for entry in entries for account in sorted({ALL, entry.account})
    ]


def _lock(folder: Path) -> IO[bytes]:
    handle = (folder / "search.lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise
    return handle
