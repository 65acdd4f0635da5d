"""An engine that reads a source, and what `/metrics` says of it."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
import requests

from trailbell.http.observed import Observed
from trailbell.http.serving import serving_engine
from trailbell.http.settings import HttpSettings
from trailbell.live import Live
from trailbell.wiring import Receivers
from trailbell_engine.rule import RuleSet


@pytest.fixture
def metrics(store):
    """Two functions: one gives the lines of a metric of an engine, the other has the engine read a source."""
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

        def lines(name):
            text = requests.get(f"{server.url}/metrics", timeout=10).text
            return [line for line in text.splitlines() if line.removeprefix("# TYPE ").startswith(name)]

        def read(source):
            engine = threading.Thread(target=live.run, args=([source],))
            engine.start()
            ending.callback(engine.join)
            ending.callback(live.stop)

        yield lines, read
