"""Where a message ends in a stream: RFC 6587, by counted octets or by line feeds, whichever each message uses."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES

_COUNT: Final = re.compile(rb"([1-9]\d{0,8}) <")
_COUNT_BEGUN: Final = re.compile(rb"[1-9]\d{0,8} ?\Z")


class Frame(NamedTuple):
    """A message, or what should have been one.

    Attributes:
        raw: its bytes; of a flawed one at least its beginning.
        flaw: why it cannot be read; empty if it can.
    """

    raw: bytes
    flaw: str = ""


class Frames:
    """Cuts a stream into messages. It keeps no more than one message of the largest size."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._searched = 0
        self._octets_to_skip = 0
        self._skipping_line = False

    @property
    def begun(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._held or self._octets_to_skip or self._skipping_line)

    def feed(self, piece: bytes) -> list[Frame]:
        """The messages that end in the next piece of the stream."""
        self._held += piece
        frames: list[Frame] = []
        while self._skipped() and self._held:
            frame = self._counted() if _is_counted(self._held) else self._line()
            if frame is None:
                break
            if frame.raw:
                frames.append(frame)
        return frames

    def end(self, flaw: str = "") -> list[Frame]:
        """What is left when the stream ends: a last line needs no line feed, if nothing went wrong.

        Args:
            flaw: what ended the stream, if not its sender.
        """
        raw = bytes(self._held)
        self._held.clear()
        if not raw:
            return []
        if flaw or _is_counted(raw):
            return [Frame(raw[:RAW_KEPT_BYTES], flaw or "the connection ended in the middle of it")]
        return [Frame(raw)]

    def _skipped(self) -> bool:
        """Pass over the rest of what was too large; False if more of it is to come."""
        dropped = min(self._octets_to_skip, len(self._held))
        del self._held[:dropped]
        self._octets_to_skip -= dropped
        if self._skipping_line:
            end = self._held.find(b"\n")
            del self._held[: len(self._held) if end < 0 else end + 1]
            self._skipping_line = end < 0
        return not self._octets_to_skip and not self._skipping_line

    def _counted(self) -> Frame | None:
        count = _COUNT.match(self._held)
        if count is None:
            return None
        start, size = count.end() - 1, int(count[1])
        if size > self._limit_bytes:
            if len(self._held) - start < min(size, RAW_KEPT_BYTES):
                return None  # so much of it is kept
            raw = bytes(self._held[start : start + min(size, RAW_KEPT_BYTES)])
            self._octets_to_skip = start + size
            return Frame(raw, self._too_large(size))
        if len(self._held) < start + size:
            return None
        raw = bytes(self._held[start : start + size])
        del self._held[: start + size]
        return Frame(raw)

    def _line(self) -> Frame | None:
        end = self._held.find(b"\n", self._searched)
        size = len(self._held) if end < 0 else end
        if size > self._limit_bytes:
            raw = bytes(self._held[: min(size, RAW_KEPT_BYTES)])
            self._skipping_line, self._searched = True, 0
            return Frame(raw, self._too_large(size if end >= 0 else None))
        if end < 0:
            self._searched = size
            return None
        raw = bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = 0
        return Frame(raw)

    def _too_large(self, size: int | None) -> str:
        told = "" if size is None else f" ({size:,} bytes)"
        return f"larger than {self._limit_bytes:,} bytes{told}; `max_message_bytes` allows more"


def _is_counted(held: bytes | bytearray) -> bool:
    """Whether it begins, or may yet turn out to begin, with a count: a line begins with its priority."""
    return _COUNT.match(held) is not None or _COUNT_BEGUN.match(held) is not None
