"""Looked-up rows: read as fields of the event, found once, kept in alerts, and never part of the event's own record."""

import pytest

from trailbell_engine.alert import Opened
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.event import Tick
from trailbell_engine.key import instant_of
from trailbell_engine.lookup import Lookup, Lookups
from trailbell_engine.path import Path, Root, parse_path, resolve
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import Rule, RuleSet, SeverityCase, Suppress, Words
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import SECOND_US

PEOPLE = {"ada": {"team": "platform", "on_call": True}, "bob": {"team": "sales"}}


class Counting:
    """A table that counts how often it is asked."""

    digest = "0"

    def __init__(self, rows):
        self._rows = rows
        self.asked = []

    def find(self, value):
        self.asked.append(value)
        return self._rows.get(value)


@pytest.fixture
def table():
    """The people."""
    return Counting(PEOPLE)


@pytest.fixture
def lookups(table):
    """The people by ``user``."""
    return Lookups([Lookup("people", parse_path("user"), table)])


def read(lookups, event, path):
    """What a path reaches on an event."""
    event = lookups.enrich(event)
    return resolve(parse_path(path), event.data, event)


@pytest.mark.parametrize(
    ("user", "path", "values"),
    [
        ("ada", "lookup.people.team", ["platform"]),
        ("ada", "lookup.people", [PEOPLE["ada"]]),
        ("bob", "lookup.people.on_call", []),
        ("eve", "lookup.people.team", []),
        ("eve", "lookup.people", []),
        (None, "lookup.people.team", []),
        (["ada", "bob", "eve"], "lookup.people.team", ["platform", "sales"]),
        ("ada", "lookup.nobody.team", []),
    ],
)
def test_a_row_is_read_as_a_field(lookups, an_event, user, path, values):
    """No row, or no such column, is MISSING; an array of keys is an array of rows."""
    assert read(lookups, an_event({"user": user}), path) == values


def test_an_event_s_own_field_is_quoted(lookups, an_event):
    """A source may call a field so, too."""
    event = an_event({"user": "ada", "lookup": {"people": {"team": "own"}}})
    assert read(lookups, event, '"lookup".people.team') == ["own"]
    assert read(lookups, event, "lookup.people.team") == ["platform"]


@pytest.mark.parametrize(
    ("text", "in_element", "root"),
    [
        ("lookup.people.team", False, Root.LOOKUP),
        ("lookup.people", False, Root.LOOKUP),
        ("$.lookup.people.team", True, Root.LOOKUP),
        ("lookup.people.team", True, Root.HERE),
        ("lookup", False, Root.HERE),
        ('"lookup".people.team', False, Root.HERE),
        ('$."lookup".people', True, Root.EVENT),
    ],
)
def test_where_a_path_starts(text, in_element, root):
    """Inside an element paths start at the element, so the event's rows are reached by ``$``."""
    assert parse_path(text, in_element=in_element).root is root


@pytest.mark.parametrize("text", ["lookup.people.team", '"lookup".people', 'lookup.people."a.b"[0]'])
def test_a_path_prints_as_it_parses(text):
    """What is printed means the same."""
    assert str(parse_path(text)) == text
    assert parse_path(str(parse_path(text))) == parse_path(text)


def test_a_table_is_asked_when_a_rule_asks(lookups, table, an_event, a_test):
    """An event of no interest costs nothing, and a row is found once for all rules."""
    tests = [a_test("lookup.people.team", "equals", team) for team in ("platform", "sales")]
    rules = RuleSet(
        [Rule(f"r{number}", "low", test, CONDITIONS["each"].build(), Words("t")) for number, test in enumerate(tests)],
        lookups,
    )
    pipeline, state = Pipeline(rules), MemoryState()
    pipeline.take(an_event({"user": "ada"}), state)
    assert table.asked == ["ada"]
    Pipeline(RuleSet([], lookups)).take(an_event({"user": "bob"}), state)
    assert table.asked == ["ada"]


@pytest.fixture
def opened(lookups, an_event, a_test):
    """The alert of a rule that matches, keys and decides its severity by looked-up values."""
    team = Path(("lookup", "people", "team"), Root.LOOKUP)
    rule = Rule(
        "r",
        "low",
        a_test("lookup.people.team", "exists", True),
        CONDITIONS["each"].build(by=(team,)),
        Words("t"),
        severity_cases=(SeverityCase(a_test("lookup.people.on_call", "equals", True), "high"),),
    )
    outputs = Pipeline(RuleSet([rule], lookups)).take(an_event({"user": "ada"}), MemoryState())
    return next(output.alert for output in outputs if isinstance(output, Opened))


def test_rules_use_rows_everywhere(opened):
    """In match, key and severity."""
    assert (opened.key, opened.severity) == ({"lookup.people.team": "platform"}, "high")
    assert opened.why == "lookup.people.team platform"


def test_an_alert_keeps_the_rows_beside_the_record(opened):
    """The record stays the source's own; the rows are as they were when it fired, and survive being stored."""
    assert opened.opener.data == {"user": "ada"}
    assert opened.opener.lookup == {"people": PEOPLE["ada"]}
    assert decode_alert(encode_alert(opened)) == opened


@pytest.mark.parametrize("by", [("lookup.people.team",), ("user", "lookup.people.team")])
def test_a_silence_speaks_of_its_looked_up_key(lookups, an_event, a_test, by):
    """Where a rule fires because nothing came, its key's looked-up values are read as those of events are."""
    team = parse_path("lookup.people.team")
    rule = Rule(
        "r",
        "low",
        ALWAYS,
        CONDITIONS["absent"].build(**{"for": SECOND_US}, by=tuple(map(parse_path, by))),
        Words("t"),
        Suppress(60 * SECOND_US, (team,)),
        severity_cases=(SeverityCase(a_test("lookup.people.team", "equals", "sales"), "high"),),
    )
    pipeline, state = Pipeline(RuleSet([rule], lookups)), MemoryState()
    events = [an_event({"user": user}, id=user) for user in ("ada", "bob")]
    later = Tick(events[0].time_us + 2 * SECOND_US, "test")
    outputs = [output for item in (*events, later) for output in pipeline.take(item, state)]
    told = [output.alert for output in outputs if isinstance(output, Opened)]
    assert {alert.key["lookup.people.team"]: alert.severity for alert in told} == {"platform": "low", "sales": "high"}
    assert [alert.opener.data for alert in told] == [{"user": user} if "user" in by else {} for user in ("ada", "bob")]


@pytest.mark.parametrize(
    ("by", "key", "row"),
    [
        ("lookup.people.team", "platform", {"team": "platform", "on_call": True}),
        ("lookup.people.team", "sales", {"team": "sales", "on_call": True}),
        ("lookup.people.team", None, {"team": None, "on_call": True}),
        ("lookup.people.site", None, {"team": "platform", "on_call": True}),
        ("lookup.people.site.city", "Paris", {"team": "platform", "on_call": True, "site": {"city": "Paris"}}),
        ("lookup.people", None, None),
    ],
)
def test_a_key_counts_more_than_its_table(lookups, by, key, row):
    """The table may be another by now; what is missing in the key is not made up."""
    paths = (parse_path("user"), parse_path(by))
    instant = instant_of(paths, {"user": "ada", by: key}, "test", 0)
    assert lookups.enrich_instant(instant).lookup["people"] == row


def test_without_lookups_events_stay_as_they_are(an_event):
    """The same object; nothing is copied."""
    event = an_event({"a": 1})
    assert Lookups().enrich(event) is event


def test_a_subset_keeps_its_tables(lookups):
    """Rules that run alone read the same tables."""
    assert RuleSet([], lookups).only([]).lookups is lookups
