"""A kill, or a fault of the disk, at each call by which a run of 200 events writes, syncs or sends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLS = ("pwrite64", "fdatasync", "sendto")
SAMPLE = (1, 3, 10, 30, 70)
LONGEST_RUN = 5_000
CONFIGURATION = 3
"""The exit code of a disk that fails."""


def _can_inject():
    """Whether strace is there and may trace."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=getpid:error=EIO:when=1", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def strace():
    """A function: a context in which a stopped process goes on under strace, with faults injected."""
    if not _can_inject():
        assert not os.environ.get("CI"), "strace cannot inject faults, and here it has to"
        pytest.skip("strace is not installed, or may not trace here")

    @contextmanager
    def trace(process, call, fault):
        command = ["strace", "-f", "-p", str(process), "-o", os.devnull, "-e", f"trace={call}"]
        with subprocess.Popen([*command, "-e", f"inject={call}:{fault}"], stderr=subprocess.PIPE, text=True) as tracer:
            assert "attached" in tracer.stderr.readline()
            os.kill(process, signal.SIGCONT)
            yield
            tracer.terminate()
            tracer.stderr.read()

    return trace


def _stopped(process):
    """Wait until it has stopped itself."""
    ends_s = time.monotonic() + 30
    while time.monotonic() < ends_s:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
        if stat.rsplit(")", 1)[1].split()[0] == "T":
            return
    raise AssertionError("it did not stop")


def _faulty_run(runs, strace, call, fault):
    process = runs.start("a tracer")
    _stopped(process)
    with strace(process, call, fault):
        return runs.ended()


@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_any_call(world, driver, strace, long, call):
    """Whatever was written, half written or sent, the next run goes on as if nothing had happened."""
    world.write_events(200)
    runs = driver()
    killed = 0
    for number in range(1, LONGEST_RUN) if long else SAMPLE:
        world.begin_again()
        status = _faulty_run(runs, strace, call, f"signal=SIGKILL:when={number}")
        assert status in (0, -signal.SIGKILL), world.log()
        killed += status != 0
        if status == 0:
            break
        assert runs.run() == 0, world.log()
        assert not world.wrong(), (call, number)
    assert killed >= 2


@pytest.mark.parametrize(
    ("call", "error"),
    [("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("fdatasync", "ENOSPC"), ("pread64", "EIO")],
)
def test_a_disk_that_fails(world, driver, strace, long, call, error):
    """The run ends in words at once, rather than go on as if it had read or written; later it goes on where it was."""
    world.write_events(200)
    runs = driver()
    failed = 0
    for number in range(1, LONGEST_RUN) if long else (5, 20):
        world.begin_again()
        status = _faulty_run(runs, strace, call, f"error={error}:when={number}+")
        if status == 0:
            break
        failed += 1
        assert status == CONFIGURATION, world.log()
        assert "state/ is full" in world.log() or "disk I/O error" in world.log()
        assert "Traceback" not in world.log()
        assert runs.run() == 0, world.log()
        assert not world.wrong(), (call, number)
    assert failed
