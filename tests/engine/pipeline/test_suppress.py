"""How firings fold into the alert that is open."""

from itertools import count as count_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.alert import EVENTS_KEPT, IDS_KEPT, Alert, Opened, Resolved, Updated, fold
from trailbell_engine.conditions.absent import Absent
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.impossible_travel import ImpossibleTravel
from trailbell_engine.conditions.ongoing import Ongoing
from trailbell_engine.conditions.spike import Spike
from trailbell_engine.event import Event
from trailbell_engine.path import Path, parse_path
from trailbell_engine.predicate import Test as One
from trailbell_engine.rule import Suppress
from trailbell_engine.timestamps import SECOND_US

USER, VALUE = Path(("user",)), Path(("value",))


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def count(at_least, within_s, *by):
    return Count(at_least, within_s * SECOND_US, tuple(map(parse_path, by)))


def changed(*by, within_s=None, track_null=False, of=VALUE):
    return Changed(of, None if within_s is None else within_s * SECOND_US, track_null, tuple(map(parse_path, by)))


def _alert(contributors):
    """An alert that events (time, id) have opened."""
    times_us, ids = zip(*contributors, strict=True)
    return Alert(
        id="a",
        rule_id="r",
        rule_version="1",
        severity="low",
        key={},
        opened_at_us=times_us[-1],
        last_at_us=times_us[-1],
        event_count=len(ids),
        event_ids=ids[:IDS_KEPT],
        event_times_us=times_us[:IDS_KEPT],
        events=(),
        opener=Event("test", ids[-1], "", times_us[-1], {}),
    )


def _update(contributors):
    """A firing of events (time, id)."""
    times_us, ids = zip(*contributors, strict=True)
    return Updated("a", "r", Event("test", ids[-1], "", times_us[-1], {}), ids, 10**9, times_us)


@pytest.fixture(scope="session")
def story(outputs):
    """``opened e1``, ``folded e2 into e1``, …: events by id, alerts by the event that opened them."""

    def tell(tested, timeline):
        opener, told = {}, []
        for output in outputs(tested, timeline):
            if isinstance(output, Opened):
                opener[output.alert.id] = output.alert.opener.id
                told.append(f"opened {output.alert.opener.id}")
            elif isinstance(output, Updated):
                told.append(f"folded {output.event.id} into {opener[output.alert_id]}")
        return told

    return tell


class TestSuppress:
    """Firings within ``suppress.for`` of an alert's opening fold into it."""

    @pytest.mark.parametrize(
        ("name", "times", "expected"),
        [
            ("inside", [0, 59], ["opened e1", "folded e2 into e1"]),
            ("half open", [0, 60], ["opened e1", "opened e2"]),
            ("counted from the opening", [0, 59, 61], ["opened e1", "folded e2 into e1", "opened e3"]),
            ("a late firing folds, too", [30, 10], ["opened e1", "folded e2 into e1"]),
        ],
    )
    def test_for_a_minute(self, story, name, times, expected, a_rule):
        """The span is half open, and begins when the alert opens."""
        assert story(a_rule(Each(), 60), [at(t) for t in times]) == expected, name

    def test_zero_folds_nothing(self, story, a_rule):
        """``for: 0s`` opens an alert for every firing, whatever the condition."""
        assert story(a_rule(count(1, 60), 0), [at(0), at(0)]) == ["opened e1", "opened e2"]

    @pytest.mark.parametrize(
        ("condition", "default_s"), [(Each(), 0), (count(2, 90), 90), (changed(), 0), (changed(within_s=45), 45)]
    )
    def test_the_default(self, condition, default_s):
        """By default nothing is folded for ``each``, and ``within`` for conditions that have one."""
        assert condition.default_suppress_us == default_s * SECOND_US

    def test_the_default_of_count_at_work(self, story, a_rule):
        """A second burst in the same span folds into the first."""
        burst = [at(t) for t in (0, 1, 2, 3)]
        assert story(a_rule(count(2, 60), None), burst) == ["opened e2", "folded e4 into e2"]
        later = [at(t) for t in (0, 1, 60, 61)]
        assert story(a_rule(count(2, 60), None), later) == ["opened e2", "opened e4"]

    def test_per_key(self, story, a_rule):
        """The condition's key is the folding key unless ``suppress.by`` says otherwise."""
        timeline = [at(0, user="a"), at(1, user="b"), at(2, user="a")]
        assert story(a_rule(Each((USER,)), 60), timeline) == ["opened e1", "opened e2", "folded e3 into e1"]

    def test_by(self, story, a_rule):
        """``suppress.by`` folds across the condition's keys, or splits them."""
        timeline = [at(0, user="a", value=1), at(1, user="b", value=1), at(2, user="a", value=2)]
        across = a_rule(Each((USER,)), suppress=Suppress(60 * SECOND_US, (VALUE,)))
        assert story(across, timeline) == ["opened e1", "folded e2 into e1", "opened e3"]
        one_for_all = a_rule(Each((USER,)), suppress=Suppress(60 * SECOND_US, ()))
        assert story(one_for_all, timeline) == ["opened e1", "folded e2 into e1", "folded e3 into e1"]

    def test_the_next_alert_says_what_was_folded(self, a_rule, outputs, start_us):
        """``previous`` names the alert before it, how many firings it swallowed, and the last of them."""
        first, *_, last = outputs(a_rule(Each(), 60), [at(0), at(10), at(20), at(100)])
        assert first.alert.previous is None
        assert last.alert.previous == (first.alert.id, 2, start_us + 20 * SECOND_US)

    def test_an_alert_that_folded_nothing_leaves_nothing_to_say(self, a_rule, outputs):
        """Without folded firings there is no ``previous``."""
        _, second = outputs(a_rule(Each(), 60), [at(0), at(100)])
        assert second.alert.previous is None

    def test_what_was_folded_is_remembered_for_thirty_days(self, a_rule, outputs):
        """After that nobody wants to be told."""
        day_s = 86_400
        for t, told in ((30 * day_s + 59, True), (30 * day_s + 60, False)):
            *_, last = outputs(a_rule(Each(), 60), [at(0), at(10), at(t)])
            assert (last.alert.previous is not None) is told

    def test_folding_keeps_the_alert_s_identity(self, a_rule, outputs, start_us):
        """A folded alert counts on, keeps its newest events, and stays who it is."""
        tested = a_rule(count(2, 10), 600)
        opened, *updates = outputs(tested, [at(t) for t in range(20)])
        alert = opened.alert
        for update in updates:
            assert update.until_us == alert.opened_at_us + 600 * SECOND_US
            alert = fold(alert, update)
        assert (alert.id, alert.opener, alert.opened_at_us) == (
            opened.alert.id,
            opened.alert.opener,
            opened.alert.opened_at_us,
        )
        assert (alert.event_count, alert.firings, len(alert.event_ids)) == (20, 10, 20)
        assert alert.last_at_us == start_us + 19 * SECOND_US
        assert [event.id for event in alert.events] == ["e12", "e14", "e16", "e18", "e20"]

    def test_an_alert_lists_so_many_events_and_counts_the_rest(self, a_rule, outputs):
        """Ids stop at their limit; the number goes on, and the document says so."""
        opened, *updates = outputs(a_rule(Each(), 6_000), [at(t) for t in range(IDS_KEPT + 20)])
        alert = opened.alert
        for update in updates:
            alert = fold(alert, update)
        assert alert.event_ids == tuple(f"e{number}" for number in range(1, IDS_KEPT + 1))
        assert len(alert.events) == EVENTS_KEPT
        document = alert.to_json()
        assert (document["count"], document["event_count"]) == (IDS_KEPT + 20, IDS_KEPT + 20)
        assert "event_count" not in opened.alert.to_json()

    @given(
        opening=st.lists(st.integers(0, 40), min_size=1, max_size=60),
        updates=st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=60), max_size=8),
    )
    def test_the_list_of_events_is_in_event_order_however_they_come(self, opening, updates):
        """Whatever order firings come in, and however many events each has: the first by time and id are listed."""
        numbers = count_from(0)
        batches = [sorted((t, f"e{next(numbers)}") for t in batch) for batch in (opening, *updates)]
        alert = _alert(batches[0])
        for batch in batches[1:]:
            alert = fold(alert, _update(batch))
        expected = sorted(pair for batch in batches for pair in batch)[:IDS_KEPT]
        assert list(zip(alert.event_times_us, alert.event_ids, strict=True)) == expected
        assert alert.event_count == sum(map(len, batches))

    @pytest.mark.parametrize("journeys", [3, EVENTS_KEPT + 3, IDS_KEPT + 20])
    def test_an_event_that_two_firings_share_counts_once(self, journeys, a_rule, outputs):
        """Going to and fro, each journey begins with the event that ended the one before; also beyond the list."""
        tested = a_rule(ImpossibleTravel(VALUE, 900.0), None)
        opened, *updates = outputs(tested, [at(t, value=("GB", "US")[t % 2]) for t in range(journeys + 1)])
        alert = opened.alert
        for update in updates:
            alert = fold(alert, update)
        assert (alert.firings, alert.event_count) == (journeys, journeys + 1)
        assert alert.event_ids == tuple(f"e{number}" for number in range(1, journeys + 2))[:IDS_KEPT]

    def test_windows_that_overlap_count_their_events_once(self, a_rule, outputs):
        """Two spikes within one span have most of their events in common."""
        times = (0, 1, 1, 6, 14, 17, 20, 28, 37, 44)
        opened, update = outputs(a_rule(Spike(2, 10 * SECOND_US), None), [at(t) for t in times])[:2]
        assert set(opened.alert.event_ids) & set(update.event_ids)
        alert = fold(opened.alert, update)
        assert len(alert.event_ids) == len(set(alert.event_ids)) == alert.event_count

    def test_a_count_larger_than_the_list_of_ids(self, a_rule, outputs):
        """A window of more events than an alert lists is counted whole."""
        (opened,) = outputs(a_rule(count(150, 600)), [at(t) for t in range(150)])
        assert (opened.alert.event_count, len(opened.alert.event_ids)) == (150, IDS_KEPT)


def _ends(told, start_us):
    """``(t, what)``: each alert that opened, firing that folded, and end."""
    names = {Opened: "opened", Updated: "folded", Resolved: "resolved"}
    return [
        ((_time_us(output) - start_us) // SECOND_US, names[type(output)]) for output in told if type(output) in names
    ]


def _time_us(output):
    if isinstance(output, Resolved):
        return output.time_us
    return output.alert.opened_at_us if isinstance(output, Opened) else output.event.time_us


class TestSharedEnd:
    """What several keys share by ``suppress.by`` is over when it is over for the last of them."""

    @pytest.mark.parametrize(
        ("name", "timeline", "expected"),
        [
            (
                "the first to end is not the last",
                [(0, "a", 1), (1, "b", 1), (2, "a", 0), (3, "b", 0)],
                [(0, "opened"), (1, "folded"), (3, "resolved")],
            ),
            (
                "one of them comes back meanwhile",
                [(0, "a", 1), (1, "b", 1), (2, "a", 0), (3, "a", 1), (4, "b", 0), (5, "a", 0)],
                [(0, "opened"), (1, "folded"), (3, "folded"), (5, "resolved")],
            ),
            (
                "over, and back: its end is told again",
                [(0, "a", 1), (1, "a", 0), (2, "b", 1), (3, "b", 0)],
                [(0, "opened"), (1, "resolved"), (2, "folded"), (3, "resolved")],
            ),
            (
                "what begins after the span has an alert and an end of its own",
                [(0, "a", 1), (60, "b", 1), (61, "a", 0), (62, "b", 0)],
                [(0, "opened"), (60, "opened"), (61, "resolved"), (62, "resolved")],
            ),
        ],
    )
    def test_of_what_goes_on(self, name, timeline, expected, a_rule, outputs, start_us):
        """Rows are (second, key, whether it goes on)."""
        tested = a_rule(Ongoing(One(VALUE, "equals", 0), (USER,)), suppress=Suppress(60 * SECOND_US, ()))
        told = outputs(tested, [at(t, user=user, value=value) for t, user, value in timeline])
        assert _ends(told, start_us) == expected, name

    def test_of_silences(self, a_rule, outputs, start_us):
        """Two keys are absent; the alert ends when the second is back."""
        tested = a_rule(Absent(10 * SECOND_US, by=(USER,)), suppress=Suppress(60 * SECOND_US, ()))
        timeline = [at(0, user="a"), at(1, user="b"), (20, None), at(21, user="a"), at(22, user="b")]
        assert _ends(outputs(tested, timeline), start_us) == [(10, "opened"), (11, "folded"), (22, "resolved")]
