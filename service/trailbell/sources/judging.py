"""What a process makes of a piece of a file: few words for the many events that no rule matches."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.exact_json import write_json
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Malformed

from .base import DRY_BATCH
from .cutting import PIECE_BYTES, Piece
from .formats import BOM, lines
from .judged import Judge, Positions

UNKNOWN_US: Final = -(2**62)
"""The time of events before the first one of a piece that has a time: only the pieces before can tell."""


class Judgement(NamedTuple):
    """What a process makes of a piece.

    Attributes:
        lines: in it.
        ids, times_us: of every event; a time may be ``UNKNOWN_US``.
        untimed: the places of events without a time of their own.
        matched: (place, type, record, rules) of events that any rule matches.
        malformed: (place of the next event, line, what follows in its place's name, reason, bytes).
        last_time_us: of the last event that had a time.
    """

    lines: int
    ids: list[str]
    times_us: array[int]
    untimed: list[int]
    matched: list[tuple[int, str, bytes, Positions | None]]
    malformed: list[tuple[int, int, str, str, bytes]]
    last_time_us: int


def judge_piece(piece: Piece, event_map: EventMap, judge: Judge) -> Judgement:
    """Decode a piece and ask the rules about its events."""
    counted = _Lines(piece)
    decoder = Decoder(event_map.name, event_map, UNKNOWN_US)
    judgement = Judgement(0, [], array("q"), [], [], [], UNKNOWN_US)
    for records in lines(counted.blocks(), ""):
        for at in range(0, len(records.raws), DRY_BATCH):
            few = records.cut(at, at + DRY_BATCH)
            for item in decoder.decode_all(few.raws, few.place):
                if isinstance(item, Malformed):
                    line, bracket, rest = item.place.partition("[")
                    place = len(judgement.ids), int(line), bracket + rest, item.reason, item.raw
                    judgement.malformed.append(place)
                else:
                    _note(judgement, item, judge)
    return judgement._replace(lines=counted.number, last_time_us=decoder.last_time_us)


def _note(judgement: Judgement, event: Event, judge: Judge) -> None:
    place = len(judgement.ids)
    judgement.ids.append(event.id)
    judgement.times_us.append(event.time_us)
    if event.untimed:
        judgement.untimed.append(place)
    # Rules may ask for the time, so without one they cannot be asked yet.
    positions = None if event.time_us == UNKNOWN_US else judge.positions(event)
    if positions != ():
        judgement.matched.append((place, event.event_type, write_json(event.data), positions))


class _Lines:
    """The bytes of a piece, and how many lines they are."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self.number = 0

    def blocks(self) -> Iterator[bytes]:
        for block in self._read():
            self.number += block.count(b"\n")
            yield block

    def _read(self) -> Iterator[bytes]:
        piece = self._piece
        if not piece.file:
            for start in range(0, len(piece.raw), PIECE_BYTES):
                yield piece.raw[start : start + PIECE_BYTES]
            return
        with Path(piece.file).open("rb") as stream:
            stream.seek(piece.start)
            left = piece.end - piece.start
            while left > 0 and (block := stream.read(min(left, PIECE_BYTES))):
                left -= len(block)
                yield block.removeprefix(BOM) if stream.tell() == len(block) else block
