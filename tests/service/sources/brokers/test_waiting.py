"""How many messages wait at a broker: told by the source, and by `/metrics`."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing

import pytest
import requests

from trailbell.http.observed import Observed
from trailbell.http.serving import serving_engine
from trailbell.http.settings import HttpSettings
from trailbell.live import Live
from trailbell.wiring import Receivers
from trailbell_engine.rule import RuleSet


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


def test_metrics_tell_what_waits(servers, store, wait_for):
    """As a gauge by source, for as long as the broker says so."""
    bench = servers("redis").bench()
    bench.publish_events(range(5))
    database, observed = store(), Observed()
    with ExitStack() as ending:
        live = Live(RuleSet(), database, Receivers({}, None), told=lambda _fresh: None, attempted=observed.attempt)
        ending.enter_context(live)
        server = ending.enter_context(
            serving_engine(
                HttpSettings(port=0),
                database.folder,
                RuleSet,
                engine=live,
                database=database,
                inboxes={},
                observed=observed,
            )
        )

        def lines():
            return requests.get(f"{server.url}/metrics", timeout=10).text.splitlines()

        name = "trailbell_source_waiting_messages"
        assert not [line for line in lines() if name in line]
        engine = threading.Thread(target=live.run, args=([bench.source()],))
        engine.start()
        ending.callback(engine.join)
        ending.callback(live.stop)
        wait_for(lambda: f'{name}{{source="audit"}} 0' in lines())
        assert f"# TYPE {name} gauge" in lines()
