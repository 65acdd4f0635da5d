"""The promises everything else stands on: same inputs, same alerts, however they are cut, restarted or shuffled."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.alert import Late, Matched, Opened, Resolved, RuleError, Updated, fold, resolve
from trailbell_engine.cells import Cell, Tracked
from trailbell_engine.codec import encode_alert
from trailbell_engine.conditions.absent import Absent
from trailbell_engine.conditions.base import TOO_LATE, Firing, Remembering, Step
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.conditions.impossible_travel import ImpossibleTravel
from trailbell_engine.conditions.metric import Metric
from trailbell_engine.conditions.ongoing import Ongoing
from trailbell_engine.conditions.ratio import Ratio
from trailbell_engine.conditions.sequence import Sequence, SequenceStep
from trailbell_engine.conditions.spike import Spike
from trailbell_engine.event import LEAVES_US, Event, Tick
from trailbell_engine.path import Path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS, Not
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.state import CachedState, Kept, MemoryState, Slot, Wake
from trailbell_engine.timestamps import SECOND_US

LONG = bool(os.environ.get("TRAILBELL_LONG"))
thoroughly = settings(max_examples=5_000 if LONG else 200, deadline=None)

LATENESS_S = 20
USER, VALUE, PLACE = Path(("user",)), Path(("value",)), Path(("place",))
BYS = st.sampled_from(((), (USER,), (USER, VALUE)))
SPANS_US = st.sampled_from((5, 20, 60)).map(lambda seconds: seconds * SECOND_US)


@dataclass(frozen=True)
class Quiet(Remembering):
    """A condition that fires because nothing came: a key was not seen for a span, until it is seen again.

    Its state is ``[last seen, id of that event, fired]``.
    """

    span_us: int
    by: tuple = ()
    default_suppress_us = 0

    def begin(self, _event):
        return []

    def step(self, state, event):
        if state and event.time_us <= state[0]:
            return TOO_LATE  # were it taken, the same instant could open two alerts
        resolved = bool(state and state[2])
        state[:] = event.time_us, event.id, False
        return Step(resolved=resolved)

    def wakes_us(self, state):
        return None if state[2] else state[0] + self.span_us

    def wake(self, state, _time_us):
        state[2] = True
        return Step(Firing((state[1],), {"since_us": state[0]}, "quiet", lasting=True))

    def expires_us(self, _state):
        return None

    def to_json(self):
        return {"quiet": self.span_us, "by": [str(path) for path in self.by]}


MEETS_ONE = One(VALUE, "equals", 1)
STEPS = st.sampled_from(
    (
        (SequenceStep("one", MEETS_ONE), SequenceStep("two", ALWAYS, at_least=2)),
        (SequenceStep("one", MEETS_ONE), SequenceStep("none", One(VALUE, "equals", "x"), absent=True)),
        (SequenceStep("none", MEETS_ONE, absent=True), SequenceStep("x", One(VALUE, "equals", "x"))),
        (
            SequenceStep("any", ALWAYS, at_least=2),
            SequenceStep("none", One(VALUE, "equals", 2), absent=True),
            SequenceStep("one", MEETS_ONE),
            SequenceStep("nothing", ALWAYS, absent=True),
        ),
    )
)
SMALL = st.integers(1, 3)


def conditions(bys):
    """Every condition, by one of these keys."""
    bounds = {"min_events": st.integers(1, 3), "by": bys}
    return st.one_of(
        st.builds(Quiet, span_us=SPANS_US, by=bys),
        st.builds(Each, by=bys),
        st.builds(Count, at_least=SMALL, within=SPANS_US, by=bys),
        st.builds(Distinct, of=st.just((VALUE,)), at_least=SMALL, within=SPANS_US, by=bys),
        st.builds(
            Metric, st.sampled_from(("sum", "avg", "max", "p50")), st.just(VALUE), SPANS_US, above=SMALL, **bounds
        ),
        st.builds(Ratio, of=st.just(MEETS_ONE), within=SPANS_US, above=st.sampled_from((0, 0.5)), **bounds),
        st.builds(
            Spike, factor=st.just(2), within=SPANS_US, direction=st.sampled_from(("up", "down", "both")), **bounds
        ),
        st.builds(Absent, span=SPANS_US, fewer_than=SMALL, by=bys),
        st.builds(Ongoing, until=st.just(MEETS_ONE), by=bys),
        st.builds(FirstSeen, of=st.just((VALUE,)), within=SPANS_US, learn=st.none() | SPANS_US, by=bys),
        st.builds(Changed, of=st.just(VALUE), within=st.none() | SPANS_US, track_null=st.booleans(), by=bys),
        st.builds(Sequence, steps=STEPS, within=SPANS_US, ordered=st.booleans(), by=bys),
        st.builds(ImpossibleTravel, location=st.just(PLACE), faster_than=st.sampled_from((900.0, 1e6)), by=bys),
    )


MATCHES = st.sampled_from((ALWAYS, One(VALUE, "in", (1, "x")), Not(One(USER, "exists", True))))


@st.composite
def rule_sets(draw, bys=BYS):
    suppressions = st.builds(Suppress, st.none() | st.just(0) | SPANS_US, st.none() | bys)
    parts = draw(st.lists(st.tuples(MATCHES, conditions(bys), suppressions), min_size=1, max_size=4))
    return RuleSet([Rule(f"r{n}", "low", *two, Words("t"), suppress) for n, (*two, suppress) in enumerate(parts)])


@st.composite
def inputs(draw, sources=("files", "polled")):
    """Events of a few users and values, close together in time, in any order; ticks; sources that leave and return."""
    given_ = []
    records = st.fixed_dictionaries(
        {},
        optional={
            "user": st.sampled_from("ab"),
            "value": st.sampled_from((1, 2, "x", None, "9" * 310 + ".0")),
            "place": st.sampled_from(("GB", "IE", "US", "somewhere")),
        },
    )
    for number in range(draw(st.integers(0, 25))):
        source, time_us = draw(st.sampled_from(sources)), draw(st.integers(0, 100)) * SECOND_US
        if draw(st.integers(0, 9)) == 0:
            given_.append(Tick(draw(st.sampled_from((time_us, time_us, LEAVES_US))), source))
        given_.append(Event(source, f"e{number}", "T", time_us, draw(records)))
    return given_


class Texts:
    """The least of a store: memories as JSON text."""

    def __init__(self):
        self.texts = {}

    def load(self, shelf, key):
        text = self.texts.get((shelf.rule_id, shelf.version, shelf.part, key))
        return None if text is None else (self._cell(shelf, key, text), len(text))

    def save(self, cells):
        for cell in cells:
            slot = (cell.shelf.rule_id, cell.shelf.version, cell.shelf.part, cell.key)
            if cell.memory is None:
                self.texts.pop(slot, None)
            else:
                codec = cell.shelf.codec
                value = cell.memory if codec is None else codec.freeze(cell.memory)
                self.texts[slot] = json.dumps([value, cell.expires_us, cell.wake_us, cell.source])

    def expire(self, grain):
        self.texts = {slot: text for slot, text in self.texts.items() if json.loads(text)[1] >> GRAIN_BITS >= grain}

    def is_empty(self, shelf):
        return not self.cells(shelf)

    def cells(self, shelf):
        slots = [(slot, text) for slot, text in self.texts.items() if slot[:3] == shelf.names]
        return [self._cell(shelf, slot[3], text) for slot, text in slots]

    def tracked(self, versions, grain):
        for (rule_id, version, part, _), text in self.texts.items():
            expires = json.loads(text)[1] >> GRAIN_BITS
            if part == "when" and (rule_id, version) in versions and expires >= grain:
                yield Tracked(rule_id, version, expires, 1)

    def _cell(self, shelf, key, text):
        value, expires_us, wake_us, source = json.loads(text)
        return Cell(shelf, key, shelf.codec.thaw(value) if shelf.codec else value, expires_us, wake_us, source)


@dataclass
class Service:
    """The least that a service does around a pipeline: it records the inputs, and keeps state as JSON text."""

    rules: RuleSet
    lateness_us: dict = field(default_factory=lambda: {"polled": LATENESS_S * SECOND_US})
    limit_cells: int = 1_000
    recorded: list = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)
    watermarks: dict = field(default_factory=dict)
    left: set = field(default_factory=set)

    def __post_init__(self):
        self.start()

    def start(self):
        """Begin, or begin again after a stop, from what was kept."""
        self.state = CachedState(self.texts, limit_cells=self.limit_cells)
        self.pipeline = Pipeline(self.rules, self.lateness_us)
        for source, watermark_us in self.watermarks.items():
            held = self.recorded if source in self.lateness_us else []
            ours = (item for item in held if isinstance(item, Event) and item.source == source)
            held = [event for event in ours if event.time_us >= watermark_us]
            self.pipeline.resume(source, watermark_us, held, left=source in self.left)
        self.pipeline.resume_timers(self.state)

    def take(self, item):
        outputs = self.pipeline.take(item, self.state)
        self.state.flush()
        self.recorded.append(item)
        self.watermarks |= self.pipeline.watermarks()
        self.left = self.watermarks.keys() - self.pipeline.watermarks().keys()
        return outputs

    def close(self):
        return [output for tick in self.pipeline.closing() for output in self.take(tick)]


def run(rules, items):
    service = Service(rules)
    return [output for item in items for output in service.take(item)] + service.close()


def alerts(outputs):
    """The alerts as they stand at the end, by id."""
    standing = {}
    for output in outputs:
        if isinstance(output, Opened):
            assert output.alert.id not in standing, "two alerts share an id"
            standing[output.alert.id] = output.alert
        elif isinstance(output, Updated):
            standing[output.alert_id] = fold(standing[output.alert_id], output)
        elif isinstance(output, Resolved):
            standing[output.alert_id] = resolve(standing[output.alert_id], output)
    return standing


@thoroughly
@given(rule_sets(), inputs())
def test_the_same_inputs_give_the_same_outputs(rules, items):
    """Twice the same inputs, twice the same outputs, ids and all."""
    assert run(rules, items) == run(rules, items)


SCENARIO = """
import json, sys
from trailbell_engine.alert import Opened
from trailbell_engine.codec import encode_alert
from trailbell_engine.conditions.count import Count
from trailbell_engine.event import Event
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import Test
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.schedule import Schedule
from trailbell_engine.state import MemoryState

match = Test(parse_path("time"), "during", Schedule(days=frozenset((6, 0, 3))))
by = (parse_path("user"), parse_path("tags"))
rule = Rule("r", "low", match, Count(2, 10, by), Words("t"), Suppress(0))
pipeline, state = Pipeline(RuleSet([rule])), MemoryState()
for n in range(8):
    data = {"user": "ab"[n % 2], "tags": {"x": 1, "y": [True, None]}}
    for output in pipeline.take(Event("s", f"e{n}", "T", n, data), state):
        if isinstance(output, Opened):
            print(json.dumps(encode_alert(output.alert)))
"""


def test_alerts_do_not_depend_on_the_hash_seed():
    """Python's ``hash`` differs between processes; nothing that comes out does."""
    printed = {
        subprocess.run(
            [sys.executable, "-c", SCENARIO],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    (alert_lines,) = printed
    assert len(alert_lines.splitlines()) == 4


@thoroughly
@given(rule_sets(), inputs(), st.data())
def test_a_restart_at_any_moment_changes_nothing(rules, items, data):
    """State goes through JSON, held events are found again in the record, and the outputs are the same."""
    stops = data.draw(st.sets(st.integers(0, max(len(items), 1))))
    service, outputs = Service(rules), []
    for position, item in enumerate(items):
        if position in stops:
            service.start()
        outputs += service.take(item)
    service.start()
    assert outputs + service.close() == run(rules, items)


@thoroughly
@given(rule_sets(), inputs(), st.data())
def test_sweeping_at_any_moment_changes_nothing(rules, items, data):
    """State that has expired by the watermarks of all sources that are there may be dropped, or kept."""
    pipeline, state, outputs = Pipeline(rules, {"polled": LATENESS_S * SECOND_US}), MemoryState(), []
    for item in items:
        outputs += pipeline.take(item, state)
        if data.draw(st.booleans()) and pipeline.watermarks():
            state.sweep(min(pipeline.watermarks().values()))
    assert outputs + [output for tick in pipeline.closing() for output in pipeline.take(tick, state)] == run(
        rules, items
    )


def test_a_late_event_does_not_bring_back_what_has_expired():
    """It may ask for an instant that the watermark has passed; whether the store swept in between is not to be seen."""
    rules = RuleSet([Rule("r", "low", ALWAYS, Quiet(5 * SECOND_US, (USER,)), Words("t"), Suppress(5 * SECOND_US))])
    story = [(0, "a"), (10, "b"), (1, "a"), (11, "b")]  # a is quiet at 5, and by the late event again at 6
    items = [Event("files", f"e{n}", "T", t * SECOND_US, {"user": user}) for n, (t, user) in enumerate(story)]
    pipeline, state, outputs = Pipeline(rules), MemoryState(), []
    for item in items:
        outputs += pipeline.take(item, state)
        state.sweep(item.time_us)
    assert outputs == run(rules, items)
    assert [type(output) for output in outputs if not isinstance(output, Matched)] == [Opened, Late, Resolved, Opened]


@thoroughly
@given(rule_sets(), inputs(sources=("polled",)), st.data())
def test_disorder_within_lateness_changes_no_alert(rules, items, data):
    """Events that come in another order, none later than the lateness allows, give equal alerts."""
    events = [item for item in items if isinstance(item, Event)]
    delays = data.draw(st.lists(st.integers(0, LATENESS_S), min_size=len(events), max_size=len(events)))
    arrivals = [event.time_us + delay * SECOND_US for event, delay in zip(events, delays, strict=True)]
    shuffled = [event for _, event in sorted(zip(arrivals, events, strict=True), key=lambda pair: pair[0])]
    ordered = sorted(events, key=lambda event: event.time_us)
    outputs = run(rules, shuffled)
    assert not any(isinstance(output, Late) for output in outputs)
    assert alerts(outputs) == alerts(run(rules, ordered))


def watermark_us(item):
    """How far the time of a source has come with this input."""
    return item.time_us - (LATENESS_S * SECOND_US if isinstance(item, Event) and item.source == "polled" else 0)


def run_in_parts(rules, items, part_of, number):
    """Each part sees its own events, and of the others only how far time has come."""
    parts, outputs = [Service(rules) for _ in range(number)], []
    for item in items:
        for position, service in enumerate(parts):
            mine = isinstance(item, Event) and part_of(item) % number == position
            outputs += service.take(item if mine else Tick(watermark_us(item), item.source))
    ends = {}
    for service in parts:
        for tick in service.pipeline.closing():
            ends[tick.source] = max(tick.time_us, ends.get(tick.source, tick.time_us))
    return outputs + [
        output for service in parts for source, at_us in ends.items() for output in service.take(Tick(at_us, source))
    ]


@thoroughly
@given(rule_sets(bys=st.sampled_from(((USER,), (USER, VALUE)))), inputs(), st.sampled_from((2, 7)))
def test_partitions_by_key_change_no_alert(rules, items, number):
    """Where every key and every folding has the user in it, each user's events may be evaluated elsewhere."""
    users = {"a": 0, "b": 1, None: 2}
    outputs = run_in_parts(rules, items, lambda event: users[event.data.get("user")], number)
    assert alerts(outputs) == alerts(run(rules, items))


@thoroughly
@given(rule_sets(), inputs())
def test_alert_ids_are_unique_and_folding_finds_its_alert(rules, items):
    """No two alerts of a run share an id, and every folded firing names an alert that was opened before."""
    for alert in alerts(run(rules, items)).values():
        by_silence = alert.opener.id.startswith("@")  # then perhaps nothing contributed at all
        assert alert.event_count >= len(alert.event_ids)
        assert by_silence or alert.opener.id in alert.event_ids
        json.dumps(encode_alert(alert))


@thoroughly
@given(rule_sets(), inputs())
def test_every_event_is_evaluated_once_per_rule(rules, items):
    """Held or late, each event that matches is told as a match exactly once per rule."""
    rules = RuleSet([*rules, Rule("all", "info", ALWAYS, Each(), Words("t"))])
    seen = [output.event.id for output in run(rules, items) if isinstance(output, Matched) and output.rule_id == "all"]
    assert sorted(seen) == sorted(item.id for item in items if isinstance(item, Event))


@dataclass(frozen=True)
class Broken(Each):
    """A condition with a bug that shows on some events."""

    def step(self, state, event):
        if event.data.get("value") == 1:
            raise ZeroDivisionError("a bug")
        return super().step(state, event)


@thoroughly
@given(rule_sets(), inputs())
def test_a_rule_that_fails_disturbs_no_other(rules, items):
    """Its failures are outputs with their reason; the other rules, and the rule itself on other events, go on."""
    broken = Rule("broken", "low", ALWAYS, Broken(), Words("t"))
    rules_and_bugs = RuleSet([broken, *rules])
    outputs = run(rules_and_bugs, items)
    failures = [output for output in outputs if isinstance(output, RuleError)]
    ones = [item for item in items if isinstance(item, Event) and item.data.get("value") == 1]
    assert {failure.event.id for failure in failures} == {event.id for event in ones}
    assert {failure.reason for failure in failures} <= {"ZeroDivisionError: a bug"}
    assert [output for output in outputs if rule_of(output) != "broken"] == run(rules, items)


def rule_of(output):
    return output.alert.rule_id if isinstance(output, Opened) else getattr(output, "rule_id", None)


def test_state_is_forgotten_once_it_can_change_nothing():
    """Memory does not grow with the number of keys seen, only with those a window can still reach."""
    rules = RuleSet([Rule("r", "low", ALWAYS, Count(2, 10 * SECOND_US, (USER,)), Words("t"))])
    pipeline, state = Pipeline(rules), MemoryState(limit_cells=100, together_bytes=0)
    for number in range(10_000):
        pipeline.take(Event("files", f"e{number}", "T", number * SECOND_US, {"user": str(number)}), state)
        state.sweep(number * SECOND_US)
    assert len(state) <= 300  # those at hand, and those that expire within two grains of time


def test_memory_state_keeps_and_forgets():
    """What was put is there; None forgets it; what never expires outlives every sweep."""
    state = MemoryState(limit_cells=0, together_bytes=0)
    slot, other = Slot("r", "v", "when", "[]"), Slot("r", "v", "when", '["x"]')
    lasting, passing = Kept([1]), Kept([2], 10 << GRAIN_BITS, Wake(5, "files"))
    state.put(slot, lasting)
    state.put(other, passing)
    assert (state.get(slot), state.get(other), len(state)) == (lasting, passing, 2)
    for grain, left in ((10, passing), (11, None)):
        state.refresh()
        state.sweep(grain << GRAIN_BITS)
        assert (state.get(slot), state.get(other)) == (lasting, left)
    state.put(slot, None)
    assert len(state) == 0


@thoroughly
@given(rule_sets(), inputs(), st.sampled_from((0, 2, 1_000)))
def test_how_much_is_kept_at_hand_changes_nothing(rules, items, limit_cells):
    """Memories that are packed and unpacked at every step are those that stay as they are."""
    pipeline, state, outputs = Pipeline(rules, {"polled": LATENESS_S * SECOND_US}), MemoryState(0, limit_cells, 0), []
    for item in items:
        outputs += pipeline.take(item, state)
    outputs += [output for tick in pipeline.closing() for output in pipeline.take(tick, state)]
    service = Service(rules, limit_cells=limit_cells)
    assert outputs == [output for item in items for output in service.take(item)] + service.close()
    assert outputs == run(rules, items)
