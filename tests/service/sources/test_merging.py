"""Several files as one history: in the order of time, a few events of each in memory, disorder told."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.sources.errors import SourceError
from trailbell.sources.files import FileSource
from trailbell.sources.merging import Merging, Part
from trailbell.sources.reader import Read
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import SECOND_US, format_time

START_US = 1_790_000_000 * SECOND_US


def record(number, at_s):
    return {"id": f"e{number}", "event_type": "A", "created_at": format_time(START_US + at_s * SECOND_US)}


def write(file, records, pack=lambda content: content):
    file.write_bytes(pack(b"".join(json.dumps(each).encode() + b"\n" for each in records)))


def read(source):
    return [item for batch in source.batches() for item in batch.inputs]


def ids(inputs):
    return [item.id for item in inputs if isinstance(item, Event)]


def test_files_that_overlap_are_merged_by_time(tmp_path):
    """One file per region, as CloudTrail has them: paths say nothing about time."""
    write(tmp_path / "eu.ndjson", [record(number, number) for number in range(0, 900, 3)])
    write(tmp_path / "us.json.gz", [record(number, number) for number in range(1, 900, 3)], gzip.compress)
    (tmp_path / "ap.json").write_text(json.dumps([record(number, number) for number in range(2, 900, 3)]))
    source = FileSource([tmp_path])
    assert ids(read(source)) == [f"e{number}" for number in range(900)]
    assert source.bytes_read == source.bytes_total
    assert source.behind_us == {}


def test_at_one_instant_the_earlier_file_comes_first(tmp_path):
    """And within a file its own order stands."""
    for name, first in (("b", 10), ("a", 0)):
        write(tmp_path / f"{name}.ndjson", [record(first + step, 5) for step in range(3)])
    assert ids(read(FileSource([tmp_path]))) == ["e0", "e1", "e2", "e10", "e11", "e12"]


def test_what_has_no_time_stays_behind_the_event_before_it(tmp_path):
    """Malformed lines and untimed events; those that open a file borrow the time of what came before the file."""
    write(tmp_path / "1.ndjson", [record(1, 1), record(4, 40)])
    (tmp_path / "2.ndjson").write_text(
        '{"id": "u", "event_type": "A", "created_at": "?"}\n'
        + json.dumps(record(2, 20))
        + "\n{broken\n"
        + json.dumps(record(3, 30))
    )
    found = read(FileSource([tmp_path]))
    assert [item.id if isinstance(item, Event) else item.place[-1:] for item in found] == [
        "e1", "u", "e2", "3", "e3", "e4",
    ]  # fmt: skip
    assert (found[1].untimed, found[1].time_us) == (True, START_US + SECOND_US)
    assert isinstance(found[3], Malformed)


def test_a_file_that_is_not_in_order_is_named_with_what_would_mend_it(tmp_path):
    """By how much its worst event is behind."""
    write(tmp_path / "1.ndjson", [record(1, 100), record(2, 40), record(3, 90)])
    write(tmp_path / "2.ndjson", [record(4, 50)])
    source = FileSource([tmp_path])
    assert sorted(ids(read(source))) == ["e1", "e2", "e3", "e4"]
    assert source.behind_us == {f"{tmp_path}/1.ndjson": 60 * SECOND_US}


def test_a_broken_file_among_others_does_not_hide_them(tmp_path):
    """Tolerantly: it is noted. Else: it is an error, after what stood before it."""
    write(tmp_path / "1.ndjson.gz", [record(number, number) for number in range(3000)], gzip.compress)
    whole = (tmp_path / "1.ndjson.gz").read_bytes()
    (tmp_path / "1.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    write(tmp_path / "2.ndjson", [record(9000, 10), record(9001, 100_000)])
    source = FileSource([tmp_path], tolerant=True)
    found = ids(read(source))
    assert {"e0", "e9000", "e9001"} < {*found}
    assert [error.message for error in source.broken] == [
        f"{tmp_path}/1.ndjson.gz is cut: the compressed data ends too early"
    ]
    seen = []
    with pytest.raises(SourceError, match="is cut"):  # noqa: PT012 - what came before the error is the point
        for batch in FileSource([tmp_path]).batches():
            seen += ids(batch.inputs)
    assert seen == found[: len(seen)]
    assert "e9000" in seen


TIMES = st.lists(st.lists(st.integers(0, 50), max_size=30), min_size=1, max_size=6)


def parts_of(times, opened):
    """Parts of events at these seconds, a few events a read; ``opened`` counts those that are open."""

    def part(place, column):
        def reads(_last_us) -> Iterator[Read]:
            opened.append(+1)
            events = [Event("f", f"{place}-{row}", "A", at, {}) for row, at in enumerate(column)]
            for start in range(0, len(events), 4):
                yield Read(events[start : start + 4], None, 0)
            opened.append(-1)

        return Part(column[0] if column else 0, place, reads)

    return [part(place, column) for place, column in enumerate(times)]


@settings(max_examples=200, deadline=None)
@given(times=TIMES)
def test_sorted_files_give_the_sorted_history(times):
    """Whatever overlaps what: by time, then file, then place in the file; nothing is lost or told twice."""
    columns = [sorted(column) for column in times]
    merging = Merging(parts_of(columns, []))
    found = [(item.time_us, item.id) for inputs in merging.inputs() for item in inputs]
    expected = [(at, place, row) for place, column in enumerate(columns) for row, at in enumerate(column)]
    assert found == [(at, f"{place}-{row}") for at, place, row in sorted(expected)]
    assert merging.kept_waiting == 0


@settings(max_examples=200, deadline=None)
@given(times=TIMES, limit=st.integers(1, 3))
def test_no_more_are_open_than_may_be(times, limit):
    """Files in any disorder, too many of them: each event comes once, each file in its own order."""
    opened: list[int] = []
    merging = Merging(parts_of(times, opened), open_limit=limit)
    found = [item.id for inputs in merging.inputs() for item in inputs]
    assert sorted(found) == sorted(f"{place}-{row}" for place, column in enumerate(times) for row in range(len(column)))
    for place, column in enumerate(times):
        assert [name for name in found if name.startswith(f"{place}-")] == [
            f"{place}-{row}" for row in range(len(column))
        ]
    assert max((sum(opened[: end + 1]) for end in range(len(opened))), default=0) <= limit
