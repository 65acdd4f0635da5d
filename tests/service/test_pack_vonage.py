"""The shipped Vonage pack: sound, tested, documented; finds what happened and is quiet otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from trailbell.replay import dry_run_source
from trailbell.report import Report
from trailbell.rule_testing import run_tests
from trailbell.sources.files import FileSource
from trailbell.testing.synthetic import Month, month
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.rule import Rule
from trailbell_rules.load import Loaded, load_rules

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks" / "vonage.md"
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


def test_the_pack_loads_without_a_word() -> None:
    """No errors and no warnings, so each rule has a test that fires and one that stays silent."""
    assert LOADED.problems == ()
    assert len(LOADED.rules) >= 14


def test_every_test_of_the_pack_passes() -> None:
    """The tests inside the rules, through the engine."""
    failed = [outcome.to_json() for outcome in run_tests(LOADED.rules, LOADED.tests) if not outcome.passed]
    assert failed == []


@pytest.mark.parametrize("rule", LOADED.rules, ids=lambda rule: rule.id)
def test_a_rule_is_fit_for_a_person_at_night(rule: Rule) -> None:
    """File named by id; says what to do; leads to a section of the runbooks; vendor's documentation is named."""
    assert Path(rule.origin.file).stem == rule.id
    assert "What to do:\n1. " in rule.words.description
    assert rule.words.summary
    assert rule.words.fields
    assert rule.words.owner
    assert "vonage" in rule.words.tags
    assert "https://developer.vonage.com/en/audit/overview" in rule.words.references
    page, _, anchor = rule.words.runbook.partition("#")
    assert page.endswith("/docs/runbooks/vonage.md")
    assert anchor in anchors(RUNBOOKS)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_rule_stands_in_the_runbooks() -> None:
    """And the runbooks speak of no rule that is not there."""
    named = set(re.findall(r"`(vonage-[a-z0-9-]+)`", RUNBOOKS.read_text(encoding="utf-8")))
    assert named == {rule.id for rule in LOADED.rules}


def test_attack_tags_come_with_their_reference() -> None:
    """`attack.t1078.004` and the page of that technique, or neither."""
    for rule in LOADED.rules:
        tagged = {tag.removeprefix("attack.").upper() for tag in rule.words.tags if tag.startswith("attack.")}
        linked = {
            reference.removeprefix("https://attack.mitre.org/techniques/").rstrip("/").replace("/", ".")
            for reference in rule.words.references
            if "attack.mitre.org" in reference
        }
        assert tagged == linked, rule.id


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
