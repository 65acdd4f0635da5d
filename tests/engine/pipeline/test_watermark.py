"""Event time put in order: lateness, ticks, sources."""

from trailbell_engine.alert import Late, Matched, Opened
from trailbell_engine.conditions.each import Each
from trailbell_engine.event import Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


class TestWatermark:
    """Lateness per source: events are held, put in order, and let go as the watermark passes them."""

    def test_an_event_is_held_until_the_watermark_has_passed_it(self, a_rule, events_of, start_us):
        """The watermark is the newest event less the lateness; an event exactly there still waits."""
        pipeline, state = Pipeline(RuleSet([a_rule(Each())]), {"test": 60 * SECOND_US}), MemoryState()
        first, second, third = events_of([at(0), at(60), at(61)])
        assert pipeline.take(first, state) == []
        assert pipeline.take(second, state) == []
        assert pipeline.watermarks() == {"test": start_us}
        assert [output.event.id for output in pipeline.take(third, state) if isinstance(output, Matched)] == ["e1"]
        assert pipeline.held == 2

    def test_a_tick_lets_events_go(self, a_rule, events_of, start_us):
        """The clock says that nothing older is expected: what is older is let go, and what comes after it is late."""
        pipeline, state = Pipeline(RuleSet([a_rule(Each())]), {"test": 60 * SECOND_US}), MemoryState()
        first, second = events_of([at(0), at(1)])
        pipeline.take(first, state)
        released = pipeline.take(Tick(start_us + 2 * SECOND_US, "test"), state)
        assert [type(output) for output in released] == [Matched, Opened]
        late, *_ = pipeline.take(second, state)
        assert late == Late(second, start_us + 2 * SECOND_US)

    def test_events_of_one_instant_are_ordered_by_id(self, a_rule, events_of, close):
        """Whatever order they came in."""
        pipeline, state = Pipeline(RuleSet([a_rule(Each())]), {"test": SECOND_US}), MemoryState()
        first, second = events_of([at(0), at(0)])
        pipeline.take(second, state)
        pipeline.take(first, state)
        assert [output.event.id for output in close(pipeline, state) if isinstance(output, Matched)] == ["e1", "e2"]

    def test_sources_do_not_hold_each_other_up(self, a_rule, events_of, close):
        """Each source has its own watermark."""
        pipeline, state = Pipeline(RuleSet([a_rule(Each())]), {"slow": 60 * SECOND_US}), MemoryState()
        (event,) = events_of([at(0)])
        assert pipeline.take(event._replace(source="slow"), state) == []
        assert len(pipeline.take(event, state)) == 2
        assert len(close(pipeline, state)) == 2
        assert pipeline.held == 0

    def test_many_events_that_wait_take_less_room(self, a_rule, events_of, close, monkeypatch):
        """Beyond some thousand they are held as JSON, and come out as they went in."""
        monkeypatch.setattr("trailbell_engine.watermark.AT_HAND", 2)
        pipeline, state = Pipeline(RuleSet([a_rule(Each())]), {"test": 60 * SECOND_US}), MemoryState()
        events = events_of([at(n, big=10**30, text="\u00e9", nested={"a": [1.0, None]}) for n in range(5)])
        for event in reversed(events):
            assert pipeline.take(event, state) == []
        assert [output.event for output in close(pipeline, state) if isinstance(output, Matched)] == events
