"""Parts that the tests of dry-runs stand on: a story in a few events, and a receiver's configuration."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import trailbell
from trailbell.dryrun.preview import SLACK_ALONE, kinds, preview
from trailbell.replay import Audience, Wanted, dry_run_source
from trailbell.sources.files import FileSource

GOLDEN = Path(__file__).parent / "golden"

RULES = """
id: sip-route
title: "{{ context.msisdn }} goes to {{ context['voice-value'] }}"
severity: high
match: {event_type: NUMBER_UPDATED, context.voice-type: sip}
alert: {severity: [{if: {source_country: KP}, then: critical}], fields: [user_email, source_ip]}
suppress: {for: 1h, by: context.msisdn}
---
id: login-burst
title: "{{ user_email }} signed in {{ count }} times"
severity: medium
match: {event_type: USER_LOGIN}
when: {count: {at_least: 3, within: 10m, by: user_email}}
---
id: any-search
title: "{{ user_email }} looked for numbers"
severity: low
match: {event_type: USER_PRODUCT_SEARCH}
---
id: never
title: a secret was made
severity: critical
match: {event_type: ACCOUNT_SECRET_CREATE}
"""


@pytest.fixture
def history(record):
    """Four days: a route stolen, a burst of sign-ins, a bot that searches every half hour, a day of nothing."""
    day, records = 86_400, []

    def add(event_type, at_s, **fields):
        records.append(record(len(records) + 1, event_type, at_s=at_s, **fields))

    for step in range(60):
        add("USER_PRODUCT_SEARCH", step * 1_800, user_email="bot@example.com" if step % 5 else "ada@example.com")
    route = {"msisdn": "447700900123", "voice-type": "sip", "voice-value": "sip:<b>@x"}
    add("NUMBER_UPDATED", 30 * 3_600, context=route, source_country="KP", source_ip="192.0.2.66")
    add("NUMBER_UPDATED", 30 * 3_600 + 60, context=route | {"voice-value": "sip:a@b.invalid"}, source_ip="192.0.2.66")
    add("NUMBER_UPDATED", 30 * 3_600 + 90, context=route | {"voice-type": "tel"})
    for step in range(5):
        add("USER_LOGIN", 3 * day + 100 * step, user_email="eve@example.com")
    records.append(dict(records[-1]))
    return sorted(records, key=lambda entry: entry["created_at"])


@pytest.fixture
def history_file(history, tmp_path, monkeypatch):
    """The history as NDJSON, with one line that is none; in the working folder."""
    monkeypatch.chdir(tmp_path)
    file = Path("history.ndjson")
    lines = [*map(json.dumps, history), "{broken"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def rule_file(tmp_path):
    """A function: rules of a text in a file of that name."""

    def make(text=RULES, name="rules.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return make


@pytest.fixture
def loaded(rule_file):
    """A function: the rule set of a text, the story's rules by default."""
    return lambda text=RULES: trailbell.load_rules(rule_file(text))


@pytest.fixture
def report(loaded, history_file):
    """The report of the story, with everything that can be looked at."""
    return full_report(loaded(), history_file, loaded(RULES.replace("at_least: 3", "at_least: 2")))


def full_report(rules, file, before):
    """A dry-run with receivers, funnels and another version."""
    told = Audience(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
    source = FileSource([file])
    wanted = Wanted(against=("main", before), told=told, funnel=True, max_per_day=3)
    return dry_run_source(rules, source, lambda: source.map_name, wanted)


@pytest.fixture
def golden():
    """A function: the text is what stands in the file of that name. ``GOLDEN=1`` writes the files anew."""

    def check(name, text):
        file = GOLDEN / name
        if os.environ.get("GOLDEN"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check
