"""Parts that several tests of this room stand on: events, rules, stores, certificates."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
import trustme

from trailbell.loading import load
from trailbell.store.address import read_address
from trailbell.store.database import open_database
from trailbell_engine.event import Event
from trailbell_engine.timestamps import SECOND_US, format_time, parse_time

_numbers = itertools.count(1)
START_US = parse_time("2026-11-02T10:00:00Z")


@pytest.fixture(scope="session")
def long():
    """Whether the long forms of tests are asked for."""
    return bool(os.environ.get("TRAILBELL_LONG"))


@pytest.fixture
def record():
    """A function: an audit event as the API gives it, so many seconds after the start; fields can be replaced."""

    def make(number, event_type="NUMBER_UPDATED", *, at_s=None, **fields):
        return {
            "id": str(uuid.UUID(int=number)),
            "event_type": event_type,
            "created_at": format_time(START_US + (number if at_s is None else at_s) * SECOND_US)[:19],
            "account_id": "abcd1234",
            "user_email": "ada@example.com",
            "source_ip": "203.0.113.9",
            "source_country": "GB",
            **fields,
        }

    return make


@pytest.fixture
def event(record):
    """A function: the same as an event of the engine; ``source`` and ``untimed`` can be given."""

    def make(number, event_type="NUMBER_UPDATED", *, source="vonage", untimed=False, **fields):
        data = record(number, event_type, **fields)
        return Event(source, data["id"], event_type, parse_time(data["created_at"]), data, untimed)

    return make


@pytest.fixture
def rules(tmp_path):
    """A function: the rule set of a text of YAML."""

    def make(text):
        file = tmp_path / "rules.yaml"
        file.write_text(text, encoding="utf-8")
        loaded = load([str(file)])
        assert loaded.errors == ()
        return loaded.rules

    return make


@pytest.fixture
def backend():
    """Which engine stores are in; tests of both say ``parametrize("backend", ["sqlite", "postgres"])``."""
    return "sqlite"


@pytest.fixture
def address(backend, request, tmp_path):
    """A function: where this test's store of a name is."""
    if backend == "sqlite":
        return lambda name="state": tmp_path / name
    server = request.getfixturevalue("postgres")
    prefix = f"t{os.getpid()}_{next(_numbers)}"
    return lambda name="state": read_address(server.url(schema=f"{prefix}_{name}", folder=tmp_path / name), tmp_path)


@pytest.fixture
def setting(address):
    """A function: what ``state:`` says of that store."""

    def say(name="state"):
        found = address(name)
        return str(found) if isinstance(found, Path) else found.whole()

    return say


@pytest.fixture
def store(address):
    """A function: a store of this test by name, opened (again); all are closed at the end."""
    opened = []

    def make(name="state", **keywords):
        opened.append(open_database(address(name), **keywords))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


@pytest.fixture(scope="session")
def authority():
    """A certificate authority that only the tests trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    """Its certificate, as a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority):
    """A server's TLS context for 127.0.0.1, signed by the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


class Postgres:
    """A PostgreSQL server of its own, that is gone with the tests. At its socket all are let in, at its port who knows.

    Attributes:
        port: on 127.0.0.1.
        folder: where its socket is.
    """

    USER, PASSWORD = "trailbell", "open: sesame@1"

    def __init__(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        places = os.pathsep.join([*map(str, reversed(found)), os.environ["PATH"]])
        programs = [shutil.which(name, path=places) for name in ("initdb", "postgres")]
        if None in programs:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("PostgreSQL (initdb, postgres) is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        # It does not run as root; Debian's package makes a user for it.
        self._as = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self._as:
            shutil.chown(self.folder, "postgres", "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = self.folder / "password"
        secret.write_text(self.PASSWORD)
        secret.chmod(0o644)
        data = self.folder / "data"
        self._run(programs[0], "-D", data, "-U", self.USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}")  # fmt: skip
        options = {"unix_socket_directories": self.folder, "listen_addresses": "127.0.0.1", "port": self.port}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs[1], "-D", data, *flags], cwd=self.folder, stdout=log, stderr=log, **self._as
            )
        until_s = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < until_s, (self.folder / "log").read_text()
            time.sleep(0.02)

    def url(self, **more):
        """What ``state:`` may be."""
        query = urlencode({"host": self.folder, "port": self.port} | more)
        return f"postgresql://{self.USER}@/postgres?{query}"

    def stop(self):
        """End it, and all its sessions."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)
        shutil.rmtree(self.folder)

    def _run(self, *command):
        done = subprocess.run(
            [*map(str, command)], cwd=self.folder, capture_output=True, text=True, check=False, **self._as
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _ready(self):
        import psycopg

        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of this process that need it."""
    server = Postgres()
    yield server
    server.stop()


@contextmanager
def _fresh_logging():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


@pytest.fixture
def trailbell(capfd):
    """A function: one command in this process, as the shell sees it: (exit code, stdout, stderr)."""
    from trailbell.cli.main import run

    def call(*arguments):
        capfd.readouterr()
        with _fresh_logging():
            code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call
