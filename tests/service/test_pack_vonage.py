"""The shipped Vonage pack on an account's month: it finds what happened and is quiet otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trailbell.replay import dry_run_source
from trailbell.report import Report
from trailbell.sources.files import FileSource
from trailbell.testing.synthetic import Month, month
from trailbell_engine.alert import SEVERITIES
from trailbell_rules.load import Loaded, load_rules

LOADED = load_rules(["pack:vonage"])
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Month, Report]:
    """A synthetic month with incidents, and what the pack tells of it."""
    events = month(seed=request.param)
    file = tmp_path_factory.mktemp("history") / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events.events), encoding="utf-8")
    source = FileSource([file])
    return events, dry_run_source(LOADED.rules, source, lambda: source.map_name)


def test_every_incident_is_found(history: tuple[Month, Report]) -> None:
    """Each incident of the month has at least one alert of medium severity or more among its events."""
    events, report = history
    alerts = [entry.alert for entry in report.alerts if SEVERITIES.index(entry.alert.severity) >= 2]
    assert events.incidents
    for incident in events.incidents:
        touching = [alert for alert in alerts if set(alert.event_ids) & set(incident.event_ids)]
        assert touching, incident.name


def test_no_rule_is_noisy(history: tuple[Month, Report]) -> None:
    """On an ordinary account every rule tells less than once a day, and all together less than four times."""
    _, report = history
    assert {
        entry.rule.id: entry.verdict for entry in report.rules if entry.verdict not in ("quiet", "never-fired")
    } == {}
    assert sum(entry.per_day for entry in report.rules) < 4
    assert all(entry.not_evaluated is None for entry in report.rules)


def test_definitions_of_ones_own_replace_those_of_the_pack(tmp_path: Path) -> None:
    """What is normal can be said without copying the pack."""
    (tmp_path / "_definitions.yaml").write_text("lists:\n  expected-countries: [NO]\n", encoding="utf-8")
    loaded: Loaded = load_rules([tmp_path, "pack:vonage"])
    assert loaded.problems == ()
    rule_id = "vonage-login-unexpected-country"
    assert loaded.rules[rule_id].version != LOADED.rules[rule_id].version
