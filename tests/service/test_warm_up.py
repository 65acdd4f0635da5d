"""A rule that comes to a store with history learns from it before it speaks."""

from __future__ import annotations

import logging

import pytest

from trailbell.live import Live
from trailbell.sources.base import Batch
from trailbell.store.alerts import Alerts
from trailbell.store.ledger import StoreLedger
from trailbell.store.rule_versions import RuleVersions
from trailbell.warm_up import warm_up
from trailbell.wiring import Receivers
from trailbell_engine.timestamps import SECOND_US

CHANGED = """
id: route-changed
title: from {{ change.old }} to {{ change.new }}
severity: high
match: {event_type: NUMBER_UPDATED}
when: {changed: {of: context.voice-type, by: context.msisdn}}
"""
OTHER = """
---
id: other
title: other
severity: low
match: {event_type: OTHER}
"""
BURST = """
id: burst
title: burst
severity: low
match: {event_type: NUMBER_UPDATED}
when: {count: {at_least: 3, within: 1h}}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Both engines keep the same contract."""
    return request.param


class Given:
    """Events as a source."""

    name = "vonage"
    bounded = wall_clock = False

    def __init__(self, events, lateness_s=0):
        self._events = events
        self.lateness_us = lateness_s * SECOND_US

    def batches(self, checkpoint):  # noqa: ARG002 - the protocol's signature
        yield Batch(self._events)

    def stop(self):
        """It ends by itself."""


@pytest.fixture
def run():
    """A function: rules over events on a store; gives the alerts that were told, by title."""

    def go(rules, database, events, lateness_s=0):
        told = []
        with Live(rules, database, Receivers({}, None), told=told.extend, attempted=lambda _: None) as live:
            live.run([Given(events, lateness_s)])
        return [one.stored.wording["title"] for one in told]

    return go


@pytest.fixture
def route(event):
    """A function: a number's route as of an event."""
    return lambda number, kind, **more: event(number, context={"msisdn": "447700900001", "voice-type": kind}, **more)


def test_a_new_rule_knows_what_was(run, rules, store, route):
    """History says sip; the first event after the rule has come says app: that is a change."""
    database = store()
    assert run(rules(OTHER.lstrip("\n-")), database, [route(1, "app"), route(2, "sip")]) == []
    assert run(rules(CHANGED + OTHER), database, [route(3, "app")]) == ["from sip to app"]


def test_changes_of_the_past_are_not_told(run, rules, store, route):
    """What would have fired before the rule was there is neither told nor stored."""
    database = store()
    run(rules(OTHER.lstrip("\n-")), database, [route(1, "app"), route(2, "sip"), route(3, "app")])
    assert run(rules(CHANGED), database, []) == []
    assert Alerts(database).all() == []
    assert list(StoreLedger(database).held("vonage", 0)) == [route(1, "app"), route(2, "sip"), route(3, "app")]


def test_an_alert_of_the_past_swallows_no_new_one(run, rules, store, route):
    """A firing that was not told opens nothing into which the next one could fold."""
    database = store()
    run(rules(OTHER.lstrip("\n-")), database, [route(number, "sip") for number in (1, 2, 3)])
    assert run(rules(BURST), database, [route(number, "sip") for number in (4, 5, 6)]) == ["burst"]


def test_a_window_that_is_half_full_is_taken_over(run, rules, store, route):
    """A rule goes on where it would be, had it always run."""
    database = store()
    run(rules(OTHER.lstrip("\n-")), database, [route(number, "sip") for number in (1, 2)])
    assert run(rules(BURST), database, [route(3, "sip")]) == ["burst"]


def test_a_change_of_what_decides_learns_again(run, rules, store, route):
    """A new version starts with what history teaches, not with nothing."""
    database = store()
    run(rules(CHANGED), database, [route(1, "sip")])
    narrower = CHANGED.replace("NUMBER_UPDATED}", "NUMBER_UPDATED, source_country: GB}")
    assert run(rules(narrower), database, [route(2, "app")]) == ["from sip to app"]


def test_a_rule_that_was_away_learns_what_it_missed(run, rules, store, route):
    """Its own memory is of the time before it was taken out, and would see a change where there was none."""
    database = store()
    run(rules(CHANGED), database, [route(1, "sip")])
    run(rules(OTHER.lstrip("\n-")), database, [route(2, "app")])
    assert run(rules(CHANGED), database, [route(3, "app")]) == []
    assert run(rules(CHANGED), database, [route(4, "tel")]) == ["from app to tel"]


def test_a_rule_that_stayed_keeps_its_own_memory(run, rules, store, route, caplog):
    """Nothing is replayed for a version that took part in the last run, new words or not."""
    database = store()
    run(rules(CHANGED), database, [route(1, "sip")])
    caplog.set_level(logging.INFO)
    assert run(rules(CHANGED.replace("from", "now from")), database, [route(2, "app")]) == ["now from sip to app"]
    assert "learned" not in caplog.text


def test_events_that_are_held_are_not_learned(run, rules, store, route):
    """An event at or after the watermark comes to the new rule in its turn, and counts once."""
    database = store()
    run(rules(OTHER.lstrip("\n-")), database, [route(100, "sip"), route(130, "app")], lateness_s=60)
    told = run(rules(CHANGED), database, [route(300, "app")], lateness_s=60)
    assert told == ["from sip to app"]


def test_it_says_how_far_back_it_saw(run, rules, store, route, caplog):
    """One line names the rules, the events, the span, and what was kept silent."""
    database = store()
    run(rules(OTHER.lstrip("\n-")), database, [route(0, "app"), route(60, "sip")])
    caplog.set_level(logging.INFO)
    run(rules(CHANGED), database, [])
    assert "learned from the store's 2 events, 2026-11-02T10:00:00Z to 2026-11-02T10:01:00Z" in caplog.text
    assert ": route-changed (1 alert of the past not told)" in caplog.text


def test_a_fresh_store_has_nothing_to_teach(rules, store, caplog):
    """The first run notes its rules and says nothing."""
    database = store()
    caplog.set_level(logging.INFO)
    learned = warm_up(rules(CHANGED), database)
    assert (learned.events, learned.rules) == (0, ("route-changed",))
    assert not caplog.text
    assert len(RuleVersions(database).running()) == 1


def test_rules_without_memory_read_no_history(run, rules, store, route):
    """For `each` nothing is replayed; it is noted from where on it spoke."""
    database, only = store(), rules(OTHER.lstrip("\n-"))
    run(rules(CHANGED), database, [route(1, "sip"), route(2, "app")])
    assert warm_up(only, database).events == 0
    assert RuleVersions(database).spoke_after(only["other"]) == 2


def test_another_content_of_a_table_is_said(run, rules, store, tmp_path, caplog):
    """Nobody forgets because of it, and a dry-run's reader can know."""
    (tmp_path / "_d.yaml").write_text("lists: {l: {file: l.txt}}\n", encoding="utf-8")
    text = CHANGED.replace("NUMBER_UPDATED}", "NUMBER_UPDATED, user_email: {in: l}}")
    caplog.set_level(logging.INFO)
    for content in ("ada@example.com\n", "ada@example.com\n", "bob@example.com\n"):
        (tmp_path / "l.txt").write_text(content, encoding="utf-8")
        assert not caplog.messages
        run(rules(text), database := store(), [])
        database.close()
    assert caplog.messages == ["the content of the list l is not that of the last run"]
