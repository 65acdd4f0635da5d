"""`trailbell import sigma` as a shell sees it."""

import json
from typing import NamedTuple

import pytest

from trailbell.cli.exits import Exit

RULE = """\
title: Logging was stopped
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: cloudtrail.amazonaws.com, eventName: [StopLogging, DeleteTrail]}
  filter: {userIdentity.userName|startswith: 'robot-'}
  condition: selection and not filter
level: high
"""
WORDS = "title: A word\nlogsource: {product: aws, service: cloudtrail}\ndetection: {words: [x], condition: words}\n"


class Done(NamedTuple):
    """The end of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def shell(trailbell):
    """A function: one command, as the shell sees it."""
    return lambda *arguments: Done(*trailbell(*arguments))


@pytest.fixture
def sigma(tmp_path, monkeypatch):
    """A working folder with one rule that can be said and one that cannot."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sigma" / "aws"
    folder.mkdir(parents=True)
    (folder / "stop.yml").write_text(RULE)
    (folder / "words.yaml").write_text(WORDS)
    return folder


def test_what_is_imported_passes_the_check_and_works(sigma, shell, tmp_path):
    """A file a rule; the refused ones are named with the reason; the rules match what they should."""
    done = shell("import", "sigma", "sigma", "--map", "cloudtrail", "-o", "rules")
    assert done.code == Exit.OK
    assert "A word  sigma/aws/words.yaml:1" in done.out
    assert "1 rule imported to rules, 1 refused" in done.out
    assert [file.name for file in (tmp_path / "rules").iterdir()] == ["logging-was-stopped.yaml"]
    assert shell("check", "--strict", "rules").code == Exit.OK
    events = [
        {"eventID": str(number), "eventName": "DELETETRAIL", "eventTime": "2026-11-01T10:00:00Z"}
        | {"eventSource": "cloudtrail.amazonaws.com", "userIdentity": {"userName": user}}
        for number, user in enumerate(("ann", "robot-1"))
    ]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    report = json.loads(shell("dry-run", "rules", "--events", "events.ndjson", "--format", "json").out)
    assert [alert["event_ids"] for alert in report["alerts"]] == [["0"]]


def test_json_lists_both(sigma, shell):
    """Programs read what was imported to where, and what was refused why."""
    document = json.loads(
        shell("import", "sigma", "sigma", "--map", "cloudtrail", "-o", "rules", "--format", "json").out
    )
    assert [entry["id"] for entry in document["imported"]] == ["logging-was-stopped"]
    assert document["refused"][0]["line"] == 1


def test_strict_fails_if_anything_was_refused(sigma, shell):
    """For scripts that want all or nothing."""
    assert shell("import", "sigma", "sigma", "--map", "cloudtrail", "-o", "r", "--strict").code == Exit.FINDINGS


def test_a_second_import_replaces_the_first_and_nothing_else(sigma, shell, tmp_path):
    """A file that was not imported is left alone, and then none is written."""
    arguments = ("import", "sigma", "sigma", "--map", "cloudtrail", "-o", "rules")
    assert shell(*arguments).code == Exit.OK
    assert shell(*arguments).code == Exit.OK
    (tmp_path / "rules" / "logging-was-stopped.yaml").write_text("id: mine\n")
    done = shell(*arguments)
    assert done.code == Exit.CONFIGURATION
    assert "was not imported" in done.err
    assert (tmp_path / "rules" / "logging-was-stopped.yaml").read_text() == "id: mine\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nope", "--map", "cloudtrail", "-o", "r"), Exit.CONFIGURATION),
        (("sigma", "--map", "windows", "-o", "r"), Exit.USAGE),
        (("sigma", "-o", "r"), Exit.USAGE),
        (("sigma", "--map", "cloudtrail"), Exit.USAGE),
    ],
)
def test_wrong_calls(sigma, shell, arguments, code):
    """A path that is not there, a map there is none for, an option that is missing."""
    assert shell("import", "sigma", *arguments).code == code
