"""What is kept how long: whole beginnings go, in small steps, and nothing that is still on its way."""

from __future__ import annotations

import json
from concurrent.futures import Future

import pytest

from trailbell.store.alerts import Alerts
from trailbell.store.database import open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.quarantine import keep, newest
from trailbell.upkeep import keeper
from trailbell.upkeep import retention as subject
from trailbell.upkeep.keeper import keeping, visit
from trailbell.upkeep.retention import Removed, Retention, retention_of, step
from trailbell_engine.decoding.exact_json import write_json
from trailbell_engine.event import Malformed
from trailbell_engine.timestamps import DAY_US, SECOND_US, parse_time

START_US = parse_time("2026-11-02T10:00:00Z")
NOW_US = START_US + 100 * DAY_US


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Both engines keep the same contract."""
    return request.param


@pytest.fixture
def database(address):
    database = open_database(address())
    yield database
    database.close()


@pytest.fixture
def store(database, event):
    ledger = StoreLedger(database)

    def record(*ages_days):
        with ledger.transaction():
            for number, days in enumerate(ages_days, start=1):
                ledger.record([event(number, at_s=int((100 - days) * 86_400))])

    return record


def seqs(database):
    return [seq for (seq,) in database.rows("SELECT seq FROM input ORDER BY seq")]


def all_steps(database, retention):
    total = Removed()
    while (removed := step(database, retention, NOW_US)) != Removed():
        total += removed
    return total


def test_old_events_go(database, store):
    """Those of a time before; the others stay."""
    store(50, 40, 31, 29, 1)
    assert all_steps(database, Retention(events_us=30 * DAY_US)).events == 3
    assert seqs(database) == [4, 5]


def test_only_whole_beginnings_go(database, store):
    """A late event among newer ones stays, so that what is left can be replayed as it was."""
    store(50, 5, 40, 1)
    assert all_steps(database, Retention(events_us=30 * DAY_US)).events == 1
    assert seqs(database) == [2, 3, 4]


def test_an_event_of_the_far_future_keeps_nobody(database, store):
    """One wrong clock must not stop for years what people were promised."""
    store(50, -9_000, 40, 5, -9_000, 1)
    assert all_steps(database, Retention(events_us=30 * DAY_US)).events == 3
    assert seqs(database) == [4, 5, 6]


def test_many_events_go_step_by_step(database, store, monkeypatch):
    """No transaction is long."""
    monkeypatch.setattr(subject, "STEP", 10)
    store(*[50] * 35, 1)
    assert step(database, Retention(events_us=30 * DAY_US), NOW_US).events <= 10
    assert all_steps(database, Retention(events_us=30 * DAY_US)).events >= 25
    assert seqs(database) == [36]


def test_the_newest_input_stays(database, store):
    """Numbers of inputs go up for ever: the last one is the memory of that."""
    store(50, 50)
    all_steps(database, Retention(events_us=30 * DAY_US))
    assert seqs(database) == [2]


def test_what_is_in_quarantine_goes_as_events_do(database, monkeypatch):
    """By when it came, step by step; what an earlier version kept has no time, and counts from now on."""
    monkeypatch.setattr(subject, "STEP", 2)
    ages_days = (50, 40, 35, 20)
    with database.transaction():
        for days in ages_days:
            keep(database, Malformed("app", f"{days} days", "no JSON", b"%d" % days), NOW_US - days * DAY_US)
        keep(database, Malformed("app", "old version", "no JSON", b"?"), 0)
    total = all_steps(database, Retention(events_us=30 * DAY_US))
    assert (total.quarantined, str(total)) == (3, "0 events, 0 alerts and 3 records in quarantine")
    assert [one.record.place for one in newest(database, "app", 10)] == ["old version", "20 days"]


def test_for_ever_is_the_default(database, store):
    """Nothing goes unless somebody said so."""
    store(5_000 / 100, 90)
    assert step(database, Retention(), NOW_US) == Removed()


def test_events_that_come_again_are_kept():
    """Sources hand out the newest events more than once: forgetting them would make alerts twice."""
    with pytest.raises(ValueError, match="two days"):
        retention_of({"events": "1d"})
    assert retention_of({"events": "30d", "alerts": "1w"}) == Retention(30 * DAY_US, 7 * DAY_US)


class Engine:
    """Does at once what it is asked for, and counts."""

    def __init__(self):
        self.calls = 0

    def call(self, action):
        self.calls += 1
        done = Future()
        action()
        done.set_result(None)
        return done


def test_a_running_engine_does_it_in_its_own_time(database, store):
    """Between two groups, until nothing is left to do."""
    store(*[50] * 3, 1)
    engine = Engine()
    with keeping(engine, database, Retention(events_us=30 * DAY_US), lambda: NOW_US):
        pass  # leaving waits for the work at hand
    assert engine.calls >= 1
    engine = Engine()
    with keeping(engine, database, Retention(), lambda: NOW_US):
        pass
    assert engine.calls == 0


def test_an_alert_that_is_open_stays(database, alerted, monkeypatch):
    """Its reminders and its end are still to be told, as of a source that has been quiet for months; others go on."""
    monkeypatch.setattr(subject, "STEP", 10)
    quiet, over, new = alerted(90), alerted(80), alerted(1)
    with database.transaction():
        group = write_json({"tracked": [{"alert_id": quiet}]})
        database.execute("INSERT INTO delivery_group VALUES (?, ?, ?)", ("k", None, group))
    assert all_steps(database, Retention(alerts_us=30 * DAY_US)).alerts == 1
    assert {entry.alert.id for entry in Alerts(database).all()} == {quiet, new}
    assert over not in {row for (row,) in database.rows("SELECT alert_id FROM decision")}


def test_a_run_that_ends_does_a_visits_work(database, store, monkeypatch):
    """What is more is left for the next run, and for ever means no work at all."""
    monkeypatch.setattr(subject, "STEP", 2)
    monkeypatch.setattr(keeper, "STEPS_OF_A_VISIT", 1)
    store(*[50] * 3, 1)
    visit(database, Retention(), lambda: NOW_US)
    assert seqs(database) == [1, 2, 3, 4]
    for left in ([3, 4], [4], [4]):
        visit(database, Retention(events_us=30 * DAY_US), lambda: NOW_US)
        assert seqs(database) == left


def test_what_cron_starts_forgets_too(trailbell, tmp_path, record, monkeypatch):
    """`run --once` is never there for an hour; the store would keep everything for ever, whatever `retention:` says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text("id: r\ntitle: t\nseverity: low\nmatch: {event_type: NONE}\n")
    (tmp_path / "trailbell.yaml").write_text(
        "rules: [r.yaml]\nstate: state\nsources: {files: {paths: [log.ndjson]}}\nretention: {events: 2d}\n"
    )
    old = [json.dumps(record(number, created_at="2020-01-01T00:00:00")) for number in range(1, 4)]
    (tmp_path / "log.ndjson").write_text("\n".join(old) + "\n")
    code, _, err = trailbell("run", "--once")
    assert (code, "removed what was too old: 2 events and 0 alerts" in err) == (0, True)


def test_alerts_go_with_all_that_hangs_on_them(tmp_path, database, alerted):
    """Decisions, deliveries and attempts too; an alert with a delivery on its way stays."""
    old, waiting, new = alerted(90), alerted(80, state="pending"), alerted(1)
    assert all_steps(database, Retention(alerts_us=30 * DAY_US)).alerts == 1
    kept = {entry.alert.id for entry in Alerts(database).all()}
    assert kept == {waiting, new}
    for table in ("outbox", "decision", "handling"):
        assert old not in {row for (row,) in database.rows(f"SELECT alert_id FROM {table}")}  # noqa: S608 - our own names


@pytest.fixture
def alerted(database, event):
    from trailbell_engine.alert import Alert

    def make(days, state="sent"):
        opened_us = NOW_US - days * DAY_US
        opener = event(days, at_s=(opened_us - START_US) // SECOND_US)
        alert = Alert(
            id=f"alert-{days}",
            rule_id="r",
            rule_version="v",
            severity="high",
            key={},
            opened_at_us=opened_us,
            last_at_us=opened_us,
            opener=opener,
            events=(opener,),
            event_ids=(opener.id,),
            event_count=1,
            why="because",
        )
        wording = {"title": "t", "summary": "", "fields": [], "problems": [], "explanation": None}
        with database.transaction():
            assert Alerts(database).add(alert, wording)
            database.execute(
                "INSERT INTO outbox (id, alert_id, receiver, target, kind, thread, number, reason, body, created_us,"
                " not_before_us, attempts, state, uncertain, last_error, reference, lease_epoch)"
                " VALUES (?, ?, 'slack', '', 'opened', 't', 0, 'r', ?, 0, 0, 1, ?, 0, '', '', 0)",
                (f"d-{days}", alert.id, b"\0", state),
            )
            database.execute(
                "INSERT INTO decision (alert_id, at_us, what, receiver, detail, thread, number)"
                " VALUES (?, 0, 'routed', 'slack', '', 't', 0)",
                (alert.id,),
            )
            database.execute(
                "INSERT INTO handling (alert_id, at_us, what, author, comment) VALUES (?, 0, 'acknowledged', 'a', '')",
                (alert.id,),
            )
        return alert.id

    return make
