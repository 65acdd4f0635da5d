"""Parts that several tests of this room stand on: events, rules, stores, certificates."""

from __future__ import annotations

import logging
import os
import ssl
import uuid
from contextlib import contextmanager

import pytest
import trustme

from trailbell.loading import load
from trailbell.store.database import open_database
from trailbell_engine.event import Event
from trailbell_engine.timestamps import SECOND_US, format_time, parse_time

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
def store(tmp_path):
    """A function: a store of this test by name, opened (again); all are closed at the end."""
    opened = []

    def make(name="state", **keywords):
        opened.append(open_database(tmp_path / name, **keywords))
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
