"""Cells of Parquet: the same text whatever else is installed, and none that hides the other rows."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from trailbell.sources.files import FileSource
from trailbell_engine.event import Event
from trailbell_engine.timestamps import format_time

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

AT_NS = 1793613600_123456789
FAR = 2**62  # microseconds; the year is 148108
OFFSETS = b"".join(number.to_bytes(4, "little") for number in (0, 4, 7, 8))
NO_UTF_8 = pa.Array.from_buffers(pa.string(), 3, [None, pa.py_buffer(OFFSETS), pa.py_buffer(b"Ren\xe9AnaB")])


@pytest.fixture
def read(tmp_path):
    """A function: the events of a table of three rows with this column beside an envelope."""

    def events(column: Any, name: str = "x"):
        envelope = {
            "id": ["e1", "e2", "e3"],
            "event_type": ["A"] * 3,
            "created_at": [f"2026-11-02T10:00:0{number}Z" for number in range(3)],
        }
        pq.write_table(pa.table(envelope | {name: column}), tmp_path / "in.parquet")
        items = [item for batch in FileSource([tmp_path / "in.parquet"]).batches() for item in batch.inputs]
        assert all(isinstance(item, Event) for item in items)
        return items

    return events


def _nested(cell: Any, kind: Any) -> Any:
    kinds = pa.struct(
        [("list", pa.list_(kind)), ("map", pa.map_(pa.string(), kind)), ("deep", pa.struct([("a", kind)]))]
    )
    return pa.array([{"list": [cell], "map": [("k", cell)], "deep": {"a": cell}}, None, None], kinds)


TIMES = {
    "ns": (AT_NS, pa.timestamp("ns"), "2026-11-02T10:00:00.123456Z"),
    "ns in UTC": (AT_NS, pa.timestamp("ns", "UTC"), "2026-11-02T10:00:00.123456Z"),
    "ns in London": (AT_NS, pa.timestamp("ns", "Europe/London"), "2026-11-02T10:00:00.123456Z"),
    "us in New York": (AT_NS // 1_000, pa.timestamp("us", "America/New_York"), "2026-11-02T05:00:00.123456-05:00"),
    "us in a zone nobody knows": (AT_NS // 1_000, pa.timestamp("us", "Mars/Base"), "2026-11-02T10:00:00.123456Z"),
    "time": (3_723_000_000_001, pa.time64("ns"), "01:02:03"),
    "duration": (90_000_000_001, pa.duration("ns"), "0:01:30"),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_are_read_to_the_microsecond(read, name):
    """As text of RFC 3339, wherever in a row they stand; a duration as hours, minutes and seconds."""
    value, kind, text = TIMES[name]
    assert read(pa.array([value, None, value], kind))[0].data["x"] == text
    found = read(_nested(value, kind))[0].data["x"]
    assert found == {"list": [text], "map": [["k", text]], "deep": {"a": text}}


def test_nothing_depends_on_pandas(tmp_path):
    """With it pyarrow makes other objects of nanoseconds, and without it an error: ids of content would differ."""
    table = {"at": pa.array([AT_NS], pa.timestamp("ns", "UTC")), "naive": pa.array([AT_NS], pa.timestamp("ns"))}
    pq.write_table(pa.table(table), tmp_path / "in.parquet")
    code = """
import sys
class Without:
    def find_spec(self, name, *_):
        if name == sys.argv[2]:
            raise ImportError(name)
sys.meta_path.insert(0, Without())
from trailbell.sources.files import FileSource
print([item for batch in FileSource([sys.argv[1]]).batches(None) for item in batch.inputs])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "in.parquet")]
    outputs = [
        subprocess.run([*command, without], capture_output=True, check=True, timeout=60).stdout
        for without in ("nothing", "pandas")
    ]
    assert outputs[0] == outputs[1]
    assert b"123456Z" in outputs[0]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([FAR, 0, 0], pa.timestamp("us")), f"<value out of range: {FAR}>"),
        (pa.array([-FAR, 0, 0], pa.timestamp("us")), f"<value out of range: {-FAR}>"),
        (pa.array([2**30, 0, 0], pa.date32()), f"<value out of range: {2**30}>"),
        (NO_UTF_8, "UmVu6Q=="),
    ],
    ids=["beyond all years", "before all years", "date", "no UTF-8"],
)
def test_a_cell_that_is_no_value_of_its_kind_is_a_text(read, column, text):
    """The number that stands there, or the bytes in base64; the other cells are what they are."""
    first, *others = read(column)
    assert first.data["x"] == text
    assert [other.data["x"] for other in others] == ["Ana", "B"] or all("1970" in o.data["x"] for o in others)
    nested = pa.StructArray.from_arrays([column], ["a"])
    assert [event.data["x"]["a"] for event in read(nested)] == [text, *(other.data["x"] for other in others)]


def test_an_event_whose_time_is_out_of_range_borrows_one(tmp_path):
    """It is counted as untimed, as one with any other text there."""
    ats = pa.array([AT_NS // 1_000, FAR], pa.timestamp("us"))
    pq.write_table(pa.table({"id": ["1", "2"], "event_type": ["A", "A"], "created_at": ats}), tmp_path / "in.parquet")
    items = [item for batch in FileSource([tmp_path / "in.parquet"]).batches() for item in batch.inputs]
    assert [(format_time(item.time_us), item.untimed) for item in items] == [
        ("2026-11-02T10:00:00.123456Z", False),
        ("2026-11-02T10:00:00.123456Z", True),
    ]


def test_no_number_is_no_field(read):
    """NaN is how many programs say that there is none; JSON knows neither it nor infinity."""
    assert [event.data.get("x", "-") for event in read(pa.array([float("nan"), 1.5, float("-inf")]))] == ["-", 1.5, "-"]
    nested = pa.array([{"a": float("nan")}, {"a": 1.5}, {"a": None}])
    assert [event.data["x"] for event in read(nested)] == [{}, {"a": 1.5}, {}]


def test_a_matching_row_is_the_same_by_columns_as_whole(tmp_path):
    """A dry-run asks the rules about a few columns first; odd cells stand in those and in others."""
    from trailbell import dry_run

    columns = {
        "id": ["e1", "e2", "e3"],
        "event_type": ["A"] * 3,
        "created_at": pa.array([AT_NS, AT_NS + 1, AT_NS + 10**9], pa.timestamp("ns")),
        "user": NO_UTF_8,
        "seen": pa.array([FAR, None, 0], pa.timestamp("us")),
    }
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    (tmp_path / "rules.yaml").write_text(
        "id: a\ntitle: '{{ user }} {{ seen }}'\nseverity: low\nmatch: {user: {matches: '^UmV'}}\n", encoding="utf-8"
    )
    report = dry_run(tmp_path / "rules.yaml", tmp_path / "in.parquet")
    assert [stored.wording["title"] for stored in report.alerts] == [f"UmVu6Q== <value out of range: {FAR}>"]
