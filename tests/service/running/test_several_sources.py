"""Several sources, one engine: what they give is committed in groups, and none of them can stop the others."""

from __future__ import annotations

import logging
import threading

import pytest

from trailbell.live import Live
from trailbell.running import attendance, reader
from trailbell.sources.errors import SourceError
from trailbell.store.alerts import Alerts
from trailbell.store.ledger import StoreLedger
from trailbell.wiring import Receivers
from trailbell_engine.event import LEAVES_US
from trailbell_engine.timestamps import SECOND_US

PATIENCE_S = 30
ALL = "{id: all, title: t, severity: low, match: {}}"


def _recorded(database):
    return database.rows("SELECT source, id FROM input WHERE kind = 0 ORDER BY seq")


def test_what_each_source_gives_is_stored_with_its_checkpoint(live, feed, store, event):
    """Two sources side by side; each goes on from its own place after a restart."""
    database, polled, pushed = store(), feed("polled"), feed("pushed")
    _, done = live([polled, pushed], database=database)
    for number in range(3):
        assert polled.give(event(number, source="polled"), checkpoint={"at": number}).wait(PATIENCE_S)
        assert pushed.give(event(number, source="pushed")).wait(PATIENCE_S)
    polled.end()
    pushed.end()
    done.result(PATIENCE_S)
    assert len(_recorded(database)) == 6
    ledger = StoreLedger(database)
    assert (ledger.checkpoint("polled"), ledger.checkpoint("pushed")) == ({"at": 2}, None)


def test_a_batch_is_said_to_be_committed_when_it_is(live, feed, store, event):
    """On the engine's thread, outside the transaction, with the event in the store."""
    database, source, seen = store(), feed("pushed"), []

    def committed():
        seen.append((_recorded(database), database.connection.in_transaction, threading.current_thread()))

    live([source], database=database)
    for number in (1, 2):
        assert source.give(event(number, source="pushed"), committed=committed).wait(PATIENCE_S)
    (first, open_, thread), (second, *_, other) = seen
    assert (len(first), len(second), open_) == (1, 2, False)
    assert thread is other is not threading.current_thread()


def test_no_source_can_speak_for_trailbell(live, feed, store, event):
    """What is called as trailbell's own events is no event, once, whatever source it names; its neighbours are."""
    database, source = store(), feed("app")
    forged = event(1, "SOURCE_RECOVERED", source="app")._replace(id="forged")
    posing = event(2, source="trailbell")._replace(id="posing")
    live([source], database=database)
    for _ in range(2):
        assert source.give(forged, event(3, source="app"), posing).wait(PATIENCE_S)
    assert [name for name, _ in _recorded(database)] == ["app"]
    quarantined = database.rows("SELECT source, place, reason FROM quarantine ORDER BY place")
    assert [row[:2] for row in quarantined] == [("app", "the event forged"), ("app", "the event posing")]
    assert "only trailbell's own events are called SOURCE_RECOVERED" in quarantined[0][2]


def test_a_batch_that_could_not_be_stored_is_not_said_to_be(live, feed, store, event):
    """The run ends with the error, the source is stopped, and whoever sent the event will send it again."""
    database, source = store(), feed("pushed")
    database.execute("CREATE TRIGGER full BEFORE INSERT ON input BEGIN SELECT raise(ABORT, 'full'); END")
    _, done = live([source], database=database)
    durable = source.give(event(1, source="pushed"))
    assert "full" in str(done.exception(PATIENCE_S))
    assert not durable.is_set()
    assert (_recorded(database), source.stops) == ([], 1)


def test_a_callback_that_fails_ends_nothing(live, feed, event, caplog):
    """A sender that has gone away cannot be answered; its event is stored, and the next one is taken."""
    source = feed("pushed")

    def gone():
        raise ConnectionResetError

    live([source])
    source.give(event(1, source="pushed"), committed=gone)
    assert source.give(event(2, source="pushed")).wait(PATIENCE_S)
    assert "the source pushed could not take note of a commit" in caplog.text


def test_what_gathers_while_the_disk_is_busy_is_one_commit(live, feed, store, event):
    """Many small batches share a commit; a lone one does not wait for others."""
    database, source, busy, free = store(), feed("pushed"), threading.Event(), threading.Event()
    commits = []
    database.connection.set_commit_hook(lambda: bool(commits.append(1)))
    live([source], database=database)
    source.give(event(0, source="pushed"), committed=lambda: busy.set() or free.wait(PATIENCE_S))
    assert busy.wait(PATIENCE_S)
    before = len(commits)
    gathered = [source.give(event(number, source="pushed")) for number in range(1, 51)]
    while source._queue.qsize():  # the reader has taken them all over
        pass
    free.set()
    assert all(durable.wait(PATIENCE_S) for durable in gathered)
    assert 1 <= len(commits) - before <= 2


def test_a_source_is_read_no_further_than_there_is_room(live, feed, event, monkeypatch):
    """While nothing is committed, a fast source waits instead of filling the memory."""
    monkeypatch.setattr(reader, "IN_HAND", 10)
    source, busy, free = feed("fast"), threading.Event(), threading.Event()
    live([source])
    first = source.give(event(0, source="fast"), committed=lambda: busy.set() or free.wait(PATIENCE_S))
    assert busy.wait(PATIENCE_S)
    rest = [source.give(event(number, source="fast")) for number in range(1, 31)]
    assert not first.is_set()
    assert source._queue.qsize() >= 30 - 10
    free.set()
    assert all(durable.wait(PATIENCE_S) for durable in rest)


def test_a_source_that_fails_is_tried_again_and_the_others_go_on(live, feed, store, event, caplog):
    """It goes on from what was committed; both is said."""
    caplog.set_level(logging.INFO)
    database, good, bad = store(), feed("good"), feed("bad")
    live([good, bad], database=database)
    assert bad.give(event(1, source="bad"), checkpoint=1).wait(PATIENCE_S)
    bad.give(event(2, source="bad"), checkpoint=2)
    bad.fail(SourceError("the line is cut"))
    assert good.give(event(1, source="good")).wait(PATIENCE_S)
    bad.fail(ZeroDivisionError("a fault"))
    assert bad.give(event(3, source="bad")).wait(PATIENCE_S)
    assert bad.began == [None, 2, 2]
    assert "the source bad: the line is cut; trying again" in caplog.text
    assert "the source bad: ZeroDivisionError: a fault; trying again" in caplog.text
    assert "the source bad is back" in caplog.text


def test_the_run_ends_when_no_source_is_left(live, feed, event):
    """One has failed for now; when the other fails, too, there is nothing to wait for."""
    first, second = feed("first"), feed("second")
    _, done = live([first, second], first_retry_s=3_600)
    first.fail(SourceError("refused"))
    assert second.give(event(1, source="second")).wait(PATIENCE_S)
    assert not done.done()
    second.fail(SourceError("no permission", "ask for it"))
    error = done.exception(PATIENCE_S)
    assert isinstance(error, SourceError)
    assert error.message == "no permission"
    assert first.stops == 1


def test_the_end_of_all_others_leaves_nobody(live, feed, event):
    """A source that has ended well cannot go on for one that failed."""
    first, second = feed("first"), feed("second")
    _, done = live([first, second], first_retry_s=3_600)
    first.fail(SourceError("refused"))
    assert second.give(event(1, source="second")).wait(PATIENCE_S)
    second.end()
    assert str(done.exception(PATIENCE_S)) == "refused"


def test_what_may_pass_is_waited_for(live, feed, event):
    """A server that is away for a moment ends nothing, even if it is the only one."""
    source = feed("broker")
    _, done = live([source])
    for _ in range(3):
        source.fail(SourceError("not reachable", transient=True))
    assert source.give(event(1, source="broker")).wait(PATIENCE_S)
    assert not done.done()
    assert len(source.began) == 4


def test_a_run_that_is_to_end_waits_for_nothing(feed, store, rules):
    """For cron: what cannot be read now, the next run will read."""
    source = feed("broker")
    source.fail(SourceError("not reachable", transient=True))
    live = Live(rules(ALL), store(), Receivers({}, None), told=lambda _: None, attempted=lambda _: None)
    with live, pytest.raises(SourceError, match="not reachable"):
        live.run([source], patient=False)


def test_what_was_given_before_an_error_is_stored(live, feed, store, event):
    """The error comes after the events, here as there."""
    database, source = store(), feed("only")
    source.give(*(event(number, source="only") for number in range(300)), checkpoint=300)
    source.fail(SourceError("cut"))
    _, done = live([source], database=database)
    assert str(done.exception(PATIENCE_S)) == "cut"
    assert len(_recorded(database)) == 300


def test_stopping_ends_all_in_good_order(live, feed, store, event):
    """Sources that wait are woken, and what was handed over is durable."""
    database, sources = store(), [feed("a"), feed("b")]
    one, done = live(sources, database=database)
    assert sources[0].give(event(1, source="a")).wait(PATIENCE_S)
    late = sources[1].give(event(2, source="b"))
    one.stop()
    done.result(PATIENCE_S)
    assert late.is_set()
    assert len(_recorded(database)) == 2
    assert [source.stops for source in sources] == [1, 1]


def test_a_source_that_does_not_stop_is_left_to_itself(live, feed, event, monkeypatch):
    """After its time is up the run ends without it."""
    monkeypatch.setattr("trailbell.running.loop.STOP_PATIENCE_S", 0.05)
    deaf = feed("deaf")
    deaf.stop = lambda: None
    one, done = live([deaf])
    assert deaf.give(event(1, source="deaf")).wait(PATIENCE_S)
    one.stop()
    done.result(PATIENCE_S)
    deaf.end()


def test_a_bounded_source_is_not_read_to_its_end_when_stopped(live, feed, store, event):
    """What is not read now, is read by the next run; nothing that is held is let go."""
    database, source, told = store(), feed("file", bounded=True, lateness_us=60 * SECOND_US), threading.Event()
    source.stop = told.set
    one, done = live([source], database=database)
    assert source.give(event(1, source="file"), checkpoint=1).wait(PATIENCE_S)
    one.stop()
    assert told.wait(PATIENCE_S)
    source.give(event(2, source="file"), checkpoint=2)
    source.give(event(3, source="file"), checkpoint=3)
    done.result(PATIENCE_S)
    assert StoreLedger(database).checkpoint("file") == 2
    assert Alerts(database).all() == []


def test_the_end_of_a_bounded_source_lets_go_of_what_it_held(live, feed, store, event):
    """Its last event is told, those that another source holds are not, and nobody waits for it any more."""
    database = store()
    file, polled = (feed(name, bounded=name == "file", lateness_us=60 * SECOND_US) for name in ("file", "polled"))
    live([file, polled], database=database)
    assert polled.give(event(1, source="polled")).wait(PATIENCE_S)
    file.give(event(2, source="file"))
    file.end()
    ended = threading.Event()
    while not ended.wait(0.001):
        if StoreLedger(database).left() == {"file"}:
            ended.set()
    assert [stored.alert.opener.source for stored in Alerts(database).all()] == ["file"]
    assert database.rows("SELECT count(*) FROM input WHERE kind = 1 AND time_us = ?", (LEAVES_US,)) == [(1,)]


QUIET = "{id: quiet, title: t, severity: low, match: {}, when: {absent: {for: 1s}}}"


def test_the_clock_ticks_for_a_silent_source(live, feed, store, event, monkeypatch):
    """Event time goes on by the wall clock, so that silence is noticed; the ticks are recorded."""
    monkeypatch.setattr(attendance, "TICK_EVERY_S", 0.01)
    database, pushed, polled = store(), feed("pushed", wall_clock=True), feed("polled")
    told = threading.Event()
    live([pushed, polled], QUIET, database, told=lambda _: told.set())
    pushed.give(event(1, source="pushed"))
    assert told.wait(PATIENCE_S)
    (sources,) = zip(*database.rows("SELECT DISTINCT source FROM input WHERE kind = 1"), strict=True)
    assert sources == ("pushed",)


def test_a_source_that_is_down_has_no_clock(live, feed, store, event, monkeypatch):
    """That it cannot be heard is not silence."""
    monkeypatch.setattr(attendance, "TICK_EVERY_S", 0.01)
    database, pushed, other = store(), feed("pushed", wall_clock=True), feed("other", wall_clock=True)
    live([pushed, other], database=database, first_retry_s=3_600)
    pushed.fail(SourceError("down"))
    while not database.rows("SELECT 1 FROM input WHERE kind = 1 AND source = 'other' LIMIT 1 OFFSET 20"):
        pass
    ((newest,),) = database.rows("SELECT coalesce(max(seq), 0) FROM input WHERE kind = 1 AND source = 'pushed'")
    while not database.rows("SELECT 1 FROM input WHERE kind = 1 AND source = 'other' LIMIT 1 OFFSET 60"):
        pass
    assert database.rows("SELECT max(seq) FROM input WHERE kind = 1 AND source = 'pushed'")[0][0] in (newest, None)


def test_a_source_that_is_taken_out_of_the_configuration_is_not_waited_for(live, feed, store, event):
    """What it held is told at the next start, and what has expired can be forgotten; its place is kept."""
    database = store()
    lateness_us = 60 * SECOND_US
    old, new = feed("old", lateness_us=lateness_us), feed("new")
    one, done = live([old], database=database)
    assert old.give(event(1, source="old"), checkpoint=7).wait(PATIENCE_S)
    one.stop()
    done.result(PATIENCE_S)
    assert Alerts(database).all() == []
    live([new], database=database)
    assert new.give(event(2, source="new")).wait(PATIENCE_S)
    assert [stored.alert.opener.source for stored in Alerts(database).all()] == ["old", "new"]
    ledger = StoreLedger(database)
    assert (ledger.left(), ledger.checkpoint("old")) == ({"old"}, 7)


@pytest.mark.parametrize("count", [1, 4])
def test_no_event_is_lost_between_threads(live, feed, store, event, count):
    """A thousand events from each of several sources at once, in the order each source gave them."""
    database, sources = store(), [feed(f"s{number}") for number in range(count)]
    live(sources, "{id: none, title: t, severity: low, match: {event_type: NEVER}}", database)
    last = {}
    for start in range(0, 1_000, 10):
        for source in sources:
            last[source.name] = source.give(*(event(start + number, source=source.name) for number in range(10)))
    assert all(done.wait(PATIENCE_S) for done in last.values())
    for source in sources:
        source.end()
    rows = _recorded(database)
    for source in sources:
        assert [id_ for name, id_ in rows if name == source.name] == [event(n).id for n in range(1_000)]
