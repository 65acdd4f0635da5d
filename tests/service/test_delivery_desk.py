"""Grouping, silences and deeds over the real store: what waits outlives restarts, and people can act from outside."""

from __future__ import annotations

import json

import pytest

from trailbell.configuration.policy import read_policy
from trailbell.outgoing import Outgoing
from trailbell.store.alerts import Alerts
from trailbell.store.decisions import Decisions
from trailbell.store.handlings import Handlings
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.alert import Duplicate
from trailbell_engine.event import LEAVES_US, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import SECOND_US, parse_time
from trailbell_notifiers.channel import build_channel

START_US = parse_time("2026-11-02T10:00:00Z")
RULE = """
id: moved
title: "{{ user_email }} moved a number"
severity: high
match: {event_type: NUMBER_UPDATED}
when: {each: {by: user_email}}
suppress: {for: 0s}
"""
GROUPED = {"receiver": "siem", "group_by": ["rule"], "group_wait": "1m", "group_interval": "5m"}


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Both engines keep the same contract."""
    return request.param


class Engine:
    """The sink of a live run over a store, fed by hand; each input is a transaction."""

    def __init__(self, rules, database, policy) -> None:
        self.database, self.state = database, MemoryState()
        self.pipeline = Pipeline(rules)
        channels = {"siem": build_channel({"name": "siem", "webhook": {"url": "https://siem.example.com/"}})}
        values = {"route": {"receiver": "siem"}} | policy
        self.sink = Outgoing(
            rules, database, channels, read_policy(values, list(channels)), now_us=lambda: START_US, told=lambda _: None
        )

    def take(self, item):
        """One input."""
        outputs = self.pipeline.take(item, self.state)
        with self.database.transaction():
            self.sink.take(item, outputs)
        self.sink.committed()

    def fail(self, item):
        """One input whose transaction fails."""
        outputs = self.pipeline.take(item, self.state)
        with self.database.transaction():
            self.sink.take(item, outputs)
            raise RuntimeError("disk")

    def tick(self, seconds):
        """The clock says so."""
        self.take(Tick(START_US + seconds * SECOND_US, "vonage"))

    @property
    def bodies(self):
        """What the outbox holds, as documents."""
        rows = self.database.rows("SELECT kind, body FROM outbox ORDER BY seq")
        return [(kind, json.loads(body)) for kind, body in rows]


def test_what_waits_outlives_a_restart(rules, store, event):
    """The group, its timer and its clock are as they were; the message tells of all."""
    first = Engine(rules(RULE), store(), {"route": GROUPED})
    first.take(event(1)), first.take(event(2, user_email="bob@example.com"))
    assert first.bodies == []
    first.database.close()
    second = Engine(rules(RULE), store(), {"route": GROUPED})
    second.tick(60)
    assert second.bodies == []
    second.tick(61)
    [(kind, body)] = second.bodies
    assert kind == "opened"
    assert "bob@example.com" in json.dumps(body)
    ids = [stored.alert.id for stored in Alerts(second.database).all()]
    assert all(len(StoreOutbox(second.database).of_alert(id_)) == 1 for id_ in ids)


def test_what_was_undone_leaves_nothing_behind(rules, store, event):
    """A transaction that fails takes the group back with it, in memory too."""
    engine = Engine(rules(RULE), store(), {"route": GROUPED})
    engine.take(event(1))
    with pytest.raises(RuntimeError, match="disk"):
        engine.fail(event(2))
    engine.tick(100)
    [(_, body)] = engine.bodies
    assert len(Alerts(engine.database).all()) == 1
    assert "2 alerts" not in json.dumps(body)


def test_duplicates_do_not_move_the_clock(rules, store, event):
    """They are not recorded, so a replay could not know of them."""
    engine = Engine(rules(RULE), store(), {"route": GROUPED})
    engine.take(event(1))
    late = event(1, at_s=10_000)
    with engine.database.transaction():
        engine.sink.take(late, (Duplicate(late),))
    assert engine.bodies == []


def test_a_time_in_the_far_future_fires_nothing(rules, store, event):
    """Of a source whose clock ticks: its events are believed for ten minutes ahead."""
    engine = Engine(rules(RULE), store(), {"route": {**GROUPED, "group_wait": "1h"}})
    engine.tick(0)
    engine.take(event(1)), engine.take(event(2, at_s=86_400 * 365 * 70))
    assert engine.bodies == []


def test_when_all_sources_have_left_nothing_waits(rules, store, event):
    """The end of files is the end of waiting."""
    engine = Engine(rules(RULE), store(), {"route": GROUPED})
    engine.take(event(1)), engine.take(Tick(LEAVES_US, "vonage"))
    assert [kind for kind, _ in engine.bodies] == ["opened"]


def test_people_act_from_outside(rules, store, setting, event, tmp_path, trailbell):
    """Silence, acknowledge, resolve: the engine takes it up, and `alerts show` tells it all."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "moved.yaml").write_text(RULE, encoding="utf-8")
    config = tmp_path / "trailbell.yaml"
    config.write_text(
        f"state: {setting()}\nreceivers: {{siem: {{webhook: {{url: 'https://siem.example.com/'}}}}}}\n"
        "route: {receiver: siem}\n",
        encoding="utf-8",
    )
    option = ("-c", config)
    code, out, _ = trailbell("silences", "add", "rule=moved", "--until", "2026-11-02T11:00:00Z", "--starts",
                             "2026-11-02T09:00:00Z", "--comment", "moving day", "--by", "ada", *option)  # fmt: skip
    assert (code, out[:4]) == (0, "sil_")
    assert "waits for the engine" in trailbell("silences", "list", "--all", *option)[1]
    engine = Engine(rules(RULE), store(), {"route": {"receiver": "siem", "repeat_interval": "1h"}})
    engine.tick(0)
    assert "waits for the engine" not in trailbell("silences", "list", "--all", *option)[1]
    engine.take(event(1))
    [stored] = Alerts(engine.database).all()
    assert engine.bodies == []
    listed = trailbell("alerts", "list", *option)
    assert "silenced by ada (moving day)" in listed[1]
    assert "until 2026-11-02T11:00:00Z" in listed[1]
    assert "hides 1 alert," in trailbell("silences", "preview", "severity=high", "--since", "2026-11-01", *option)[1]
    assert stored.alert.id in trailbell("silences", "show", out.split()[0], "--format", "json", *option)[1]
    engine.tick(3601)
    assert [kind for kind, _ in engine.bodies] == ["opened"]
    assert trailbell("alerts", "ack", "last", "--by", "bob", "--comment", "on it", *option)[0] == 0
    engine.sink._wishes._looked_s = float("-inf")
    engine.tick(3700), engine.tick(9 * 3600)
    assert [kind for kind, _ in engine.bodies] == ["opened"]
    assert Handlings(engine.database).acknowledged(stored.alert.id).author == "bob"
    assert trailbell("alerts", "resolve", "last", "--by", "bob", *option)[0] == 0
    engine.sink._wishes._looked_s = float("-inf")
    engine.tick(9 * 3600 + 1)
    assert [kind for kind, _ in engine.bodies] == ["opened", "resolved"]
    shown = trailbell("alerts", "show", "last", *option)[1]
    for word in (
        "routed → siem: the top route",
        "silenced → siem",
        "told → siem: opened",
        "acknowledged by bob: on it",
    ):
        assert word in shown
    assert Decisions(engine.database).counts()["silenced"] == 1
    assert trailbell("alerts", "show", "nothing", *option)[0] == 2


def test_a_file_that_is_no_operation_is_put_aside(rules, store, event):
    """And the others are done."""
    engine = Engine(rules(RULE), store(), {})
    folder = engine.database.folder / "operations"
    folder.mkdir()
    (folder / "1.json").write_text("{]", encoding="utf-8")
    engine.take(event(1))
    assert [file.name for file in folder.iterdir()] == ["1.refused"]
    assert [kind for kind, _ in engine.bodies] == ["opened"]


@pytest.mark.parametrize(
    ("values", "place", "word"),
    [
        ({"route": {"receiver": "siem", "mute_time_intervals": ["x"]}}, ("route", "mute_time_intervals"), "no time"),
        ({"time_intervals": {"x": {"times": "25:00-26:00"}}}, ("time_intervals", "x", "times"), "no range of times"),
        ({"time_intervals": {"x": [{"location": "Mars/A"}]}}, ("time_intervals", "x", 0, "location"), "no time zone"),
        ({"time_intervals": {"x": {"weekdays": "noday"}}}, ("time_intervals", "x", "weekdays"), "no range"),
        ({"inhibit": [{"source": ["a=b"], "target": ["="]}]}, ("inhibit", 0, "target", 0), "no matcher"),
        ({"silences": [{"matchers": ["a=~.*"], "ends": "2026-11-02T10:00:00Z", "comment": ""}]}, ("silences", 0), "h"),
        ({"route": {"receiver": "siem", "escalate": {"after": "5m"}}}, ("route", "escalate"), "what then"),
        ({"route": {"receiver": "siem", "repeat_interval": "1s"}}, ("route", "repeat_interval"), "from 1m"),
    ],
)  # fmt: skip
def test_faults_have_a_place(values, place, word):
    """Keys and indexes from the top of the file."""
    with pytest.raises(ValueError, match=word) as caught:
        read_policy(values, ["siem"])
    assert caught.value.place == place


def test_a_table_of_cases(tmp_path, trailbell):
    """Who is told of what, as a test: exit 1 where it is otherwise."""
    config = tmp_path / "trailbell.yaml"
    config.write_text(
        """
receivers:
  team: {webhook: {url: "https://team.example.com/"}}
  pager: {webhook: {url: "https://pager.example.com/"}}
time_intervals: {night: {times: "22:00-06:00"}}
route:
  receiver: team
  routes:
    - {matchers: [severity=critical], receiver: pager, continue: true}
    - {matchers: [owner=sec], mute_time_intervals: [night]}
""",
        encoding="utf-8",
    )
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        """
cases:
  - {labels: {severity: critical}, expect: [pager]}
  - {name: at night, labels: {owner: sec}, at: "2026-11-02T23:00:00Z", expect: []}
  - {labels: {severity: low}, expect: [pager]}
""",
        encoding="utf-8",
    )
    code, out, _ = trailbell("route", "test", "--cases", cases, "-c", config)
    assert code == 1
    assert "✔ at night: told nobody" in out
    assert "✘ case 3: told team, expected pager" in out
    code, out, _ = trailbell("route", "test", "severity=critical", "owner=sec", "-c", config)
    assert code == 0
    assert out.splitlines()[-2:] == [
        'pager: route 1: severity="critical"',
        'team: route 2: owner="sec"  only outside of night; see --at',
    ]


def test_a_route_is_marked_where_it_tells_nobody_anew(tmp_path, trailbell):
    """The tree shows every route that takes the alert, also one whose receiver an earlier route has told; but no route
    that is not asked, because the one before it ends the search.
    """
    config = tmp_path / "trailbell.yaml"
    config.write_text(
        """
receivers:
  team: {webhook: {url: "https://team.example.com/"}}
  pager: {webhook: {url: "https://pager.example.com/"}}
route:
  receiver: team
  routes:
    - {matchers: [severity=critical], receiver: [pager, team], continue: true}
    - {receiver: pager}
    - {receiver: team}
""",
        encoding="utf-8",
    )
    code, out, _ = trailbell("route", "test", "severity=critical", "-c", config)
    assert code == 0
    assert out.splitlines() == [
        "│ · the top route → team",
        '●   1 severity="critical" → pager, team  (continue)',
        "●   2 every alert → pager",
        "    3 every alert → team",
        'pager: route 1: severity="critical"',
        'team: route 1: severity="critical"',
    ]
