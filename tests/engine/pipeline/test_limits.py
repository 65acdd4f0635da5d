"""``limits: {keys: N}``: a rule remembers so many keys at once, and says of each match that it passed it over."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.alert import Opened, Untracked
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.event import Event, Tick
from trailbell_engine.path import Path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import SECOND_US

GRAIN_S = (1 << GRAIN_BITS) / SECOND_US
USER, VALUE = Path(("user",)), Path(("value",))


def a_rule(condition, keys):
    """The rule ``r``, with so many keys."""
    return RuleSet([Rule("r", "low", ALWAYS, condition, Words("t"), Suppress(0), max_keys=keys)])


def events(*moments):
    """One event of a user at each second."""
    return [
        Event("s", f"e{n}", "T", int(t * SECOND_US), {"user": user, "value": n}) for n, (t, user) in enumerate(moments)
    ]


def passed_over(rules, items, state=None):
    """The ids of the events that were not evaluated, and of those that opened an alert."""
    pipeline, state = Pipeline(rules), state or MemoryState()
    outputs = [output for item in items for output in pipeline.take(item, state)]
    return (
        [output.event.id for output in outputs if isinstance(output, Untracked)],
        [output.alert.opener.id for output in outputs if isinstance(output, Opened)],
    )


def test_keys_beyond_the_limit_are_passed_over_aloud():
    """The keys that came first stay exact; of the others each match is told."""
    items = events((0, "a"), (1, "b"), (2, "c"), (3, "c"), (4, "a"), (5, "b"))
    assert passed_over(a_rule(Count(2, 60 * SECOND_US, (USER,)), 2), items) == (["e2", "e3"], ["e4", "e5"])


def test_a_key_that_is_done_makes_room():
    """A firing consumes the window: its key is remembered no more."""
    items = events((0, "a"), (1, "a"), (2, "b"), (3, "c"), (4, "b"))
    assert passed_over(a_rule(Count(2, 60 * SECOND_US, (USER,)), 1), items) == (["e3"], ["e1", "e4"])


def test_a_key_that_has_expired_makes_room_when_its_grain_is_over():
    """It counts a little longer than it need, and then no more."""
    rules = a_rule(Count(2, 10 * SECOND_US, (USER,)), 1)
    soon, later = 11, 10 + 2 * GRAIN_S
    assert passed_over(rules, events((0, "a"), (soon, "b")))[0] == ["e1"]
    assert passed_over(rules, events((0, "a"), (later, "b")))[0] == []


def test_a_key_without_memory_needs_no_room():
    """What fires on the first event remembers nothing; neither does a rule without memory."""
    items = events((0, "a"), (1, "b"), (2, "c"))
    assert passed_over(a_rule(Each((USER,)), 1), items) == ([], ["e0", "e1", "e2"])
    assert passed_over(a_rule(Count(1, 60 * SECOND_US, (USER,)), 1), items) == ([], ["e0", "e1", "e2"])


MOMENTS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcdef")), max_size=40)
CONDITIONS = st.sampled_from(
    (
        Count(2, 20 * SECOND_US, (USER,)),
        FirstSeen((VALUE,), 30 * SECOND_US, None, (USER,)),
        Count(3, 200 * SECOND_US, (USER,)),
    )
)


@settings(max_examples=300, deadline=None)
@given(MOMENTS, CONDITIONS, st.integers(1, 4), st.sampled_from((0, 2, 1_000)), st.data())
def test_who_is_passed_over_is_a_function_of_the_inputs(moments, condition, keys, limit_cells, data):
    """It does not depend on when state is swept, on how much is at hand, or on restarts."""
    rules, items = a_rule(condition, keys), events(*moments)
    expected = _outputs(rules, items, MemoryState(), lambda: False)
    swept = MemoryState(0, limit_cells, 0)
    assert _outputs(rules, items, swept, lambda: data.draw(st.booleans())) == expected


def _outputs(rules, items, state, interferes):
    pipeline, outputs = Pipeline(rules), []
    for item in items:
        outputs += pipeline.take(item, state)
        if interferes():
            state.sweep(min(pipeline.watermarks().values()))
        if interferes():
            before, pipeline = pipeline, Pipeline(rules)
            for source, watermark_us in before.watermarks().items():
                pipeline.resume(source, watermark_us, ())
            pipeline.resume_timers(state)
    return outputs


@settings(max_examples=200, deadline=None)
@given(MOMENTS, CONDITIONS)
def test_below_the_limit_it_is_as_if_there_were_none(moments, condition):
    """Nobody is passed over where all keys have room."""
    items = [*events(*moments), Tick(1_000 * SECOND_US, "s")]
    assert passed_over(a_rule(condition, 6), items) == passed_over(a_rule(condition, 10_000_000), items)
    assert passed_over(a_rule(condition, 6), items)[0] == []
