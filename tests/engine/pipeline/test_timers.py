"""Wake-up calls come in order, once, when they are due, however often they are put off."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.timers import Call, Timers

CALLS = st.builds(Call, st.sampled_from(("r1", "r2")), st.just("v"), st.sampled_from(('["a"]', '["b"]', "[]")))
INSTANTS = st.integers(0, 6 << GRAIN_BITS) | st.integers(0, 20)
ASKING = st.tuples(CALLS, INSTANTS | st.none())


@settings(max_examples=500, deadline=None)
@given(st.lists(ASKING | INSTANTS, max_size=60))
def test_calls_come_as_their_memories_ask_for_them(story):
    """A story of memories that ask for calls, put them off, bring them forward, or ask for none; and of the clock."""
    timers, asked, now_us, told, expected = Timers(), {}, 0, [], []
    for moment in story:
        if isinstance(moment, tuple) and isinstance(moment[0], Call):
            call, at_us = moment
            before_us, asked[call] = asked.get(call), at_us
            if at_us is not None and (before_us is None or at_us < before_us):
                timers.add("s", call, at_us)
            continue
        now_us = max(now_us, moment)
        due = sorted((at_us, call) for call, at_us in asked.items() if at_us is not None and at_us < now_us)
        expected += due
        for at_us, call in timers.before("s", now_us, lambda _, call: asked[call]):
            told.append((at_us, call))
            asked[call] = None
        assert timers.next_us >= now_us
    assert told == expected


def test_each_source_has_its_own_clock():
    """What is due by one clock is not by another."""
    timers = Timers()
    timers.add("a", Call("r", "v", "[]"), 10)
    timers.add("b", Call("r", "v", "[]"), 10)
    assert list(timers.before("a", 11, lambda *_: 10)) == [(10, Call("r", "v", "[]"))]
    assert list(timers.before("a", 11, lambda *_: 10)) == []
    assert list(timers.before("b", 11, lambda *_: 10)) == [(10, Call("r", "v", "[]"))]


def test_a_call_that_is_put_off_again_and_again_is_filed_once():
    """A key that is seen all the time costs its timer nothing."""
    timers, call, due = Timers(), Call("r", "v", '["busy"]'), {}
    looks = 0

    def asks(_source, asked):
        nonlocal looks
        looks += 1
        return due[asked]

    timers.add("s", call, 1 << GRAIN_BITS)
    for second in range(3_600):
        now_us = second * 1_000_000
        due[call] = now_us + (10 << GRAIN_BITS)
        assert list(timers.before("s", now_us, asks)) == []
    assert looks < 20


def test_a_call_during_a_call_comes_in_its_turn():
    """What a memory asks for while others are looked at is looked at, too, if it is due."""
    timers, told = Timers(), []
    first, second = Call("r", "v", '["a"]'), Call("r", "v", '["b"]')
    due = {first: 5, second: 7}
    timers.add("s", first, 5)
    for at_us, call in timers.before("s", 10, lambda _, call: due[call]):
        told.append((at_us, call))
        if call == first:
            timers.add("s", second, 7)
    assert told == [(5, first), (7, second)]
