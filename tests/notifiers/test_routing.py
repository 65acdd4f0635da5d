"""Routes and matchers: Alertmanager's semantics, and a reason with every decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_notifiers.policy.matchers import MatcherError, parse_matcher
from trailbell_notifiers.policy.routing import RouteError, decide, labels_of, parse_route

RECEIVERS = ("slack", "mail", "pager", "siem")
LABELS = {
    "rule": ("lockout",),
    "severity": ("critical",),
    "tag": ("vonage", "attack.t1565"),
    "owner": ("sec",),
    "user_email": ("ada@example.com",),
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('severity="critical"', True),
        ("severity = critical", True),
        ('severity!="critical"', False),
        ('severity=~"high|critical"', True),
        ('severity=~"crit"', False),
        ('severity=~"crit.*"', True),
        ('severity!~"crit.*"', False),
        ('tag="vonage"', True),
        ('tag=~"attack\\\\..*"', True),
        ('tag!="github"', True),
        ('tag!="vonage"', False),
        ('missing=""', True),
        ('missing!=""', False),
        ('missing=~".*"', True),
        ('missing!~".+"', True),
        ('"user_email"=~".*@example[.]com"', True),
        ('rule="a=b"', False),
    ],
)
def test_matchers(text, holds):
    """Anchored RE2; any of several values; a missing label is empty."""
    assert parse_matcher(text).holds(LABELS) is holds


@pytest.mark.parametrize("text", ["", "severity", "=x", 'severity=="x"x"', 'a=~"("', 'a="b', '9a="b"', 'a=~"(?=x)"'])
def test_what_is_no_matcher(text):
    """Told with the text."""
    with pytest.raises(MatcherError):
        parse_matcher(text)


@given(st.text(max_size=40), st.sampled_from(["=", "!=", "=~", "!~"]), st.text(max_size=40))
def test_a_matcher_prints_as_it_parses(label, operator, value):
    """The text of a matcher is a matcher, and the same one."""
    try:
        matcher = parse_matcher(f"{label}{operator}{value}")
    except MatcherError:
        return
    if '"' not in matcher.label:
        again = parse_matcher(str(matcher._replace(label="x")))
        assert again == matcher._replace(label="x")


def _told(route, labels, *notify):
    """Receiver and reason of each decision."""
    return [decision[:2] for decision in decide(route, labels, *notify)]


TREE = {
    "receiver": "slack",
    "routes": [
        {"matchers": ['severity="critical"'], "receiver": "pager", "continue": True},
        {
            "matchers": ['owner="sec"'],
            "receiver": "mail",
            "routes": [{"matchers": ['rule="lockout"'], "receiver": "siem"}, {"matchers": ['rule="other"']}],
        },
        {"matchers": ['owner=~"sec|it"'], "receiver": "slack"},
    ],
}


def _labels(**changes):
    return {**LABELS, **{name: (value,) for name, value in changes.items()}}


def test_depth_first_children_before_parents():
    """`continue` goes on; a child that takes the alert silences its parent and later siblings."""
    route = parse_route(TREE, RECEIVERS)
    assert _told(route, LABELS) == [
        ("pager", 'route 1: severity="critical"'),
        ("siem", 'route 2.1: rule="lockout"'),
    ]


def test_a_route_without_a_matching_child_is_the_match():
    """And a child without a receiver has its parent's."""
    route = parse_route(TREE, RECEIVERS)
    assert _told(route, _labels(severity="low", rule="third")) == [("mail", 'route 2: owner="sec"')]
    assert _told(route, _labels(severity="low", rule="other")) == [("mail", 'route 2.2: rule="other"')]


def test_the_top_route_takes_the_rest():
    """Nobody is told by nobody."""
    route = parse_route(TREE, RECEIVERS)
    assert _told(route, _labels(severity="low", owner="nobody")) == [
        ("slack", "the top route: no other route takes it")
    ]
    assert _told(parse_route({"receiver": "slack"}, RECEIVERS), LABELS) == [("slack", "the top route")]


def test_the_rules_own_names_win():
    """`notify` of a rule is not asked twice, and each receiver is told once."""
    route = parse_route(TREE, RECEIVERS)
    reason = "the rule names it in `notify`"
    assert _told(route, LABELS, ["mail", "slack", "mail"]) == [("mail", reason), ("slack", reason)]
    assert _told(None, LABELS) == []


def test_a_receiver_reached_twice_is_told_once():
    """With the first reason."""
    tree = {
        "receiver": "slack",
        "routes": [{"matchers": ["severity=critical"], "continue": True}, {"matchers": ["owner=sec"]}],
    }
    assert _told(parse_route(tree, RECEIVERS), LABELS) == [("slack", 'route 1: severity="critical"')]


@pytest.mark.parametrize(
    ("tree", "place", "word"),
    [
        ({}, (), "needs a receiver"),
        ({"receiver": "nope"}, ("receiver",), "no receiver `nope`"),
        ({"receiver": "slack", "matchers": ["a=b"]}, ("matchers",), "no matchers"),
        ({"receiver": "slack", "routes": [{}, {"receiver": "nope"}]}, ("routes", 1, "receiver"), "`nope`"),
        ({"receiver": "slack", "routes": [{"matchers": ["a=b", "a"]}]}, ("routes", 0, "matchers", 1), "no matcher"),
    ],
)
def test_faults_are_told_with_their_place(tree, place, word):
    """Keys and indexes from the top route."""
    with pytest.raises(RouteError, match=word) as caught:
        parse_route(tree, RECEIVERS)
    assert caught.value.place == place


def test_the_labels_of_an_alert(alert, words):
    """What matchers look at."""
    assert labels_of(alert, words) == {
        "context.msisdn": ("447700900000",),
        "rule": ("vonage-number-voice-type-changed",),
        "severity": ("high",),
        "event_type": ("NUMBER_UPDATED",),
        "tag": ("vonage", "attack.t1565"),
        "owner": ("telecom-platform",),
        "source": ("vonage",),
        "state": ("open",),
    }
