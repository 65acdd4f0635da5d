"""Grouping as people see it: which messages go out, when, and what they say is new."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time
from trailbell_notifiers.desk import Desk, Policy
from trailbell_notifiers.groups.group import decode_group, encode_group
from trailbell_notifiers.groups.memory import MemoryGroups
from trailbell_notifiers.policy.inhibition import read_inhibitions
from trailbell_notifiers.policy.intervals import read_intervals
from trailbell_notifiers.policy.routing import parse_route
from trailbell_notifiers.policy.silences import new_silence

T0 = parse_time("2026-11-02T10:00:00Z")
RECEIVERS = ("slack", "pager", "boss")


class Watch:
    """A desk, and what came out of it: ``(seconds after the start, receiver, kind, alerts, what is new)``."""

    def __init__(self, alert, words, route, **policy) -> None:
        intervals = read_intervals(policy.pop("intervals", {}))
        inhibitions = read_inhibitions(policy.pop("inhibit", ()))
        tree = parse_route({"receiver": "slack", **route}, RECEIVERS, list(intervals))
        self.memory = MemoryGroups()
        policy_ = Policy(route=tree, intervals=intervals, inhibitions=inhibitions, **policy)
        self.desk = Desk(policy_, self.memory)
        self.alert, self.words, self.told, self.notes, self.messages = alert, words, [], [], []

    def note(self, told):
        """Write down what follows."""
        self.notes += told.notes
        self.messages += told.notifications
        self.told += [
            ((one.at_us - T0) // SECOND_US, one.receiver, one.kind, len(one.alert_ids), one.change)
            for one in told.notifications
        ]
        return told.notifications

    def open(self, id_, at_s=0, *, lasting=False, **changes):
        """An alert opens."""
        at_us = T0 + at_s * SECOND_US
        changed = replace(self.alert, id=id_, opened_at_us=at_us, last_at_us=at_us, previous=None, **changes)
        self.note(self.desk.advance(at_us))
        return self.note(self.desk.opened(changed, self.words, (), at_us, lasting=lasting)[1])

    def end(self, id_, at_s):
        """It is over."""
        self.note(self.desk.advance(T0 + at_s * SECOND_US))
        return self.note(self.desk.ended(id_, T0 + at_s * SECOND_US))

    def wait(self, at_s):
        """Nothing comes until then."""
        return self.note(self.desk.advance(T0 + at_s * SECOND_US))

    @property
    def brief(self):
        """When and what kind."""
        return [(at_s, kind) for at_s, _, kind, _, _ in self.told]


@pytest.fixture
def watch(alert, words):
    """A function: a desk with this route."""
    return lambda route=None, **policy: Watch(alert, words, route or {}, **policy)


GROUP = {"group_by": ["severity"], "group_wait": "30s", "group_interval": "5m"}


def test_without_a_word_every_alert_is_told_at_once(watch):
    """By itself, once, and nothing is remembered of it."""
    desk = watch()
    desk.open("a"), desk.open("b", 1), desk.wait(DAY_US // SECOND_US)
    assert desk.told == [(0, "slack", "opened", 1, ""), (1, "slack", "opened", 1, "")]
    assert desk.memory.waiting() == []
    assert desk.memory.groups_of("a") == []


def test_a_group_waits_and_is_told_as_one(watch):
    """After `group_wait` of the first; then at most every `group_interval`, with what is new since."""
    desk = watch(GROUP)
    desk.open("a"), desk.open("b", 10), desk.open("c", 40), desk.open("d", 60), desk.wait(1000)
    assert desk.told == [(30, "slack", "opened", 2, "2 alerts"), (330, "slack", "updated", 4, "2 new alerts")]


def test_the_interval_is_honest(watch):
    """News after a quiet interval goes at once: nobody waits for the next multiple of it."""
    desk = watch(GROUP)
    desk.open("a"), desk.open("b", 400)
    assert desk.brief == [(30, "opened"), (400, "updated")]


def test_what_is_over_before_the_wait_is_told_all_the_same(watch):
    """And its end, in the same thread."""
    desk = watch(GROUP)
    first = desk.open("a", lasting=True) + desk.end("a", 10) + desk.wait(30)
    assert desk.brief == [(30, "opened"), (30, "resolved")]
    assert [one.number for one in first] == [0, 1]
    assert len({one.thread for one in first}) == 1


def test_a_group_is_over_when_its_alerts_are(watch):
    """One by one is news; the last one resolves the group, and what opens then is another episode."""
    desk = watch(GROUP)
    desk.open("a", lasting=True), desk.open("b", 1, lasting=True), desk.end("a", 60), desk.wait(400)
    desk.end("b", 900), desk.open("c", 1000, lasting=True), desk.wait(1100)
    assert desk.brief == [(30, "opened"), (330, "updated"), (900, "resolved"), (1030, "opened")]
    assert desk.messages[1].change == "1 resolved"
    assert len({one.thread for one in desk.messages}) == 2


def test_a_full_group_does_not_wait(watch):
    """Two hundred alerts are a message, however long the wait is."""
    desk = watch({"group_by": [], "group_wait": "1h"})
    for number in range(200):
        desk.open(f"a{number}", number)
    assert desk.told == [(199, "slack", "opened", 200, "200 alerts")]


def test_reminders_come_when_they_are_due(watch):
    """While it is open and nobody acknowledges it; of those missed while nobody looked, one is sent."""
    desk = watch({"repeat_interval": "1h"})
    desk.open("a", lasting=True), desk.wait(3600), desk.wait(5 * 3600 + 60)
    assert desk.brief == [(0, "opened"), (3600, "reminder"), (7200, "reminder")]
    assert desk.told[1][4] == "still open, not acknowledged, 1h after it was told, nothing new"
    desk.desk.grew("a", 7, T0 + 6 * HOUR_US, T0 + 5 * HOUR_US + 120 * SECOND_US)
    desk.wait(6 * 3600)
    assert desk.told[-1][4].endswith("6 more firings")
    desk.note(desk.desk.acknowledged("a", T0 + 6 * HOUR_US))
    desk.wait(48 * 3600)
    assert desk.told[-1][0] == 6 * 3600


def test_an_alert_without_an_end_leaves_its_group(watch):
    """A day after its last firing; the next one begins another episode."""
    desk = watch({"repeat_interval": "12h"})
    desk.open("a")
    for hour in range(49):
        desk.wait(hour * 3600)
    assert desk.brief == [(0, "opened"), (12 * 3600, "reminder"), (24 * 3600, "reminder")]
    assert desk.memory.groups_of("a") == []


def test_nobody_looks_after_it(watch):
    """It goes one step further after each time, unless somebody acknowledges it."""
    steps = [{"after": "30m", "to": "pager"}, {"after": "2h", "to": ["pager", "boss"]}]
    desk = watch({"escalate": steps})
    desk.open("a", lasting=True), desk.wait(3 * 3600)
    assert [(at, receiver, kind) for at, receiver, kind, *_ in desk.told] == [
        (0, "slack", "opened"),
        (1800, "pager", "opened"),
        (7200, "boss", "opened"),
    ]
    desk.end("a", 4 * 3600)
    assert {receiver for at, receiver, kind, *_ in desk.told if kind == "resolved"} == {"slack", "pager", "boss"}
    calm = watch({"escalate": steps})
    calm.open("a", lasting=True), calm.note(calm.desk.acknowledged("a", T0 + MINUTE_US)), calm.wait(9 * 3600)
    assert calm.brief == [(0, "opened")]


def test_an_alert_that_grows_is_told_as_a_worse_one(watch):
    """Its severity is raised, and the routes are asked anew."""
    desk = watch(
        {
            "escalate": {"firings": 100, "severity": "critical"},
            "routes": [{"matchers": ["severity=critical"], "receiver": "pager"}],
        }
    )
    desk.open("a", severity="low"), desk.note(desk.desk.grew("a", 99, T0, T0 + SECOND_US))
    told = desk.note(desk.desk.grew("a", 100, T0, T0 + 2 * SECOND_US))
    assert desk.brief == [(0, "opened"), (2, "opened")]
    assert (told[0].receiver, told[0].severities["a"]) == ("pager", "critical")
    assert "it has fired 100 times" in told[0].reason


def _silence(until_s, *matchers):
    ends_us = T0 + until_s * SECOND_US
    about = matchers or ["severity=high"]
    return new_silence(about, starts_us=T0 - SECOND_US, ends_us=ends_us, author="ada", comment="work")


def test_a_silence_holds_back_and_does_not_swallow(watch):
    """What is still open when it ends is told then, with the reason."""
    desk = watch(silences=(_silence(600),))
    desk.open("a", lasting=True), desk.open("b", 1), desk.wait(599)
    assert desk.told == []
    assert [(note.what, note.until_us) for note in desk.notes if note.alert_id == "a"][1] == (
        "silenced",
        T0 + 600 * SECOND_US,
    )
    desk.wait(600)
    assert desk.brief == [(600, "opened"), (600, "opened")]
    assert "held back until now: silenced by ada (work)" in desk.told[0][4]


def test_the_end_of_what_was_told_passes_every_silence(watch):
    """Alertmanager drops it."""
    desk = watch()
    desk.open("a", lasting=True)
    desk.note(desk.desk.silenced([_silence(10_000)], T0 + SECOND_US))
    desk.end("a", 60)
    assert desk.brief == [(0, "opened"), (60, "resolved")]


def test_what_is_over_while_it_was_silenced_is_not_told(watch):
    """That was what the silence was for; the store says so."""
    desk = watch(silences=(_silence(600),))
    desk.open("a", lasting=True), desk.end("a", 60), desk.wait(1000)
    assert desk.told == []
    assert desk.notes[-1].what == "dropped"


def test_a_silence_that_ends_early_lets_go_at_once(watch):
    """Whoever expires it waits for nothing."""
    desk = watch()
    desk.note(desk.desk.silenced([_silence(10_000)], T0))
    desk.open("a"), desk.wait(50)
    assert desk.told == []
    desk.note(desk.desk.silenced([], T0 + 60 * SECOND_US))
    assert desk.brief == [(60, "opened")]


def test_a_mute_interval_holds_back_until_it_is_over(watch):
    """Over midnight, in the zone of the people."""
    night = {"times": ["22:00-06:00"], "location": "Europe/Paris"}
    desk = watch({"routes": [{"mute_time_intervals": ["night"]}]}, intervals={"night": night})
    at_s = (parse_time("2026-11-02T23:30:00Z") - T0) // SECOND_US
    desk.open("a", at_s), desk.open("b", at_s + 1), desk.wait(at_s + DAY_US // SECOND_US)
    assert [format_time(T0 + at * SECOND_US) for at, *_ in desk.told] == ["2026-11-03T05:00:00Z"] * 2
    assert "muted by night" in desk.told[0][4]


@pytest.mark.parametrize(
    ("key", "interval"),
    [
        ("mute_time_intervals", {"times": "00:00-24:00"}),
        ("mute_time_intervals", {"years": ["2020:2099"]}),
        ("active_time_intervals", {"years": ["2020:2025"]}),
    ],
)
def test_what_nobody_will_ever_be_told_waits_for_nothing(watch, key, interval):
    """The engine goes on, the reason is noted, and nothing is kept."""
    desk = watch({"routes": [{key: ["never"], "repeat_interval": "1h"}]}, intervals={"never": interval})
    desk.open("a"), desk.open("b", 1), desk.wait(DAY_US // SECOND_US)
    desk.note(desk.desk.silenced([], T0 + DAY_US)), desk.note(desk.desk.settle())
    assert desk.told == []
    assert [(note.alert_id, note.until_us) for note in desk.notes if note.what == "muted"] == [("a", None), ("b", None)]
    assert desk.memory.waiting() == []


def test_reminders_end_where_nobody_will_ever_be_told_again(watch):
    """The interval of a route that was told before has been closed for good."""
    years = {"years": ["2020:2026"]}
    route = {"group_by": ["rule"], "active_time_intervals": ["term"], "repeat_interval": "30d", "close_after": "90d"}
    desk = watch({"routes": [route]}, intervals={"term": years})
    desk.open("a", lasting=True), desk.wait(90 * DAY_US // SECOND_US)
    assert desk.brief == [(0, "opened"), (30 * DAY_US // SECOND_US, "reminder")]


def test_what_inhibits_nothing_any_more_is_forgotten(watch):
    """An alert without an end inhibits for a day; a month of them would make every alert slower."""
    inhibit = [{"source": ["severity=critical"], "target": ["severity=low"]}]
    desk = watch(inhibit=inhibit)
    for day in range(5):
        desk.open(f"source-{day}", day * DAY_US // SECOND_US, severity="critical")
    assert [source.alert_id for source in desk.memory.sources()] == ["source-4"]
    desk.open("target", 4 * DAY_US // SECOND_US + 60, severity="low")
    assert [note.what for note in desk.notes if note.alert_id == "target"] == ["routed", "inhibited"]


def test_an_active_interval_is_the_other_way_round(watch):
    """Told in working hours."""
    desk = watch({"routes": [{"active_time_intervals": ["office"]}]}, intervals={"office": {"times": "12:00-18:00"}})
    desk.open("a"), desk.wait(DAY_US // SECOND_US)
    assert desk.brief == [(7200, "opened")]


def test_an_alert_keeps_those_that_follow_from_it_quiet(watch):
    """While it is open; when it ends, what is still open is told."""
    inhibit = [{"source": ["rule=lockout"], "target": ["severity=low"], "equal": ["context.msisdn"]}]
    desk = watch(inhibit=inhibit)
    desk.open("s", rule_id="lockout", severity="high", lasting=True)
    desk.open("t", 1, severity="low", lasting=True)
    desk.open("other", 2, severity="low", key={"context.msisdn": "1"})
    assert desk.brief == [(0, "opened"), (2, "opened")]
    desk.end("s", 60)
    assert sorted(desk.brief[2:]) == [(60, "opened"), (60, "resolved")]
    assert "inhibited by alert s" in next(
        change for at, _, kind, _, change in desk.told if (at, kind) == (60, "opened")
    )


@pytest.mark.parametrize(("missing", "quiet"), [(None, False), ("match", True)])
def test_labels_that_both_lack_are_not_equal(watch, missing, quiet):
    """Unless one asks for Alertmanager's way."""
    inhibit = {"source": ["rule=lockout"], "target": ["severity=low"], "equal": ["nowhere"]}
    desk = watch(inhibit=[inhibit | ({"equal_missing": missing} if missing else {})])
    desk.open("s", rule_id="lockout", lasting=True), desk.open("t", 1, severity="low")
    assert (len(desk.told) == 1) is quiet


def test_at_the_end_of_history_nothing_is_left_waiting(watch):
    """A wait that nothing can end is over when nothing comes any more; a silence is not."""
    desk = watch({"group_by": ["rule"], "group_wait": "1h"}, silences=(_silence(10**6, "rule=quiet"),))
    desk.open("a"), desk.open("q", 1, rule_id="quiet")
    desk.note(desk.desk.settle())
    assert desk.brief == [(0, "opened")]


HAPPENINGS = st.lists(
    st.tuples(st.sampled_from("oogewas"), st.integers(0, 5), st.sampled_from([0, 1, 20, 60, 400, 4000, 30_000])),
    max_size=40,
)
PLANS = st.sampled_from(
    [
        {},
        GROUP,
        {"group_by": [], "repeat_interval": "30m"},
        {"group_by": ["rule"], "group_wait": "1m", "escalate": {"after": "10m", "to": "pager"}},
        {"routes": [{"mute_time_intervals": ["lunch"], "group_by": ["rule"]}]},
    ]
)


@given(HAPPENINGS, PLANS)
def test_no_alert_is_lost(happenings, plan):
    """Every alert is told, or noted as dropped, in whatever order things happen; every end of a told one is told."""
    from trailbell_engine.alert import Alert
    from trailbell_engine.event import Event
    from trailbell_engine.rule import Words

    event = Event("s", "e", "E", T0, {})
    base = Alert(id="x", rule_id="r", rule_version="v", severity="high", key={}, opened_at_us=T0, last_at_us=T0,
                 event_count=1, event_ids=("e",), events=(event,), opener=event)  # fmt: skip
    desk = Watch(base, Words("t"), plan, intervals={"lunch": {"times": "11:00-12:00"}})
    at_s, opened, ended = 0, [], set()
    for what, which, since_s in happenings:
        at_s += since_s
        known = opened[which % len(opened)] if opened else None
        if what == "o":
            opened.append(f"a{len(opened)}")
            desk.open(opened[-1], at_s, lasting=True, rule_id=f"r{which % 2}")
        elif what == "e" and known not in ended and known:
            ended.add(known)
            desk.end(known, at_s)
        elif what == "g" and known:
            desk.note(desk.desk.advance(T0 + at_s * SECOND_US))
            desk.note(desk.desk.grew(known, 3, T0 + at_s * SECOND_US, T0 + at_s * SECOND_US))
        elif what == "a" and known:
            desk.note(desk.desk.acknowledged(known, T0 + at_s * SECOND_US))
        elif what == "s":
            desk.note(desk.desk.silenced([_silence(at_s + 900, "rule=r1")], T0 + at_s * SECOND_US))
        else:
            desk.wait(at_s)
        for key in list(desk.memory.waiting()):
            assert decode_group(encode_group(desk.memory.group(key))) == desk.memory.group(key)
    desk.wait(at_s + 3 * DAY_US // SECOND_US)
    told = {note.alert_id for note in desk.notes if note.what == "told"}
    dropped = {note.alert_id for note in desk.notes if note.what == "dropped"}
    assert told | dropped == set(opened)
    resolved = [note.alert_id for note in desk.notes if note.what == "told" and note.detail.startswith("resolved")]
    assert {note for note in ended if note in told} >= set(resolved)
    identities = [(one.thread, one.receiver, one.kind) for one in desk.messages if one.kind in ("opened", "resolved")]
    assert len(identities) == len(set(identities))
