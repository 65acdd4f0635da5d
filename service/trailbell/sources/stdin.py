"""Standard input as a live source: what another program writes, line by line, until it ends."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Generator, Iterator
from typing import BinaryIO, Final

from trailbell_engine.decoding.decoder import RECORD_LIMIT_BYTES, Decoder
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import GENERIC, EventMap, detect
from trailbell_engine.event import Event, Malformed
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch

_PIECE_BYTES: Final = 64 * 1024
_LOOK_S: Final = 0.2
"""How long a stop may have to wait for a writer that says nothing."""


class StdinSource:
    """Reads lines of JSON from a pipe as they come. A pipe has no memory: what was read and not stored is gone.

    Attributes:
        name: of the source, and of its events.
        lateness_us: how late an event may come and still be taken in its order; microseconds.
        bounded: it ends when its writer does.
        wall_clock: its events are of now.
    """

    bounded = True
    wall_clock = True
    no_past = "a pipe is read once"

    def __init__(
        self,
        event_map: EventMap | None = None,
        *,
        name: str = "stdin",
        lateness_us: int = 0,
        stream: BinaryIO | None = None,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            event_map: where the envelope lies; None shows the first line to the presets.
            name: of the source, and of its events.
            lateness_us: see above.
            stream: what to read; None is the process's own standard input.
        """
        self.name = name
        self.lateness_us = lateness_us
        self._map = event_map
        self._stream = stream
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the reading, even while nothing comes."""
        self._stopped.set()

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:  # noqa: ARG002  # a pipe has none
        """The lines, as soon as they are whole."""
        decoder = Decoder(self.name, self._map or GENERIC)
        is_mapped, number = self._map is not None, 0
        for lines in self._lines():
            inputs: list[Event | Malformed] = []
            for line in lines:
                number += 1
                if not is_mapped and line.strip():
                    decoder, is_mapped = _shown(line, decoder)
                if line.strip():
                    inputs += decoder.decode(line, f"<stdin>:{number}")
            for start in range(0, len(inputs), LIVE_BATCH):
                yield Batch(inputs[start : start + LIVE_BATCH])

    def _lines(self) -> Iterator[list[bytes]]:
        descriptor = (self._stream or sys.stdin).fileno()
        rest, skipping = b"", False
        while not self._stopped.is_set():
            if not select.select([descriptor], [], [], _LOOK_S)[0]:
                continue
            piece = os.read(descriptor, _PIECE_BYTES)
            if not piece:
                yield [rest]
                return
            *whole, rest = (rest + piece).split(b"\n")
            if whole and skipping:
                whole[0], skipping = b"", False  # its beginning was told
            if skipping:
                rest = b""
            elif len(rest) > RECORD_LIMIT_BYTES:
                whole, rest, skipping = [*whole, rest], b"", True
            if whole:
                yield whole


def _shown(line: bytes, decoder: Decoder) -> tuple[Decoder, bool]:
    """The decoder for what a first line shows, and whether it showed anything."""
    try:
        return Decoder(decoder.source, detect(read_json(line)) or GENERIC), True
    except NotJsonError:
        return decoder, False
