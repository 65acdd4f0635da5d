"""``trailbell events`` as a process, against the fake API."""

import gzip
import json
import os
import subprocess
import sys

import pytest

from trailbell.sources.files import FileSource
from trailbell.testing.vonage_api import KEY, SECRET
from trailbell.testing.vonage_faults import Drop, Status
from trailbell_engine.event import Event


@pytest.fixture
def events(api):
    """Run the command; the finished process."""

    def run(*arguments, **environ):
        return subprocess.run(
            [sys.executable, "-m", "trailbell", "events", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "VONAGE_AUDIT_URL": api.base_url,
                "VONAGE_API_KEY": KEY,
                "VONAGE_API_SECRET": SECRET,
            }
            | environ,
            capture_output=True,
            check=False,
            timeout=60,
        )

    return run


WHOLE = ("--since", "2026-09-30", "--until", "2026-10-05")


def lines(done):
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_types_are_those_of_the_api(events, api):
    """NDJSON where nobody looks, a table where somebody asks for one."""
    assert {row["type"]: row["description"] for row in lines(events("types"))} == api.types
    assert "APP_CREATE" in events("types", "--format", "table").stdout.decode()
    assert len(json.loads(events("types", "--format", "json").stdout)) == len(api.types)


def test_list_filters_and_limits(events, history):
    """All filters reach the API; types may be repeated or separated by commas."""
    found = lines(events("list", "--type", "USER_LOGIN,APP_UPDATE", "--type", "APP_CREATE", "--limit", "0"))
    kinds = {"USER_LOGIN", "APP_UPDATE", "APP_CREATE"}
    assert len(found) == sum(event["event_type"] in kinds for event in history)
    assert len(lines(events("list", "--limit", "5"))) == 5
    someone = next(event for event in history if event.get("user_id"))
    found = lines(
        events("list", "--user-id", str(someone["user_id"]), "--search", "USER_LOGIN", "--since", "2026-10-02")
    )
    assert {event["user_email"] for event in found} <= {someone["user_email"]}
    assert all(event["created_at"] >= "2026-10-02" for event in found)


def test_a_table_shows_whole_ids(events, history):
    """They are what `show` wants."""
    table = events("list", "--format", "table", "--limit", "0").stdout.decode()
    assert all(event["id"] in table for event in history)


def test_a_table_on_a_narrow_terminal_is_one_line_an_event(events, history):
    """Ids would leave the rest no room, and it is said where they are."""
    done = events("list", "--format", "table", "--limit", "0", COLUMNS="100")
    assert len(done.stdout.splitlines()) == len(history) + 1
    assert "ids do not fit on 100 columns" in done.stderr.decode()


def test_what_is_not_shown_is_told(events, api, history):
    """A list that ends at the usual limit says so, and one that is empty, too."""
    assert len(history) > 100
    assert "the first 100; --limit 0 gives all" in events("list").stderr.decode()
    assert events("list", "--limit", "100").stderr == b""
    assert "no such events" in events("list", "--type", "NOPE").stderr.decode()


def test_nothing_in_an_event_acts_on_the_terminal(events, api, history):
    """Escape sequences are shown as what they are not."""
    api.add(history[0] | {"id": "e0000000-0000-4000-a000-000000000000", "user_email": "\x1b]8;;http://x\x07evil\u202e"})
    for form in ("table", "json", "ndjson"):
        output = events("list", "--search", "evil", "--format", form).stdout
        assert b"evil" in output
        assert b"\x1b" not in output
    shown = events("show", "e0000000-0000-4000-a000-000000000000").stdout
    assert b"\x1b" not in shown
    assert "\u202e".encode() not in shown


def test_show_prints_one_event_whole(events, history):
    """As JSON."""
    assert json.loads(events("show", history[5]["id"]).stdout) == history[5]


@pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz"])
def test_pull_saves_everything_in_order(events, history, tmp_path, name):
    """And the file reads back as the events the poller would give: the same source, the same ids."""
    done = events("pull", "-o", str(tmp_path / name), *WHOLE)
    assert done.returncode == 0
    assert f"{len(history)} events" in done.stderr.decode()
    raw = (tmp_path / name).read_bytes()
    saved = [json.loads(line) for line in (gzip.decompress(raw) if name.endswith("gz") else raw).splitlines()]
    assert [event["created_at"] for event in saved] == sorted(event["created_at"] for event in history)
    assert sorted(event["id"] for event in saved) == sorted(event["id"] for event in history)
    source = FileSource([tmp_path / name])
    read = [item for batch in source.batches() for item in batch.inputs]
    assert all(isinstance(item, Event) and item.source == "vonage" for item in read)
    assert [item.id for item in read] == [event["id"] for event in saved]


def test_pull_to_stdout_is_data_only(events, history):
    """What is said about it goes to stderr."""
    assert len(lines(events("pull", "-o", "-", *WHOLE))) == len(history)


def test_a_pull_that_fails_leaves_nothing_and_keeps_the_old_file(events, api, tmp_path):
    """All or none."""
    (tmp_path / "events.ndjson").write_text("old")
    api.script(Status(403))
    done = events("pull", "-o", str(tmp_path / "events.ndjson"), *WHOLE)
    assert done.returncode == 4
    assert [file.name for file in tmp_path.iterdir()] == ["events.ndjson"]
    assert (tmp_path / "events.ndjson").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "words"),
    [
        (["types"], {"VONAGE_API_SECRET": "wrong-one"}, 4, "check VONAGE_API_KEY and VONAGE_API_SECRET"),
        (["types"], {"VONAGE_API_SECRET": ""}, 3, "VONAGE_API_SECRET is not"),
        (["types"], {"VONAGE_API_KEY": "", "VONAGE_API_SECRET": ""}, 3, "no credentials"),
        (["types", "--base-url", "http://example.com/"], {}, 3, "would send the secret unencrypted"),
        (["show", "nope"], {}, 4, "nothing there (404)"),
        (["list", "--since", "whenever"], {}, 2, "--since whenever"),
        (["list", "--since", "2026-10-05", "--until", "2026-10-01"], {}, 2, "--since lies after --until"),
        (["pull", "-o", "/nowhere/x", *WHOLE], {}, 2, "/nowhere/x cannot be written"),
        (["pull", "-o", "-", "--since", "2026-10-05", "--until", "2026-10-01"], {}, 2, "--since lies after --until"),
    ],
)
def test_errors_are_words_and_exit_codes(events, arguments, environ, code, words):
    """Never a traceback, never the secret."""
    done = events(*arguments, **environ)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b"")
    assert words in said
    assert "Traceback" not in said
    assert "wrong-one" not in said


def test_a_pause_is_told(events, api):
    """Nobody should wonder why nothing happens."""
    api.script(Status(429, {"Retry-After": "0"}), Drop())
    done = events("types")
    assert done.returncode == 0
    assert "too many requests (429)" in done.stderr.decode()
    assert "trying again in 0 s" in done.stderr.decode()
