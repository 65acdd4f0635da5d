"""P1 and P2: a dry-run over what was recorded gives the live alerts and messages, byte for byte, however it was cut."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.drive import drive
from trailbell.live import Live
from trailbell.loading import load
from trailbell.memory import MemoryLedger
from trailbell.replay import dry_run_store
from trailbell.sources.base import Batch
from trailbell.sources.errors import SourceError
from trailbell.store.address import read_address
from trailbell.store.alerts import Alerts, StoredAlert
from trailbell.store.database import open_database
from trailbell.store.history import History
from trailbell.store.outbox import StoreOutbox
from trailbell.telling import Telling
from trailbell.wiring import Receivers
from trailbell.wording import Wording
from trailbell_engine.alert import Opened, Resolved, Updated, fold, resolve
from trailbell_engine.event import LEAVES_US, Event, Malformed, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.timestamps import DAY_US, MINUTE_US, SECOND_US, format_time, parse_time
from trailbell_notifiers.channel import build_channel
from trailbell_notifiers.delivery.outbox import deliveries
from trailbell_notifiers.desk import Policy
from trailbell_notifiers.groups.memory import MemoryGroups
from trailbell_notifiers.policy.intervals import read_intervals
from trailbell_notifiers.policy.routing import parse_route
from trailbell_notifiers.receipt import Delivered

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Hundreds of stores, each commit of which waits for the disk: in memory, where the machine has such a place."""
LONG = bool(os.environ.get("TRAILBELL_LONG"))
START_US = parse_time("2026-11-02T10:00:00Z")

WHEN = {
    "each": "{each: {by: user}}",
    "count": "{count: {at_least: 3, within: 5m, by: user}}",
    "changed": "{changed: {of: n, by: user}}",
    "distinct": "{distinct: {of: n, at_least: 3, within: 5m, by: user}}",
    "first_seen": "{first_seen: {of: n, within: 10m, by: user}}",
    "absent": "{absent: {for: 4m, by: user}}",
    "sequence": "{sequence: {within: 5m, by: user, steps: [{match: {event_type: A}}, {match: {event_type: B}}]}}",
    "metric": "{metric: {function: sum, of: n, above: 4, within: 5m, by: user}}",
    "ratio": "{ratio: {of: {n: 1}, above: 0.5, within: 5m, min_events: 2, by: user}}",
    "spike": "{spike: {factor: 2, within: 2m, baseline: 4m, min_events: 2, by: user}}",
}
RULE = """
id: {rule_id}
title: "{{{{ user }}}} did {{{{ event_type }}}}"
severity: low
match: {{event_type: [A, B]}}
when: {when}
alert:
  summary: "{{{{ n }}}} at {{{{ time }}}}"
  fields: [user, n]
  severity: [{{if: {{n: 3}}, then: high}}]
suppress: {{for: {span}, by: user}}
"""
TEXT = "---".join(
    RULE.format(rule_id=f"{name.replace('_', '-')}-{span}", when=when, span=span)
    for position, (name, when) in enumerate(WHEN.items())
    for span in (("0s", "3m") if name == "each" else ("0s",) if position % 2 else ("3m",))
)


class Accepting:
    """A real channel whose receiver takes everything: it renders as the real one does."""

    def __init__(self, channel) -> None:
        self.name, self.targets, self.rate = channel.name, channel.targets, None
        self.render = channel.render

    def send(self, _body, _attempt, _now_s):
        return Delivered()


def _channels():
    settings_ = {
        "slack": {"token": "xoxb-1", "channel": "C1"},
        "email": {"to": "a@example.com", "from": "t@example.com", "host": "127.0.0.1"},
        "webhook": {"url": "https://siem.example.com/hook"},
    }
    return {kind: Accepting(build_channel({"name": kind, kind: values})) for kind, values in settings_.items()}


CHANNELS = _channels()
ROUTE = parse_route(
    {
        "receiver": "webhook",
        "routes": [
            {"matchers": ['severity="high"'], "receiver": "email", "continue": True},
            {"matchers": ['rule=~"count.*|changed.*"'], "receiver": "slack"},
        ],
    },
    list(CHANNELS),
)
INTERVALS = read_intervals({"pause": {"times": "10:03-10:06"}})
GROUPED = parse_route(
    {
        "receiver": "webhook",
        "group_by": ["severity"],
        "group_wait": "30s",
        "group_interval": "1m",
        "repeat_interval": "3m",
        "escalate": {"after": "4m", "to": "email"},
        "routes": [
            {"matchers": ['rule=~"count.*"'], "receiver": "slack", "group_by": ["rule", "user"], "group_wait": "0s"},
            {"matchers": ['rule=~"absent.*|each.*"'], "mute_time_intervals": ["pause"], "group_by": ["..."]},
        ],
    },
    list(CHANNELS),
    list(INTERVALS),
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """One rule of each condition."""
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(TEXT, encoding="utf-8")
    loaded = load([str(file)])
    assert loaded.errors == ()
    return loaded.rules


class Cut:
    """Inputs as a source, cut into batches; it fails where it is told to, and goes on from its checkpoint."""

    bounded = wall_clock = False

    def __init__(self, inputs, sizes, lateness_us, fails_after=None, name="api") -> None:
        self.name = name
        self.inputs, self.sizes, self.lateness_us, self.fails_after = inputs, sizes, lateness_us, fails_after

    def batches(self, checkpoint):
        at, turn = checkpoint or 0, 0
        while at < len(self.inputs):
            if turn == self.fails_after:
                raise SourceError("stopped")
            size = self.sizes[turn % len(self.sizes)]
            # Every third batch says nothing of where it is: after a stop its inputs come again.
            yield Batch(self.inputs[at : at + size], None if turn % 3 == 1 else at + size)
            at, turn = at + size, turn + 1

    def stop(self):
        pass


class Rendering:
    """A sink that routes, groups and renders as a dry-run knows the alerts."""

    def __init__(self, rules, route) -> None:
        self.words, self.alerts, self.bodies = Wording(rules), {}, {}
        self.telling = Telling(rules, Policy(route=route, intervals=INTERVALS), MemoryGroups())

    def take(self, item, outputs):
        self._render(self.telling.time(item, outputs))
        for output in outputs:
            match output:
                case Opened(alert):
                    self.alerts[alert.id] = StoredAlert(alert, self.words.of(alert))
                    self._render(self.telling.opened(alert)[1])
                case Updated(alert_id=alert_id):
                    self._render(self.telling.grew(self._changed(alert_id, fold, output)))
                case Resolved(alert_id=alert_id):
                    self._render(self.telling.ended(self._changed(alert_id, resolve, output)))

    def committed(self):
        pass

    def _changed(self, alert_id, change, output):
        stored = self.alerts[alert_id]
        self.alerts[alert_id] = stored._replace(alert=change(stored.alert, output))
        return self.alerts[alert_id].alert

    def _render(self, told):
        for notification in told.notifications:
            message = self.telling.message(notification, self.alerts.get)
            self.bodies |= {row.id: row.body for row in deliveries(message, CHANNELS[notification.receiver], 0)}


def _live(rules, database, *sources, route=ROUTE):
    live = Live(
        rules, database, Receivers(CHANNELS, route, intervals=INTERVALS), told=lambda _: None, attempted=lambda _: None
    )
    with contextlib.suppress(SourceError), live:
        live.run(sources)


def _told(database):
    """What a store says: alerts with their words, and the bodies of its deliveries."""
    outbox, stored = StoreOutbox(database), Alerts(database).all()
    words = [{name: value for name, value in one.wording.items() if name != "explanation"} for one in stored]
    rows = [row for one in stored for row, _ in outbox.of_alert(one.alert.id)]
    return [(one.alert, one.to_json(), said) for one, said in zip(stored, words, strict=True)], {
        row.id: row.body for row in rows
    }


def _event(source, number, at_us, kind, user, n, *, untimed):
    data = {"id": f"e{number}", "event_type": kind, "created_at": format_time(at_us), "user": user, "n": n}
    return Event(source, data["id"], kind, at_us, data, untimed)


STEPS = st.tuples(
    st.sampled_from("eeeeeeeeemtdl"),  # an event, something malformed, a tick, the event before once more, farewell
    st.sampled_from([0, 1, 5, 20, 60, 120]),  # seconds since the step before
    st.sampled_from([0, 0, 0, 0, 10, 30, 300]),  # seconds by which an event is behind
    st.sampled_from("AB"),
    st.sampled_from("xxyz"),
    st.sampled_from([1, 2, 3, 10**30]),
    st.integers(0, 19),  # 0: its time cannot be read
)


@st.composite
def inputs(draw, sources=("api",)):
    """Some minutes of events: most in order, some late, some twice, some malformed; and the clock's ticks.

    Each source has a time of its own.
    """
    length, items = draw(st.integers(1, 60)), []
    now_us = {source: START_US - DAY_US * draw(st.sampled_from([0, 0, 1])) for source in sources}
    steps = st.lists(st.tuples(STEPS, st.sampled_from(sources)), min_size=length, max_size=length)
    for number, (step, source) in enumerate(draw(steps)):
        what, since_s, behind_s, kind, user, n, timed = step
        at_us = now_us[source] = now_us[source] + since_s * SECOND_US
        match what:
            case "m":
                items.append(Malformed(source, f"page:{number}", "not JSON", b"{%d" % (number % 3)))
            case "t":
                items.append(Tick(at_us, source))
            case "l":
                items.append(Tick(LEAVES_US, source))
            case "d" if items and isinstance(items[-1], Event):
                items.append(items[-1]._replace(data={"id": items[-1].id, "another": "body"}))
            case _:
                items.append(_event(source, number, at_us - behind_s * SECOND_US, kind, user, n, untimed=not timed))
    return items


@settings(max_examples=1_000 if LONG else 25, deadline=None)
@given(
    items=inputs(),
    lateness_us=st.sampled_from([0, MINUTE_US]),
    sizes=st.lists(st.sampled_from([1, 2, 7, 100]), min_size=1, max_size=4),
    stops=st.lists(st.integers(1, 8), max_size=4),
    route=st.sampled_from([ROUTE, GROUPED]),
)
def test_a_dry_run_over_the_store_is_the_live_run(rules, items, lateness_us, sizes, stops, route):
    """P1: alerts as JSON, their words, and every message, byte for byte, over stops and starts on a real store."""
    _expect_parity(rules, lambda stop: [Cut(items, sizes, lateness_us, stop)], stops, route)


@settings(max_examples=500 if LONG else 15, deadline=None)
@given(
    given_=st.fixed_dictionaries({name: inputs(sources=(name,)) for name in ("api", "push", "files")}),
    lateness_us=st.sampled_from([0, MINUTE_US]),
    sizes=st.lists(st.sampled_from([1, 2, 7, 100]), min_size=1, max_size=4),
    stops=st.lists(st.integers(1, 8), max_size=3),
)
def test_a_dry_run_is_the_live_run_of_several_sources(rules, given_, lateness_us, sizes, stops):
    """P1 for three sources at once, in whatever order their threads were heard; now and then one is left out."""

    def sources(stop):
        parts = [Cut(items, sizes, lateness_us, stop, name) for name, items in given_.items()]
        return parts if stop is None or stop % 3 else parts[:2]

    _expect_parity(rules, sources, stops)


@settings(max_examples=200 if LONG else 6, deadline=None)
@given(
    items=inputs(),
    lateness_us=st.sampled_from([0, MINUTE_US]),
    sizes=st.lists(st.sampled_from([1, 2, 7, 100]), min_size=1, max_size=4),
    stops=st.lists(st.integers(1, 8), max_size=3),
    route=st.sampled_from([ROUTE, GROUPED]),
)
def test_it_is_the_same_in_postgresql(rules, postgres, items, lateness_us, sizes, stops, route):
    """P1 where the store is a database on a server."""

    def place(folder):
        return read_address(postgres.url(schema=f"parity_{uuid.uuid4().hex}", folder=folder), folder)

    _expect_parity(rules, lambda stop: [Cut(items, sizes, lateness_us, stop)], stops, route, place)


def _expect_parity(rules, sources, stops, route=ROUTE, place=lambda folder: folder):
    with tempfile.TemporaryDirectory(dir=FAST) as folder:
        address = place(Path(folder))
        for stop in [*stops, None]:
            database = open_database(address)
            try:
                _live(rules, database, *sources(stop), route=route)
                told, bodies = _told(database)
            finally:
                database.close()
        reader = open_database(address, write=False)
        try:
            report = dry_run_store(rules, reader)
            rendering, history = Rendering(rules, route), History(reader)
            drive(history, Pipeline(rules, history.lateness), MemoryLedger(), rendering)
        finally:
            reader.close()
    assert [(one.alert, one.to_json(), one.wording) for one in report.alerts] == told
    assert rendering.bodies == bodies
    # Every alert has a route, so that the comparison of bodies is not empty.
    assert bool(bodies) == bool(told) or route is GROUPED


@settings(max_examples=500 if LONG else 6, deadline=None)
@given(items=inputs(sources=("api", "push")), lateness_us=st.sampled_from([0, MINUTE_US]))
def test_batches_make_no_difference(rules, items, lateness_us):
    """P2: one by one, by seven, by a hundred: the same alerts and the same messages, of events of two sources."""
    results = []
    for size in (1, 7, 100):
        with tempfile.TemporaryDirectory(dir=FAST) as folder:
            database = open_database(Path(folder))
            try:
                _live(rules, database, Cut(items, [size], lateness_us))
                results.append(_told(database))
            finally:
                database.close()
    assert results[0] == results[1] == results[2]


def test_a_tick_that_does_not_move_the_time_lasts(rules):
    """It bounds how far an event in the future may move the timers, and does so after a stop, too."""
    at_us, later_us = START_US + 7 * MINUTE_US, START_US + 25 * MINUTE_US
    first = _event("api", 0, at_us, "A", "x", 3, untimed=False)
    ahead = _event("api", 1, later_us, "A", "y", 3, untimed=False)
    items = [first, Tick(at_us, "api"), ahead, Tick(at_us + 11 * MINUTE_US, "api")]
    _expect_parity(rules, lambda stop: [Cut(items, [1], 0, stop)], [1, 1], GROUPED)


@pytest.mark.parametrize("lateness_us", [(0, MINUTE_US), (MINUTE_US, 0)])
def test_a_changed_lateness_neither_loses_nor_repeats(rules, store, event, lateness_us):
    """Events held for order when the setting went down are told; those that have been through do not count again."""
    before, after = [event(number, "A", user=f"u{number}") for number in range(3)], [event(3, "A", user="u3")]
    database = store()
    _live(rules, database, Cut(before, [3], lateness_us[0], name="vonage"))
    now = Tick(START_US + DAY_US, "vonage")
    _live(rules, database, Cut([*before, *after, now], [3], lateness_us[1], name="vonage"))
    told = [stored.alert for stored in Alerts(database).all() if stored.alert.rule_id == "each-0s"]
    assert [(alert.event_ids, alert.firings) for alert in told] == [((item.id,), 1) for item in before + after]
    folded = [stored.alert for stored in Alerts(database).all() if stored.alert.rule_id == "each-3m"]
    assert [alert.firings for alert in folded] == [1, 1, 1, 1]
