"""What a file is made of, before anybody knows what it means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from .errors import SourceError

_GROUP: Final = 100
_GROUP_BYTES: Final = 256 * 1024
"""Records that are found one by one are put together up to here: a single one may be as large as a wrapping."""


class Records(NamedTuple):
    """Some records as they stand in a file, one behind the other.

    Attributes:
        file: its name and what stands before a number: ``events.ndjson:`` for lines, ``events.json#`` for others.
        numbers: of each record, by which people find it: its line, or how many came up to it.
        raws: the bytes of each, as JSON.
    """

    file: str
    numbers: Sequence[int]
    raws: Sequence[bytes]

    def place(self, at: int) -> str:
        """Where one of them stands: ``events.ndjson:17``. Few are asked for, so none is written down before."""
        return f"{self.file}{self.numbers[at]}"

    def cut(self, start: int, end: int | None = None) -> Records:
        """Those from one on, and before another."""
        return Records(self.file, self.numbers[start:end], self.raws[start:end])


def in_groups(found: Iterable[tuple[int, bytes]], file: str) -> Iterator[Records]:
    """Put numbered records together.

    Args:
        found: the number and the bytes of each.
        file: see ``Records``.

    Raises:
        SourceError: as ``found`` does; what stood before is given first.
    """
    numbers, raws, size_bytes = list[int](), list[bytes](), 0
    try:
        for number, raw in found:
            numbers.append(number)
            raws.append(raw)
            size_bytes += len(raw)
            if len(raws) >= _GROUP or size_bytes >= _GROUP_BYTES:
                yield Records(file, numbers, raws)
                numbers, raws, size_bytes = [], [], 0
    except (SourceError, OSError):
        yield Records(file, numbers, raws)
        raise
    if raws:
        yield Records(file, numbers, raws)
