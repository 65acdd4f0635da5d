"""What somebody gives up is a dead letter with a history, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trailbell.store.attempts import Attempts
from trailbell.store.breakers import Breakers
from trailbell.store.deliveries import Deliveries
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.breaker import WORKS, Breaker
from trailbell_notifiers.delivery.outbox import Delivery, Queue

T0 = 1_800_000_000 * SECOND_US
SIEM = Queue("siem", "")


def _row(name, **changes):
    row = Delivery(id=f"dlv_{name}", alert_id=name, receiver="siem", body=b"x", created_us=T0, not_before_us=T0)
    return replace(row, **changes)


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Where it is kept."""
    return request.param


@pytest.fixture
def database(store):
    """A store in which one message for siem was sent, two wait, and one waits for somebody else; siem fails."""
    database = store()
    outbox = StoreOutbox(database)
    outbox.add(
        [
            _row("sent", state="sent"),
            _row("parked", state="parked", attempts=2, last_error="answered 401"),
            _row("new"),
            _row("other", receiver="mail"),
        ]
    )
    with database.transaction():
        Breakers(database).set(SIEM, Breaker(5, T0, T0, "answered 401"))
    return database


def _give_up(database, subject):
    with database.transaction():
        Deliveries(database).give_up(subject, "ana", T0 + SECOND_US)


def _found(database):
    found = Deliveries(database).find(state=None, receiver=None, alert=None, limit=10)
    return {one.delivery.alert_id: (one.delivery.state, one.delivery.last_error) for one in found}


def test_all_that_waits_for_a_receiver(database):
    """Who gave it up and what was wrong stay; nobody fails for whom nothing waits."""
    assert Deliveries(database).count_waiting("siem") == 2
    for _ in range(2):  # a wish that is done again changes nothing
        _give_up(database, "receiver:siem")
        assert _found(database) == {
            "sent": ("sent", ""),
            "parked": ("dead", "given up by ana: answered 401"),
            "new": ("dead", "given up by ana"),
            "other": ("pending", ""),
        }
        assert [made[1:] for made in Attempts(database).of("dlv_new")] == [(T0 + SECOND_US, "given up", "by ana")]
    assert Breakers(database).of(SIEM) == WORKS


def test_one_of_several(database):
    """The others wait on, and their receiver fails as before."""
    _give_up(database, "dlv_new")
    assert _found(database)["parked"][0] == "parked"
    assert Breakers(database).of(SIEM) != WORKS


def test_what_is_under_way_is_left_to_its_attempt(database):
    """It may arrive in this very moment."""
    outbox = StoreOutbox(database)
    with database.transaction():
        Breakers(database).set(SIEM, WORKS)
    leased = outbox.claim(SIEM, T0, outbox.next_epoch(T0))
    _give_up(database, "receiver:siem")
    assert (_found(database)["parked"][0], _found(database)["new"][0]) == ("leased", "dead")
    assert outbox.record(replace(leased, state="sent", lease_epoch=0), epoch=leased.lease_epoch, recovered=False)


def test_a_lease_of_an_earlier_run_holds_nothing(database):
    """Nobody sends it any more."""
    outbox = StoreOutbox(database)
    with database.transaction():
        Breakers(database).set(SIEM, WORKS)
    outbox.claim(SIEM, T0, outbox.next_epoch(T0))
    outbox.next_epoch(T0)
    _give_up(database, "receiver:siem")
    assert _found(database)["parked"][0] == "dead"
