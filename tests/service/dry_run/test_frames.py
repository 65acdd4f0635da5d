"""A report as a data frame, where a library for that is installed."""

from dataclasses import replace

import pytest

import trailbell


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
