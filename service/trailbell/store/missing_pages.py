"""Pages that a store's file should have and does not: SQLite finds out only when it needs one of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

WAL_HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24


def cut_off(path: Path) -> str:
    """What is missing of a store's file, in words; nothing if it is whole, or no SQLite file at all.

    The number of pages stands in the file's header (sqlite.org/fileformat2.html, 1.3). A checkpoint that was killed has
    written that page and not yet the last ones: those are in the write-ahead log, and nothing is missing.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(32)
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    if not header.startswith(b"SQLite format 3\0") or page_bytes < 512 or page_bytes & (page_bytes - 1):
        return ""
    pages = int.from_bytes(header[28:32], "big")
    missing = range(size_bytes // page_bytes + 1, pages + 1)
    if not missing or _are_in_log(missing, path.with_name(f"{path.name}-wal"), page_bytes):
        return ""
    return f"{path} is cut off: {size_bytes:,} of {pages * page_bytes:,} bytes"


def _are_in_log(pages: range, log: Path, page_bytes: int) -> bool:
    """Whether a write-ahead log has all of these pages (its form: sqlite.org/fileformat2.html, 4.1)."""
    frame_bytes = FRAME_HEADER_BYTES + page_bytes
    try:
        file = log.open("rb", buffering=0)
    except FileNotFoundError:
        return False
    with file:
        frames = (os.fstat(file.fileno()).st_size - WAL_HEADER_BYTES) // frame_bytes
        if frames < len(pages):
            return False
        salts = file.read(WAL_HEADER_BYTES)[16:24]
        there = set()
        for number in range(frames):
            frame = os.pread(file.fileno(), FRAME_HEADER_BYTES, WAL_HEADER_BYTES + number * frame_bytes)
            if frame[8:16] != salts:  # from here on they are left over from before the log was begun anew
                break
            there.add(int.from_bytes(frame[:4], "big"))
    return there.issuperset(pages)
