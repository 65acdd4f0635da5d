"""CSV and Parquet as history: a row is an event, wherever its columns come from."""

import gzip
import json

import pytest

from trailbell.sources.errors import SourceError
from trailbell.sources.files import FileSource
from trailbell_engine.event import Event, Malformed

HEADER = "id,event_type,created_at,user_email,context.msisdn,roles\n"


@pytest.fixture
def inputs(tmp_path):
    """A function: what a file of this content gives, and the map that was seen."""

    def read(content, name="history.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        source = FileSource([file])
        return [item for batch in source.batches() for item in batch.inputs], source.map_name

    return read


def test_columns_are_fields(inputs):
    """A dotted name is a nested field, JSON in a cell is a value, an empty cell is no field."""
    (event,), name = inputs(HEADER + 'e1,NUMBER_UPDATED,2026-11-02T10:00:00Z,,447,"[""a"",""b""]"\n')
    assert name == "vonage"
    assert (event.id, event.event_type) == ("e1", "NUMBER_UPDATED")
    assert event.data["context"] == {"msisdn": "447"}
    assert event.data["roles"] == ["a", "b"]
    assert "user_email" not in event.data


def test_quotes_line_feeds_and_a_byte_order_mark(inputs):
    """RFC 4180, as spreadsheets write it; places count lines."""
    content = "\ufeff" + HEADER + 'e1,A,2026-11-02T10:00:00Z,"x, ""y""\nz",,\r\ne2,A,2026-11-02T10:00:01Z\r\n'
    (event, short), _ = inputs(content)
    assert event.data["user_email"] == 'x, "y"\nz'
    assert isinstance(short, Malformed)
    assert short.place.endswith("history.csv:4")


@pytest.mark.parametrize("delimiter", ";\t|")
def test_other_delimiters_are_seen(inputs, delimiter):
    """The header tells which one it is."""
    (event,), _ = inputs(
        f"id{delimiter}event_type{delimiter}created_at\ne{delimiter}A{delimiter}2026-11-02T10:00:00Z\n"
    )
    assert isinstance(event, Event)


def test_packed_and_named_otherwise(inputs):
    """Content decides, not the name."""
    (event,), _ = inputs(gzip.compress((HEADER + "e1,A,2026-11-02T10:00:00Z,a,b,\n").encode()), "history")
    assert event.id == "e1"


@pytest.mark.parametrize("first", ["hello, world", "id event_type", "a,b,c", "1,2,3"])
def test_a_broken_first_line_of_json_is_no_header(inputs, first):
    """A line with commas is a header only if a column is an event's id, type or time and no JSON follows."""
    items, _ = inputs(first + '\n{"id": "e", "event_type": "A", "created_at": "2026-11-02T10:00:00Z"}\n')
    assert [type(item) for item in items] == [Malformed, Event]


def test_an_open_quote_ends_the_reading_with_its_line(inputs):
    """A quote that swallows the rest of a file is named, and what stood before is given."""
    content = HEADER + 'e1,A,2026-11-02T10:00:00Z,a,b,\ne2,"' + "x" * 2_000_000
    with pytest.raises(SourceError, match=r"history\.csv:\d+: a cell is larger than 1 MiB"):
        inputs(content)


@pytest.mark.parametrize("size", [131_072, 131_073, 500_000])
def test_a_cell_may_be_as_large_as_a_record(inputs, size):
    """The csv module's own limit is 128 KiB."""
    (large, other), _ = inputs(HEADER + f"e1,A,2026-11-02T10:00:00Z,{'x' * size},,\ne2,A,2026-11-02T10:00:01Z,a,,\n")
    assert (len(large.data["user_email"]), other.id) == (size, "e2")


VONAGE = {"event_type": "A", "created_at": "2026-11-02T10:00:00Z", "user_email": "x" * 1_000}
CLOUDTRAIL = {"eventID": "e", "eventName": "A", "eventTime": "2026-11-02T10:00:00Z", "userAgent": "x" * 1_000}


@pytest.mark.parametrize("number", [100, 140, 400, 800])
@pytest.mark.parametrize(
    "line",
    [
        lambda number: {"Records": [CLOUDTRAIL | {"eventID": f"e{n}"} for n in range(number)]},
        lambda number: {"_embedded": {"events": [VONAGE | {"id": f"e{n}"} for n in range(number)]}},
        lambda number: VONAGE | {"id": "e0", "user_email": "x" * 1_000 * number},
    ],
    ids=["cloudtrail", "page", "event"],
)
def test_a_long_first_line_of_json_is_no_header(inputs, number, line):
    """A delivered file is one line, however long: of CloudTrail, a page of an API, an event of its own."""
    value = line(number)
    items, name = inputs(json.dumps(value))
    assert name == ("cloudtrail" if "Records" in value else "vonage")
    assert [item.id for item in items] == [f"e{n}" for n in range(1 if "id" in value else number)]


def test_a_long_first_line_of_anything_is_malformed(inputs):
    """It is neither a header nor the end of the reading."""
    items, _ = inputs("a," * 100_000 + '\n{"id": "e", "event_type": "A", "created_at": "2026-11-02T10:00:00Z"}\n')
    assert [type(item) for item in items] == [Malformed, Event]
    items, _ = inputs("a," * 100_000 + "\nb,c\n")
    assert [type(item) for item in items] == [Malformed, Malformed]


@pytest.mark.parametrize("cell", [b"a\rb", b'"a"\rb'])
def test_a_lone_carriage_return_spoils_its_row_alone(inputs, cell):
    """No quotes are around it, so it may be a value or the end of a line."""
    row = b"e%d,A,2026-11-02T10:00:00Z,%s,,\n"
    items, _ = inputs(HEADER.encode() + row % (1, b"a") + row % (2, cell) + row % (3, b"c"))
    assert [getattr(item, "id", "") for item in items] == ["e1", "", "e3"]
    assert items[1].place.endswith("history.csv:3")
    assert items[1].raw == (row % (2, cell)).rstrip()


def test_lines_that_end_in_carriage_returns_alone_are_no_csv(inputs):
    """They are one line, and that is malformed."""
    items, _ = inputs(HEADER.replace("\n", "\r") + "e1,A,2026-11-02T10:00:00Z,a,b,\r")
    assert [type(item) for item in items] == [Malformed]


@pytest.mark.parametrize("cell", [b"Ren\xe9", b'"[""Ren\xe9""]"'])
def test_a_row_that_is_no_utf_8_is_malformed(inputs, cell):
    """As a line of JSON is: with another text in its place two people may become one."""
    items, _ = inputs(HEADER.encode() + b"e1,A,2026-11-02T10:00:00Z," + cell + b",,\ne2,A,2026-11-02T10:00:00Z,a,,\n")
    assert [getattr(item, "id", "") for item in items] == ["", "e2"]
    assert items[0].reason.startswith("not UTF-8: byte 0xe9 at ")


def test_a_file_that_ends_inside_of_a_character_is_malformed_there(inputs):
    """The half character is not dropped in silence."""
    items, _ = inputs(HEADER.encode() + "e1,A,2026-11-02T10:00:00Z,,,é".encode()[:-1])
    assert [item.reason.partition(":")[0] for item in items] == ["not UTF-8"]


def test_parquet_without_pyarrow_says_what_to_install(inputs, monkeypatch):
    """An extra that is not there is named."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SourceError) as caught:
        inputs(b"PAR1" + b"\0" * 100, "x.parquet")
    assert "trailbell[parquet]" in caught.value.help


def test_parquet_rows_are_events(inputs, tmp_path):
    """Structs nest, nulls are no fields, times are RFC 3339 in UTC."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    from datetime import UTC, datetime
    from decimal import Decimal

    rows = [
        {
            "id": f"e{number}",
            "event_type": "A",
            "created_at": datetime(2026, 11, 2, 10, 0, number % 60, tzinfo=UTC),
            "context": {"msisdn": "447", "none": None if number else "x"},
            "cost": Decimal("1.50"),
            "raw": b"\xff\x00",
        }
        for number in range(2_500)
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "in.parquet")
    items, name = inputs((tmp_path / "in.parquet").read_bytes(), "history")
    assert (len(items), name) == (2_500, "vonage")
    assert items[1].data == {
        "id": "e1",
        "event_type": "A",
        "created_at": "2026-11-02T10:00:01Z",
        "context": {"msisdn": "447"},
        "cost": "1.50",
        "raw": "/wA=",
    }


def test_broken_parquet_is_an_error_in_words(inputs):
    """A file that ends early cannot be read at all: its index is at the end."""
    pytest.importorskip("pyarrow")
    with pytest.raises(SourceError, match="cannot be read"):
        inputs(b"PAR1" + b"\0" * 100, "x.parquet")
