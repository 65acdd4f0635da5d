"""A file that is named again: what was read of it is passed over, and nothing of a file that took its place."""

import gzip
import json

import pytest

from trailbell.sources.files import FileSource


def _lines(start, end, note=""):
    return b"".join(
        json.dumps({"id": f"e{number}", "event_type": "A", "created_at": "2026-11-02T10:00:00Z", "note": note}).encode()
        + b"\n"
        for number in range(start, end)
    )


@pytest.fixture
def export(tmp_path):
    """A function: writes the file, reads it from where the last reading ended, and gives the ids it read."""
    checkpoint = None

    def again(content):
        nonlocal checkpoint
        (tmp_path / "export").write_bytes(content)
        ids = []
        for batch in FileSource([tmp_path / "export"]).batches(checkpoint):
            ids += [item.id for item in batch.inputs]
            checkpoint = json.loads(json.dumps(batch.checkpoint))
        return ids

    return again


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("number", [1, 5, 10, 12, 2_000])
def test_another_file_under_the_same_name_is_read_from_its_start(export, pack, number):
    """A nightly export is written anew, as long as the last one, shorter or longer: none of its events is skipped."""
    assert len(export(pack(_lines(0, 10)))) == 10
    assert export(pack(_lines(100, 100 + number))) == [f"e{n}" for n in range(100, 100 + number)]


def test_a_file_that_has_grown_goes_on_where_it_was(export):
    """What was read is not asked for again, however short the file was."""
    assert export(_lines(0, 1)) == ["e0"]
    assert export(_lines(0, 3)) == ["e1", "e2"]
    assert len(export(_lines(0, 5_000, "x" * 100))) == 5_000  # written anew
    assert export(_lines(0, 5_002, "x" * 100)) == ["e5000", "e5001"]
    assert export(_lines(0, 5_002, "x" * 100)) == []


def test_a_file_that_became_shorter_is_another_one(export):
    """Even if it begins as before: how much of what is left was read nobody knows."""
    export(_lines(0, 5_000, "x" * 100))
    assert len(export(_lines(0, 4_000, "x" * 100))) == 4_000


def test_a_place_without_marks_is_believed(tmp_path):
    """Stores of earlier versions hold such ones."""
    (tmp_path / "export").write_bytes(_lines(0, 5))
    place = {"file": str(tmp_path / "export"), "records": 3, "last_time_us": 0}
    batches = FileSource([tmp_path / "export"]).batches(place)
    assert [item.id for batch in batches for item in batch.inputs] == ["e3", "e4"]
