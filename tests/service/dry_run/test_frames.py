"""A report as a data frame, where a library for that is installed."""

import json
from dataclasses import replace

import pytest

import trailbell
from trailbell.cli.main import run


@pytest.fixture
def small(loaded, history):
    """The story's report."""
    return trailbell.dry_run(loaded(), history, map="vonage")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_row_per_alert_and_per_rule(small, library):
    """Times are timestamps, keys are JSON; a report without alerts has the same columns."""
    pytest.importorskip(library)
    frame = small.to_frame(library=library)
    assert type(frame).__module__.startswith(library)
    assert len(frame) == len(small.alerts)
    assert list(frame["rule_id"]) == [stored.alert.rule_id for stored in small.alerts]
    assert frame["opened_at"][0].timestamp() * 1e6 == small.alerts[0].alert.opened_at_us
    assert list(small.to_frame(of="rules", library=library)["alerts"]) == [entry.tally.alerts for entry in small.rules]
    empty = replace(small, alerts=()).to_frame(library=library)
    assert (len(empty), list(empty.columns)) == (0, list(frame.columns))


def test_without_a_choice_the_first_that_is_there_is_taken(small, monkeypatch):
    """Only polars is installed."""
    pytest.importorskip("polars")
    monkeypatch.setattr("trailbell.dryrun.frames.find_spec", lambda name: name == "polars" or None)
    assert type(small.to_frame()).__module__.startswith("polars")


def test_without_a_library_it_says_what_to_install(small, monkeypatch):
    """Neither is needed for anything else."""
    monkeypatch.setattr("trailbell.dryrun.frames.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="pip install pandas"):
        small.to_frame()


def test_a_frame_of_something_else(small):
    """Only of alerts and rules, and only with the two libraries."""
    with pytest.raises(ValueError, match="not with 'numpy'"):
        small.to_frame(library="numpy")
    with pytest.raises(ValueError, match="not of 'events'"):
        small.to_frame(of="events")


def test_from_paths_it_is_the_report_of_the_command(rule_file, history_file, capsys):
    """Rules may be a path, and messages are counted as the command counts them: by default as one Slack channel's."""
    rules = str(rule_file())
    assert run(["dry-run", rules, "-e", str(history_file), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = trailbell.dry_run(rules, history_file).to_json()
    assert found["messages"]["receivers"][0]["messages"] > 0
    assert {**found, "elapsed_s": 0} == {**told, "elapsed_s": 0}


def test_a_configuration_names_who_is_previewed(rule_file, history, tmp_path):
    """As `--config` does."""
    file = tmp_path / "trailbell.yaml"
    file.write_text(
        "receivers: {ops: {webhook: {url: 'https://x.example/'}}}\nroute: {receiver: ops}\n", encoding="utf-8"
    )
    report = trailbell.dry_run(rule_file(), history, map="vonage", config=file)
    assert [receiver.name for receiver in report.messages.receivers] == ["ops"]


def test_rules_with_errors_are_named(rule_file, history):
    """With file and line, as `load_rules` does."""
    with pytest.raises(trailbell.InvalidRules, match=r'broken\.yaml:1: the key "title" is missing'):
        trailbell.dry_run(rule_file("id: a\n", "broken.yaml"), history)
