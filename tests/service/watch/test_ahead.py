"""A source whose time is ahead of the clock is in trouble: nobody else would say why no alert comes."""

from __future__ import annotations

from trailbell.clock import now_us
from trailbell.store.ledger import StoreLedger
from trailbell.watch.ahead import AHEAD_US, ahead
from trailbell_engine.timestamps import HOUR_US, SECOND_US, parse_time

NOON = parse_time("2026-11-02T12:00:00Z")


def test_what_is_a_little_ahead_is_well():
    """Senders have clocks of their own, and are believed for ten minutes."""
    assert ahead({"app": NOON + AHEAD_US, "behind": NOON - HOUR_US}, NOON) == {}


def test_it_says_until_when_and_by_how_much():
    """Whoever reads it knows what is not seen, and how long that lasts."""
    (words,) = ahead({"app": NOON + HOUR_US + SECOND_US}, NOON).values()
    assert "events before 2026-11-02T13:00:01Z count as late" in words
    assert words.endswith("that is 1h ahead")


def test_doctor_says_it_of_a_store(store, setting, trailbell, tmp_path):
    """Whatever made it so, and whether a run is up or not; of a source that has left nothing is expected."""
    database, config = store(), tmp_path / "trailbell.yaml"
    config.write_text(f"state: {setting()}\n", encoding="utf-8")
    ledger = StoreLedger(database)
    with ledger.transaction():
        ledger.complete("app", {"app": now_us() + 2 * HOUR_US}, None, {"gone": now_us() + 2 * HOUR_US})
    code, out, _ = trailbell("doctor", "--offline", "-c", config)
    assert code != 0
    assert "✘ source app" in out
    assert "count as late" in out
    assert "another name" in out
    assert "source gone" not in out
