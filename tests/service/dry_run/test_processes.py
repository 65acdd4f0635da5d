"""The report is the same, byte for byte, whatever reads the history: one process or many, lines or columns."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trailbell
from trailbell.replay import PLAIN, Wanted, dry_run_source
from trailbell.sources.cutting import PIECE_BYTES
from trailbell.sources.files import FileSource
from trailbell.sources.judged import Judge
from trailbell.sources.pieces import Pieces
from trailbell.testing.synthetic import events as synthetic_events
from trailbell_engine.timestamps import MINUTE_US

RULES = """
id: burst
title: "{{ user }} {{ count }}"
severity: medium
match: {event_type: A, n: {gte: 1}}
when: {count: {at_least: 2, within: 5m, by: user}}
---
id: quiet
title: "{{ user }} is gone"
severity: low
match: {event_type: [A, B]}
when: {absent: {for: 20m, by: user}}
---
id: at-night
title: "{{ user }} at night"
severity: high
match: {time: {outside: {hours: "08:00-18:00"}}, user: {exists: true}}
suppress: {for: 1h, by: user}
---
id: breaks
title: never
severity: low
match: {user: {matches: "^z"}, wide: {gt: 1}}
---
id: known
title: "{{ lookup.people.team }} {{ user }}"
severity: low
match: {lookup.people.team: red, event_type: B}
"""
BEFORE = RULES.replace("at_least: 2", "at_least: 3").replace("gte: 1", "gte: 2")
LOOKUPS = "lookups:\n  people: {file: people.csv, key: user}\n"


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """The rules, and their version before."""
    folder = tmp_path_factory.mktemp("rules")
    loaded = []
    for name, text in (("now", RULES), ("before", BEFORE)):
        (folder / name).mkdir()
        (folder / name / "rules.yaml").write_text(text, encoding="utf-8")
        (folder / name / "_lookups.yaml").write_text(LOOKUPS, encoding="utf-8")
        (folder / name / "people.csv").write_text("user,team\nx,red\ny,blue\n", encoding="utf-8")
        loaded.append(trailbell.load_rules(folder / name))
    return loaded


class Counting(Pieces):
    """Counts the files that it was given, so that no comparison is of one process with itself."""

    files = 0

    def inputs(self, file, event_map, last_time_us):
        Counting.files += 1
        return super().inputs(file, event_map, last_time_us)


@pytest.fixture(scope="module")
def pieces(sets):
    """Two processes that take every file, however short."""
    rules, before = sets
    with Counting(Judge([rules, before]), 2, worth_bytes=0) as made:
        yield made


def document(report):
    """Everything a report says, but for how long it took."""
    return report.to_json() | {"elapsed_s": None}


def line(number, minute, kind, user, n):
    at = f"2026-11-02T{6 + minute // 60:02}:{minute % 60:02}:00Z"
    return {"id": f"e{number}", "event_type": kind, "created_at": at, "user": user, "n": n}


@st.composite
def contents(draw):
    """Lines as they come in life: events, late ones, repeated, without a time or an id, wrapped, broken; or none."""
    minute, lines = 0, []
    for number in range(draw(st.integers(0, 40))):
        minute = min(900, minute + draw(st.integers(0, 40)))
        record = line(number, max(0, minute - draw(st.sampled_from([0, 0, 0, 7, 30]))), *draw(EVENT))
        match draw(st.sampled_from("eeeeeeutiwbds")):
            case "u":
                record["created_at"] = "once"
            case "i":
                del record["id"]
            case "w":
                inner = [record, record | {"id": f"w{number}"}, 5]
                record = {"_embedded": {"events": inner}, "page": {}}
            case "b":
                lines.append(draw(st.sampled_from(["{broken", "[1]", "", "  ", '{"n": NaN}', '"\\ud800"'])))
                continue
            case "d" if lines:
                lines.append(lines[-1])
                continue
            case "s":
                lines.append(json.dumps(record).replace('"A"', '"\\u0041"') + "\r")
                continue
            case "t":
                record["wide"] = 10**30
        lines.append(json.dumps(record))
    end = draw(st.sampled_from(["", "\n", "\n\n", "{"]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return mark + ("\n".join(lines) + end).encode()


EVENT = st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"), st.integers(0, 3))
UNHURRIED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@UNHURRIED
@given(
    content=contents(),
    piece_bytes=st.sampled_from([1, 100, 333, 5_000]),
    lateness_us=st.sampled_from([0, 10 * MINUTE_US]),
    packed=st.booleans(),
)
def test_any_number_of_processes_gives_the_report_of_one(
    sets, pieces, tmp_path, content, piece_bytes, lateness_us, packed
):
    """Counts, malformed places, duplicates, borrowed times, late events, alerts, another version, suggestions."""
    rules, before = sets
    file = tmp_path / "events.ndjson"
    file.write_bytes(gzip.compress(content) if packed else content)
    wanted = Wanted(against=("before", before))
    one = dry_run_source(rules, FileSource([file], lateness_us=lateness_us, tolerant=True), wanted=wanted)
    pieces.piece_bytes = piece_bytes
    source = FileSource([file], lateness_us=lateness_us, tolerant=True, pieces=pieces)
    many = dry_run_source(rules, source, wanted=wanted)
    assert document(many) == document(one)
    assert [stored.wording for stored in many.alerts] == [stored.wording for stored in one.alerts]
    assert many.tally.examples == one.tally.examples
    assert source.bytes_read == source.bytes_total
    if content.count(b"\n{") > 1:
        assert Counting.files > 0


def test_the_command_line_gives_the_same_bytes_with_any_jobs(trailbell, tmp_path, monkeypatch):
    """A long file, packed and not, through the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trailbell.sources.pieces.WORTH_BYTES", 1)
    monkeypatch.setattr("trailbell.replay.Pieces", Counting)
    records = [json.dumps(event) for event in synthetic_events(4_000, seed=2)]
    content = "\n".join([*records[:3_000], "{oops", *records[2_990:]]).encode()
    assert len(content) > PIECE_BYTES
    (tmp_path / "events.ndjson").write_bytes(content)
    (tmp_path / "events.gz").write_bytes(gzip.compress(content))
    for file in ("events.ndjson", "events.gz"):
        said = []
        for jobs in (1, 2, 3):
            code, out, err = trailbell("dry-run", "pack:vonage", "-e", file, "--jobs", jobs, "--format", "json")
            assert (code, err) == (0, "")
            said.append(json.loads(out) | {"elapsed_s": 0})
        assert said[0] == said[1] == said[2]
        assert Counting.files
        assert said[0]["events"]["read"] == 4_011
        assert said[0]["events"]["duplicate"] == 10
        assert said[0]["events"]["malformed"] == 1


@pytest.mark.parametrize(("matching", "asked", "shared_out"), [(20, None, True), (30, None, False), (100, 2, True)])
def test_a_file_of_which_many_events_match_is_shared_out_only_if_that_is_asked_for(
    sets, tmp_path, matching, asked, shared_out
):
    """What matches is handed from one process to another, which takes longer than asking where it is read."""
    file = tmp_path / "events.ndjson"
    events = [
        line(number, 200 + number % 300, "A" if number % 100 < matching else "C", "x", 1) for number in range(1_000)
    ]
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    Counting.files = 0
    with Counting(Judge(sets), asked, worth_bytes=0) as pieces:
        report = dry_run_source(sets[0], FileSource([file], tolerant=True, pieces=pieces), wanted=PLAIN)
    assert report.tally.read == 1_000
    assert Counting.files == shared_out


def test_a_cut_archive_gives_the_same_in_many_processes(sets, pieces, tmp_path):
    """What stood before the cut, and the words about it."""
    content = b"".join(json.dumps(line(number, number % 900, "A", "x", 1)).encode() + b"\n" for number in range(5_000))
    packed = gzip.compress(content)
    (tmp_path / "events.gz").write_bytes(packed[: len(packed) // 2])
    pieces.piece_bytes = PIECE_BYTES
    reports = [
        dry_run_source(sets[0], FileSource([tmp_path / "events.gz"], tolerant=True, pieces=given), wanted=PLAIN)
        for given in (None, pieces)
    ]
    assert pieces.fit(str(tmp_path / "events.gz"))
    assert document(reports[0]) == document(reports[1])
    assert reports[0].tally.read > 1_000
    assert reports[0].reading.broken == (f"{tmp_path}/events.gz is cut: the compressed data ends too early",)


COLUMNS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "e"])),
            "event_type": st.sampled_from(["A", "B", "C", None]),
            "created_at": st.sampled_from(
                [None, "2026-11-02T03:00:00Z", "2026-11-02T10:00:00Z", "2026-11-02T10:01:00Z"]
            ),
            "user": st.sampled_from(["x", "y", "z", None]),
            "n": st.one_of(st.none(), st.integers(0, 3)),
            "wide": st.one_of(st.none(), st.integers(0, 2)),
            "unread": st.one_of(st.none(), st.text(max_size=3)),
        }
    ),
    min_size=1,
    max_size=30,
)


@UNHURRIED
@given(rows=COLUMNS, group=st.integers(1, 9))
def test_columns_give_the_report_of_whole_rows(sets, tmp_path, rows, group):
    """Rows without id, type or time; groups of any length; another version that reads other columns."""
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rules, before = sets
    file = tmp_path / "events.parquet"
    types = [(name, pa.int64() if name in ("n", "wide") else pa.string()) for name in rows[0]]
    parquet.write_table(pa.Table.from_pylist(rows, schema=pa.schema(types)), file, row_group_size=group)
    wanted = Wanted(against=("before", before))
    whole = dry_run_source(rules, FileSource([file]), wanted=wanted)
    with Pieces(Judge([rules, before]), 1) as judging:
        columns = dry_run_source(rules, FileSource([file], pieces=judging), wanted=wanted)
    assert document(columns) == document(whole)
