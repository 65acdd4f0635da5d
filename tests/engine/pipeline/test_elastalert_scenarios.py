"""What ElastAlert 2 documents of its rule types, as conditions of ours: the same, or other on purpose with the reason.

The scenarios are those of its documentation of rule types (docs/source/ruletypes.rst, version 2.31) and of the common
options ``realert`` and ``exponential_realert``; where the text and the program differ, the program counts.
"""

from dataclasses import dataclass

import pytest

from trailbell_engine.conditions.absent import Absent
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.conditions.metric import Metric
from trailbell_engine.conditions.ratio import Ratio
from trailbell_engine.conditions.spike import Spike
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf, Not
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.timestamps import SECOND_US

KEY, VALUE, OK = (parse_path(name) for name in ("key", "value", "ok"))
MINUTE, HOUR = 60 * SECOND_US, 3600 * SECOND_US


def at(t, value=None, **data):
    """A record of second ``t``."""
    return t, data | ({} if value is None else {"value": value})


def many(*times):
    return [at(t) for t in times]


def values(*pairs):
    return [at(t, value) for t, value in pairs]


def tick(t):
    """The clock shows second ``t``."""
    return t, None


@dataclass(frozen=True)
class Scenario:
    """One row.

    Attributes:
        name: what it shows.
        condition: ours.
        timeline: records of seconds.
        elastalert: the seconds at which ElastAlert 2 matches.
        differs: why ours are others; empty where they are the same.
        ours: the seconds at which ours fires, where they are others.
    """

    name: str
    condition: object
    timeline: list
    elastalert: list
    differs: str = ""
    ours: tuple = ()


SCENARIOS = [
    # any
    Scenario("any: every hit", Each(), many(0, 0, 5), [0, 0, 5]),
    # frequency: num_events, timeframe, query_key
    Scenario("frequency: num_events within timeframe", Count(3, MINUTE), many(0, 20, 40), [40]),
    Scenario("frequency: the window is cleared by a match", Count(2, MINUTE), many(0, 1, 2, 3, 4), [1, 3]),
    Scenario("frequency: exactly timeframe apart is too far", Count(2, MINUTE), many(0, 60), []),
    Scenario(
        "frequency: query_key",
        Count(2, MINUTE, (KEY,)),
        [at(0, key="a"), at(1, key="b"), at(2, key="a")],
        [2],
    ),
    Scenario(
        "frequency: events without the query_key are one group",
        Count(2, MINUTE, (KEY,)),
        [at(0), at(1, key="a"), at(2)],
        [2],
    ),
    Scenario(
        "frequency: an event older than the newest less timeframe is dropped by both",
        Count(2, 10 * SECOND_US),
        many(100, 80, 85),
        [],
    ),
    # cardinality: cardinality_field, timeframe, max_cardinality, min_cardinality
    Scenario(
        "cardinality: more than max_cardinality",
        Distinct((VALUE,), 3, MINUTE),
        values((0, 1), (1, 2), (2, 3), (3, 3), (4, 1)),
        [2, 3, 4],
        differs="it matches on every event while the number is above; ours needs the full number again",
        ours=(2,),
    ),
    Scenario("cardinality: old values leave", Distinct((VALUE,), 3, MINUTE), values((0, 1), (30, 2), (61, 3)), []),
    # change: compare_key, query_key, ignore_null, timeframe
    Scenario("change: the first sighting is none", Changed(VALUE), values((0, "a"), (1, "a"), (2, "b")), [2]),
    Scenario("change: timeframe forgets", Changed(VALUE, 10 * SECOND_US), values((0, "a"), (11, "b"), (12, "c")), [12]),
    Scenario("change: ignore_null", Changed(VALUE), [at(0, "a"), at(1), at(2, "a")], []),
    Scenario("change: not ignore_null", Changed(VALUE, None, True), [at(0, "a"), at(1), at(2, "a")], [1, 2]),
    Scenario(
        "change: 0 and the empty text",
        Changed(VALUE),
        values((0, 1), (1, 0), (2, "")),
        [],
        differs="it takes 0 and the empty text for null; they are values",
        ours=(1, 2),
    ),
    # new_term: fields, terms_window_size, alert_on_missing_field
    Scenario(
        "new_term: a value not seen in the window before the start",
        FirstSeen((VALUE,), HOUR, MINUTE),
        values((0, "a"), (30, "b"), (90, "a"), (100, "c"), (101, "c")),
        [100],
    ),
    Scenario(
        "new_term: composite fields need all parts",
        FirstSeen((KEY, VALUE), HOUR, MINUTE),
        [at(0, 1, key="a"), at(90, 2, key="a"), at(91, 3), at(92, 2, key="a")],
        [90],
    ),
    Scenario(
        "new_term: remembered until the restart",
        FirstSeen((VALUE,), MINUTE, SECOND_US),
        values((0, "a"), (50, "b"), (130, "b")),
        [50],
        differs="it forgets at the restart of the program; ours after the time that the rule says, whatever restarts",
        ours=(50,),
    ),
    Scenario(
        "new_term: 0 and false",
        FirstSeen((VALUE,), HOUR, SECOND_US),
        values((0, 1), (2, 0), (3, False)),
        [],
        differs="it takes 0 and false for missing; they are values",
        ours=(2, 3),
    ),
    # flatline: threshold, timeframe, query_key, forget_keys
    Scenario("flatline: under the threshold", Absent(MINUTE), [at(0), at(30), tick(100)], [90]),
    Scenario("flatline: not before a timeframe has passed", Absent(MINUTE), [at(0), tick(50)], []),
    Scenario("flatline: threshold 3", Absent(MINUTE, 3), [*many(0, 20, 40, 60, 80, 100), tick(130)], [120]),
    Scenario(
        "flatline: at every run until data returns",
        Absent(MINUTE),
        [at(0), tick(61), tick(121), tick(181), at(200), tick(270)],
        [60, 120, 180, 260],
        differs="it matches at every run, so how often depends on run_every; ours fires once, and says when it is over",
        ours=(60, 260),
    ),
    Scenario(
        "flatline: nothing was ever seen",
        Absent(MINUTE),
        [tick(100)],
        [100],
        differs="it fires without a query_key; ours watches what was seen: a rule may be older than its source",
    ),
    Scenario(
        "flatline: query_key, each key by itself",
        Absent(MINUTE, 1, (KEY,)),
        [at(0, key="a"), at(0, key="b"), at(50, key="b"), tick(70)],
        [60],
    ),
    Scenario(
        "flatline: forget_keys",
        Absent(MINUTE, 1, (KEY,)),
        [at(0, key="a"), tick(61), tick(121)],
        [60],
    ),
    # metric_aggregation: metric_agg_key, metric_agg_type, max_threshold, min_threshold, min_doc_count
    Scenario("metric_aggregation: avg above", Metric("avg", VALUE, MINUTE, above=10), values((0, 8), (1, 14)), [1]),
    Scenario("metric_aggregation: the bound is exclusive", Metric("max", VALUE, MINUTE, above=10), values((0, 10)), []),
    Scenario("metric_aggregation: below", Metric("min", VALUE, MINUTE, below=1), values((0, 5), (1, 0.5)), [1]),
    Scenario(
        "metric_aggregation: min_doc_count",
        Metric("sum", VALUE, MINUTE, above=10, min_events=3),
        values((0, 50), (1, 1), (2, 1)),
        [2],
    ),
    Scenario(
        "metric_aggregation: percentiles",
        Metric("p95", VALUE, MINUTE, above=10, min_events=3),
        values((0, 1), (1, 2), (2, 50)),
        [2],
    ),
    Scenario("metric_aggregation: value_count", Count(3, MINUTE), values((0, 1), (1, 1), (2, 1)), [2]),
    Scenario("metric_aggregation: cardinality", Distinct((VALUE,), 3, MINUTE), values((0, 1), (1, 2), (2, 3)), [2]),
    # percentage_match: match_bucket_filter, max_percentage, min_percentage, min_denominator
    Scenario(
        "percentage_match: max_percentage",
        Ratio(One(OK, "equals", False), MINUTE, above=0.4, min_events=4),
        [at(0, ok=True), at(1, ok=True), at(2, ok=False), at(3, ok=False)],
        [3],
    ),
    Scenario(
        "percentage_match: min_percentage",
        Ratio(One(OK, "equals", True), MINUTE, below=0.95, min_events=4),
        [at(0, ok=True), at(1, ok=True), at(2, ok=True), at(3, ok=False)],
        [3],
    ),
    Scenario(
        "percentage_match: min_denominator",
        Ratio(One(OK, "equals", False), MINUTE, above=0.4, min_events=4),
        [at(0, ok=False), at(1, ok=False)],
        [],
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_documented_scenario(scenario, firings):
    """The same seconds, or others for the reason that stands in the row."""
    found = [t for t, _ in firings(scenario.condition, scenario.timeline)]
    assert found == (list(scenario.ours) if scenario.differs else scenario.elastalert)


# Blacklist and whitelist look at one event each: they are predicates.

LISTED = One(VALUE, "in", ("a", "b"))
PREDICATES = [
    ("blacklist: in the list", LISTED, {"value": "a"}, True),
    ("blacklist: not in the list", LISTED, {"value": "c"}, False),
    ("blacklist: null is ignored", LISTED, {}, False),
    ("whitelist, ignore_null: in the list", AllOf((One(VALUE, "exists", True), Not(LISTED))), {"value": "a"}, False),
    ("whitelist, ignore_null: not in the list", AllOf((One(VALUE, "exists", True), Not(LISTED))), {"value": "c"}, True),
    ("whitelist, ignore_null: missing", AllOf((One(VALUE, "exists", True), Not(LISTED))), {}, False),
    ("whitelist, not ignore_null: missing", Not(LISTED), {}, True),
    ("new_term, alert_on_missing_field: missing", Not(One(VALUE, "exists", True)), {}, True),
    ("new_term, alert_on_missing_field: there", Not(One(VALUE, "exists", True)), {"value": 0}, False),
]


@pytest.mark.parametrize(("name", "predicate", "data", "expected"), PREDICATES)
def test_lists_are_predicates(name, predicate, data, expected, it_holds, an_event):
    """``in`` and ``not_in``."""
    assert it_holds(predicate, an_event(data)) is expected, name


# The ten examples of its page on spikes. Each number is the events of an hour; they come at its end.
# The rule has been watching since the hour before, so that the first alert may come at the end of hour 4.

CURRENT_15 = Spike(4, 2 * HOUR, min_events=15)
REFERENCE_5 = Spike(2, 2 * HOUR, min_baseline=5)
CURRENT_100 = Spike(5, 2 * HOUR, min_events=100)
SPIKES = [
    (CURRENT_15, [5, 5, 10, 35], [4]),
    (CURRENT_15, [20, 21, 19, 23], []),
    (CURRENT_15, [10, 0, 0, 30, 5], [5]),
    (REFERENCE_5, [20, 100, 100, 100], []),
    (REFERENCE_5, [0, 20, 100, 100], [4]),
    (REFERENCE_5, [1, 2, 2, 1000, 2, 4], []),
    (REFERENCE_5, [1000, 0, 0, 0, 1000, 1050, 1075], [7]),
    (CURRENT_100, [1000], []),
    (CURRENT_100, [2, 1, 20, 81], [4]),
    (CURRENT_100, [10, 20, 40, 80, 200], []),
]


@pytest.mark.parametrize(("condition", "hours", "expected"), SPIKES)
def test_the_ten_examples_of_spikes(condition, hours, expected, firings):
    """``threshold_cur`` is ``min_events``, ``threshold_ref`` is ``min_baseline``."""
    timeline = [at(0), *(at(3600 * hour) for hour, number in enumerate(hours, 1) for _ in range(number))]
    assert [t / 3600 for t, _ in firings(condition, timeline)] == expected


def minutes(rule, times, outputs):
    """The minutes at which alerts open."""
    opened = [output.alert for output in outputs(rule, [at(60 * t) for t in times]) if hasattr(output, "alert")]
    first_us = opened[0].opened_at_us
    return [times[0] + (alert.opened_at_us - first_us) // MINUTE for alert in opened]


def test_realert(a_rule, outputs):
    """One alert each ten minutes, measured in the time of the events; what comes between is folded, not lost."""
    rule = a_rule(Each(), 600)
    assert minutes(rule, range(60, 91), outputs) == [60, 70, 80, 90]
    assert sum(1 for _ in outputs(rule, [at(60 * t) for t in range(60, 91)])) == 31


def test_realert_is_measured_in_event_time(a_rule, outputs):
    """ElastAlert measures when it sends: over history, events hours apart give one alert. Ours give one each."""
    assert minutes(a_rule(Each(), 60), range(0, 600, 60), outputs) == list(range(0, 600, 60))


def test_exponential_realert_is_left_out(a_rule, outputs):
    """``realert: 10m``, ``exponential_realert: 1h`` alerts at 60, 75, 96, 137 and 198 on a steady stream of events.

    Ours go on every ten minutes. A longer silence is a longer ``for``: what is folded is counted, and the next message
    tells it, so that nothing has to be hidden for longer and longer to be bearable.
    """
    assert minutes(a_rule(Each(), 600), [60, 75, 96, 137, 198], outputs) == [60, 75, 96, 137, 198]
    assert minutes(a_rule(Each(), 3600), range(60, 199), outputs) == [60, 120, 180]
