"""A disk that is full: the engine ends in words and with its exit code, and with room again nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

CONFIGURATION = 3
"""The exit code of everything that the operator has to mend before a start makes sense."""


@pytest.fixture
def small_disk(world):
    """A function: the state folder gets a file system of so many KiB; the first call makes it, others resize it."""
    state = world.folder / "state"
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    state.mkdir()
    mounted = False

    def size(kib):
        nonlocal mounted
        change = "remount," if mounted else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{change}size={kib}k,mode=700", "tmpfs", str(state)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and not mounted:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        mounted = True

    yield size
    if mounted:
        subprocess.run(["umount", str(state)], check=True)


def _ended_in_words(world, status, words):
    assert status == CONFIGURATION, world.log()
    assert words in world.log()
    assert "Traceback" not in world.log()


@pytest.mark.parametrize("kib", [8, 48, 300, 700])
def test_a_full_disk(world, driver, small_disk, kib):
    """At the start, and in the middle of the work: it says so, twice if need be; with room it goes on where it was."""
    world.write_events(1_000)
    small_disk(kib)
    runs = driver()
    for _ in range(2):
        _ended_in_words(world, runs.run(), "state/ is full\n help: nothing is lost: make room")
    small_disk(64 << 10)
    assert runs.run() == 0, world.log()
    assert not world.wrong()


def test_a_disk_that_fills_bit_by_bit(world, driver, small_disk):
    """Room for a little more each time: every run keeps what it had committed, and the last one finishes."""
    world.write_events(600)
    runs, kib, failed = driver(), 150, 0
    small_disk(kib)
    while (status := runs.run()) != 0:
        _ended_in_words(world, status, "is full")
        failed += 1
        kib += 150
        small_disk(kib)
    assert failed >= 2
    assert not world.wrong()


@pytest.mark.parametrize("kib", [40, 250, 600])
def test_a_file_that_may_not_grow(world, driver, kib):
    """A limit of the file's size, as quotas have: the same, with the reason that the system gives."""
    world.write_events(1_000)
    runs = driver()
    for _ in range(2):
        _ended_in_words(world, runs.run("a file is as long as it may be", kib), "state/")
    assert runs.run() == 0, world.log()
    assert not world.wrong()
