"""The event files that paths, folders and globs name, and opening one of them."""

from __future__ import annotations

import glob
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from trailbell_engine.system_errors import system_words

from .errors import SourceError

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".csv", ".json", ".jsonl", ".log", ".ndjson", ".parquet"})
_PACKED_SUFFIXES: Final = frozenset({".gz", ".zst", ".xz", ".bz2"})


def expand(paths: Sequence[str | Path]) -> list[str]:
    """The files that the paths name, each once, in the order given; those of a folder or glob sorted by path.

    Raises:
        SourceError: if a path names nothing.
    """
    files: dict[str, None] = {}
    for path in map(str, paths):
        files.update(dict.fromkeys(_expand(path)))
    if not files:
        raise SourceError("no files are named", "name files, folders, globs, or - for standard input")
    return list(files)


def open_file(file: str, stdin: BinaryIO | None = None) -> BinaryIO:
    """The bytes of a file, or of standard input, whose descriptor stays open when the stream is closed.

    Args:
        file: as ``expand`` gave it.
        stdin: what ``-`` reads; None is the process's own.

    Raises:
        SourceError: if it cannot be opened.
    """
    if file == STDIN:
        return open((stdin or sys.stdin).fileno(), "rb", closefd=False)
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise _unreadable(file, error) from None


def size_bytes(file: str) -> int:
    """The size of a file on disk; nothing for standard input.

    Raises:
        SourceError: if it cannot be asked for.
    """
    if file == STDIN:
        return 0
    try:
        return Path(file).stat().st_size
    except OSError as error:
        raise _unreadable(file, error) from None


def shown(file: str) -> str:
    """The name of a file for people."""
    return "<stdin>" if file == STDIN else file


def _expand(path: str) -> list[str]:
    if path == STDIN:
        return [STDIN]
    if Path(path).is_dir():
        found = sorted(str(file) for file in Path(path).rglob("*") if _looks_like_events(file, Path(path)))
        if not found:
            raise SourceError(
                f"the folder {path!r} holds no event files",
                "they end in .ndjson, .jsonl, .json, .log, .csv or .parquet, or in .gz, .zst, .xz or .bz2 (packed)",
            )
        return found
    if Path(path).exists():
        return [path]
    if glob.has_magic(path):
        found = sorted(file for file in glob.glob(path, recursive=True) if Path(file).is_file())  # noqa: PTH207 - `**` and plain names
        if found:
            return found
        raise SourceError(f"nothing fits {path!r}", "check the pattern; ** reaches into folders")
    raise SourceError(f"there is no {path!r}", "check the path")


def _looks_like_events(file: Path, folder: Path) -> bool:
    if any(part.startswith(".") for part in file.relative_to(folder).parts):
        return False
    packed = file.suffix in _PACKED_SUFFIXES
    inner = Path(file.stem).suffix if packed else file.suffix
    return (inner in _SUFFIXES or (packed and not inner)) and file.is_file()


def _unreadable(file: str, error: OSError) -> SourceError:
    advice = "check who may read it" if isinstance(error, PermissionError) else "check the path"
    return SourceError(f"{file!r} cannot be read: {system_words(error)}", advice)
