"""What every broker's source promises, shown with each broker itself."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from trailbell.running.loop import Loop
from trailbell.sources.errors import SourceError
from trailbell.store.ledger import StoreLedger
from trailbell_engine.event import Event, Malformed, Tick

PATIENCE_S = 60


@pytest.fixture
def batches():
    """A function: the batches of a source, which is stopped when they take too long."""
    timers = []

    def read(source, checkpoint=None):
        timers.append(threading.Timer(PATIENCE_S, source.stop))
        timers[-1].start()
        return closing(source.batches(checkpoint))

    yield read
    for timer in timers:
        timer.cancel()


def take(given, count):
    """Batches until that many records have come, ticks left out."""
    taken, found = [], 0
    for batch in given:
        taken.append(batch)
        found += sum(not isinstance(item, Tick) for item in batch.inputs)
        if found >= count:
            return taken
    raise AssertionError(f"{found} of {count} came")


def commit(taken):
    """What the engine does after its transaction: the checkpoint that it holds then."""
    for batch in taken:
        if batch.committed is not None:
            batch.committed()
    return next((batch.checkpoint for batch in reversed(taken) if batch.checkpoint is not None), None)


def ids(taken):
    """The ids of events, in the order they came."""
    return [item.id for batch in taken for item in batch.inputs if isinstance(item, Event)]


def numbered(numbers):
    return [f"e{number}" for number in numbers]


def test_history_and_live_messages_come_whole_and_in_order(bench, batches):
    """What was there before the start, then what comes while it runs."""
    bench.publish_events(range(150))
    source = bench.source()
    with batches(source) as given:
        before = take(given, 150)
        commit(before)
        bench.publish_events(range(150, 200))
        after = take(given, 50)
        assert ids(before) + ids(after) == numbered(range(200))


def test_what_was_committed_does_not_come_again(bench, batches):
    """A stop in good order, then another run with the checkpoint of the store."""
    bench.publish_events(range(30))
    source = bench.source()
    with batches(source) as given:
        taken = take(given, 30)
        checkpoint = commit(taken)
        source.stop()
        assert list(given) == []
    bench.publish_events(range(30, 40))
    with batches(bench.source(), checkpoint) as given:
        assert ids(take(given, 10)) == numbered(range(30, 40))


def test_what_was_not_committed_comes_again_in_its_order_with_its_ids(bench, batches):
    """Half of it is durable, and then the link breaks."""
    bench.publish_events(range(20))
    bench.publish([b'{"event_type": "NO_ID", "of": 1}', b'{"event_type": "NO_ID", "of": 2}'])
    with batches(bench.source(prefetch=10)) as given:
        first = take(given, 10)
        checkpoint = commit(first)
        second = take(given, 10)
    bench.publish_events(range(20, 25))
    again = []
    with batches(bench.source(), checkpoint) as given:
        while len(set(again) - set(ids(first))) < 17:
            taken = take(given, 1)
            commit(taken)
            again += ids(taken)
    assert ids(first) == numbered(range(10))
    assert ids(second) == numbered(range(10, 20))
    left = [name for name in again if name not in ids(first)]
    assert left[:10] == ids(second)
    assert left[-5:] == numbered(range(20, 25))


def test_equal_records_without_ids_are_two_events(bench, batches):
    """Where the broker tells its messages apart; a queue does so only with ids of its messages."""
    bench.publish([b'{"event_type": "NO_ID"}', b'{"event_type": "NO_ID"}'])
    with batches(bench.source()) as given:
        found = ids(take(given, 2))
    assert len(set(found)) == (1 if bench.kind == "rabbitmq" else 2)


def test_a_stop_ends_a_waiting_source_soon(bench):
    """Nothing comes, and nothing will."""
    source, over = bench.source(), threading.Event()
    begun = threading.Event()

    def read():
        for _ in source.batches(None):
            begun.set()
        over.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(PATIENCE_S)
    source.stop()
    assert over.wait(5)
    thread.join()


def test_once_ends_when_it_has_caught_up(bench, batches):
    """For cron: everything that is there, then a tick, then the end."""
    bench.publish_events(range(25))
    taken = []
    with batches(bench.source(once=True)) as given:
        for batch in given:
            taken.append(batch)
            commit([batch])
    assert ids(taken) == numbered(range(25))
    assert isinstance(taken[-1].inputs[-1], Tick)


def test_poison_is_kept_aside_and_does_not_come_again(bench, batches, wait_for):
    """Messages that are no events, between events."""
    bench.publish([b"\xff\xfe no json", b"\x1f\x8b broken gzip", b"[1, 2]", b"", b'{"id": "a", "event_type": "X"}'])
    source = bench.source(once=True)
    with batches(source) as given:
        taken = []
        for batch in given:
            taken.append(batch)
            checkpoint = commit([batch])
    aside = [item for batch in taken for item in batch.inputs if isinstance(item, Malformed)]
    assert ids(taken) == ["a"]
    assert len(aside) == 5
    assert all(item.reason and item.source == "audit" for item in aside)
    with batches(bench.source(once=True), checkpoint) as given:
        assert all(isinstance(item, Tick) for batch in given for item in batch.inputs)


def test_no_more_is_in_flight_than_allowed(bench, batches):
    """An engine that does not get on is given so much and no more; when it does, the rest comes."""
    bench.publish_events(range(100))
    source = bench.source(prefetch=20)
    with batches(source) as given:
        first = take(given, 20)
        waiting, more = [], threading.Event()

        def read():
            waiting.extend(take(given, 1))
            more.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert not more.wait(1)
        standing = source.probe()
        assert standing.in_flight in (20, None)
        commit(first)
        assert more.wait(PATIENCE_S)
        thread.join()
        rest = list(waiting)
        while len(set(ids(first + rest))) < 100:
            commit(rest[-1:])
            rest += take(given, 1)
    # What was in flight for longer than the broker waits may have come twice.
    assert list(dict.fromkeys(ids(first + rest))) == numbered(range(100))


def test_doctor_sees_the_backlog_and_changes_nothing(bench, batches, wait_for):
    """Before the first run, and after it."""
    bench.publish_events(range(12))
    source = bench.source(once=True)
    assert [bench.source().probe().waiting for _ in range(2)] == [12, 12]
    with batches(source) as given:
        for batch in given:
            commit([batch])
    wait_for(lambda: source.probe().waiting == 0)
    assert bench.name in str(source.probe())


def test_a_restart_of_the_broker_is_survived(bench, store, wait_for):
    """The engine runs on, and gets everything that was and is published."""
    source, database = bench.source(), store()
    loop = Loop(StoreLedger(database), _Nowhere(), now_us=lambda: 0, first_retry_s=0.05)
    thread = threading.Thread(target=loop.run, args=([source],))
    thread.start()

    def stored():
        return {row[0] for row in database.rows("SELECT id FROM input WHERE kind = 0")}

    try:
        bench.publish_events(range(50))
        wait_for(lambda: len(stored()) == 50)
        bench.away()
        wait_for(lambda: _is_away(bench))
        bench.back()
        bench.publish_events(range(50, 80))
        wait_for(lambda: len(stored()) >= 80)
    finally:
        loop.stop()
        thread.join(PATIENCE_S)
    assert stored() == set(numbered(range(80)))


def test_a_broker_that_is_away_is_waited_for_unless_once(bench):
    """The error is one that passes; for cron it ends the run."""
    bench.settings |= _nobody(bench.kind)
    with pytest.raises(SourceError) as waited, closing(bench.source().batches(None)) as given:
        next(given)
    with pytest.raises(SourceError) as final, closing(bench.source(once=True).batches(None)) as given:
        next(given)
    assert (waited.value.transient, final.value.transient) == (True, False)


class _Nowhere:
    """A sink that keeps nothing."""

    def take(self, item, outputs):
        """Nothing is kept."""

    def committed(self):
        """Nobody waits."""


def _is_away(bench):
    try:
        bench.source().probe()
    except SourceError:
        return True
    return False


def _nobody(kind):
    """Settings that lead to where nobody listens."""
    if kind == "kafka":
        return {"brokers": ["127.0.0.1:1"]}
    return {"url": {"nats": "nats", "redis": "redis", "rabbitmq": "amqp"}[kind] + "://127.0.0.1:1"}
