"""Rules that other people wrote, over events with a known answer: every answer is the expected one.

The sample is no part of the repository: it is looked for beside the checkout, or where TRAILBELL_CONFORMANCE says.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from trailbell.cli.main import run

BESIDE = Path(__file__).parents[3] / "shared" / "conformance"
SAMPLE = Path(os.environ.get("TRAILBELL_CONFORMANCE", BESIDE)) / "panther-sample"

pytestmark = pytest.mark.skipif(
    not SAMPLE.is_dir(), reason="the sample is not here; TRAILBELL_CONFORMANCE names its folder"
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The dry-run of all rules over all events."""
    file = tmp_path_factory.mktemp("report") / "report.json"
    rules, events, event_map = (str(SAMPLE / name) for name in ("rules", "events", "map.yaml"))
    assert run(["dry-run", rules, "--events", events, "--map", event_map, "--output", f"json={file}"]) == 0
    return json.loads(file.read_text(encoding="utf-8"))


def test_every_record_is_an_event(report):
    """Nothing is malformed, twice or without a time, and every rule was evaluated on every event."""
    counts = report["events"]
    assert counts["read"] == sum(len(file.read_bytes().splitlines()) for file in (SAMPLE / "events").iterdir())
    assert [counts[name] for name in ("malformed", "duplicate", "untimed")] == [0, 0, 0]
    assert [rule["id"] for rule in report["rules"] if rule["not_evaluated"] is not None] == []


def test_every_expectation_holds(report):
    """The rule alerts on the event of a line exactly if it should; alerts on other rules' events do not count."""
    told = {rule["id"]: set() for rule in report["rules"]}
    for alert in report["alerts"]:
        told[alert["rule_id"]].update(alert["event_ids"])
    expected = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
    wrong = [
        (rule_id, line, should)
        for rule_id, lines in expected.items()
        for line, should in enumerate(lines, start=1)
        if (f"{rule_id}#{line}" in told[rule_id]) is not should
    ]
    assert wrong == []
    assert sum(map(len, expected.values())) > 300
