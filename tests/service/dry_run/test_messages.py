"""Who would have been told: routes, channels, limits and pace on the alerts' own clock."""

import pytest

from trailbell.configuration.config import Config
from trailbell.dryrun.preview import kinds, preview
from trailbell.replay import Audience, Wanted, dry_run_source
from trailbell.sources.base import Batch
from trailbell_engine.event import Tick

RULE = """
id: each
title: "{{ note or 'short' }}"
severity: high
match: {event_type: NUMBER_UPDATED}
---
id: silent
title: t
severity: low
status: experimental
match: {event_type: USER_LOGIN}
"""
RECEIVERS = {
    "ops": {"slack": {"token": "${NOT_SET}", "channel": "C1"}},
    "pager": {"webhook": {"url": "${NOT_SET}", "secret": "${NOT_SET}"}},
    "boss": {"email": {"to": ["a@example.com", "${MAIL}"], "from": "t@example.com", "host": "mail.invalid"}},
}
ROUTE = {
    "receiver": "ops",
    "routes": [
        {"receiver": "boss", "matchers": ['severity="high"'], "continue": True},
        {"receiver": "pager", "matchers": ['severity="critical"'], "continue": True},
        {"receiver": "ops"},
    ],
}


class Given:
    """Events as a source."""

    name = "vonage"
    lateness_us = 0
    bounded = True

    def __init__(self, events):
        self._events = events

    def batches(self, _checkpoint):
        yield Batch(self._events)


@pytest.fixture
def told(loaded):
    """A function: the messages that events lead to, per receiver."""

    def run(events, route=ROUTE, receivers=RECEIVERS, **settings):
        config = Config(receivers=receivers, route=route, **settings)
        who = Audience(preview(config, {"MAIL": "b@example.com"}), kinds(config), configured=True)
        report = dry_run_source(loaded(RULE), Given(events), wanted=Wanted(told=who, suggest=False, funnel=True))
        assert all(entry.funnel.alerts == entry.tally.alerts for entry in report.rules)
        held = {entry.rule.id: dict(entry.funnel.held) for entry in report.rules if entry.funnel.held}
        assert held == {} or set(held) == {"each"}
        return report.messages, {entry.name: entry for entry in report.messages.receivers}

    return run


def test_routes_decide_and_each_address_is_a_message(told, event):
    """Two alerts of high severity: Slack twice, two addresses twice each, the pager never."""
    messages, by_name = told([event(1), event(2)])
    assert {name: entry.messages for name, entry in by_name.items()} == {"ops": 2, "pager": 0, "boss": 4}
    assert messages.total == messages.per_rule["each"] == 6
    assert by_name["boss"].noun == "4 e-mails"


def test_nobody_is_told_of_an_experimental_rule(told, event):
    """It is counted with its reason instead."""
    messages, _ = told([event(1, "USER_LOGIN")])
    assert (messages.total, dict(messages.untold)) == (0, {"the rule is experimental": 1})


def test_without_a_route_nobody_is_told(told, event):
    """An alert that no route takes is said to reach nobody."""
    messages, _ = told([event(1)], route=None)
    assert dict(messages.untold) == {"no route takes it, and the rule names no receiver": 1}


@pytest.mark.parametrize(("note", "cut"), [("a" * 40, 0), ("a" * 199, 1)])
def test_what_a_channel_shortens_is_counted(told, event, note, cut):
    """Slack's header holds 150 characters; a longer title is cut there."""
    _, by_name = told([event(1, note=note)])
    assert by_name["ops"].cut == cut


def test_buttons_are_not_taken_for_cut_text(told, event):
    """`Silence…` is the name of a menu."""
    allow = {"app_token": "xapp-1", "allow": {"silence": "everybody"}}
    receivers = {**RECEIVERS, "ops": {"slack": {**RECEIVERS["ops"]["slack"], **allow}}}
    _, by_name = told([event(1)], receivers=receivers)
    assert (by_name["ops"].messages, by_name["ops"].cut) == (1, 0)


def test_the_pace_of_slack_makes_a_queue(told, event):
    """Three at once, then one a second: the tenth of ten alerts at one instant waits seven seconds."""
    _, by_name = told([event(number, at_s=0) for number in range(1, 11)])
    assert by_name["ops"].longest_wait_us == pytest.approx(7_000_000, abs=10)
    assert by_name["ops"].longest_queue == 7
    assert by_name["ops"].busiest_hour == 10
    assert by_name["boss"].longest_wait_us == 0


def test_a_rested_channel_does_not_wait(told, event):
    """Alerts two seconds apart never queue."""
    _, by_name = told([event(number, at_s=2 * number) for number in range(1, 30)])
    assert (by_name["ops"].longest_queue, by_name["ops"].longest_wait_us) == (0, 0)


def test_alerts_of_a_group_are_one_message(told, event):
    """Ten within the wait are told together, and what comes after them at the end of the history."""
    route = {"receiver": "pager", "group_by": ["rule"], "group_wait": "30s", "group_interval": "10m"}
    events = [event(number, at_s=number) for number in range(1, 11)]
    messages, by_name = told([*events, event(20, at_s=40), event(21, at_s=50)], route)
    assert by_name["pager"].messages == 2
    assert messages.per_rule == {"each": 2}


def test_what_is_silenced_is_said_with_its_reason_and_end(told, event):
    """It is an alert all the same, and no message."""
    silence = {
        "matchers": ["rule=each"],
        "starts": "2026-11-02T10:00:00Z",
        "ends": "2026-11-02T10:01:00Z",
        "comment": "maintenance",
    }
    events = [event(number, at_s=at_s) for number, at_s in ((1, 10), (2, 20), (3, 600))]
    messages, by_name = told(events, {"receiver": "pager"}, silences=(silence,))
    (held,) = messages.held
    assert (held.what, held.alerts) == ("silenced", 2)
    assert "maintenance" in str(held)
    assert str(held).endswith("until 2026-11-02T10:01:00Z")
    assert messages.held_per_rule == {("each", "silenced"): 2}
    assert by_name["pager"].messages >= 1


def test_a_mute_interval_holds_messages_until_it_ends(told, event):
    """The message is counted at the hour in which it would go out."""
    route = {"receiver": "pager", "mute_time_intervals": ["morning"]}
    intervals = {"morning": {"times": "10:00-12:00"}}
    messages, by_name = told([event(1, at_s=60), event(2, at_s=8_000)], route, time_intervals=intervals)
    assert [(held.what, held.alerts) for held in messages.held] == [("muted", 1)]
    assert by_name["pager"].messages == 2
    assert min(by_name["pager"].per_hour) * 3_600 == event(1, at_s=7_200).time_us // 1_000_000


def test_more_messages_than_alerts_are_explained(told, event):
    """An alert that nobody looks after is told of again and again, and the line says what the many messages are."""
    route = {"receiver": "pager", "repeat_interval": "1h"}
    _, by_name = told([event(1, at_s=0), event(2, "USER_LOGIN", at_s=2 * 3_600 + 900)], route)
    assert by_name["pager"].told == "3 webhook calls (2 reminders)"
    assert by_name["ops"].told == "0 Slack messages"


def test_between_two_events_time_passes_as_it_does_live(told, event):
    """A history of files has no ticks of the clock; reminders come as if it had one every minute."""
    route = {"receiver": "pager", "repeat_interval": "1h", "close_after": "5h"}
    first, last = event(1, at_s=0), event(2, "USER_LOGIN", at_s=9 * 3_600)
    ticks = [Tick(first.time_us + minute * 60_000_000, "vonage") for minute in range(1, 9 * 60)]
    _, alone = told([first, last], route)
    _, ticked = told([first, *ticks, last], route)
    assert alone["pager"] == ticked["pager"]
    assert alone["pager"].reminders == 5


def test_a_hole_of_a_year_is_no_year_of_reminders(told, event):
    """One event with a wrong date costs one reminder, and not half a million."""
    route = {"receiver": "pager", "repeat_interval": "1m", "close_after": "520w"}
    _, by_name = told([event(1, at_s=0), event(2, "USER_LOGIN", at_s=366 * 86_400)], route)
    assert by_name["pager"].reminders == 1
