"""``sequence`` as timelines in seconds. An event's letters are the steps that it matches."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.alert import Late, Opened, TooLate
from trailbell_engine.conditions.sequence import Sequence, SequenceStep
from trailbell_engine.conditions.sequence_scan import find_ordered, stages_of
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.timestamps import SECOND_US


def at(t, letters="", **data):
    """A record of second ``t`` that matches the steps of these letters."""
    return t, {"is": list(letters), **data}


def tick(t):
    """The clock shows second ``t``: no older event is to come."""
    return t, None


def sequence(text, within_s, *by, ordered=True):
    """``"A 2*B !C"``: one A, two B, no C."""
    steps = []
    for word in text.split():
        absent, number, letter = word.startswith("!"), int(word[:-2] or 1) if "*" in word else 1, word[-1]
        steps.append(SequenceStep(word, One(parse_path("is"), "equals", letter), number, absent))
    return Sequence(tuple(steps), within_s * SECOND_US, ordered, tuple(map(parse_path, by)))


def timeline(text):
    """``"0A 10B 5T"``: A at 0, B at 10, a tick of the clock at 5."""
    for word in text.split():
        t, letters = int(word.rstrip("ABCDT")), word.lstrip("0123456789")
        yield tick(t) if letters == "T" else at(t, letters)


class TestOrdered:
    """One step after the other, all within less than ``within``."""

    @pytest.mark.parametrize(
        ("name", "steps", "events", "expected"),
        [
            ("one after the other", "A B", "0A 10B", [(10, "e1 e2")]),
            ("the wrong way round", "A B", "0B 10A", []),
            ("just within", "A B", "0A 59B", [(59, "e1 e2")]),
            ("exactly `within` apart is too far", "A B", "0A 60B", []),
            ("the first of them may be older than is of use", "A B", "0A 30A 80B", [(80, "e2 e3")]),
            ("what matches no step is passed over", "A B C", "0A 1D 2B 3D 4C", [(4, "e1 e3 e5")]),
            ("of several beginnings the last counts", "A B", "0A 10A 20B", [(20, "e2 e3")]),
            ("it consumes what it had", "A B", "0A 10B 20B", [(10, "e1 e2")]),
            ("and the earlier beginnings, too", "A B", "0A 1A 10B 20B", [(10, "e2 e3")]),
            ("the next needs all steps again", "A B", "0A 1B 2A 3B", [(1, "e1 e2"), (3, "e3 e4")]),
            ("so many of a step", "3*A B", "0A 1A 2A 3B", [(3, "e1 e2 e3 e4")]),
            ("so many are not there", "3*A B", "0A 1A 3B 4A", []),
            ("so many in time", "3*A B", "0A 30A 50A 61A 70B", [(70, "e2 e3 e4 e5")]),
            ("the same kind twice takes two events", "A A", "0A 10A 20A", [(10, "e1 e2")]),
            ("one event takes one step", "A B", "0AB", []),
            ("one event that could be either", "A B", "0A 10AB", [(10, "e1 e2")]),
            ("events of one instant go in any order", "A B C", "0C 0B 0A", [(0, "e1 e2 e3")]),
            ("also where one could be either", "A B", "0AB 0A", [(0, "e1 e2")]),
            ("a late event completes it", "A B C", "0A 20C 10B", [(10, "e1 e3 e2")]),
            ("a late event begins it", "A B", "20B 10A", [(10, "e2 e1")]),
        ],
    )
    def test_what_must_occur(self, name, steps, events, expected, firings):
        """Each row is a sequence within a minute, and a timeline."""
        assert firings(sequence(steps, 60), list(timeline(events))) == expected, name

    @pytest.mark.parametrize(
        ("name", "steps", "events", "expected"),
        [
            ("it did not occur between", "A !B C", "0A 10C", [(10, "e1 e2")]),
            ("it did", "A !B C", "0A 5B 10C", []),
            ("before the first it does not matter", "A !B C", "0B 5A 10C", [(10, "e2 e3")]),
            ("a new beginning after it", "A !B C", "0A 5B 7A 10C", [(10, "e3 e4")]),
            ("a beginning before it is spoilt, one across it is not", "2*A !B C", "0A 1A 2B 3A 4C", [(4, "e2 e4 e5")]),
            ("at the instant of a neighbour it counts", "A !B C", "0A 10B 10C", []),
            ("also of the neighbour before", "A !B C", "0A 0B 10C", []),
            ("an event that is taken is not held against itself", "A !B C", "0AB 10C", [(10, "e1 e2")]),
            ("two kinds are absent", "A !B !C D", "0A 5C 10D", []),
            ("it comes late", "A !B C", "0A 5D 20C 10B", [(20, "e1 e3")]),
        ],
    )
    def test_what_must_not_occur_between(self, name, steps, events, expected, firings):
        """An absent step between two others."""
        assert firings(sequence(steps, 60), list(timeline(events))) == expected, name

    @pytest.mark.parametrize(
        ("name", "events", "expected"),
        [
            ("not before", "10B", [(10, "e1")]),
            ("before", "0A 10B", []),
            ("before, yet longer ago than the window", "0A 60B", [(60, "e2")]),
            ("one before spoils all that follow in the window", "0A 10B 20B 61B", [(61, "e4")]),
            ("at the same instant it counts as before", "10A 10B", []),
        ],
    )
    def test_what_must_not_come_first(self, name, events, expected, firings):
        """``!A B``: a B, and no A in the window before it."""
        assert firings(sequence("!A B", 60), list(timeline(events))) == expected, name

    @pytest.mark.parametrize(
        ("name", "events", "expected"),
        [
            ("not followed", "0A 61T", [(60, "e1")]),
            ("the clock has not come so far", "0A 60T", []),
            ("followed", "0A 59B 100T", []),
            ("exactly `within` later is too late", "0A 60B 100T", [(60, "e1")]),
            ("before does not matter", "0B 10A 100T", [(70, "e2")]),
            ("at the same instant it counts as following", "0B 0A 100T", []),
            ("each has its own time", "0A 30A 100T", [(60, "e1"), (90, "e2")]),
            ("one answer is for all that wait", "0A 30A 40B 100T", []),
            ("of one instant they are one firing", "0A 0A 100T", [(60, "e1 e2")]),
            ("an event of its own time tells as a tick does", "0A 100A", [(60, "e1")]),
            ("a late answer", "0A 50D 50T 20B 100T", []),
            ("the end of a history is no end of waiting", "0A 10A", []),
        ],
    )
    def test_what_must_not_follow(self, name, events, expected, firings):
        """``A !B``: an A that is not followed by a B within a minute."""
        assert firings(sequence("A !B", 60), list(timeline(events))) == expected, name

    def test_the_time_for_an_answer_begins_with_the_first_event(self, firings):
        """``within`` is the length of the whole sequence."""
        assert firings(sequence("A B !C", 60), list(timeline("0A 50B 61T"))) == [(60, "e1 e2")]

    def test_a_late_event_whose_time_is_over_is_too_late(self, a_rule, outputs):
        """Its answer could have come; no second alert of the same instant opens."""
        told = outputs(a_rule(sequence("A !B", 60)), list(timeline("0A 30A 61T 0A 100T")))
        assert [type(output) for output in told] == [Opened, Late, TooLate, Opened]

    def test_each_key_has_its_own_steps(self, firings):
        """The steps of two keys do not make one sequence."""
        events = [at(0, "A", user="a"), at(1, "B", user="b"), at(2, "B", user="a")]
        assert firings(sequence("A B", 60, "user"), events) == [(2, "e1 e3")]


class TestUnordered:
    """All steps within the window, in whatever order."""

    @pytest.mark.parametrize(
        ("name", "steps", "events", "expected"),
        [
            ("the wrong way round", "A B", "0B 10A", [(10, "e1 e2")]),
            ("one event may be several", "A B", "0AB", [(0, "e1")]),
            ("so many of each", "2*A B", "0A 1B 2A", [(2, "e1 e2 e3")]),
            ("exactly `within` apart is too far", "A B", "0A 60B", []),
            ("it consumes what it had", "A B", "0A 1B 2A 3A 4B", [(1, "e1 e2"), (4, "e4 e5")]),
            ("absent: nothing before and nothing after", "A !B", "0A 61T", [(60, "e1")]),
            ("absent: it came before", "A !B", "0B 10A 100T", []),
            ("absent: it came after", "A !B", "0A 10B 100T", []),
            ("absent: it came longer before", "A !B", "0B 60A 200T", [(120, "e2")]),
            ("absent: it comes late", "A !B", "10A 20T 0B 100T", []),
        ],
    )
    def test_within_a_minute(self, name, steps, events, expected, firings):
        """Each row is a set of steps and a timeline."""
        assert firings(sequence(steps, 60, ordered=False), list(timeline(events))) == expected, name


class TestWords:
    """What a firing says."""

    def test_all_steps(self, a_rule, outputs):
        """Their names, how many of each, and how long it took."""
        (opened,) = outputs(a_rule(sequence("2*A B", 3600)), list(timeline("0A 60A 252B")))
        assert opened.alert.facts == {"count": 3, "steps": {"2*A": 2, "B": 1}, "within": "1h", "span_s": 252.0}
        assert opened.alert.why == "2*A, then B: in 4m12s, within 1h"

    def test_what_did_not_come(self, a_rule, outputs):
        """An absence has no time of its own."""
        (opened,) = outputs(a_rule(sequence("A !B", 60)), list(timeline("0A 61T")))
        assert opened.alert.why == "A, then no !B: within 1m"
        assert opened.alert.facts["steps"] == {"A": 1, "!B": 0}
        assert opened.alert.opened_at_us % (60 * SECOND_US) == 0
        assert opened.alert.events == ()


def occurs(steps, letters):
    """The meaning, tried out: some choice of events takes the steps in order, with no absent one between them."""
    stages, _ = stages_of(steps)
    needed = [stage for stage in stages for _ in range(stage.at_least)]
    for chosen in itertools.combinations(range(len(letters)), len(needed)):
        if all(stage.step in letters[position] for stage, position in zip(needed, chosen, strict=True)):
            ends, done = [], 0
            for stage in stages:
                done += stage.at_least
                ends.append(chosen[done - 1])
            if not any(
                set(letters[between]) & stage.guards and stage.step not in letters[between]
                for stage, start, end in zip(stages, [-1, *ends], ends, strict=False)
                for between in range(start + 1, end + 1)
                if between not in chosen
            ):
                return True
    return False


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 2)), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True), max_size=7),
)
def test_the_scan_finds_what_there_is(shapes, letters):
    """Against every choice of events tried out, on events of different instants."""
    steps = [SequenceStep(str(n), None, 1 if absent else number, absent) for n, (absent, number) in enumerate(shapes)]
    stages, _ = stages_of(steps)
    if not stages:
        return
    entries = [[t, f"e{t}", positions] for t, positions in enumerate(letters)]
    found = find_ordered(stages, entries, None)
    assert (found is not None) == occurs(steps, letters)
    if found is not None:
        times = [taken.entry[0] for taken in found]
        assert times == sorted(set(times))
        assert [taken.step for taken in found] == [stage.step for stage in stages for _ in range(stage.at_least)]
