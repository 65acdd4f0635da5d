"""A report as a data frame, where a library for that is installed."""

import pytest

import trailbell


@pytest.fixture
def small(loaded, history):
    """The story's report."""
    return trailbell.dry_run(loaded(), history, map="vonage")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_row_per_alert_and_per_rule(small, library, monkeypatch):
    """Times are timestamps, keys are JSON."""
    pytest.importorskip(library)
    if library == "polars":
        monkeypatch.setattr("trailbell.dryrun.frames.find_spec", lambda name: name == "polars" or None)
    frame = small.to_frame()
    assert len(frame) == len(small.alerts)
    assert list(frame["rule_id"]) == [stored.alert.rule_id for stored in small.alerts]
    assert list(small.to_frame(of="rules")["alerts"]) == [entry.tally.alerts for entry in small.rules]


def test_without_a_library_it_says_what_to_install(small, monkeypatch):
    """Neither is needed for anything else."""
    monkeypatch.setattr("trailbell.dryrun.frames.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="pip install pandas"):
        small.to_frame()


def test_a_frame_of_something_else(small):
    """Only of alerts and rules."""
    with pytest.raises(ValueError, match="not of 'events'"):
        small.to_frame(of="events")
