"""The ids of an alert are in event order, whenever the events came and in however many firings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.alert import IDS_KEPT, Opened, Resolved, Updated, fold, resolve
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.timestamps import SECOND_US

ALERTS = [
    CONDITIONS["each"].build(by=()),
    CONDITIONS["count"].build(at_least=2, within=60 * SECOND_US, by=()),
]


def _alerts(outputs):
    """The alerts as they are in the end."""
    alerts = {}
    for output in outputs:
        match output:
            case Opened(alert):
                alerts[alert.id] = alert
            case Updated():
                alerts[output.alert_id] = fold(alerts[output.alert_id], output)
            case Resolved():
                alerts[output.alert_id] = resolve(alerts[output.alert_id], output)
    return list(alerts.values())


@settings(max_examples=200, deadline=None)
@given(seconds=st.lists(st.integers(0, 50), min_size=1, max_size=30), condition=st.sampled_from(ALERTS))
def test_ids_are_in_event_order(seconds, condition, a_rule, outputs, events_of):
    """Late events and those of later firings take their place among the ids; none is listed twice."""
    timeline = [(second, {}) for second in seconds]
    times = {event.id: event.time_us for event in events_of(timeline)}
    for alert in _alerts(outputs(a_rule(condition, 3_600), timeline)):
        assert [times[event_id] for event_id in alert.event_ids] == list(alert.event_times_us)
        assert list(alert.event_ids) == sorted(alert.event_ids, key=lambda event_id: (times[event_id], event_id))
        assert len(set(alert.event_ids)) == len(alert.event_ids) == alert.event_count
        assert decode_alert(encode_alert(alert)) == alert


def test_of_many_the_first_are_kept(a_rule, outputs):
    """A late event pushes out the last id that was listed, and is counted like the others."""
    timeline = [(second, {}) for second in range(10, 10 + IDS_KEPT + 5)] + [(1, {})]
    (alert,) = _alerts(outputs(a_rule(ALERTS[0], 3_600), timeline))
    late = f"e{len(timeline)}"
    assert alert.event_ids[0] == late
    assert alert.event_ids[-1] == f"e{IDS_KEPT - 1}"
    assert len(alert.event_ids) == IDS_KEPT
    assert alert.event_count == IDS_KEPT + 6


ABSENT = CONDITIONS["absent"].build(**{"for": 10 * SECOND_US, "fewer_than": 1}, by=())


@pytest.mark.parametrize(("suppress_s", "told"), [(0, 2), (3_600, 1)])
def test_what_comes_back_after_its_end_is_open_again(suppress_s, told, a_rule, outputs):
    """Folded or not, a second silence is open until it ends, and its end is told, too."""
    timeline = [(0, {}), (15, {}), (30, {}), (32, None)]
    given_ = outputs(a_rule(ABSENT, suppress_s), timeline)
    assert [type(output).__name__ for output in given_ if isinstance(output, Opened | Updated | Resolved)] == (
        ["Opened", "Resolved", "Opened", "Resolved"] if told == 2 else ["Opened", "Resolved", "Updated", "Resolved"]
    )
    assert [alert.state for alert in _alerts(given_)] == ["resolved"] * told
    assert _alerts(given_[:-1])[-1].state == "open"
