"""One trailbell polls another's Audit API: it hears of the other's sources, and does not take them for its own."""

from __future__ import annotations

import pytest

from trailbell.clock import now_us
from trailbell.http.settings import AuditPair
from trailbell.live import Live
from trailbell.loading import load
from trailbell.sources.kinds import maker_of
from trailbell.sources.past import past_of
from trailbell.store.alerts import Alerts
from trailbell.watch.events import event_of
from trailbell.watch.standing import Change
from trailbell.wiring import Receivers
from trailbell_engine.event import Event, Malformed
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US
from trailbell_notifiers.secret import Secret

NOW_US = now_us() // SECOND_US * SECOND_US - HOUR_US
MINE = """
id: peer-blind
title: "{{ context.source }} cannot be read there"
severity: high
match: {event_type: [PEER_SOURCE_FAILING, PEER_SOURCE_RECOVERED]}
when: {ongoing: {until: {event_type: PEER_SOURCE_RECOVERED}, by: context.source}}
"""


def _change(begins):
    return Change("failing", begins=begins, since_us=NOW_US - 10 * MINUTE_US, reason="503", lag_us=0)


@pytest.fixture
def peer(recorded, serving, event):
    """A source that polls a server whose own source `okta` failed and came back."""
    failing = event_of(_change(begins=True), "okta", "okta", "", NOW_US - 5 * MINUTE_US, None)
    recovered = event_of(_change(begins=False), "okta", "okta", "", NOW_US, None)
    recorded([failing, event(1)._replace(time_us=NOW_US - MINUTE_US), recovered])
    _, server = serving(audit=(AuditPair("k", Secret("s"), None),))
    settings = {"url": f"{server.url}/beta/audit", "api_key": "k", "api_secret": "s", "since": "1d"}
    return maker_of("vonage").build("branch", settings, {}, once=True)


def test_what_a_peer_tells_of_its_own_sources(peer, store, rules):
    """It is recorded under the name of the source that polls, and rules may match it; nothing is in quarantine."""
    database = store("mine")
    rule_set = RuleSet([*load(["pack:trailbell"]).rules, *rules(MINE)])
    with Live(rule_set, database, Receivers({}, None), told=lambda _: None, attempted=lambda _: None) as live:
        live.run([peer])
    assert database.rows("SELECT count(*) FROM quarantine") == [(0,)]
    assert {name for (name,) in database.rows("SELECT DISTINCT source FROM input WHERE kind = 0")} == {"branch"}
    assert [(one.alert.rule_id, one.wording["title"], one.alert.state) for one in Alerts(database).all()] == [
        ("peer-blind", "okta cannot be read there", "resolved")
    ]


def test_its_past_is_the_same(peer):
    """A dry-run over the source's past sees what a live run would have."""
    past = past_of(peer, NOW_US - HOUR_US, NOW_US + HOUR_US)
    inputs = [item for batch in past.batches() for item in batch.inputs]
    assert [item.event_type for item in inputs if isinstance(item, Event)].count("PEER_SOURCE_FAILING") == 1
    assert not [item for item in inputs if isinstance(item, Malformed)]
