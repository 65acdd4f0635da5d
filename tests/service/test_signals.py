"""Signals before `trailbell run` listens: an end in words and no traceback, and a SIGHUP that is not forgotten."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

PATIENCE_S = 60

SIGNALLED = """
import os, signal, sys
number, wanted = int(sys.argv[1]), sys.argv[2]
# As from a shell: who started the tests may ignore some, as nohup does.
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

class Signal:
    # It comes at the very moment at which a module is looked for.
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), number)

from trailbell.__main__ import main
sys.meta_path.insert(0, Signal())
sys.argv[:] = ["trailbell", *sys.argv[3:]]
sys.exit(main())
"""
RULE = 'id: logins\ntitle: "{{ user_email }} signed in"\nseverity: low\nmatch: {event_type: USER_LOGIN}\n'
CONFIG = """
rules: [rule.yaml]
state: state/
watch_rules: false
sources:
  in: {files: {paths: [events.ndjson]}}
http: {listen: "127.0.0.1:0"}
"""


@pytest.fixture
def signalled(tmp_path):
    """A function: a command of trailbell to which a signal comes when it is about to import a module."""
    (tmp_path / "rule.yaml").write_text(RULE)
    (tmp_path / "events.ndjson").touch()
    (tmp_path / "trailbell.yaml").write_text(CONFIG)
    processes = []

    def start(number, module, *arguments):
        command = [sys.executable, "-c", SIGNALLED, str(int(number)), module, *arguments]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        limit = threading.Timer(PATIENCE_S, process.kill)
        limit.start()
        processes.append((process, limit))
        return process

    yield start
    for process, limit in processes:
        limit.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("module", ["click", "trailbell.cli.loading", "uvicorn"])
@pytest.mark.parametrize(
    ("number", "code", "words"), [(signal.SIGTERM, 0, "stopped by SIGTERM"), (signal.SIGINT, 130, "interrupted")]
)
@pytest.mark.parametrize("command", ["run", "serve"])
def test_an_early_end_is_the_same_as_a_late_one(signalled, module, number, code, words, command):
    """While the command is imported, while it reads its rules, while its server starts."""
    process = signalled(number, module, command)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err.count(words)) == (code, 1), err
    assert "Traceback" not in err


def test_another_command_is_interrupted_in_words(signalled):
    """^C while it is imported. SIGTERM ends it as it ends any program."""
    process = signalled(signal.SIGINT, "click", "check")
    assert process.communicate(timeout=PATIENCE_S) == ("", "interrupted\n")
    assert process.returncode == 130
    process = signalled(signal.SIGTERM, "click", "check")
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("module", ["click", "trailbell.live", "uvicorn"])
def test_an_early_wish_for_a_reload_is_done_when_the_run_can(signalled, module):
    """It ends nothing; the rules may have been read before it came, so they are read again."""
    process = signalled(signal.SIGHUP, module, "run")
    lines = iter(process.stderr)
    assert next((line for line in lines if "reloaded: " in line), None)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_a_run_that_reads_its_rules_once_ends_when_the_terminal_is_closed(signalled):
    """Nobody would see what a live dry run prints."""
    process = signalled(signal.SIGHUP, "trailbell.recorder", "run", "--dry-run")
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGHUP
