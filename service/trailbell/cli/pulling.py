"""Saving a long list: a file that appears only when it is complete, and a bar that shows how far it is."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

_T = TypeVar("_T")


@contextmanager
def writing(output: str) -> Iterator[BinaryIO]:
    """A stream into the file, gzip if its name ends so; ``-`` is standard output.

    The file is written beside its place, readable by its owner alone, synced, and moved there at the end. After an
    exception nothing is left.

    Raises:
        OSError: if it cannot be written.
    """
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            if target.suffix == ".gz":
                # No name and no time inside: the same events make the same file.
                with (
                    gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
                    io.BufferedWriter(cast("io.RawIOBase", packed)) as stream,
                ):
                    yield cast("BinaryIO", stream)
            else:
                yield cast("BinaryIO", raw)
            raw.flush()
            os.fsync(raw.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def pull_progress(parts: Iterable[_T], total: int) -> Iterator[_T]:
    """The parts, with a bar on stderr if that is a terminal."""
    from rich.progress import track

    from .consoles import err

    console = err()
    return iter(track(parts, "reading events, day by day", total, console=console, disable=not console.is_terminal))
