"""The files of rules as bytes, with digests; a file that cannot have changed is not read again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from trailbell_engine.system_errors import system_words
from trailbell_rules.finding import Found
from trailbell_rules.scan import MAXIMUM_BYTES

from .stamps import Stamp, settled, stamp_of


class Text(NamedTuple):
    """A file's content.

    Attributes:
        found: which file.
        digest: SHA-256 of the bytes, or of why they cannot be had.
        data: the bytes, but for the end of files that are too long; None if it is certain that they are those of the
            last time, and for a file that cannot be read.
        error: why the file cannot be read; empty if it can.
    """

    found: Found
    digest: bytes
    data: bytes | None
    error: str = ""

    def bytes_again(self) -> bytes:
        """The bytes, from the disk if they were not read.

        Raises:
            OSError: if they cannot be read now.
        """
        return _contents(self.found.path)[0] if self.data is None else self.data


class Texts:
    """Reads files, and remembers their stamps and digests."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, bytes]] = {}
        self._settled = False

    @property
    def settled(self) -> bool:
        """Whether a change since the last reading would show in a stamp; otherwise only reading again tells."""
        return self._settled

    def read(self, files: Iterable[Found]) -> list[Text]:
        """The texts of the files, in their order. What is remembered of other files is forgotten."""
        before, self._known = self._known, {}
        texts = [self._text(found, before.get(found.path)) for found in files]
        self._settled = len(self._known) == len(texts)
        return texts

    def _text(self, found: Found, known: tuple[Stamp, bytes] | None) -> Text:
        if known is not None and known[0] == stamp_of(found.path):
            self._known[found.path] = known
            return Text(found, known[1], None)
        try:
            data, stamp = _contents(found.path)
        except OSError as error:
            words = system_words(error)
            return Text(found, hashlib.sha256(words.encode()).digest(), None, words)
        digest = hashlib.sha256(data).digest()
        if settled(stamp):
            self._known[found.path] = (stamp, digest)
        return Text(found, digest, data)


def _contents(path: Path) -> tuple[bytes, Stamp]:
    """The bytes of a file, but for the end of one that is too long, and its stamp before they were read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        stamp = Stamp.of(os.fstat(descriptor))
        parts: list[bytes] = []
        while part := os.read(descriptor, MAXIMUM_BYTES + 1 - sum(map(len, parts))):
            parts.append(part)
        return b"".join(parts), stamp
    finally:
        os.close(descriptor)
