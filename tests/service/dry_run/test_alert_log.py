"""Packed alerts are the alerts: whatever comes, they read as if they had been kept whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.dryrun.alert_log import AlertLog
from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Alert, Resolved, Updated, alert_id, fold, resolve
from trailbell_engine.event import Event


def _event(number, time_us):
    return Event("s", f"e{number}", "T", time_us, {"n": number, "deep": {"list": [number, None, 2**70]}})


def _alert(event, rule_id):
    return Alert(
        id=alert_id(rule_id, {}, event),
        rule_id=rule_id,
        rule_version="v",
        severity="low",
        key={},
        opened_at_us=event.time_us,
        last_at_us=event.time_us,
        event_count=1,
        event_ids=(event.id,),
        events=(event,),
        opener=event,
    )


steps = st.lists(st.tuples(st.sampled_from(["open", "update", "resolve"]), st.integers(0, 50), st.integers(0, 3)))


@given(steps=steps, at_hand=st.sampled_from([0, 1, 3, 1_000]))
@settings(max_examples=150, deadline=None)
def test_it_reads_as_a_plain_dictionary_would(steps, at_hand):
    """Against folding whole alerts in a dictionary, however many are packed."""
    log, plain, names = AlertLog(at_hand), {}, []
    for number, (kind, time_us, place) in enumerate(steps):
        event = _event(number, time_us)
        if kind == "open":
            stored = StoredAlert(_alert(event, f"r{place}"), {"title": f"t{number}"})
            log.open(stored)
            plain[stored.alert.id] = stored
            names.append(stored.alert.id)
        elif names:
            name = names[place % len(names)]
            before = plain[name]
            if kind == "update":
                output = Updated(name, before.alert.rule_id, event, (event.id,), 0)
                log.update(output)
                plain[name] = before._replace(alert=fold(before.alert, output))
            else:
                ended = Resolved(name, before.alert.rule_id, time_us)
                log.resolve(ended)
                plain[name] = before._replace(alert=resolve(before.alert, ended))
    expected = sorted(
        plain.values(), key=lambda stored: (stored.alert.opened_at_us, stored.alert.rule_id, stored.alert.id)
    )
    assert list(log) == expected
    assert log[:] == expected
    assert len(log) == len(expected)
    assert [head.id for head in log.heads()] == [stored.alert.id for stored in expected]
    assert all(log.get(stored.alert.id) == stored for stored in expected)


def test_an_unknown_alert_is_none():
    """Asking for what is not there is no error."""
    assert AlertLog().get("x") is None
