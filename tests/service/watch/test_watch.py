"""The ledger of real sources, run by run: what nobody ran for, what was read afterwards, what was lost."""

from __future__ import annotations

import pytest

from trailbell.drive import Given, commit
from trailbell.recorder import Recorder
from trailbell.replay import dry_run_store
from trailbell.sources.base import Batch
from trailbell.sources.errors import SourceError
from trailbell.sources.files import FileSource
from trailbell.sources.inbox import Inbox
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.window import Window
from trailbell.sources.windows import WindowSource
from trailbell.store.coverage import read_covered, read_episodes
from trailbell.store.history import History
from trailbell.store.ledger import StoreLedger
from trailbell.store.rule_versions import RuleVersions
from trailbell.warm_up import warm_up
from trailbell.watch.limits import Limits
from trailbell.watch.spans import Span
from trailbell.watch.view import coverage_view
from trailbell.watch.watch import Watch
from trailbell.wording import Wording
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import LEAVES_US, Event, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US, parse_time

pytestmark = pytest.mark.parametrize("backend", ["sqlite", "postgres"])
DAY = parse_time("2026-11-02T00:00:00Z")
LIMITS = Limits("vonage", failing_after_us=5 * MINUTE_US)


def clock(hours):
    """So many hours after midnight."""
    return DAY + round(hours * HOUR_US)


class Account:
    """An API that polls are made of, with a clock of the test's; it can be away."""

    def __init__(self):
        self.now_us = clock(0)
        self.away = False
        self.name = "vonage"

    def source(self):
        polling = Polling(first_us=HOUR_US, lateness_us=0)
        pace = Pace(follow=False, now_us=lambda: self.now_us)
        return WindowSource(self._read, PRESETS["vonage"], polling, name=self.name, pace=pace)

    def _read(self, _from_us, _to_us):
        if self.away:
            raise SourceError("the server answers 503", "", transient=True)
        return Window([], "here")


class Machine:
    """Runs over one store, one after another, each as short as that of cron."""

    def __init__(self, database, account, limits=None):
        self.database, self.account = database, account
        self.limits = {"vonage": LIMITS} if limits is None else limits

    def run(self, hours, *sources):
        """One run at that time of day; what it recorded of its own."""
        self.account.now_us = clock(hours)
        self.watch = Watch(self.database, self.limits, lambda: self.account.now_us)
        self._ledger, self._pipeline = StoreLedger(self.database), Pipeline(self.rules)
        self._sink = Recorder(Wording(self.rules).of)
        self.watch.begin(sources or [self.account.source()])
        errors = {}
        for source in sources or [self.account.source()]:
            try:
                for batch in source.batches(self._ledger.checkpoint(source.name)):
                    self.take(source.name, batch)
            except SourceError as error:
                errors[source.name] = error.message
        inputs = self.watch.look(lambda: errors, now=True, over=not errors)
        self.take("trailbell", Batch(inputs))
        return [item.event_type for item in inputs if isinstance(item, Event)]

    def take(self, name, batch):
        commit([Given(name, batch)], self._pipeline, self._ledger, self._sink, self.watch.took)

    def gaps(self, hours, **window):
        """What the ledger says was not read: from, until (hours), why."""
        view = coverage_view(self.database, clock(hours), **window)
        return [
            ((gap.span.from_us - DAY) / HOUR_US, (gap.span.until_us - DAY) / HOUR_US, gap.why)
            for gap in view.sources[0].gaps
        ]


@pytest.fixture
def machine(store, rules):
    """Runs over the Audit API of an account."""
    made = Machine(store(), Account())
    made.rules = rules("{id: all, title: t, severity: low, match: {event_type: USER_LOGIN}}")
    return made


def test_what_nobody_ran_for_is_a_gap_until_it_is_read(machine):
    """Six hours down; then the source is away; then it is read, and the ledger says that it was late."""
    machine.run(8)
    assert machine.gaps(8.1) == []
    before = pytest.approx(8, abs=0.001)
    assert machine.gaps(14) == [(before, 14, "not read yet")]
    machine.account.away = True
    machine.run(14)
    assert machine.gaps(14) == [(before, 14, "nobody ran")]
    machine.account.away = False
    machine.run(14.1)
    assert machine.gaps(14.1) == []
    (first_live, *_), late, live = [(span, was_late) for span, was_late in read_covered(machine.database)["vonage"]][
        -3:
    ]
    assert late == (Span(first_live.until_us, clock(14.1) - 15 * MINUTE_US), True)
    assert live[0].until_us == clock(14.1) - SECOND_US
    assert live[1] is False


def test_short_runs_find_together_that_a_source_fails(machine):
    """Cron every two minutes: since when it fails is remembered, and told once."""
    machine.run(8)
    machine.account.away = True
    told = [machine.run(8 + minutes / 60) for minutes in range(2, 14, 2)]
    assert told == [[], [], [], ["SOURCE_FAILING"], [], []]
    machine.account.away = False
    assert machine.run(8.5) == ["SOURCE_RECOVERED"]
    episode = next(one for one in read_episodes(machine.database) if one.trouble == "failing")
    assert (episode.trouble, episode.since_us, episode.until_us) == ("failing", clock(8 + 2 / 60), clock(8.5))


def test_a_short_failure_leaves_no_trace(machine):
    """Nobody is told, and the ledger has no row of it."""
    machine.run(8)
    machine.account.away = True
    machine.run(8.02)
    machine.account.away = False
    assert machine.run(8.04) == []
    assert read_episodes(machine.database) == []


def test_what_is_wrong_with_a_source_ends_when_it_is_not_configured_any_more(machine):
    """Its alert would be open for ever."""
    machine.account.away = True
    machine.run(8)
    assert machine.run(8.1) == ["SOURCE_FAILING"]
    machine.account.away, machine.account.name, machine.limits = False, "other", {"other": LIMITS}
    assert machine.run(8.2) == ["SOURCE_RECOVERED"]
    assert machine.run(8.3) == []
    assert [one.until_us for one in read_episodes(machine.database)] == [clock(8.2)]


def test_a_run_over_files_says_nothing_of_the_sources(machine, tmp_path):
    """`run --events` reads no source; what is wrong with one goes on."""
    machine.account.away = True
    machine.run(8)
    assert machine.run(8.1) == ["SOURCE_FAILING"]
    (tmp_path / "events.ndjson").write_text("")
    assert machine.run(8.2, FileSource([tmp_path / "events.ndjson"])) == []
    assert [one.until_us for one in read_episodes(machine.database)] == [None]


def test_a_source_that_is_read_too_slowly_lags(machine):
    """It had caught up once; then it is read up to an hour ago, for more than a moment; then it catches up."""
    machine.run(8)
    told = []
    for minutes, behind_us in ((0, HOUR_US), (1, HOUR_US), (2, HOUR_US), (3, 10 * MINUTE_US), (4, MINUTE_US)):
        machine.account.now_us = clock(10 + minutes / 60)
        span = (clock(8), machine.account.now_us - behind_us)
        machine.take("vonage", Batch([], covers=span))
        inputs = machine.watch.look(dict, now=True)
        machine.take("trailbell", Batch(inputs))
        told += [(minutes, item.event_type, item.data["lag_s"]) for item in inputs if isinstance(item, Event)]
    assert told == [(1, "SOURCE_LAGGING", 3600), (4, "SOURCE_CAUGHT_UP", 60)]


def test_what_was_heard_right_before_a_crash_is_known(machine, event):
    """It is noted with the event, or the next run would think that the source had been quiet all the time."""
    machine.limits = {"vonage": Limits("vonage", quiet_after_us=HOUR_US)}
    machine.run(8)
    machine.account.now_us += SECOND_US
    machine.take("vonage", Batch([event(1)._replace(time_us=clock(8))]))
    machine.account.now_us += 2 * MINUTE_US
    after = Watch(machine.database, machine.limits, lambda: machine.account.now_us)
    after.begin([machine.account.source()])
    assert after.look(dict, now=True) == []


def test_what_is_recorded_replays_and_the_clock_leaves_when_all_is_well(machine):
    """Events of our own, ticks while something is wrong, and one that says that no more come."""
    machine.account.away = True
    machine.run(8)
    machine.run(8.1)
    machine.account.away = False
    machine.run(8.2)
    machine.run(8.3)
    inputs = [item for batch in History(machine.database).batches(None) for item in batch.inputs]
    own = [item for item in inputs if item.source == "trailbell"]
    assert [item.event_type if isinstance(item, Event) else item.time_us == LEAVES_US for item in own] == [
        *("SOURCE_FAILING", False),
        *("SOURCE_RECOVERED", True),
    ]
    (failing, *_) = own
    assert failing.data["since"] == "2026-11-02T08:00:00Z"
    assert failing.data["reason"] == "the server answers 503"


def test_a_dry_run_says_what_it_cannot_know(machine):
    """Over a store with a gap: the sentence stands in the report, and the gap in its document."""
    machine.run(8)
    machine.account.away = True
    machine.run(14)
    report = dry_run_store(machine.rules, machine.database, until_us=clock(14))
    assert (
        "vonage was not read from 2026-11-02T07:59:59Z to 2026-11-02T14:00:00Z: nobody ran" in report.reading.remarks(0)
    )
    assert report.to_json()["events"]["unread"][0]["why"] == "nobody ran"
    assert dry_run_store(machine.rules, machine.database, until_us=clock(7.9)).reading.unread == ()


def test_what_others_send_while_nobody_listens_is_lost(machine, event):
    """A push source keeps nothing: the time in which nobody ran stays a gap."""
    machine.limits = {}
    for hours in (8, 12):
        inbox = Inbox("app")
        inbox.offer([Tick(clock(hours) - SECOND_US, "app")], lambda: None)
        inbox.stop()
        machine.run(hours, inbox)
        machine.account.now_us += MINUTE_US
        machine.take("app", Batch([Tick(machine.account.now_us, "app")]))
    _, (second, _) = read_covered(machine.database)["app"]
    assert second == Span(clock(12), clock(12) + MINUTE_US)
    (gap,) = machine.gaps(12.1)
    assert gap[2] == "nobody ran"


def test_a_rule_has_seen_what_was_read_while_it_ran(machine, rules):
    """A rule that is new at noon has not seen the morning, though it may have learned from it."""
    machine.run(8)
    warm_up(machine.rules, machine.database)
    machine.run(9)
    machine.rules = rules("{id: new, title: t, severity: low, match: {event_type: USER_LOGIN}}")
    warm_up(machine.rules, machine.database)
    machine.run(10)
    old, new = sorted(coverage_view(machine.database, clock(10)).rules, key=lambda rule: rule.id)
    reached = clock(9) - SECOND_US
    assert (old.id, new.id) == ("all", "new")
    assert list(new.seen["vonage"]) == [Span(reached, clock(10) - SECOND_US)]
    assert list(new.missed["vonage"]) == [Span(clock(7), reached)]
    assert old.missed["vonage"][-1] == Span(reached, clock(10) - SECOND_US)
    assert RuleVersions(machine.database).running() == {(rule.id, rule.version) for rule in machine.rules}


def test_nothing_is_known_of_an_empty_store(store):
    """And nothing is claimed."""
    view = coverage_view(store(), clock(1))
    assert (list(view.sources), list(view.rules)) == ([], [])
