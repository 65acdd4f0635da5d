"""Long files of lines, shared out among processes: each decodes pieces of them and asks the rules about the events.

What a process sends back is little: of every event its id and its time, and of those that any rule matches the record,
too. Everything that depends on what came before (duplicates, order, times to borrow, conditions) happens here, in the
order of the file, so the outcome is the same with any number of processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input, Malformed

from .base import HISTORY_BATCH
from .blocks import Counted, blocks
from .cutting import PIECE_BYTES, Piece, pieces_of
from .errors import SourceError, tolerant
from .formats import HEAD_BYTES, are_lines
from .judged import NOTHING, Judge, Judged
from .judging import UNKNOWN_US, Judgement, judge_piece
from .parquet import MAGIC
from .paths import STDIN, open_file, shown, size_bytes

WORTH_BYTES: Final = 32 * 1024 * 1024
"""Files that are shorter are read sooner than processes are started."""
_MOST_MATCHED: Final = 0.25
"""Where more of the events match some rule, to hand them over takes longer than to ask about them here. With two
processes and rules of one condition it took as long at a quarter, and a fifth longer at a half."""
_AHEAD: Final = 3
"""Pieces under way per process: enough that none of them waits, and few enough for flat memory."""


class Pieces:
    """A judge, and processes that judge pieces of files as it would, as a context.

    They are forked, so that they have the compiled rules and tables from the start.

    Attributes:
        judge: asks the rules.
        piece_bytes: how long a piece is, to the end of its last line.
    """

    def __init__(self, judge: Judge, processes: int | None, worth_bytes: int | None = None) -> None:
        """Prepare; they start with ``start``, or with the first piece.

        Args:
            judge: asks the rules.
            processes: how many; one starts none, and no file is cut into pieces. None is one per core, and leaves files
                of which most events match to others.
            worth_bytes: shorter files are left to others; ``WORTH_BYTES`` by default.
        """
        self.judge = judge
        self._is_choosy = processes is None
        processes = processes or processes_by_default()
        self._ahead = _AHEAD * processes
        self.piece_bytes = PIECE_BYTES
        self._worth_bytes = WORTH_BYTES if worth_bytes is None else worth_bytes
        self._pool = _pool(judge, processes) if processes > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def start(self, files: Sequence[str]) -> None:
        """Start now, if any of the files is long enough: a process should be forked before it has other threads.

        Raises:
            SourceError: if a file is not there.
        """
        if self._pool is not None and any(size_bytes(file) >= self._worth_bytes for file in files):
            self._pool.submit(int)

    def fit(self, file: str) -> bool:
        """Whether a file is plain lines, and long enough to be worth it.

        Raises:
            SourceError: if it cannot be opened.
        """
        if self._pool is None or file == STDIN or size_bytes(file) < self._worth_bytes:
            return False
        with closing(open_file(file)) as stream:
            head = b""
            try:
                for block in blocks(Counted(stream), file):
                    head += block
                    if len(head) >= HEAD_BYTES:
                        break
            except SourceError:
                return False
        return not head.startswith(MAGIC) and are_lines(head[:HEAD_BYTES])

    def pays(self, file: str, event_map: EventMap) -> bool:
        """Whether few enough of a file's first events match, as far as that is to be considered.

        Raises:
            SourceError: if it cannot be opened.
        """
        if not self._is_choosy:
            return True
        with closing(pieces_of(file, HEAD_BYTES)) as pieces:
            first = next(tolerant(pieces), None)
        if first is None or isinstance(first, SourceError):
            return True
        judgement = judge_piece(first, event_map, self.judge)
        return len(judgement.matched) <= _MOST_MATCHED * len(judgement.ids)

    def inputs(
        self, file: str, event_map: EventMap, last_time_us: int
    ) -> Generator[tuple[list[Input], int, int], None, None]:
        """The inputs of a file in its order, with the bytes of it that are done, and the last time.

        Raises:
            SourceError: if the file cannot be read, or not to its end; what stood before has been given.
        """
        assert self._pool is not None
        number = 0
        with closing(pieces_of(file, self.piece_bytes)) as pieces:
            for end, judgement in self._judgements(self._pool, tolerant(pieces), event_map):
                if isinstance(judgement, SourceError):
                    raise judgement
                for inputs in self._assembled(judgement, shown(file), number, event_map.name, last_time_us):
                    yield inputs, end, last_time_us
                number += judgement.lines
                if judgement.last_time_us != UNKNOWN_US:
                    last_time_us = judgement.last_time_us

    def _judgements(
        self, pool: ProcessPoolExecutor, pieces: Iterator[Piece | SourceError], event_map: EventMap
    ) -> Iterator[tuple[int, Judgement | SourceError]]:
        """What the processes answer, in the order of the file; the error that ends it last."""
        waiting: deque[tuple[int, Future[Judgement] | SourceError]] = deque()
        try:
            while True:
                for piece in islice(pieces, max(0, self._ahead - len(waiting))):
                    if isinstance(piece, SourceError):
                        waiting.append((0, piece))
                    else:
                        waiting.append((piece.done_bytes, pool.submit(_judged_piece, piece, event_map)))
                if not waiting:
                    return
                end, answer = waiting.popleft()
                yield end, answer if isinstance(answer, SourceError) else answer.result()
        finally:
            for _, answer in waiting:
                if not isinstance(answer, SourceError):
                    answer.cancel()

    def _assembled(
        self, judgement: Judgement, name: str, number: int, source: str, borrowed_us: int
    ) -> Iterator[list[Input]]:
        """The inputs of a piece, a batch at a time.

        Args:
            judgement: about the piece.
            name: of the file.
            number: of lines before the piece.
            source: of the events.
            borrowed_us: the time of events before the first one with a time.
        """
        inputs: list[Input] = []
        untimed, matched, malformed = set(judgement.untimed), iter(judgement.matched), iter(judgement.malformed)
        match, broken = next(matched, None), next(malformed, None)
        for place, (event_id, known_us) in enumerate(zip(judgement.ids, judgement.times_us, strict=True)):
            while broken is not None and broken[0] == place:
                inputs.append(_malformed(broken, name, number, source))
                broken = next(malformed, None)
            time_us = borrowed_us if known_us == UNKNOWN_US else known_us
            if match is not None and match[0] == place:
                _, event_type, raw, positions = match
                data: Any = read_json(raw)
                event = Event(source, event_id, event_type, time_us, data, place in untimed)
                inputs.append(self.judge.judged(event, positions))
                match = next(matched, None)
            else:
                inputs.append(Judged(source, event_id, "", time_us, NOTHING, place in untimed))
            if len(inputs) >= HISTORY_BATCH:
                yield inputs
                inputs = []
        while broken is not None:
            inputs.append(_malformed(broken, name, number, source))
            broken = next(malformed, None)
        yield inputs


def processes_by_default() -> int:
    """As many as the process may run on at once; one where processes cannot be forked."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _malformed(broken: tuple[int, int, str, str, bytes], name: str, number: int, source: str) -> Malformed:
    _, line, suffix, reason, raw = broken
    return Malformed(source, f"{name}:{number + line}{suffix}", reason, raw)


def _pool(judge: Judge, processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(judge,))


_judge: Judge
"""In a process that judges."""


def _begin(judge: Judge) -> None:
    """A process starts; ^C is for the one that started it."""
    global _judge  # noqa: PLW0603 - forked with it; an argument would have to be written and read for every piece
    _judge = judge
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _judged_piece(piece: Piece, event_map: EventMap) -> Judgement:
    return judge_piece(piece, event_map, _judge)
