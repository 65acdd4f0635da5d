"""Followed files: whatever rotation does to them, each line comes, and comes once."""

import glob
import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.clock import now_us
from trailbell.sources import rotations
from trailbell.sources.errors import SourceError
from trailbell.sources.following import FollowSource
from trailbell.sources.kinds import SettingsError, maker_of
from trailbell.sources.polling import Pace
from trailbell.sources.rotations import SETTLED_US
from trailbell.sources.stdin import StdinSource
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import HOUR_US


def line(number, size=0):
    return json.dumps({"id": f"e{number}", "time": "2026-11-23T10:00:00Z", "pad": "x" * size}) + "\n"


class Reader:
    """A followed set of files, read round by round; ``restart`` forgets all but the checkpoint."""

    def __init__(self, *patterns, **keywords):
        self.patterns = [str(pattern) for pattern in patterns]
        self.keywords = keywords
        self.checkpoint = None
        self.malformed = []
        self.ahead_us = 0
        self._batches = None

    def read(self):
        """What one round finds, in ids; the source then waits."""
        if self._batches is None:
            pace = Pace(now_us=lambda: now_us() + self.ahead_us, sleep=self._sleep)
            self._batches = self._endless(FollowSource(self.patterns, pace=pace, **self.keywords))
        return next(self._batches)

    def _endless(self, source):
        found = []
        batches = source.batches(self.checkpoint)
        for batch in self._through(batches):
            if batch is None:
                yield list(found)
                found.clear()
                continue
            found += [item.id for item in batch.inputs if isinstance(item, Event)]
            self.malformed += [item for item in batch.inputs if isinstance(item, Malformed)]
            self.checkpoint = batch.checkpoint or self.checkpoint

    def _through(self, batches):
        """The batches of endless rounds, with None between two: a thread of its own, in step with us."""
        ready, go = threading.Semaphore(0), threading.Semaphore(0)
        out = []
        self._ready, self._go, self._ended = ready, go, False

        def run():
            try:
                out.extend(batches)
            except SourceError as error:
                out.append(error)
            self._ended = True
            ready.release()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        while True:
            ready.acquire()
            given, out[:] = list(out), []
            for one in given:
                if isinstance(one, SourceError):
                    raise one
                yield one
            if self._ended:
                return
            yield None
            go.release()

    def _sleep(self, _seconds):
        self._ready.release()
        self._go.acquire()
        return self._ended

    def restart(self):
        if self._batches is not None:
            self._ended = True
            self._go.release()
            self._thread.join()
            self._batches.close()
            self._batches = None


@pytest.fixture
def follow():
    readers = []

    def make(*patterns, **keywords):
        readers.append(Reader(*patterns, **keywords))
        return readers[-1]

    yield make
    for reader in readers:
        reader.restart()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "audit.log"


def append(file, *numbers, text=None):
    with Path(file).open("a") as stream:
        stream.write("".join(map(line, numbers)) if text is None else text)


def ids(*numbers):
    return [f"e{number}" for number in numbers]


@pytest.mark.parametrize("restarts", [False, True])
def test_lines_come_as_they_are_written(follow, log, restarts):
    """Each once, and after a restart from where the last commit was."""
    append(log, 1, 2)
    reader = follow(log)
    assert reader.read() == ids(1, 2)
    append(log, 3)
    if restarts:
        reader.restart()
    assert reader.read() == ids(3)
    assert reader.read() == []


def test_a_half_line_waits_for_its_other_half(follow, log):
    """Writers flush where they like."""
    append(log, 1)
    append(log, text=line(2)[:10])
    reader = follow(log)
    assert reader.read() == ids(1)
    append(log, text=line(2)[10:])
    assert reader.read() == ids(2)
    assert reader.malformed == []


@pytest.mark.parametrize("restarts", [False, True])
def test_rotation_by_renaming(follow, log, restarts):
    """What was written to the old file before and after it was renamed, and to the new one."""
    append(log, 1)
    reader = follow(log)
    assert reader.read() == ids(1)
    append(log, 2)
    log.rename(f"{log}.1")
    append(f"{log}.1", 3)
    append(log, 4)
    if restarts:
        reader.restart()
    assert reader.read() == ids(2, 3, 4)
    append(f"{log}.1", 5)
    append(log, 6)
    assert sorted(reader.read()) == ids(5, 6)


@pytest.mark.parametrize("restarts", [False, True])
def test_rotation_by_truncation(follow, log, restarts):
    """The file is cut to nothing and written anew, to any length."""
    append(log, 1, 2, 3)
    reader = follow(log)
    assert reader.read() == ids(1, 2, 3)
    log.write_text("")
    append(log, *range(4, 12))
    if restarts:
        reader.restart()
    assert reader.read() == ids(*range(4, 12))


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("sees_copy", [False, True])
def test_rotation_by_copying_and_truncating(follow, log, restarts, sees_copy):
    """What only the copy has comes from the copy; what both have comes once."""
    append(log, 1, 2)
    reader = follow(log)
    assert reader.read() == ids(1, 2)
    append(log, 3)
    shutil.copy(log, f"{log}.1")
    between = reader.read() if sees_copy else []
    log.write_text("")
    append(log, 4)
    if restarts:
        reader.restart()
    assert sorted([*between, *reader.read()]) == ids(3, 4)
    assert reader.read() == []


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("read_before", [False, True])
def test_rotation_into_gzip(follow, log, restarts, read_before):
    """The rotated file is packed and deleted; what was not read of it is read from the packed one."""
    append(log, 1)
    reader = follow(log)
    assert reader.read() == ids(1)
    append(log, 2)
    found = reader.read() if read_before else []
    if restarts:
        reader.restart()
    rotated = Path(f"{log}.1")
    log.rename(rotated)
    append(log, 3)
    Path(f"{log}.1.gz").write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    assert [*found, *sorted(reader.read())] == ids(2, 3)
    assert reader.read() == []
    reader.restart()
    assert reader.read() == []


def test_a_packed_file_that_is_still_being_packed_is_read_on_when_it_is_whole(follow, tmp_path):
    """The packer writes block by block."""
    packed = gzip.compress("".join(line(number, 50) for number in range(200)).encode())
    file = tmp_path / "old.log.gz"
    file.write_bytes(packed[:-20])
    reader = follow(tmp_path / "*.gz")
    first = reader.read()
    file.write_bytes(packed)
    assert first + reader.read() == ids(*range(200))


@pytest.mark.parametrize("restarts", [False, True])
def test_a_link_that_is_moved_to_another_file(follow, tmp_path, restarts):
    """`current` points to today's file; yesterday's gets its last lines after the change."""
    current = tmp_path / "current"
    append(tmp_path / "a.log", 1)
    current.symlink_to("a.log")
    reader = follow(current)
    assert reader.read() == ids(1)
    append(tmp_path / "a.log", 2)
    append(tmp_path / "b.log", 3)
    (tmp_path / "new").symlink_to("b.log")
    (tmp_path / "new").replace(current)
    if restarts:
        reader.restart()
    assert sorted(reader.read()) == ids(2, 3)


def test_two_rotations_while_nobody_looked(follow, log):
    """The file between was never seen under its first name."""
    append(log, 1)
    reader = follow(log)
    assert reader.read() == ids(1)
    reader.restart()
    append(log, 2)
    log.rename(f"{log}.2")
    os.utime(f"{log}.2", ns=(1, Path(f"{log}.2").stat().st_mtime_ns - 10**9))
    append(f"{log}.1", 3)
    append(log, 4)
    assert sorted(reader.read()) == ids(2, 3, 4)


def test_old_rotated_files_are_not_read_by_the_first_run(follow, log):
    """Only what the patterns name."""
    append(f"{log}.1", 1)
    append(log, 2)
    assert follow(log).read() == ids(2)


def test_the_last_line_of_a_rotated_file_may_lack_its_end(follow, log):
    """When nobody has written the file for a while, nobody will."""
    append(log, 1)
    append(log, text=line(2)[:-1])
    reader = follow(log)
    assert reader.read() == ids(1)
    log.rename(f"{log}.1")
    assert reader.read() == []
    reader.ahead_us = 2 * SETTLED_US
    assert reader.read() == ids(2)
    assert reader.read() == []


def test_files_that_appear_later_are_followed(follow, tmp_path):
    """A glob is asked again at each look; folders name all that is right in them."""
    reader = follow(tmp_path / "*.log")
    assert reader.read() == []
    append(tmp_path / "b.log", 1)
    append(tmp_path / "c.txt", 9)
    assert reader.read() == ids(1)
    assert sorted(follow(tmp_path).read()) == ids(1, 9)


def test_two_files_that_begin_alike_are_two(follow, tmp_path):
    """The same first line is no copy."""
    start = '{"event": "start"}\n'
    append(tmp_path / "a.log", text=start + line(1))
    append(tmp_path / "b.log", text=start + line(2))
    reader = follow(tmp_path / "*.log")
    found = reader.read()
    assert {"e1", "e2"} <= set(found)
    append(tmp_path / "c.log", text=start + line(3))
    assert "e3" in reader.read()


def test_start_at_the_end_leaves_out_what_was_there(follow, log):
    """Once: a restart goes on where it was."""
    append(log, 1)
    reader = follow(log, from_end=True)
    assert reader.read() == []
    append(log, 2)
    reader.restart()
    assert reader.read() == ids(2)


def test_a_line_without_end_is_told_once_and_passed(follow, log):
    """The next line is read as ever."""
    append(log, text="x" * (5 << 20))
    reader = follow(log)
    assert reader.read() == []
    append(log, text="x" * (5 << 20) + "\n" + line(1))
    assert reader.read() == ids(1)
    (malformed,) = reader.malformed
    assert malformed.reason == "larger than 1 MiB"
    assert malformed.place.endswith("audit.log:1")


def test_many_lines_come_in_batches_with_a_checkpoint_at_the_end(follow, log):
    """What stands in between would be a lie: the mark is behind lines that were not handed out."""
    append(log, *range(950))
    source = FollowSource([str(log)], pace=Pace(follow=False))
    batches = list(source.batches(None))
    assert [batch.checkpoint is None for batch in batches] == [True] * 9 + [False]
    assert sum(len(batch.inputs) for batch in batches) == 950
    assert list(source.batches(batches[-1].checkpoint)) == []


def test_a_file_that_may_not_be_read_says_so(log):
    """And does not look like an empty one."""
    append(log, 1)
    log.chmod(0)
    if os.access(log, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(SourceError, match="cannot be read"):
        list(FollowSource([str(log)], pace=Pace(follow=False)).batches(None))


def rotate(log):
    """By renaming, as often as it takes."""
    _shift(log.parent, log)
    log.rename(f"{log}.1")


def rotated_twice(follow, log):
    """A reader that has read 1; since then 2 was written and rotated away, and 3 is in the file."""
    append(log, 1)
    reader = follow(log)
    assert reader.read() == ids(1)
    rotate(log)
    append(log, 2)
    rotate(log)
    append(log, 3)
    return reader


@pytest.mark.parametrize("pattern", ["audit.log", "*.log"])
def test_a_file_that_was_missing_for_an_instant_is_followed_nevertheless(follow, log, monkeypatch, pattern):
    """The list of names is made right between renaming the file and making it anew."""
    append(log, 1)
    reader = follow(log.parent / pattern)
    assert reader.read() == ids(1)

    def listing(*arguments, **keywords):
        monkeypatch.undo()
        rotate(log)
        names = glob.glob(*arguments, **keywords)  # noqa: PTH207 - what was asked for
        append(log, 2)
        return names

    monkeypatch.setattr("trailbell.sources.rotations.glob.glob", listing)
    found = reader.read()
    rotate(log)
    append(log, 3)
    assert found + reader.read() == ids(2, 3)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_file_that_a_look_missed_while_it_was_renamed_is_found_by_the_next(follow, log, monkeypatch, restarts):
    """Its old name was asked for too late and its new one too early; files after it have been read since."""
    reader = rotated_twice(follow, log)
    beside = rotations._beside
    monkeypatch.setattr(rotations, "_beside", lambda bases: [path for path in beside(bases) if path != f"{log}.1"])
    assert reader.read() == ids(3)
    monkeypatch.undo()
    rotate(log)
    append(log, 4)
    if restarts:
        reader.restart()
    assert sorted(reader.read() + reader.read()) == ids(2, 4)


def test_a_file_that_is_new_is_known_before_two_looks_agree(follow, log):
    """It is rotated twice as soon as it was seen."""
    append(log, 1)
    reader = follow(log.parent / "*.log")
    assert reader.read() == ids(1)
    other = log.with_name("other.log")
    append(other, 2)
    assert reader.read() == ids(2)
    rotate(other)
    append(other, 3)
    rotate(other)
    append(other, 4)
    assert reader.read() == ids(3, 4)


def test_a_file_that_was_renamed_before_it_could_be_opened_is_found_by_the_next_look(follow, log, monkeypatch):
    """Under the name that was seen there is another file by then."""
    reader = rotated_twice(follow, log)
    opened = rotations._opened

    def opening(path):
        monkeypatch.undo()
        rotate(log)
        append(log, 4)
        return opened(path)

    monkeypatch.setattr(rotations, "_opened", opening)
    assert sorted(reader.read() + reader.read() + reader.read()) == ids(2, 3, 4)


def test_files_written_in_the_same_instant_of_the_file_system_are_both_read(follow, log):
    """Its clock stands still for some milliseconds."""
    reader = rotated_twice(follow, log)
    first, second = Path(f"{log}.2"), Path(f"{log}.1")
    os.utime(second, ns=(first.stat().st_mtime_ns,) * 2)
    assert reader.read() == ids(2, 3)


_WRITER = """
import logging.handlers, sys, json
handler = logging.handlers.RotatingFileHandler(sys.argv[1], maxBytes=4000, backupCount=1000)
log = logging.getLogger("writer"); log.addHandler(handler); log.setLevel("INFO")
for number in range(int(sys.argv[2])):
    log.info(json.dumps({"id": f"e{number}", "time": "2026-11-23T10:00:00Z"}))
"""


def test_a_real_writer_that_rotates_every_few_lines(follow, log):
    """Python's own rotating handler, in another process, while we read."""
    reader = follow(log)
    found = reader.read()
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(log), "3000"]) as writer:
        while writer.poll() is None:
            found += reader.read()
    found += reader.read() + reader.read() + reader.read()  # a look may miss what is renamed meanwhile
    assert sorted(set(found)) == sorted(ids(*range(3000)))
    assert len(found) == 3000


_STEPS = st.sampled_from(["write", "half", "rename", "copytruncate", "gzip", "look", "look", "restart"])


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(_STEPS, max_size=30), size=st.sampled_from([0, 300, 2000]))
def test_any_schedule_of_writing_and_rotating_gives_each_line_once(tmp_path_factory, steps, size):
    """Nothing is lost, and nothing comes twice."""
    folder = tmp_path_factory.mktemp("logs")
    log, reader, found, number, half = folder / "audit.log", None, [], 0, ""
    reader = Reader(log)
    try:
        log.touch()
        found += reader.read()
        for step in [*steps, "look", "look"]:
            # Writers rotate between two lines.
            if half and step not in ("half", "look", "restart"):
                append(log, text=half)
                half = ""
            if step == "write":
                append(log, text=line(number, size))
                number += 1
            elif step == "half" and not half:
                text = line(number, size)
                append(log, text=text[:7])
                half, number = text[7:], number + 1
            elif step in ("rename", "gzip"):
                rotate(log)
                if step == "gzip":
                    found += reader.read()
                    data = Path(f"{log}.1").read_bytes()
                    Path(f"{log}.1.gz").write_bytes(gzip.compress(data))
                    Path(f"{log}.1").unlink()
                log.touch()
            elif step == "copytruncate":
                _shift(folder, log)
                shutil.copy(log, f"{log}.1")
                os.truncate(log, 0)
            elif step == "restart":
                reader.restart()
            else:
                found += reader.read()
        if half:
            append(log, text=half)
            found += reader.read()
    finally:
        reader.restart()
    assert sorted(found) == sorted(ids(*range(number))), steps


def _shift(folder, log):
    for number in range(40, 0, -1):
        for suffix in ("", ".gz"):
            old = Path(f"{log}.{number}{suffix}")
            if old.exists():
                old.rename(f"{log}.{number + 1}{suffix}")


# Standard input


def test_standard_input_gives_lines_as_they_come():
    """No line waits for the next one."""
    out, into = os.pipe()
    with os.fdopen(out, "rb") as stream, os.fdopen(into, "wb", buffering=0) as writer:
        batches = StdinSource(stream=stream).batches(None)
        writer.write(line(1).encode())
        assert [item.id for item in next(batches).inputs] == ids(1)
        writer.write((line(2) + line(3) + line(4)[:5]).encode())
        assert [item.id for item in next(batches).inputs] == ids(2, 3)
        writer.write(line(4)[5:-1].encode())
        writer.close()
        assert [item.id for batch in batches for item in batch.inputs] == ids(4)


def test_standard_input_stops_while_nothing_comes():
    """A silent writer does not hold up the end."""
    out, into = os.pipe()
    with os.fdopen(out, "rb") as stream, os.fdopen(into, "wb"):
        source = StdinSource(stream=stream)
        source.stop()
        begun_s = time.monotonic()
        assert list(source.batches(None)) == []
        assert time.monotonic() - begun_s < 5


def test_a_configuration_names_patterns_or_standard_input(log):
    """And a map, if it is not to be seen by looking."""
    append(log, 1)
    build = maker_of("files").build
    source = build("app", {"paths": [str(log)], "map": "okta", "lateness": "1h"}, {}, once=True)
    assert source.lateness_us == HOUR_US
    assert [item.source for batch in source.batches(None) for item in batch.inputs] == ["app"]
    assert build("app", {"paths": ["-"]}, {}, once=True).bounded
    with pytest.raises(SettingsError, match="alone"):
        build("app", {"paths": ["-", "x"]}, {}, once=True)
    with pytest.raises(SettingsError, match="no map"):
        build("app", {"paths": ["x"], "map": "octa"}, {}, once=True)
