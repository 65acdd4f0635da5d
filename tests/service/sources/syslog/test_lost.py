"""What is sent and not heard: counted by `/metrics`, for nobody sends it again."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack

import pytest
import requests

from trailbell.http.observed import Observed
from trailbell.http.serving import serving_engine
from trailbell.http.settings import HttpSettings
from trailbell.live import Live
from trailbell.sources.syslog.settings import build
from trailbell.wiring import Receivers
from trailbell_engine.rule import RuleSet

PATIENCE_S = 20
NAME = "trailbell_source_lost_total"


@pytest.fixture
def counted(store):
    """A function: what `/metrics` counts as lost, by reason; and the address of a source that lets nobody in."""
    database, observed = store(), Observed()
    source = build("edge", {"listen": ["udp://127.0.0.1:0"], "allow": ["192.0.2.0/24"]}, {}, once=False)
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
        engine = threading.Thread(target=live.run, args=([source],))
        engine.start()
        ending.callback(engine.join)
        ending.callback(live.stop)
        assert source.listening.wait(PATIENCE_S)

        def counts():
            lines = requests.get(f"{server.url}/metrics", timeout=10).text.splitlines()
            return dict(line.rsplit(" ", 1) for line in lines if line.startswith(NAME))

        yield counts, ("127.0.0.1", source.addresses[0].port)


def test_metrics_count_what_was_refused(counted):
    """From nought on, so that the first one is seen as a change."""
    counts, address = counted
    sample = f'{NAME}{{source="edge",reason="network"}}'
    assert counts()[sample] == "0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(b"<13>a: x", address)
    until_s = time.monotonic() + PATIENCE_S
    while counts()[sample] != "3":
        assert time.monotonic() < until_s, counts()
