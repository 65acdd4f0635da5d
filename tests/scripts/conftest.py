"""Transcripts of the command line: a story in a text file, played in a temporary folder and compared as a whole.

A file has one line that says what it is about, then input files, then commands with what they print::

    # A misspelt key is named with its place and what was meant.

    -- rules/a.yaml --
    id: a
    severty: low

    $ trailbell check rules
    ...what stdout gets...
    ! ...what stderr gets...
    exit 1

An exit code of 0 is not written. ``-- NAME (base64) --`` holds bytes. ``&`` lines prepare the world: ``World``.
Commands may use ``$NAME``, ``< FILE`` and ``> FILE``; beside ``trailbell`` there are ``cat FILE``, ``ls FOLDER``,
``json FILE [KEY]...`` (a part of a document, indented) and ``export NAME=VALUE``. ``TRAILBELL_UPDATE=1`` writes what is
printed into the files.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import json
import logging
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from trailbell.cli.main import run
from trailbell.store.coverage import Coverage, Episode, Watched
from trailbell.store.database import open_database
from trailbell.store.rule_versions import RuleVersions
from trailbell.testing.loopback import Answer
from trailbell.testing.slack import FakeSlack
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.webhook import FakeWebhook
from trailbell.watch.spans import Span
from trailbell_engine.timestamps import HOUR_US, parse_time

_FILE = re.compile(r"^-- (\S+)(?: \((base64)\))? --$")


@dataclass
class Script:
    """A transcript, taken apart: ``lines`` up to the first command, and per command itself and what it printed."""

    head: list[str]
    files: dict[str, bytes]
    commands: list[tuple[str, list[str]]]

    def text(self):
        """The file's text."""
        blocks = [self.head, *([command, *printed] for command, printed in self.commands)]
        return "\n\n".join("\n".join(block).strip("\n") for block in blocks) + "\n"


def read_script(text):
    """Take a transcript apart."""
    head, files, commands = [], {}, []
    for line in text.splitlines():
        if line.startswith(("$ ", "& ")):
            commands.append((line, []))
        elif commands:
            commands[-1][1].append(line)
        else:
            head.append(line)
            found = _FILE.match(line)
            if found:
                name, kind = found.groups()
                files[name] = (kind, [])
            elif files:
                files[name][1].append(line)
    return Script(head, {name: _bytes(*file) for name, file in files.items()}, commands)


def _bytes(kind, lines):
    """A file's content; the blank lines before the next file or command belong to the transcript."""
    text = "\n".join(lines).rstrip("\n")
    return base64.b64decode(text) if kind else (text + "\n").encode() if text else b""


@dataclass
class World:
    """What a transcript's ``&`` lines prepare; each is a method.

    Attributes:
        variables: what ``$NAME`` stands for, and the environment of commands.
        in_process: commands run in this process; else the installed one is called.
    """

    folder: Path
    stack: contextlib.ExitStack
    patch: pytest.MonkeyPatch
    variables: dict[str, str] = field(default_factory=dict)
    in_process: bool = True

    def audit_api(self, events=None):
        """A fake Audit API with the events of an NDJSON file; credentials and VONAGE_AUDIT_URL are set."""
        lines = (self.folder / events).read_bytes().splitlines() if events else []
        api = self.stack.enter_context(FakeAuditApi(map(orjson.loads, lines)))
        names = {"VONAGE_API_KEY": KEY, "VONAGE_API_SECRET": SECRET, "VONAGE_AUDIT_URL": api.base_url}
        self.variables |= names

    def webhook(self, *statuses):
        """A receiver at $HOOK_URL that answers with these statuses first, and then takes everything."""
        hook = self.stack.enter_context(FakeWebhook(secret=None))
        hook.script(*(Answer(int(status)) for status in statuses))
        self.variables["HOOK_URL"] = hook.url

    def slack(self):
        """A fake Slack at $SLACK_URL."""
        slack = self.stack.enter_context(FakeSlack())
        self.variables |= {"SLACK_URL": slack.api_url, "SLACK_BOT_TOKEN": slack.token}

    def closed_port(self):
        """A port on which nobody listens: $CLOSED."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.variables["CLOSED"] = f"127.0.0.1:{server.getsockname()[1]}"

    def engine_running(self, folder):
        """Another engine holds the state folder."""
        (self.folder / folder).mkdir()
        handle = self.stack.enter_context((self.folder / folder / "lock").open("ab"))
        fcntl.flock(handle, fcntl.LOCK_EX)

    def newer_store(self, folder):
        """A store that a later version wrote."""
        database = open_database(self.folder / folder)
        database.execute("PRAGMA user_version = 99")
        database.close()

    def ledger(self, folder):
        """A store in which 2 November 2026 was read: six hours late once, and with a hole; a rule came at noon."""
        midnight_us, hour_us = parse_time("2026-11-02T00:00:00Z"), HOUR_US

        def hours(first, after):
            return Span(midnight_us + first * hour_us, midnight_us + after * hour_us)

        with contextlib.closing(open_database(self.folder / folder)) as database, database.transaction():
            ledger, versions = Coverage(database), RuleVersions(database)
            for source, span, live in (
                ("vonage", (0, 8), 0),
                ("vonage", (8, 14), 14),
                ("vonage", (14, 24), 14),
                ("okta", (0, 10), 0),
                ("okta", (12, 24), 12),
            ):
                ledger.add(source, hours(*span), hours(live, live).from_us)
                ledger.note(Watched(source, source, *[midnight_us + 24 * hour_us] * 4))
            ledger.begun(Episode("okta", "failing", *hours(10, 12), told=True, reason="okta answers 503"))
            versions.exchange([], [("login", "0123456789ab")], 0)
            database.execute("INSERT INTO reached VALUES (40, 'okta', ?), (40, 'vonage', ?)", (hours(12, 12)[0],) * 2)
            versions.exchange([], [("new-country", "cdef01234567")], 40)
            database.execute("DELETE FROM reached WHERE after_seq = 0")

    def other_database(self, file):
        """A SQLite file of some other program."""
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.folder / file)) as other:
            other.execute("CREATE TABLE notes (text)")

    def impatient(self):
        """Requests to the Audit API are repeated at once."""
        self.patch.setattr("trailbell.audit.retry.RetryPolicy._pause_s", lambda *_: 0.0)

    def installed(self):
        """From here on the installed command is called, as a process."""
        self.in_process = False


def _run_here(arguments, stdin):
    """A command in this process: its code and what it wrote."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    root, source = logging.getLogger(), open(stdin or os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - closed below
    handlers, level, root.handlers[:] = root.handlers[:], root.level, []
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            source,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "stdin", source)
            code = run(arguments)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return int(code), *(stream.buffer.getvalue().decode() for stream in (out, err))


def _run_process(arguments, stdin):
    command = [str(Path(sys.executable).parent / "trailbell"), *arguments]
    with open(stdin or os.devnull, "rb") as source:  # noqa: PTH123 - /dev/null is no file of ours
        # By name: readline, which a test runner may load, puts COLUMNS where only the C library sees it.
        environment = dict(os.environ)
        done = subprocess.run(
            command, stdin=source, capture_output=True, text=True, timeout=60, check=False, env=environment
        )
    return done.returncode, done.stdout, done.stderr


def _other(words, world):
    """The few commands beside ``trailbell``."""
    match words:
        case ["cat", file]:
            return (world.folder / file).read_text(encoding="utf-8")
        case ["json", file, *keys]:
            value = json.loads((world.folder / file).read_text(encoding="utf-8"))
            for key in keys:
                value = value[int(key) if isinstance(value, list) else key]
            return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        case ["ls", folder]:
            found = sorted(entry.relative_to(folder) for entry in Path(folder).rglob("*") if entry.is_file())
            return "".join(f"{entry}\n" for entry in found)
        case ["export", assignment]:
            name, _, value = assignment.partition("=")
            world.variables[name] = value
            return ""
    raise AssertionError(f"a transcript knows no command {words}")


_SUBSTITUTIONS = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"port=\d+"), "port=PORT"),
    (re.compile(r"\d+\.\d s, [\d,]+ events/s"), "N s, N events/s"),
    (re.compile(r'"elapsed_s": [\d.e-]+'), '"elapsed_s": N'),
    (re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", re.MULTILINE), "TIME "),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z"), "NOW"),  # the clock of a delivery
    (re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=  dlv_)", re.MULTILINE), "NOW"),  # and in a list, in seconds
    (re.compile(r"\bin \d+\.\d s\b"), "in N s"),
    (re.compile(r"^(✔ (?:python|sqlite) +)\d+\.\d+\.\d+", re.MULTILINE), r"\1VERSION"),
    (re.compile(r"\b\d\d+ rules, \d\d+ tests"), "N rules, N tests"),  # those of the shipped pack grow
    (re.compile(r"\b\d\d+ passed, 0 failed · \d\d+ rules"), "N passed, 0 failed · N rules"),
)


def _normal(text, world):
    """What depends on the machine, replaced by a word."""
    text = text.replace(str(world.folder), "$WORK")
    for pattern, word in _SUBSTITUTIONS:
        text = pattern.sub(word, text)
    return text


def _printed(code, out, err):
    lines = [line.rstrip() for line in out.splitlines()]
    lines += [f"! {line}".rstrip() for line in err.splitlines()]
    return lines + ([f"exit {code}"] if code else [])


def _play(command, world):
    expanded = re.sub(r"\$([A-Z_]+)", lambda found: world.variables.get(found[1], found[0]), command[2:])
    words = shlex.split(expanded)
    if command[0] == "&":
        getattr(world, words[0].replace("-", "_"))(*words[1:])
        return []
    stdin = words.pop(words.index("<") + 1) if "<" in words else None
    target = words.pop(words.index(">") + 1) if ">" in words else None
    words = [word for word in words if word not in ("<", ">")]
    if words[0] != "trailbell":
        code, out, err = 0, _other(words, world), ""
    else:
        for name, value in world.variables.items():
            world.patch.setenv(name, value)
        code, out, err = (_run_here if world.in_process else _run_process)(words[1:], stdin)
    if target:
        (world.folder / target).write_text(out, encoding="utf-8")
        out = ""
    assert "Traceback" not in out + err, err
    return _printed(code, _normal(out, world), _normal(err, world))


@pytest.fixture
def play(tmp_path, monkeypatch):
    """A function: what a transcript says, and what is said when it is played."""

    def act(text):
        script = read_script(text)
        for name, data in script.files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
        for name in [name for name in os.environ if name not in ("PATH", "PYTHONPATH", "LANG")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        with contextlib.ExitStack() as stack:
            world = World(tmp_path, stack, monkeypatch)
            played = [(command, _play(command, world)) for command, _ in script.commands]
        return Script(script.head, script.files, played).text()

    return act
