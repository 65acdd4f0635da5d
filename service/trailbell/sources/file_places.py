"""Where the reading of a file ended, and whether what has its name now is still that file.

Exports are written anew under one name. To go on in the middle of another file would skip its first events in silence,
and to read a file once more costs little: ids make its events count once.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple, Self

from trailbell_engine.values import Json

_HEAD_BYTES: Final = 64 * 1024


class Mark(NamedTuple):
    """By what a file is known again.

    Attributes:
        size_bytes: it does not become shorter.
        head_bytes: the length of its beginning, which stays.
        head: a digest of that.
    """

    size_bytes: int
    head_bytes: int
    head: str

    @classmethod
    def of(cls, file: str, head_bytes: int = _HEAD_BYTES) -> Self | None:
        """The mark of a file as it is now; None for a pipe, and for what cannot be read.

        Args:
            file: its path.
            head_bytes: how much of it is its beginning.
        """
        try:
            if not Path(file).is_file():  # what is read from a pipe is gone
                return None
            with Path(file).open("rb") as stream:
                head = stream.read(head_bytes)
                size_bytes = max(len(head), stream.seek(0, 2))
        except OSError:
            return None  # said when it is read
        return cls(size_bytes, len(head), hashlib.blake2b(head, digest_size=16).hexdigest())

    def fits(self, file: str) -> bool:
        """Whether the file is still that one, perhaps with more at its end."""
        now = Mark.of(file, self.head_bytes)
        return now is not None and now.size_bytes >= self.size_bytes and now.head == self.head


class Done(NamedTuple):
    """What has been read of a file.

    Attributes:
        records: how many.
        last_time_us: the time that an event without one would borrow next; microseconds.
    """

    records: int = 0
    last_time_us: int = 0


def done_of(file: str, checkpoint: Json) -> Done:
    """What a checkpoint says has been read of the file that has this name now."""
    if not isinstance(checkpoint, dict) or checkpoint.get("file") != file:
        return Done()
    mark = checkpoint.get("mark")  # earlier versions noted none
    if isinstance(mark, list) and not Mark(*mark).fits(file):
        return Done()
    return Done(int(checkpoint["records"]), int(checkpoint["last_time_us"]))


def checkpoint_of(file: str, mark: Mark, done: Done) -> Json:
    """The checkpoint behind what has been read."""
    return {"file": file, "records": done.records, "last_time_us": done.last_time_us, "mark": [*mark]}
