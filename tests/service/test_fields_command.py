"""`trailbell fields`, and `trailbell check` against history: what events are like, from files and from the store."""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from trailbell.cli.exits import Exit
from trailbell.sources.files import FileSource
from trailbell.store.ledger import StoreLedger

START = datetime(2026, 10, 1, tzinfo=UTC)


def _record(number, **fields):
    kind = "NUMBER_UPDATED" if number % 10 == 0 else "USER_LOGIN"
    at = (START + timedelta(minutes=30 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = {"context": {"msisdn": f"44{number % 3}"}} if kind == "NUMBER_UPDATED" else {"source_country": "GB"}
    return {"id": f"e{number}", "event_type": kind, "created_at": at, **own, **fields}


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
def history(tmp_path, monkeypatch):
    """A working folder with a file of so many events."""
    monkeypatch.chdir(tmp_path)

    def make(number, **fields):
        lines = (json.dumps(_record(position, **fields)) + "\n" for position in range(number))
        (tmp_path / "events.ndjson").write_text("".join(lines))
        return "events.ndjson"

    return make


def _fields(shell, *arguments):
    document = json.loads(shell("fields", "--format", "json", *arguments).out)
    return document, {entry["path"]: entry for entry in document["fields"]}


def test_fields_with_types_shares_and_values(history, shell):
    """A share is of all events, though only some of each kind are looked into."""
    document, fields = _fields(shell, "--events", history(1_000, roles=[{"name": "a"}, {"name": "b"}]))
    assert document["events"] == 1_000
    assert document["looked_into"] == 300
    assert document["event_types"] == [
        {"event_type": "USER_LOGIN", "events": 900},
        {"event_type": "NUMBER_UPDATED", "events": 100},
    ]
    assert fields["context.msisdn"]["share"] == 0.1
    assert fields["source_country"]["share"] == 0.9
    assert fields["source_country"]["values"] == [{"value": "GB", "events": 200}]
    assert fields["roles.name"]["types"] == ["string"]
    assert fields["event_type"]["values"][0] == {"value": "USER_LOGIN", "events": 900}
    assert fields["user_email"]["documented"]
    assert (fields["user_email"]["types"], fields["user_email"]["share"]) == ([], 0.0)


def test_one_kind_and_one_word(history, shell):
    """`--type` looks at one kind of event, a word at fields that have it in their path or values."""
    file = history(100)
    _, fields = _fields(shell, "--events", file, "--type", "NUMBER_UPDATED")
    assert fields["context.msisdn"]["share"] == 1.0
    assert "source_country" not in fields
    _, fields = _fields(shell, "--events", file, "MSISDN")
    assert set(fields) == {"context.msisdn"}
    assert shell("fields", "--events", file, "--type", "NOPE").code == Exit.SOURCE


def test_names_that_a_path_must_quote(history, shell):
    """Each path is spelled as a rule has to write it."""
    _, fields = _fields(shell, "--events", history(10, **{"a.b": 1, "all": {"x": 2}, "voice-type": 3}))
    assert {'"a.b"', '"all".x', "voice-type", '"id"'} <= set(fields)


def test_hostile_names_and_values_do_not_act(history, shell):
    """What events hold cannot move the cursor or hide."""
    out = shell("fields", "--events", history(10, **{"x\x1b[31m": "\x1b]0;evil\x07\u202e"})).out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_without_history_it_says_where_it_looked(history, shell):
    """The way out is a file."""
    done = shell("fields")
    assert done.code == Exit.CONFIGURATION
    assert "--events" in done.err


RULE = "# trailbell: ignore[untested] of no interest here\nid: a\ntitle: t\nseverity: low\nmatch: {{{}}}\n"


def _check(shell, tmp_path, match, *arguments):
    (tmp_path / "r.yaml").write_text(RULE.format(match))
    document = json.loads(shell("check", "r.yaml", "--format", "json", *arguments).out)
    return [(problem["code"], problem["summary"], problem["label"]) for problem in document["problems"]]


def test_a_field_that_no_event_of_its_kind_has(history, shell, tmp_path):
    """What history has is known, whatever is documented; what neither has is said, with how much was seen."""
    file = history(2_000, shoe_size=43)
    assert _check(shell, tmp_path, "event_type: USER_LOGIN, shoe_size: 43", "--events", file) == []
    ((code, summary, label),) = _check(shell, tmp_path, "event_type: USER_LOGIN, shoe_sise: 43", "--events", file)
    assert code == "unknown-field"
    assert "42 days of history (2,000 events)" in summary
    assert label == 'did you mean "shoe_size"?'


def test_little_history_says_nothing(history, shell, tmp_path):
    """Of few events nothing is concluded, and the text says so."""
    file = history(50, shoe_size=43)
    ((_, summary, _),) = _check(shell, tmp_path, "event_type: USER_LOGIN, shoe_sise: 43", "--events", file)
    assert "history" not in summary
    assert "too few to say what is missing" in shell("check", "r.yaml", "--events", file).out


MAP = "name: other\nid: [id]\nevent_type: [event_type]\ntime: [created_at]\n"


@pytest.mark.parametrize(
    ("match", "codes"),
    [
        ("event_type: Craete", ["unknown-event-type"]),
        ("event_type: create", ["unknown-event-type"]),
        ("event_type: Creates", []),
        ("event_type: Create2", []),
        ("event_type: Deleted", []),
        ("event_type: Create, who: x", []),
        ("event_type: Create, whom: x", ["unknown-field"]),
        ("event_type: Delete, whom: x", []),
        ("whom: x", []),
        ("event_type: Create, error.code: x", ["unknown-field"]),
        ("event_type: Create, detail.extra: x", []),
    ],
)
def test_a_source_that_nobody_documents(history, shell, tmp_path, match, codes):
    """A rare kind is no slip; a field is missed only where events of the rule's own kinds were seen."""
    (tmp_path / "map.yaml").write_text(MAP)
    file = history(2_000, event_type="Create", who="ann", detail={"a": 1})
    found = _check(shell, tmp_path, match, "--events", file, "--map", "map.yaml")
    assert [code for code, _, _ in found] == codes


def test_the_store_is_history_too(history, shell, tmp_path, store):
    """Where a run has recorded events, `check` and `fields` look there by themselves; `--no-history` does not."""
    file = history(1_500, shoe_size=43)
    database = store(".trailbell")
    ledger = StoreLedger(database)
    with database.transaction():
        for batch in FileSource([file]).batches():
            for item in batch.inputs:
                ledger.record([item])
    database.close()
    (tmp_path / "trailbell.yaml").write_text("rules: r.yaml\n")
    (tmp_path / "r.yaml").write_text(RULE.format("event_type: USER_LOGIN, shoe_sise: 43"))
    done = shell("check")
    assert "31 days of history (1,500 events)" in done.out
    assert "compared with 31 days" in done.out
    assert "history" not in shell("check", "--no-history").out
    _, fields = _fields(shell)
    assert fields["shoe_size"]["values"] == [{"value": 43, "events": 350}]
    assert fields["context.msisdn"]["share"] == 0.1


def test_a_store_that_cannot_be_read_is_said_and_the_check_goes_on(history, shell, tmp_path):
    """Rules can be checked beside a store of a later version."""
    (tmp_path / ".trailbell").mkdir()
    (tmp_path / ".trailbell" / "trailbell.db").write_bytes(b"no store at all")
    (tmp_path / "r.yaml").write_text(RULE.format("a: 1"))
    done = shell("check", "r.yaml")
    assert done.code == Exit.OK
    assert "history was left out" in done.err
