"""Files as a source: every format and packing, found by looking; broken parts named and passed over."""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
import tracemalloc

import pytest
import zstandard

from trailbell.sources.base import HISTORY_BATCH
from trailbell.sources.errors import SourceError
from trailbell.sources.files import FileSource
from trailbell.sources.map_file import load_map
from trailbell.sources.paths import expand
from trailbell.testing.synthetic import events as synthetic_events
from trailbell_engine.decoding.maps import GENERIC, PRESETS
from trailbell_engine.event import Event, Malformed

EVENTS = list(synthetic_events(40, seed=3))
IDS = [event["id"] for event in EVENTS]
TRAIL = [
    {
        "eventID": str(number),
        "eventName": 'a "quoted" }{][ \\',
        "eventTime": "2026-11-02T10:00:00Z",
        "deep": {"a": [{"b": []}]},
    }
    for number in range(30)
]


def lines(records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def vonage_page(records):
    return {"page": {"totalElements": len(records)}, "_links": {}, "_embedded": {"events": records}}


FORMATS = {
    "NDJSON": lines(EVENTS),
    "NDJSON without a last line end": lines(EVENTS).rstrip(),
    "NDJSON with CRLF, empty lines and a byte order mark": b"\xef\xbb\xbf" + lines(EVENTS).replace(b"\n", b"\r\n \r\n"),
    "an array": json.dumps(EVENTS).encode(),
    "an array, pretty-printed": json.dumps(EVENTS, indent=2).encode(),
    "an array over lines": b"[\n" + b",\n".join(lines([event]).strip() for event in EVENTS) + b"\n]\n",
    "objects, pretty-printed one after another": b"\n".join(json.dumps(event, indent=4).encode() for event in EVENTS),
    "a list answer": json.dumps(vonage_page(EVENTS)).encode(),
    "a list answer, pretty-printed": json.dumps(vonage_page(EVENTS), indent=2).encode(),
    "list answers, one a line": lines([vonage_page(EVENTS[:10]), vonage_page(EVENTS[10:])]),
}
PACKINGS = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "gzip in two members": lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]),
    "zstd": zstandard.compress,
    "zstd in two frames": lambda content: zstandard.compress(content[:100]) + zstandard.compress(content[100:]),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def read(source, checkpoint=None):
    return [item for batch in source.batches(checkpoint) for item in batch.inputs]


def read_bytes(tmp_path, content, event_map=None, name="events"):
    (tmp_path / name).write_bytes(content)
    return read(FileSource([tmp_path / name], event_map))


def ids(inputs):
    return [item.id for item in inputs if isinstance(item, Event)]


# Formats and packings


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_in_every_packing_gives_the_events(tmp_path, form, packing):
    """By content: the file's name says nothing."""
    content = PACKINGS[packing](FORMATS[form])
    (tmp_path / "events").write_bytes(content)
    source = FileSource([tmp_path / "events"])
    inputs = read(source)
    assert ids(inputs) == IDS
    assert {item.source for item in inputs} == {"vonage"}
    assert source.map_name == "vonage"
    assert source.bytes_read == source.bytes_total == len(content)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"Records": TRAIL}),
        json.dumps({"Records": TRAIL}, indent=1),
        json.dumps({"before": [{"Records": 1}], "Records": TRAIL, "after": {"x": []}}, indent=1),
        "\n".join(json.dumps({"Records": TRAIL[start : start + 10]}) for start in (0, 10, 20)),
        "\n".join(json.dumps({"Records": TRAIL[start : start + 10]}, indent=2) for start in (0, 10, 20)),
        json.dumps([{"Records": TRAIL[:15]}, {"Records": TRAIL[15:]}]),
    ],
)
def test_cloudtrail_files_are_unwrapped(tmp_path, content):
    """Wherever `Records` stands, and however many wrappings there are."""
    inputs = read_bytes(tmp_path, content.encode())
    assert ids(inputs) == [record["eventID"] for record in TRAIL]
    assert [item.data for item in inputs] == TRAIL


def test_a_single_object_is_an_event(tmp_path):
    """On one line or many."""
    for indent in (None, 2):
        assert ids(read_bytes(tmp_path, json.dumps(EVENTS[0], indent=indent).encode())) == IDS[:1]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"[]", b"{}[]"[2:], b'{"Records": []}'])
def test_nothing_in_a_file_is_nothing_read(tmp_path, content):
    """No event, and no complaint."""
    assert read_bytes(tmp_path, content, PRESETS["cloudtrail"]) == []


def test_a_packed_file_of_a_folder_needs_no_second_suffix(tmp_path):
    """`export.gz` is read, as it is where it is named; archives and notes are not."""
    for name in ("a.gz", "b.ndjson.gz", "c.tar.gz", "d.txt", "e.txt.gz"):
        (tmp_path / name).touch()
    assert [file.rpartition("/")[2] for file in expand([tmp_path])] == ["a.gz", "b.ndjson.gz"]


def test_a_folder_is_read_in_the_order_of_paths_and_a_file_once(tmp_path):
    """Only files that look like events; hidden ones and others are left alone."""
    (tmp_path / "b").mkdir()
    for name, records in (("b/2.ndjson", EVENTS[1:2]), ("a.json.gz", EVENTS[:1]), ("c.log", EVENTS[2:3])):
        content = lines(records)
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (tmp_path / "README.md").write_text("no event")
    (tmp_path / ".hidden.json").write_text("no event")
    assert ids(read(FileSource([tmp_path, tmp_path / "a.json.gz"]))) == IDS[:3]
    assert ids(read(FileSource([f"{tmp_path}/**/*.ndjson"]))) == IDS[1:2]


def test_files_of_different_sources_have_different_maps(tmp_path):
    """Each file is looked at; the maps are named in order."""
    (tmp_path / "1.json").write_bytes(lines(EVENTS[:1]))
    (tmp_path / "2.json").write_bytes(lines(TRAIL[:1]))
    source = FileSource([tmp_path])
    assert [item.source for item in read(source)] == ["vonage", "cloudtrail"]
    assert source.map_name == "vonage,cloudtrail"


def test_the_map_is_found_behind_broken_lines(tmp_path):
    """The first record that a preset knows decides."""
    inputs = read_bytes(tmp_path, b"oops\n{}\n" + lines(EVENTS))
    assert ids(inputs)[1:] == IDS
    assert inputs[0].source == "vonage"


def test_without_a_preset_the_generic_map_tries_usual_names(tmp_path):
    """Better a guess with a name than no time at all."""
    (event,) = read_bytes(tmp_path, b'{"uuid": "u", "action": "x", "timestamp": 1793613600}')
    assert (event.source, event.id, event.event_type, event.untimed) == (GENERIC.name, "u", "x", False)


def test_standard_input_is_read_as_it_comes():
    """`-`, in a process of its own; a pipe's first event does not wait for its last."""
    code = (
        "from trailbell.sources.files import FileSource\n"
        "source = FileSource(['-'])\n"
        "print(source.bytes_total, [i.id for b in source.batches(None) for i in b.inputs], source.map_name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=lines(EVENTS[:2]), capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().strip() == f"None {IDS[:2]} vonage"


# Broken content


def test_a_broken_line_is_malformed_with_its_place_and_stops_nothing(tmp_path):
    """The line number is the editor's."""
    content = lines(EVENTS[:1]) + b"\n{broken\n" + lines(EVENTS[1:2]) + b"[1]\n"
    first, broken, second, array = read_bytes(tmp_path, content)
    assert (first.id, second.id) == tuple(IDS[:2])
    assert (broken.place, broken.raw) == (f"{tmp_path}/events:3", b"{broken")
    assert (array.place, array.reason) == (f"{tmp_path}/events:5", "not an object but an array")


def test_a_broken_first_line_does_not_make_it_another_format(tmp_path):
    """A line that breaks off looks like the start of a pretty-printed object; the next line tells."""
    inputs = read_bytes(tmp_path, b'{"half":\n' + lines(EVENTS))
    assert isinstance(inputs[0], Malformed)
    assert ids(inputs) == IDS


def test_a_broken_element_of_an_array_stops_nothing(tmp_path):
    """What stands between good elements comes out as malformed, with its number."""
    one, two = (json.dumps(event).encode() for event in EVENTS[:2])
    inputs = read_bytes(tmp_path, b"[" + one + b", {broken}, 5 ," + two + b"]")
    assert ids(inputs) == IDS[:2]
    assert [(item.place[-2:], item.raw) for item in inputs if isinstance(item, Malformed)] == [
        ("#2", b"{broken}"),
        ("#3", b"5"),
    ]


def test_an_array_that_breaks_off_gives_what_it_had(tmp_path):
    """The last element is malformed."""
    inputs = read_bytes(tmp_path, json.dumps(EVENTS[:3]).encode()[:-30])
    assert ids(inputs) == IDS[:2]
    assert isinstance(inputs[-1], Malformed)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lzma.compress, bz2.compress])
def test_a_cut_archive_is_an_error_after_what_it_held(tmp_path, pack):
    """The events before the cut were given; then it is said that there is no more."""
    records = list(synthetic_events(6_000, seed=5))
    packed = pack(lines(records))
    (tmp_path / "events.gz").write_bytes(packed[: len(packed) - 1000])
    seen = []

    def consume():
        for batch in FileSource([tmp_path / "events.gz"]).batches():
            seen.extend(ids(batch.inputs))

    with pytest.raises(SourceError, match=r"is cut|is broken") as caught:
        consume()
    assert str(tmp_path / "events.gz") in caught.value.message
    assert 0 < len(seen) < len(records)
    assert seen == [event["id"] for event in records[: len(seen)]]


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh9"])
def test_a_broken_archive_is_an_error_in_words(tmp_path, magic):
    """Not a traceback of whichever library met it."""
    with pytest.raises(SourceError, match=r"is broken|is cut"):
        read_bytes(tmp_path, magic + b"\x07garbage" * 10)


@pytest.mark.parametrize(
    ("magic", "words"), [(b"PAR1", "Parquet"), (b"PK\x03\x04", "ZIP"), (b"\xff\xfe{\x00", "UTF-16")]
)
def test_what_cannot_be_read_says_what_to_do(tmp_path, magic, words):
    """Formats that people try."""
    with pytest.raises(SourceError, match=words) as caught:
        read_bytes(tmp_path, magic + b"xxxxxxxx")
    assert caught.value.help


def test_zstd_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(SourceError, match="not installed") as caught:
        read_bytes(tmp_path, zstandard.compress(b"{}"))
    assert "trailbell[zstd]" in caught.value.help


def test_paths_that_name_nothing_are_errors(tmp_path):
    """Found before anything is read."""
    for path, words in (
        (tmp_path / "none", "there is no"),
        (tmp_path, "holds no event files"),
        (f"{tmp_path}/*.x", "nothing fits"),
    ):
        with pytest.raises(SourceError, match=words):
            FileSource([path])
    with pytest.raises(SourceError, match="no files are named"):
        FileSource([])


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    """With the system's reason: it may be gone by the time it is its turn."""
    (tmp_path / "events").write_bytes(b"{}")
    source = FileSource([tmp_path / "events"])
    (tmp_path / "events").unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read(source)


# Batches and checkpoints


def test_any_checkpoint_continues_where_its_batch_ended(tmp_path):
    """With the time that an untimed event would borrow."""
    records = list(synthetic_events(2 * HISTORY_BATCH + 10, seed=4))
    content = lines(records[: HISTORY_BATCH + 5]) + b'{"untimed": 1}\n' + lines(records[HISTORY_BATCH + 5 :])
    (tmp_path / "1.ndjson").write_bytes(content)
    source = FileSource([tmp_path], PRESETS["vonage"])
    batches = list(source.batches())
    whole = [item for batch in batches for item in batch.inputs]
    assert len(whole) == len(records) + 1
    assert whole[HISTORY_BATCH + 5].time_us == whole[HISTORY_BATCH + 4].time_us
    for number, batch in enumerate(batches):
        rest = [item for later in batches[number + 1 :] for item in later.inputs]
        assert read(FileSource([tmp_path], PRESETS["vonage"]), batch.checkpoint) == rest


def test_several_files_have_no_checkpoint(tmp_path):
    """Their events are merged, so after a stop they come again, and their ids make them count once."""
    for name, records in (("1.ndjson", EVENTS[::2]), ("2.ndjson", EVENTS[1::2])):
        (tmp_path / name).write_bytes(lines(records))
    assert {batch.checkpoint for batch in FileSource([tmp_path]).batches()} == {None}


def test_a_checkpoint_of_other_files_reads_everything(tmp_path):
    """Ids make events count once; a file that is skipped by mistake is gone."""
    (tmp_path / "1.ndjson").write_bytes(lines(EVENTS))
    assert ids(read(FileSource([tmp_path]), {"file": "gone", "records": 3, "last_time_us": 0})) == IDS


def test_closing_the_batches_closes_the_file(tmp_path):
    """In the middle of it; an open file would be a ResourceWarning, which is an error here."""
    (tmp_path / "1.ndjson.gz").write_bytes(gzip.compress(lines(synthetic_events(3000))))
    batches = FileSource([tmp_path / "1.ndjson.gz"]).batches()
    next(batches)
    batches.close()


@pytest.mark.parametrize("form", ["NDJSON", "array"])
def test_memory_does_not_grow_with_the_file(tmp_path, form):
    """16 MB are read within the few that one block and one batch take."""
    records = lines(synthetic_events(2000, seed=6)).splitlines()
    between = b",\n" if form == "array" else b"\n"
    with (tmp_path / "big").open("wb") as file:
        file.write(b"[" if form == "array" else b"")
        for _ in range(15):
            file.write(between.join(records) + between)
        file.write(records[0] + (b"]" if form == "array" else b""))
    assert (tmp_path / "big").stat().st_size > 16_000_000
    tracemalloc.start()
    try:
        count = sum(len(batch.inputs) for batch in FileSource([tmp_path / "big"]).batches())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 30_001
    assert peak < 10_000_000


# Maps


def test_a_map_is_a_presets_name_or_a_file(tmp_path):
    """The file's name is the map's, unless it says another."""
    assert load_map("okta") is PRESETS["okta"]
    (tmp_path / "own.yaml").write_text("id: [a.b]\nevent_type: kind\ntime: at\nunwrap: items\n")
    event_map = load_map(str(tmp_path / "own.yaml"))
    assert event_map.name == "own"
    (event,) = read_bytes(tmp_path, b'{"items": [{"a": {"b": 5}, "kind": "K", "at": 1793613600}]}', event_map)
    assert (event.source, event.id, event.event_type, event.untimed) == ("own", "5", "K", False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: [", "no YAML"),
        ("ids: [x]", "no key 'ids'"),
        ("- id", "a map is a mapping"),
        ("a: &x [1]\nid: *x", "alias"),
        ("id: x\nname: trailbell", "only trailbell's own events"),
        ("id: !!python/object:os.system x", "own.yaml"),
    ],
)
def test_a_bad_map_file_is_an_error_with_its_place(tmp_path, text, words):
    """And nothing in it is executed."""
    (tmp_path / "own.yaml").write_text(text)
    if "python" in text:
        assert load_map(str(tmp_path / "own.yaml")).id[0].segments == ("x",)  # a tag is not looked at
        return
    with pytest.raises(SourceError, match=words):
        load_map(str(tmp_path / "own.yaml"))


def test_a_misspelt_preset_is_corrected():
    """Before it is taken for a file."""
    with pytest.raises(SourceError, match="did you mean `cloudtrail`"):
        load_map("cloudtrial")
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        load_map("/nowhere/map.yaml")
