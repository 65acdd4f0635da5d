"""A run whose store was left ahead of the clock says so: in the log, and as a trouble of the source."""

from __future__ import annotations

import pytest

from trailbell.clock import now_us
from trailbell.drive import Given, commit
from trailbell.recorder import Recorder
from trailbell.sources.base import Batch
from trailbell.store.alerts import Alerts
from trailbell.store.coverage import read_episodes
from trailbell.store.ledger import StoreLedger
from trailbell.watch.limits import Limits
from trailbell.watch.view import coverage_view
from trailbell_engine.event import Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import HOUR_US, SECOND_US

PATIENCE_S = 30
THRICE = "{id: thrice, title: t, severity: low, match: {}, when: {count: {at_least: 3, within: 5m}}}"


def _tick_by_a_wrong_clock(database):
    wrong = Given("app", Batch([Tick(now_us() + HOUR_US, "app")]))
    commit([wrong], Pipeline(RuleSet()), StoreLedger(database), Recorder(lambda _: {}))


def test_a_source_that_is_ahead_of_the_clock_is_in_trouble(live, feed, store, heard):
    """An earlier run ticked by a wrong clock. What comes now is late, so `coverage` must not call the source well."""
    database = store()
    _tick_by_a_wrong_clock(database)
    live([feed("app", wall_clock=True), feed("other")], database=database, limits={"app": Limits(failing_after_us=0)})
    warning = heard.wait("the source app: the clock was wrong, or is: events before")
    assert "give the source another name" in warning
    while not (episodes := read_episodes(database)) or not episodes[0].told:
        pass
    assert [(one.source, one.trouble) for one in episodes] == [("app", "failing")]
    (app, other) = coverage_view(database, now_us()).sources
    assert (app.state, other.state) == ("failing", "well")
    assert "count as late" in app.reason


@pytest.mark.parametrize(("name", "alerts"), [("app", 0), ("app-2", 1)])
def test_under_another_name_it_has_a_time_of_its_own(live, feed, store, event, name, alerts):
    """The way out that the log names: what comes now is not late any more, and windows see it."""
    database, source = store(), feed(name, wall_clock=True)
    _tick_by_a_wrong_clock(database)
    live([source], THRICE, database)
    given = [event(number, source=name)._replace(time_us=now_us() - 5 * SECOND_US + number) for number in range(3)]
    assert source.give(*given).wait(PATIENCE_S)
    assert len(Alerts(database).all()) == alerts
