"""The store in either engine: opened or refused, written whole or not at all, and what is written reads back equal."""

from __future__ import annotations

import pytest

from trailbell.store import postgres_opening
from trailbell.store.alerts import Alerts
from trailbell.store.database import NoStoreError, StoreError, open_database
from trailbell.store.history import History
from trailbell.store.ledger import StoreLedger
from trailbell.store.quarantine import newest
from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.alert import Alert, alert_id
from trailbell_engine.event import Malformed, Tick
from trailbell_engine.state import Kept, Slot, Wake

SLOT = Slot("rule", "v1", "when", '["a"]')


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Both engines keep the same contract."""
    return request.param


@pytest.fixture
def ledger(store):
    """The ledger of a fresh store."""
    return StoreLedger(store())


class StoppedError(Exception):
    """What ends a batch half-way."""


def test_a_second_engine_is_refused(store, address, monkeypatch):
    """Two engines on one store would tell everything twice; the second says so and goes. The place is free after it."""
    monkeypatch.setattr(postgres_opening, "PATIENCE", "10ms")
    first = store()
    with pytest.raises(StoreError, match="another trailbell is running") as refused:
        open_database(address())
    assert "of its own" in refused.value.help
    first.close()
    store()


def test_readers_do_not_wait_for_the_engine(store, ledger, event):
    """`explain` and `dry-run --since` read while the engine runs, and cannot write."""
    with ledger.transaction():
        ledger.record([event(1)])
    reader = store(write=False)
    assert len(History(reader)) == 1
    with pytest.raises(Exception, match=r"read-?only"):
        reader.execute("DELETE FROM input")


def test_reading_makes_no_store(address, tmp_path):
    """A command that only looks leaves no empty store behind, and no folder."""
    for _ in range(2):
        with pytest.raises(NoStoreError, match="no store in"):
            open_database(address("nothing"), write=False)
    assert not (tmp_path / "nothing").exists()


def _stopped_batch(ledger, item):
    with ledger.transaction():
        ledger.record([item])
        ledger.record([Tick(5, "vonage")])
        ledger.record([Malformed("vonage", "file:1", "not JSON", b"{")])
        ledger.put(SLOT, Kept("after"))
        ledger.complete("vonage", {"vonage": 2}, {"page": 2})
        raise StoppedError


def test_a_failed_batch_leaves_nothing(store, ledger, event):
    """Events, state, watermark, checkpoint: all of a batch, or none of it."""
    with ledger.transaction():
        ledger.record([event(1)])
        ledger.put(SLOT, Kept("before"))
        ledger.complete("vonage", {"vonage": 1}, {"page": 1})
    with pytest.raises(StoppedError):
        _stopped_batch(ledger, event(2))
    with ledger.transaction():
        assert ledger.get(SLOT) == Kept("before")
        assert ledger.record([event(2)]) == [True]
    assert (ledger.checkpoint("vonage"), ledger.watermarks()) == ({"page": 1}, {"vonage": 1})
    assert store(write=False).one("SELECT count(*) FROM quarantine") == (0,)


def test_a_batch_sees_its_own_state(ledger):
    """Put and forgotten values are seen at once, and written once."""
    with ledger.transaction():
        assert ledger.get(SLOT) is None
        ledger.put(SLOT, Kept({"a": 1}, 7))
        assert ledger.get(SLOT) == Kept({"a": 1}, 7)
        ledger.put(SLOT, None)
        assert ledger.get(SLOT) is None
    assert ledger.get(SLOT) is None


def test_kept_state_reads_back_until_it_is_forgotten(ledger):
    """What a batch keeps reads back equal, with its call, until a later one forgets it."""
    with ledger.transaction():
        ledger.put(SLOT, Kept([10**30], 7, Wake(6, "vonage")))
    assert ledger.get(SLOT) == Kept([10**30], 7, Wake(6, "vonage"))
    with ledger.transaction():
        ledger.put(SLOT, None)
        assert ledger.get(SLOT) is None
    assert ledger.get(SLOT) is None


def test_expired_state_is_swept(ledger, store):
    """State lives until the slowest source's watermark has passed the grain in which it expires, or for ever."""
    slots = [SLOT._replace(key=f'["{name}"]') for name in ("past", "present", "later", "never")]
    now_us = 10 << GRAIN_BITS
    with ledger.transaction():
        for slot, expires_us in zip(slots, (now_us - 1, now_us, now_us + 1, None), strict=True):
            ledger.put(slot, Kept(1, expires_us))
    with ledger.transaction():
        ledger.complete("vonage", {"vonage": now_us, "files": 2 * now_us}, None)
    kept = {key for (key,) in store(write=False).rows("SELECT key FROM state")}
    assert kept == {slot.key for slot in slots[1:]}


def test_what_another_has_written_is_seen_after_a_refresh(store):
    """A ledger keeps state at hand; a pipeline that takes it up sees what the store has."""
    database = store()
    ledger, other = StoreLedger(database), StoreLedger(database)
    assert ledger.get(SLOT) is None
    with other.transaction():
        other.put(SLOT, Kept("new"))
    ledger.refresh()
    assert ledger.get(SLOT) == Kept("new")


def test_an_event_counts_once_per_source(ledger, event):
    """The identity is source and id; the first body wins."""
    with ledger.transaction():
        assert ledger.record([event(1)]) == [True]
        assert ledger.record([event(1, user_email="another body")]) == [False]
        assert ledger.record([event(1, source="files")]) == [True]
    with ledger.transaction():
        assert ledger.record([event(1)]) == [False]


def test_a_group_is_recorded_in_its_order(ledger, store, event):
    """Each input has its own answer: of two equal events in one group the first is new, whatever lies between."""
    broken = Malformed("vonage", "a:1", "not JSON", b"{")
    inputs = [event(1), broken, Tick(5, "vonage"), event(1, user_email="another body"), broken, event(2)]
    with ledger.transaction():
        assert ledger.record(inputs) == [True, True, True, False, False, True]
        assert ledger.record([]) == []
    recorded = [item for batch in History(store(write=False)).batches(None) for item in batch.inputs]
    assert recorded == [event(1), Tick(5, "vonage"), event(2)]


def test_clock_ticks_are_inputs_that_repeat(ledger, store):
    """Two equal ticks are two inputs; a malformed record is kept once."""
    with ledger.transaction():
        assert ledger.record([Tick(5, "vonage")]) == [True]
        assert ledger.record([Tick(5, "vonage")]) == [True]
        assert ledger.record([Malformed("vonage", "a:1", "not JSON", b"{")]) == [True]
        assert ledger.record([Malformed("vonage", "b:9", "not JSON", b"{")]) == [False]
    assert store(write=False).rows("SELECT place FROM quarantine") == [("a:1",)]


def test_what_has_no_bytes_is_known_by_its_words(store, ledger):
    """Such as what a system dropped, again and again."""
    with ledger.transaction():
        assert ledger.record([Malformed("syslog", "udp", "7 datagrams dropped", b"")]) == [True]
        assert ledger.record([Malformed("syslog", "udp", "9 datagrams dropped", b"")]) == [True]
        assert ledger.record([Malformed("syslog", "udp", "7 datagrams dropped", b"")]) == [False]
    database = store(write=False)
    assert [one.record.reason[:1] for one in newest(database, None, 10)] == ["9", "7"]
    assert [one.record.reason[:1] for one in newest(database, "syslog", 1)] == ["9"]
    assert newest(database, "other", 10) == []


def test_a_checkpoint_stays_until_there_is_a_new_one(ledger):
    """None says nothing about how far a source is."""
    assert ledger.checkpoint("vonage") is None
    for given, kept in (({"page": 1}, {"page": 1}), (None, {"page": 1}), ({"page": 2}, {"page": 2})):
        with ledger.transaction():
            ledger.complete("vonage", {}, given)
        assert ledger.checkpoint("vonage") == kept


def test_everything_recorded_comes_back_in_order(store, ledger, event):
    """A replay sees events and ticks as they came, byte for byte: big integers, NULs, fractions, deep values."""
    strange = event(2, n=10**40, text="a\0b\u2028\U0001f600", tiny=5e-324, deep=[{"x": [[]]}], **{"": None, "\0": 1})
    inputs = [
        event(1),
        Tick(7, "vonage"),
        strange._replace(id="a\0b"),
        strange._replace(id="a"),
        event(3, untimed=True),
    ]
    with ledger.transaction():
        assert all(ledger.record(inputs))
    replayed = [item for batch in History(store(write=False)).batches(None) for item in batch.inputs]
    assert replayed == inputs
    assert replayed[2].data["n"] == 10**40


def test_what_nobody_watches_comes_without_its_record(store, ledger, event):
    """Everything else of it comes, and so does everything of the others."""
    watched, other = event(1, event_type="LOGIN"), event(2, event_type="LOGOUT")
    with ledger.transaction():
        assert all(ledger.record([watched, other, Tick(7, "vonage")]))
    history = History(store(write=False))
    history.watches = {"LOGIN"}.__contains__
    replayed = [item for batch in history.batches(None) for item in batch.inputs]
    assert replayed == [watched, other._replace(data={}), Tick(7, "vonage")]


def test_a_window_of_history_is_half_open(store, ledger, event):
    """`[since, until)` in event time."""
    events = [event(number) for number in range(4)]
    with ledger.transaction():
        for item in events:
            ledger.record([item])
    window = History(store(write=False), events[1].time_us, events[3].time_us)
    assert [item for batch in window.batches(None) for item in batch.inputs] == events[1:3]
    assert len(window) == 2


def test_held_events_are_those_at_or_after_the_watermark(ledger, event):
    """What waited for its turn when the program ended is found by the watermark alone, per source."""
    events = [event(number, n=10**30) for number in range(3)]
    with ledger.transaction():
        for item in (*events, event(9, source="files")):
            ledger.record([item])
    assert list(ledger.held("vonage", events[1].time_us)) == events[1:]


def _alert(opener, rule_id="rule", **changes):
    fields = {
        "id": alert_id(rule_id, {}, opener),
        "rule_id": rule_id,
        "rule_version": "0" * 12,
        "severity": "low",
        "key": {"n": 10**30},
        "opened_at_us": opener.time_us,
        "last_at_us": opener.time_us,
        "event_count": 1,
        "event_ids": (opener.id,),
        "events": (opener,),
        "opener": opener,
        "facts": {"change": {"old": 10**30, "new": None}},
    }
    return Alert(**fields | changes)


def test_an_alert_reads_back_equal(store, event):
    """The engine's alert and its wording, whatever an event held."""
    database = store()
    alert = _alert(event(1, n=10**40, text="\0"))
    wording = {"title": "t\0", "summary": "", "fields": [], "problems": [], "explanation": {"values": [10**40]}}
    with database.transaction():
        assert Alerts(database).add(alert, wording)
        assert not Alerts(database).add(alert, {"title": "another"})
    assert Alerts(database).get(alert.id) == (alert, wording)


def test_alerts_are_found_by_the_beginning_of_their_id(store, event):
    """As people copy it; wildcards of SQL mean nothing here."""
    database = store()
    alerts = [_alert(event(number)) for number in range(5)]
    with database.transaction():
        for alert in alerts:
            Alerts(database).add(alert, {})
    (found,) = Alerts(database).find(alerts[2].id[:12])
    assert found.alert == alerts[2]
    assert Alerts(database).find("%") == Alerts(database).find("_") == []
    assert len(Alerts(database).find("")) == 3
    assert [stored.alert for stored in Alerts(database).newest(2)] == [alerts[4], alerts[3]]
    assert [stored.alert for stored in Alerts(database).all()] == alerts
