"""How many messages wait at a broker: told by the source, and by `/metrics`."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr("trailbell.sources.brokers.source.COUNT_EVERY_S", 0.1)


def test_a_source_knows_how_many_messages_wait(bench, wait_for):
    """What was delivered and is not committed does not wait there; when the link ends nobody knows."""
    bench.publish_events(range(100))
    source, taken = bench.source(prefetch=20), []

    def read():
        with closing(source.batches(None)) as given:
            for batch in given:
                taken.extend(batch.inputs)

    thread = threading.Thread(target=read)
    assert source.waiting is None
    thread.start()
    try:
        wait_for(lambda: source.waiting == 80)
        assert len(taken) == 20
        bench.publish_events(range(100, 130))
        if bench.kind != "kafka":  # what is not fetched for want of room is not told of either
            wait_for(lambda: source.waiting == 110)
    finally:
        source.stop()
        thread.join()
    assert source.waiting is None


def test_metrics_tell_what_waits(servers, metrics, wait_for):
    """As a gauge by source, for as long as the broker says so."""
    name = "trailbell_source_waiting_messages"
    bench = servers("redis").bench()
    bench.publish_events(range(5))
    lines, read = metrics
    assert not lines(name)
    read(bench.source())
    wait_for(lambda: f'{name}{{source="audit"}} 0' in lines(name))
    assert f"# TYPE {name} gauge" in lines(name)
