"""Every match ends somewhere that can be shown: in an alert, in what hinders one, or among those that came too late."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trailbell_engine.alert import Opened, Overflow, RuleError, TooLate, Updated
from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.conditions.sequence import SequenceStep
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import RuleSet
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import SECOND_US

WITHIN_S = 10
KEY = parse_path("who")


def _step(name, **more):
    return SequenceStep(name, One(parse_path("is"), "equals", name), **more)


def _build(name, **parameters):
    return CONDITIONS[name].build(by=(KEY,), **parameters)


NOT_FOLLOWED = _build("sequence", steps=(_step("A"), _step("B", absent=True)), within=WITHIN_S * SECOND_US)
SEVERAL = _build("count", at_least=3, within=WITHIN_S * SECOND_US)

ARRIVALS = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(("A", "A", "B")), st.sampled_from(("ann", "bob"))), max_size=30
)


def _timeline(arrivals):
    """In the order in which they come, which is any; at last the clock passes every deadline."""
    return [*((at, {"is": kind, "who": who}) for at, kind, who in arrivals), (200, None)]


def _told(rule, timeline, lateness_s, events_of, outputs):
    given = outputs(rule, timeline, lateness_s)
    assert not [output for output in given if isinstance(output, RuleError | Overflow)]
    told = {event_id for output in given if isinstance(output, Opened) for event_id in output.alert.event_ids}
    told |= {event_id for output in given if isinstance(output, Updated) for event_id in output.event_ids}
    late = Counter(output.event.id for output in given if isinstance(output, TooLate))
    return {event.id: event for event in events_of(timeline)}, told, late


@settings(max_examples=300, deadline=None)
@given(arrivals=ARRIVALS, lateness_s=st.sampled_from((0, 5)), suppress_s=st.sampled_from((0, 30)))
@example(arrivals=[(50, "A", "ann"), (0, "A", "ann")], lateness_s=0, suppress_s=0)
@example(arrivals=[(50, "B", "bob"), (0, "A", "ann")], lateness_s=0, suppress_s=0)
@example(arrivals=[(0, "A", "ann"), (60, "B", "bob"), (1, "A", "ann")], lateness_s=0, suppress_s=0)
def test_what_is_not_followed_is_told_of(arrivals, lateness_s, suppress_s, a_rule, events_of, outputs):
    """Each A without a B of its key within the span is in an alert, or was said to have come too late."""
    timeline = _timeline(arrivals)
    events, told, late = _told(a_rule(NOT_FOLLOWED, suppress_s), timeline, lateness_s, events_of, outputs)
    hinders = [(event.data["who"], event.time_us) for event in events.values() if event.data["is"] == "B"]
    for event in events.values():
        followed = any(
            who == event.data["who"] and event.time_us <= at_us < event.time_us + WITHIN_S * SECOND_US
            for who, at_us in hinders
        )
        if event.data["is"] == "A" and not followed:
            assert event.id in told or late[event.id], (event.id, events)
    assert set(late.values()) <= {1}


@pytest.mark.parametrize("lateness_s", [0, 5])
def test_a_late_beginning_whose_end_has_passed_is_counted(lateness_s, a_rule, outputs):
    """Whether a B followed is forgotten by then: it is no alert, and it is no silence."""
    timeline = [(100, {"is": "B", "who": "bob"}), (107, {"is": "C", "who": "bob"}), (1, {"is": "A", "who": "ann"})]
    late = [output for output in outputs(a_rule(NOT_FOLLOWED), timeline, lateness_s) if isinstance(output, TooLate)]
    assert [output.event.data["is"] for output in late] == ["A"]


@settings(max_examples=200, deadline=None)
@given(arrivals=ARRIVALS)
def test_a_match_that_leaves_no_trace_is_too_late(arrivals, a_rule, events_of):
    """After each event of a window, its key has a living memory of it, has fired, or says that it came too late."""
    rule = a_rule(SEVERAL)
    pipeline, state, newest_us = Pipeline(RuleSet([rule])), MemoryState(), 0
    for event in events_of(_timeline(arrivals)[:-1]):
        given = pipeline.take(event, state)
        newest_us = max(newest_us, event.time_us)
        known = [
            kept
            for slot, kept in state.items()
            if slot.part == "when" and event.data["who"] in slot.key and event.id in str(kept.value)
        ]
        alive = any(kept.expires_us is None or kept.expires_us > newest_us for kept in known)
        said = any(isinstance(output, Opened | Updated | TooLate) for output in given)
        assert alive or said, (event, given)
