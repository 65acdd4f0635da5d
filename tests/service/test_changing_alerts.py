"""Alerts that fire again: what the engine reads of them in a transaction, and what is written of it."""

from dataclasses import replace

import pytest

from trailbell.store.alerts import Alerts, StoredAlert
from trailbell.store.changing_alerts import ChangingAlerts
from trailbell_engine.alert import Alert

WORDING = {"title": "t", "summary": "s", "fields": [], "problems": []}


class StoppedError(Exception):
    """What ends a transaction in the middle."""


def _stopped(database, work):
    with database.transaction():
        work()
        raise StoppedError


@pytest.fixture
def opened(event):
    """An alert, just opened."""
    opener = event(1)
    return Alert(
        id="a" * 32,
        rule_id="r",
        rule_version="1",
        severity="low",
        key={},
        opened_at_us=opener.time_us,
        last_at_us=opener.time_us,
        event_count=1,
        event_ids=(opener.id,),
        event_times_us=(opener.time_us,),
        events=(opener,),
        opener=opener,
    )


@pytest.fixture
def database(store, opened):
    """A store that knows the alert."""
    database = store()
    with database.transaction():
        Alerts(database).add(opened, WORDING)
    return database


def test_a_change_is_seen_at_once_and_written_at_the_end(database, opened):
    """However often it changes, the last word is written, once, and the wording stays."""
    alerts, table = ChangingAlerts(database), Alerts(database)
    with database.transaction():
        for firings in (2, 3, 4):
            alerts.replace(alerts.get(opened.id), replace(alerts.get(opened.id).alert, firings=firings))
        assert alerts.get(opened.id).alert.firings == 4
        assert table.get(opened.id).alert.firings == 1
    assert table.get(opened.id) == alerts.get(opened.id) == StoredAlert(replace(opened, firings=4), WORDING)


def test_what_is_undone_is_forgotten(database, opened):
    """After a transaction that failed the alert is what it was, and nothing of it is written later."""
    alerts = ChangingAlerts(database)
    with pytest.raises(StoppedError):
        _stopped(database, lambda: alerts.replace(alerts.get(opened.id), replace(opened, firings=2)))
    assert alerts.get(opened.id).alert == opened
    with database.transaction():
        pass
    assert Alerts(database).get(opened.id).alert == opened


def test_an_alert_that_is_gone_is_none(database):
    """Retention may have taken it; whoever asks is told so."""
    assert ChangingAlerts(database).get("b" * 32) is None
