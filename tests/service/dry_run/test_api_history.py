"""A month of the Audit API straight into a dry-run, over real sockets."""

from __future__ import annotations

import json

import pytest

from trailbell.clock import now_us
from trailbell.testing.synthetic import month
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.vonage_faults import Status
from trailbell_engine.timestamps import DAY_US, to_datetime


@pytest.fixture(scope="module")
def events():
    """Four days that end yesterday."""
    return month(start=to_datetime(now_us() - 5 * DAY_US).date(), days=4).events


@pytest.fixture
def api(events, monkeypatch, tmp_path):
    """A fake API with these events, and its credentials in the environment."""
    with FakeAuditApi(events) as api:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("VONAGE_AUDIT_URL", api.base_url)
        monkeypatch.setenv("VONAGE_API_KEY", KEY)
        monkeypatch.setenv("VONAGE_API_SECRET", SECRET)
        yield api


def _alerts(out):
    return [(alert["id"], alert["title"], alert["event_ids"]) for alert in json.loads(out)["alerts"]]


def test_the_api_is_a_history_like_a_file(trailbell, api, events, tmp_path):
    """The same events from the API and from a file make the same alerts, ids included."""
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    command = ("dry-run", "pack:vonage", "--format", "json")
    code, out, err = trailbell(*command, "--source", "vonage", "--since", "10d")
    assert (code, err) == (0, "")
    assert json.loads(out)["events"]["read"] == len(events)
    assert _alerts(out) == _alerts(trailbell(*command, "-e", "events.ndjson")[1])
    assert len(_alerts(out)) > 3
    assert all(seen.parameters["size"] == "100" for seen in api.seen)


def test_until_ends_the_history(trailbell, api, events):
    """Only what happened in between is asked for."""
    day = events[len(events) // 2]["created_at"][:10]
    code, out, _ = trailbell(
        "dry-run", "pack:vonage", "--source", "vonage", "--since", "10d", "--until", day, "--format", "json"
    )
    expected = sum(event["created_at"] < f"{day}T00:00:00" for event in events)
    assert code == 0
    assert json.loads(out)["events"]["read"] == expected


def test_an_api_that_refuses_is_the_sources_fault(trailbell, api):
    """Nothing was read, so there is no report: exit 4 with the reason."""
    api.script(*[Status(403)] * 9)
    code, out, err = trailbell("dry-run", "pack:vonage", "--source", "vonage", "--since", "3d")
    assert (code, out) == (4, "")
    assert "error: " in err


def test_what_was_read_before_an_error_is_reported(trailbell, api, events):
    """The days before it, and that these are not all."""
    answered = []

    def fail_late(_seen):
        answered.append(1)
        if len(answered) == 9:
            api.script(*[Status(403)] * 20)

    api.on_request = fail_late
    code, out, err = trailbell("dry-run", "pack:vonage", "--source", "vonage", "--since", "6d", "--format", "json")
    document = json.loads(out)
    assert code == 4
    assert 0 < document["events"]["read"] < len(events)
    assert document["events"]["broken"]
    assert "the report is about what could be read" in err


def test_without_credentials_it_is_the_configurations_fault(trailbell, api, monkeypatch):
    """Exit 3, and how to set them."""
    monkeypatch.delenv("VONAGE_API_SECRET")
    code, _, err = trailbell("dry-run", "pack:vonage", "--source", "vonage", "--since", "3d")
    assert code == 3
    assert "VONAGE_API_SECRET" in err


def test_of_several_accounts_the_named_one_is_asked(trailbell, api, events, monkeypatch, tmp_path):
    """With its own credentials, and under its own name, as live."""
    monkeypatch.delenv("VONAGE_API_SECRET")
    monkeypatch.setenv("EU_SECRET", SECRET)
    (tmp_path / "trailbell.yaml").write_text(
        "sources:\n"
        "  eu: {vonage: {api_key: " + KEY + ', api_secret: "${EU_SECRET}"}}\n'
        '  us: {vonage: {api_key: other, api_secret: "${US_SECRET}"}}\n'
    )
    command = ("dry-run", "pack:vonage", "--since", "10d", "--format", "json", "--source")
    code, out, err = trailbell(*command, "eu")
    assert (code, err) == (0, "")
    assert json.loads(out)["events"]["read"] == len(events)
    assert SECRET not in out
    code, _, err = trailbell(*command, "us")
    assert (code, "US_SECRET" in err) == (3, True)
    assert trailbell(*command, "vonage")[0] == 2
