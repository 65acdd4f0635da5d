"""Every number of a report is what counting by hand gives, and every view says the report's numbers."""

import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trailbell
from trailbell.dryrun.preview import SLACK_ALONE, kinds, preview
from trailbell.replay import Audience, Wanted, dry_run_source, open_files
from trailbell.reports.printers import PRINTERS
from trailbell_engine.counted import counted
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import DAY_US, HOUR_US, format_time, parse_time

START_US = parse_time("2026-11-02T10:00:00Z")

_RULES = """
id: each-b
title: t
severity: low
match: {event_type: B}
suppress: {for: 1h, by: user}
---
id: burst
title: t
severity: high
match: {event_type: [A, B]}
when: {count: {at_least: 3, within: 2h, by: user}}
suppress: {for: 0s}
"""


@pytest.fixture(scope="module")
def two_rules(tmp_path_factory):
    """One rule that folds, one that counts."""
    file = tmp_path_factory.mktemp("rules") / "r.yaml"
    file.write_text(_RULES.replace("suppress: {for: 0s}\n", ""), encoding="utf-8")
    return trailbell.load_rules(file)


histories = st.lists(
    st.tuples(st.integers(0, 5 * 24 * 60), st.sampled_from("ABC"), st.sampled_from(["x", "y"])), max_size=60
).map(sorted)


def _records(history):
    return [
        {
            "id": f"e{number}",
            "event_type": kind,
            "created_at": format_time(START_US + minute * 60_000_000),
            "user": user,
            "user_email": f"{user}@example.com",
        }
        for number, (minute, kind, user) in enumerate(history)
    ]


@given(history=histories)
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_counting_by_hand(two_rules, history):
    """Matches, alerts, folded, rates, peaks, days, heat and culprits, against loops that a child can follow."""
    records = _records(history)
    report = trailbell.dry_run(two_rules, records, map="vonage")
    each, burst = report.rules
    matched = [entry for entry in history if entry[1] == "B"]
    assert report.tally.read == len(history)
    assert each.tally.matched == len(matched)
    assert burst.tally.matched == sum(kind in "AB" for _, kind, _ in history)
    opened, until = [], {}
    for minute, _, user in matched:
        if minute >= until.get(user, -1):
            opened.append((minute, user))
            until[user] = minute + 60
    assert each.tally.alerts == len(opened)
    assert each.tally.suppressed["suppress"] == len(matched) - len(opened)
    minutes = [minute for minute, _, _ in history]
    span_days = max(1.0, (max(minutes) - min(minutes)) / 1_440) if minutes else 1.0
    assert each.per_day == pytest.approx(len(opened) / span_days)
    times = [START_US + minute * 60_000_000 for minute, _ in opened]
    assert each.peak_per_hour == max(Counter(time // HOUR_US for time in times).values(), default=0)
    if history:
        all_times = [START_US + minute * 60_000_000 for minute in minutes]
        bar_us = HOUR_US if all_times[-1] // DAY_US - all_times[0] // DAY_US < 4 else DAY_US
        bars = range(all_times[0] // bar_us, all_times[-1] // bar_us + 1)
        assert each.timeline == tuple(sum(time // bar_us == bar for time in times) for bar in bars)
        assert report.coverage.bars == tuple(sum(time // bar_us == bar for time in all_times) for bar in bars)
    heat = [[0] * 24 for _ in range(7)]
    for stored in report.alerts:
        moment = datetime.fromtimestamp(stored.alert.opened_at_us / 1e6, UTC)
        heat[moment.weekday()][moment.hour] += 1
    assert report.heat() == tuple(map(tuple, heat))
    users = Counter(stored.alert.opener.data["user_email"] for stored in report.alerts)
    assert {entry.value: entry.alerts for entry in report.culprits.top("user", 9)} == dict(users)
    severities = Counter(stored.alert.severity for stored in report.alerts)
    assert {name: sum(bars) for name, bars in report.per_bar().items() if sum(bars)} == dict(severities)


@given(history=histories)
@settings(max_examples=40, deadline=None)
def test_a_funnel_accounts_for_every_event(two_rules, history):
    """From read to matched nobody is lost, and the last stage is what the engine itself matched."""
    report = trailbell.dry_run(two_rules, _records(history), map="vonage", funnel=True)
    for entry in report.rules:
        left = [stage.left for stage in entry.funnel.events]
        assert left == sorted(left, reverse=True)
        assert left[0] == len(history)
        assert left[-1] == entry.tally.matched
        assert entry.funnel.alerts == entry.funnel.fired - entry.funnel.folded == entry.tally.alerts


@given(history=histories, twice=st.integers(0, 3), broken=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_every_view_says_what_counting_by_hand_gives(two_rules, tmp_path_factory, history, twice, broken):
    """Text, JSON, Markdown, JUnit and HTML of a small history with repeats and broken lines, against plain counting."""
    records = _records(history)
    lines = [*map(json.dumps, records), *map(json.dumps, records[-1:] * twice), *["oops"] * broken]
    file = tmp_path_factory.mktemp("history") / "h.ndjson"
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    told = Audience(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
    with open_files(two_rules, [file], PRESETS["vonage"]) as source:
        report = dry_run_source(two_rules, source, wanted=Wanted(told=told))
    opened, until = 0, {}
    for minute, kind, user in history:
        if kind == "B" and minute >= until.get(user, -1):
            opened, until[user] = opened + 1, minute + 60
    matched = {
        "each-b": sum(kind == "B" for _, kind, _ in history),
        "burst": sum(kind in "AB" for _, kind, _ in history),
    }
    events = {"read": len(lines), "malformed": broken, "duplicate": twice if records else 0, "late": 0, "untimed": 0}
    views = {name: PRINTERS[name](report) for name in ("text", "json", "markdown", "junit", "html")}
    document = json.loads(views["json"])
    assert {name: document["events"][name] for name in events} == events
    assert {rule["id"]: rule["matched"] for rule in document["rules"]} == matched
    alerts = {rule["id"]: rule["alerts"] for rule in document["rules"]}
    assert alerts["each-b"] == opened
    total = sum(alerts.values())
    assert document["messages"]["total"] == len(document["alerts"]) == total
    assert f"{counted(sum(matched.values()), 'match', 'matches')} → {counted(total, 'alert')}" in views["text"]
    assert f"Dry-run: {counted(total, 'alert')} from {counted(len(lines), 'event')}" in views["markdown"]
    assert f"<b>{len(lines)}</b><span>events</span>" in views["html"]
    assert f"<b>{sum(matched.values())}</b><span>matches</span>" in views["html"]
    for name, number in alerts.items():
        said = f"{counted(number, 'alert')}, {matched[name]} matched"
        assert re.search(rf'name="{name}".*{said}', views["junit"])
        row = re.search(rf'data-sort="{name}".*?</tr>', views["html"], re.DOTALL)[0]
        assert f"<b>{number}</b>" in row
        if number:
            assert re.search(rf"^{name} +\w+ +{number} +{matched[name]} ", views["text"], re.MULTILINE)
            assert re.search(rf"^\| `{name}` \| \w+ \| {number} \| {matched[name]} \|", views["markdown"], re.MULTILINE)


def test_the_document_says_the_reports_numbers(report):
    """JSON: what interfaces promise, from the same object."""
    document = json.loads(PRINTERS["json"](report))
    assert document["schema"] == 1
    assert set(document["rules"][0]) >= {
        "id", "version", "matched", "alerts", "suppressed", "per_day", "verdict", "not_evaluated",
    }  # fmt: skip
    assert set(document["events"]) >= {"read", "malformed", "duplicate", "late", "untimed", "first", "last"}
    for entry, said in zip(report.rules, document["rules"], strict=True):
        assert said["alerts"] == entry.tally.alerts == sum(said["timeline"])
        assert said["funnel"]["events"][-1]["left"] == said["matched"] == entry.tally.matched
    assert document["events"]["read"] == report.tally.read == 70
    assert document["events"]["malformed"] == document["events"]["duplicate"] == 1
    assert len(document["alerts"]) == len(report.alerts) == sum(rule["alerts"] for rule in document["rules"])
    assert document["coverage"]["gaps"] == [{"from": "2026-11-04", "to": "2026-11-04", "days": 1}]
    assert document["messages"]["total"] == len(report.alerts)


def test_table_and_page_say_the_reports_numbers(report):
    """Text and HTML: each rule's row holds the numbers of the object."""
    text, page = PRINTERS["text"](report), PRINTERS["html"](report)
    for entry in report.rules:
        if entry.tally.alerts:
            row = next(line for line in text.splitlines() if line.startswith(entry.rule.id))
            assert re.findall(r"\s([\d,]+)\s", row)[:1] == [f"{entry.tally.alerts:,}"]
        cells = re.search(rf'data-sort="{entry.rule.id}".*?</tr>', page, re.DOTALL)[0]
        assert f'data-sort="{entry.tally.alerts}"><b>{entry.tally.alerts}</b>' in cells
        assert f'data-label="matched" data-sort="{entry.tally.matched}"' in cells
    assert f"<b>{report.tally.read}</b><span>events</span>" in page


def test_what_is_no_record_is_malformed(loaded):
    """A list from a notebook may hold anything; what is no mapping is counted, as in a file."""
    report = trailbell.dry_run(loaded(), [1, None, {"event_type": "X", "created_at": "2026-11-02T10:00:00Z"}])
    assert (report.tally.read, report.tally.malformed) == (3, 2)
