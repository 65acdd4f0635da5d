"""What an alert says about itself, and when a rule is another one."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.alert import alert_id
from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.sequence import SequenceStep
from trailbell_engine.event import Event
from trailbell_engine.path import Path, parse_path
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import Rule, RuleSet, SeverityCase, Suppress, Words
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import canonical

USER, VALUE = Path(("user",)), Path(("value",))
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def count(at_least, within_s, *by):
    return Count(at_least, within_s * SECOND_US, tuple(map(parse_path, by)))


def changed(*by, within_s=None, track_null=False, of=VALUE):
    return Changed(of, None if within_s is None else within_s * SECOND_US, track_null, tuple(map(parse_path, by)))


class TestAlert:
    """What an alert says about itself."""

    def test_the_first_severity_case_that_holds_wins(self, a_test, a_rule, outputs):
        """Cases are asked in order, of the opening event; if none holds the rule's severity stands."""
        cases = (
            SeverityCase(a_test("value", "gte", 100), "critical"),
            SeverityCase(a_test("value", "gte", 10), "high"),
        )
        tested = a_rule(Each(), severity_cases=cases)
        opened = outputs(tested, [at(0, value=5), at(1, value=50), at(2, value=500)])
        assert [output.alert.severity for output in opened] == ["medium", "high", "critical"]

    def test_as_a_document(self, a_rule, outputs):
        """The alert prints as the interface promises, times in RFC 3339."""
        (opened,) = outputs(a_rule(Each((USER,))), [at(90, user="eve")])
        assert opened.alert.to_json() == {
            "id": alert_id("r", {"user": "eve"}, opened.alert.opener),
            "rule_id": "r",
            "rule_version": a_rule(Each((USER,))).version,
            "severity": "medium",
            "key": {"user": "eve"},
            "opened_at": "2026-11-22T10:01:30Z",
            "last_at": "2026-11-22T10:01:30Z",
            "count": 1,
            "event_ids": ["e1"],
            "state": "open",
        }

    def test_the_id_depends_on_rule_key_and_opening_event(self):
        """And on nothing else; no part can run into the next."""
        first, second = Event("test", "e1", "", 0, {}), Event("test", "e2", "", 0, {})
        ids = {
            alert_id("r", {"user": "eve"}, first),
            alert_id("r2", {"user": "eve"}, first),
            alert_id("r", {"user": "eve", "x": None}, first),
            alert_id("r", {"user": 1}, first),
            alert_id("r", {"user": "1"}, first),
            alert_id("r", {"user": True}, first),
            alert_id("r", {}, first),
            alert_id("r", {}, second),
            alert_id("r", {}, first._replace(source="other")),
        }
        assert len(ids) == 9
        assert alert_id("r", {}, first) == alert_id("r", {}, first._replace(time_us=1, data={"x": 1}))
        assert alert_id("r", {"user": 1.0}, first) in ids

    @given(
        key=st.dictionaries(TEXT, st.recursive(SCALAR, lambda values: st.lists(values, max_size=3)), max_size=3),
        source=TEXT,
        event_id=TEXT,
    )
    def test_the_id_is_a_hash_of_canonical_json(self, key, source, event_id):
        """Whatever the key holds: a store finds the alert again that another version of this program opened."""
        text = canonical(["r", key, source, event_id])
        expected = hashlib.sha256(text.encode()).hexdigest()[:32]
        assert alert_id("r", key, Event(source, event_id, "", 0, {})) == expected


class TestVersion:
    """A rule's version changes exactly when its decisions may."""

    def test_words_do_not_matter(self, a_rule):
        """Another title, severity or receiver keeps the version, and so the state."""
        other = Rule("r", "low", ALWAYS, count(2, 60), Words("u"), Suppress(0), notify=("x",), status="experimental")
        assert other.version == a_rule(count(2, 60)).version

    def test_decisions_do(self, a_test, a_rule):
        """Match, condition and suppression are what decides."""
        rules = [
            a_rule(count(2, 60)),
            a_rule(count(3, 60)),
            a_rule(count(2, 61)),
            a_rule(count(2, 60, "user")),
            a_rule(count(2, 60), None),
            a_rule(count(2, 60), 60),
            a_rule(count(2, 60), suppress=Suppress(0, ())),
            a_rule(Each()),
            a_rule(changed()),
            a_rule(changed(track_null=True)),
            a_rule(changed(within_s=60)),
            Rule("r", "low", a_test("id", "equals", "x"), Each(), Words("t"), Suppress(0)),
            Rule("r", "low", a_test('"id"', "equals", "x"), Each(), Words("t"), Suppress(0)),
            Rule("r", "low", a_test("id", "in", ["x"]), Each(), Words("t"), Suppress(0)),
            Rule("r", "low", a_test("id", "equals", "x", ignore_case=True), Each(), Words("t"), Suppress(0)),
        ]
        assert len({one.version for one in rules}) == len(rules)

    def test_ids_are_unique_in_a_set(self, a_rule):
        """Two rules of one id are refused."""
        with pytest.raises(ValueError, match="two rules share an id"):
            RuleSet([a_rule(Each()), a_rule(Each())])

    def test_a_set_finds_rules_by_id(self, a_rule):
        """A rule set is iterated in order and looked up by id."""
        one = a_rule(Each())
        rules = RuleSet([one])
        assert (len(rules), list(rules), rules["r"]) == (1, [one], one)
        assert "r" in rules
        assert "s" not in rules


STEPS = (SequenceStep("one", ALWAYS), SequenceStep("two", ALWAYS))
SMALLEST = {
    "each": {},
    "count": {"at_least": 2, "within": SECOND_US},
    "distinct": {"of": (VALUE,), "at_least": 2, "within": SECOND_US},
    "metric": {"function": "sum", "of": VALUE, "within": SECOND_US, "above": 10},
    "ratio": {"of": ALWAYS, "within": SECOND_US, "below": 0.5},
    "spike": {"factor": 3, "within": SECOND_US},
    "absent": {"for": SECOND_US},
    "ongoing": {"until": ALWAYS},
    "first_seen": {"of": (VALUE,)},
    "changed": {"of": VALUE},
    "sequence": {"steps": STEPS, "within": SECOND_US},
    "impossible_travel": {"location": VALUE, "faster_than": 900},
}
"""The fewest parameters with which each condition can be written."""


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_is_declared(name):
    """A condition is built from the parameters it declares, and prints under its own name."""
    spec, arguments = CONDITIONS[name], SMALLEST[name]
    assert {one.name for one in spec.parameters if one.required} <= set(arguments)
    assert set(arguments) <= {one.name for one in spec.parameters}
    assert spec.check(arguments) is None
    condition = spec.build(**arguments, by=(USER,))
    assert list(condition.to_json()) == [name]
    assert condition.by == (USER,)
    json.dumps(condition.to_json())
