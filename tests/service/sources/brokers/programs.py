"""Programs of the system that listen on loopback: where they are, at which port, and when they are ready."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress

import pytest

READY_S = 90


def missing(what):
    """Skip, or fail where everything has to be there."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is not installed")


def program(name):
    """Where a program of the system is. Debian's own `rabbitmq-server` changes to a user that has no place here."""
    return shutil.which(name, path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}:/usr/sbin") or missing(name)


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=READY_S, pause_s=0.02):
    """Wait until something is so, and give it."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        found = condition()
        if found:
            return found
        time.sleep(pause_s)
    raise AssertionError(f"not within {seconds} s")


def works(action):
    """Whether something can be done now."""
    with suppress(Exception):
        return action() is not False
    return False


class Server:
    """A program that listens at a port of its own and keeps its data in a folder over restarts."""

    def __init__(self, folder, command, environment=None):
        self.port = free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._command = [part.format(port=self.port, folder=folder) for part in command]
        self._environment = os.environ | {
            name: value.format(port=self.port, folder=folder) for name, value in (environment or {}).items()
        }
        self._process = None

    def start(self):
        """Start it; it may not be ready yet."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop(self):
        """Stop it and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
