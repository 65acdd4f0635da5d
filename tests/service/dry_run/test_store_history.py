"""A dry-run over the store decodes only what some rule may look into; its report is as if it decoded everything."""

from __future__ import annotations

import json

import pytest

import trailbell
from trailbell.dryrun.parts import Parts
from trailbell.dryrun.preview import SLACK_ALONE, kinds, preview
from trailbell.replay import PLAIN, Audience, Wanted, dry_run_store
from trailbell.store import history as store_history
from trailbell.store.ledger import StoreLedger
from trailbell_engine.event import Event
from trailbell_engine.timestamps import parse_time

LOGIN = """
id: logins
title: "{{ count }} sign-ins"
severity: low
match: {event_type: USER_LOGIN}
when: {count: {at_least: 2, within: 1h}}
---
id: quiet
title: "{{ user_email }} did nothing for a day"
severity: low
match: {event_type: USER_LOGIN}
when: {absent: {for: 1d, by: user_email}}
"""
ANY_KP = """
---
id: from-kp
title: from KP
severity: low
match: {source_country: KP}
"""
LOGINS = 5
ROUTES = 3


@pytest.fixture
def recorded(history, store):
    """The store after the story, opened for reading, and how many events it holds."""
    database = store()
    ledger = StoreLedger(database)
    events = {
        record["id"]: Event("vonage", record["id"], record["event_type"], parse_time(record["created_at"]), record)
        for record in history
    }
    with ledger.transaction():
        ledger.record(list(events.values()))
        ledger.complete("vonage", {}, None)
    return store(write=False), len(events)


@pytest.fixture
def decoded(monkeypatch):
    """The ids of the events whose records are decoded, as they are."""
    ids, read = [], store_history.read_json

    def noted(raw):
        ids.append(json.loads(raw)["id"])
        return read(raw)

    monkeypatch.setattr(store_history, "read_json", noted)
    return ids


def wanted(loaded, name):
    """What a dry-run looks at, by name."""
    told = Audience(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
    return {
        "plain": lambda: PLAIN,
        "messages": lambda: Wanted(told=told, max_per_day=1),
        "against": lambda: Wanted(against=("main", loaded(LOGIN.replace("USER_LOGIN", "NUMBER_UPDATED")))),
        "funnel": lambda: Wanted(funnel=True),
        "why-not": lambda: Wanted(why_not=("logins", "00000000-0000-0000-0000-000000000001")),
    }[name]()


@pytest.mark.parametrize(
    ("text", "looked_at", "expected"),
    [
        (LOGIN, "plain", LOGINS),
        (LOGIN, "messages", LOGINS),
        (LOGIN, "against", LOGINS + ROUTES),
        (LOGIN, "funnel", None),
        (LOGIN, "why-not", None),
        (LOGIN + ANY_KP, "plain", None),
    ],
)
def test_only_what_rules_may_look_into_is_decoded(recorded, loaded, decoded, monkeypatch, text, looked_at, expected):
    """None stands for all of it: funnels and questions are about events that match nothing, too."""
    database, number = recorded
    rules = loaded(text)
    report = dry_run_store(rules, database, wanted=wanted(loaded, looked_at))
    assert len(decoded) == (number if expected is None else expected)
    monkeypatch.setattr(Parts, "watches", lambda *_: True)
    whole = dry_run_store(rules, database, wanted=wanted(loaded, looked_at))
    assert report.to_json() | {"elapsed_s": 0} == whole.to_json() | {"elapsed_s": 0}
    assert report.tally.read == number
    assert report.alerts


def test_lookups_and_words_of_what_matches_are_whole(recorded, rule_file, decoded, tmp_path):
    """A rule that asks a lookup gets its rows, and its alert the event's fields."""
    database, _ = recorded
    (tmp_path / "people.csv").write_text("email,team\neve@example.com,red\n", encoding="utf-8")
    (tmp_path / "_people.yaml").write_text("lookups:\n  people: {file: people.csv, key: user_email, on: email}\n")
    text = """
id: red
title: "{{ user_email }} of {{ lookup.people.team }}"
severity: low
match: {event_type: USER_LOGIN, lookup.people.team: red}
suppress: {for: 1d}
"""
    rules = trailbell.load_rules(rule_file(text).parent)
    report = dry_run_store(rules, database)
    assert [stored.wording["title"] for stored in report.alerts] == ["eve@example.com of red"]
    assert len(decoded) == LOGINS
