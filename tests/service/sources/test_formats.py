"""What a file is, seen by its beginning: however long its first line, however it is packed, and if it holds nothing."""

import bz2
import gzip
import json
import lzma
import random

import pytest
import zstandard

from trailbell.sources.files import FileSource
from trailbell_engine.event import Event, Malformed

SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00\x10\x00\x00\x00"
"""A frame that zstd passes over, as ``pzstd`` puts before its first one: RFC 8878, 3.1.2."""


@pytest.fixture
def read(tmp_path):
    """A function: what a file of this content gives, and the map that was seen."""

    def inputs(content):
        (tmp_path / "events").write_bytes(content)
        source = FileSource([tmp_path / "events"])
        return [item for batch in source.batches() for item in batch.inputs], source.map_name

    return inputs


def _line(number, **fields):
    event = {"id": f"e{number}", "event_type": "A", "created_at": "2026-11-02T10:00:00Z", **fields}
    return json.dumps(event).encode() + b"\n"


def _noise(size):
    """What no packer makes smaller, so that it is unpacked piece by piece."""
    return random.Random(1).randbytes(size // 2).hex()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("sizes", [(200_000, 0), (900_000, 0), (10, 200_000)], ids=str)
def test_a_broken_line_behind_long_ones_takes_no_other_with_it(read, pack, sizes):
    """It is lines, packed or not, and so the third is malformed and the others are events."""
    first, second = (_line(number, note=_noise(size)) for number, size in enumerate(sizes))
    half = _line(2)[:40] + b"\n"
    start = half + first + second if sizes[1] else first + second + half
    items, _ = read(pack(start + b"".join(map(_line, range(3, 50)))))
    assert [item.id for item in items if isinstance(item, Event)] == ["e0", "e1", *(f"e{n}" for n in range(3, 50))]
    assert [item.place[-2:] for item in items if isinstance(item, Malformed)] == [":1" if sizes[1] else ":3"]


def test_a_frame_of_zstd_that_holds_nothing_may_stand_first(read):
    """Programs that pack in parallel put one before each frame of data."""
    content = SKIPPABLE + zstandard.compress(_line(0)) + SKIPPABLE + zstandard.compress(_line(1))
    assert [item.id for item in read(content)[0]] == ["e0", "e1"]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("wrapping", "name"),
    [
        ({"Records": []}, "cloudtrail"),
        ({"page": {"size": 30, "number": 1}, "_links": {"self": {"href": "/"}}, "_embedded": {"events": []}}, "vonage"),
    ],
)
def test_a_wrapping_without_events_is_no_event(read, wrapping, name, indent):
    """A page of an API in which nothing was found, or a delivered file of a quiet hour."""
    items, seen = read(json.dumps(wrapping, indent=indent).encode() + b"\n")
    assert items == []
    assert seen in (name, "")


def test_an_event_with_an_empty_array_is_an_event(read):
    """Only what has nothing of an event is a wrapping."""
    (event,), name = read(b'{"id": "e", "type": "order", "time": "2026-11-02T10:00:00Z", "Records": []}\n')
    assert (event.id, event.event_type, name) == ("e", "order", "generic")
