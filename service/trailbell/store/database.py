"""The store as everything else sees it: SQL in the words that SQLite and PostgreSQL share, and transactions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Final, Protocol

from .address import Address, PostgresAddress, folder_of

APPLICATION_ID: Final = 0x74626C6C
"""``tbll``: marks a store as ours."""


class StoreError(Exception):
    """The store cannot be used.

    Attributes:
        message: what is wrong, with the store's place.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help_


class NoStoreError(StoreError):
    """There is none at that place."""


class Participant(Protocol):
    """What keeps changes in memory until a transaction ends."""

    def before_commit(self) -> None:
        """Write them, as the last act of the transaction."""

    def after_commit(self, *, done: bool) -> None:
        """They are durable, or the transaction was undone."""


class Database(ABC):
    """One connection, used by one thread at a time: every use takes ``lock``.

    Statements are written once, in what both engines understand: placeholders ``?``, ``?1`` or ``:name``, ``ON
    CONFLICT`` with its columns, names for subqueries, no numbers as truth values. Texts sort by their code points.

    Attributes:
        address: where the store is.
        lock: held from the first statement of a transaction to its last.
        on_commit: is told how many seconds each transaction took to become durable; it must be quick.
        participants: are asked before every commit, and told after it.
    """

    REMEDY: ClassVar[str]
    """What to do about ``damage``."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.lock = RLock()
        self.on_commit: Callable[[float], object] = lambda _seconds: None
        self.participants: list[Participant] = []

    @property
    def folder(self) -> Path:
        """The folder of this machine that goes with the store."""
        return folder_of(self.address)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable when this returns, or undone if it raises.

        Raises:
            StoreError: if what was written cannot be kept: a full disk, a lost connection.
        """
        with self.lock:
            done = False
            try:
                with self._worded():
                    self._begin()
                    try:
                        yield
                        for participant in self.participants:
                            participant.before_commit()
                        began_s = time.perf_counter()
                        self._commit()
                    except BaseException:
                        self._roll_back()
                        raise
                self.on_commit(time.perf_counter() - began_s)
                done = True
            finally:
                for participant in self.participants:
                    participant.after_commit(done=done)

    @abstractmethod
    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

    @abstractmethod
    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change something; how many rows were."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Change something with each of these values, in their order."""

    @abstractmethod
    def counted(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        """The same, and how many rows each of them changed."""

    @abstractmethod
    def lowered(self, column: str) -> str:
        """SQL for the bytes of a column, text or not, with ASCII letters small: what ``instr`` looks into."""

    @abstractmethod
    def damage(self) -> str | None:
        """What a quick look finds wrong with the store; None for nothing."""

    @abstractmethod
    def overwrite_deleted(self) -> None:
        """From now on, have deleted rows written over where the engine can."""

    @abstractmethod
    def overwrite(self) -> None:
        """Write the tables anew, so that nothing is left in them of what was deleted. Outside of transactions."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection and let go of the store."""

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None:
        """Undo the transaction, if it is not undone by what ended it."""

    @abstractmethod
    def _worded(self) -> AbstractContextManager[None]:
        """The engine's errors in words. Nobody may go on as if something had been written."""


def open_database(address: Address, *, write: bool = True) -> Database:
    """Open (and, to write, create) a store.

    Args:
        address: a state folder, made with mode 0700, since events are personal data; or a PostgreSQL database.
        write: take the store's lock: only one engine may write.

    Raises:
        NoStoreError: to read, where there is none.
        StoreError: locked by another engine, not ours, newer than this program, damaged, or not to be reached.
    """
    if isinstance(address, PostgresAddress):
        try:
            from .postgres_opening import open_postgres
        except ModuleNotFoundError as error:
            words = f"{address} needs {error.name}, which is not installed"
            raise StoreError(words, "pip install 'trailbell[postgres]'") from error

        return open_postgres(address, write=write)
    from .sqlite import open_sqlite

    return open_sqlite(address, write=write)
