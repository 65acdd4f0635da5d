"""Sigma documents as rules: what each construct becomes, and what is refused, with which words."""

import pytest

from trailbell_rules.importers.sigma import MAPS, import_texts
from trailbell_rules.load import load_texts

HEAD = "title: A change\nlogsource: {product: aws, service: cloudtrail}\n"
RULE = f"{HEAD}name: change\ndetection: {{s: {{eventName: StopLogging}}, condition: s}}\n"
FAIL = f"{HEAD}name: fail\ndetection: {{s: {{errorCode: Denied}}, condition: s}}\n".replace("A change", "A failure")


def _import(*documents):
    return import_texts({"set.yml": "---\n".join(documents).encode()}, MAPS["cloudtrail"])


def _match(detection, condition="s"):
    """The match that the search ``s`` becomes, as it is written."""
    imported = _import(f"{HEAD}detection:\n  s: {detection}\n  condition: {condition}\n")
    assert not imported.refused, imported.refused
    (rule,) = imported.rules
    loaded = load_texts({f"{rule.id}.yaml": rule.text})
    assert not loaded.problems, loaded.problems
    return loaded.documents[rule.id].value["match"]


def _reasons(*documents):
    return [refused.reason for refused in _import(*documents).refused]


@pytest.mark.parametrize(
    ("detection", "match"),
    [
        ("{a: Foo}", {"a": {"equals": "Foo", "ignore_case": True}}),
        ("{a: '12'}", {"a": "12"}),
        ("{a: 12}", {"a": 12}),
        ("{a: true}", {"a": True}),
        ("{a: [x, y]}", {"a": {"in": ["x", "y"], "ignore_case": True}}),
        ("{a: [1, 2]}", {"a": [1, 2]}),
        ("{a: null}", {"any": [{"a": {"exists": False}}, {"a": None}]}),
        ("{a: '*'}", {"a": {"exists": True, "not_equals": None}}),
        ("{a: 'x*'}", {"a": {"starts_with": "x", "ignore_case": True}}),
        ("{a: '*x'}", {"a": {"ends_with": "x", "ignore_case": True}}),
        ("{a: '*x*'}", {"a": {"contains": "x", "ignore_case": True}}),
        ("{a: 'x?y*z'}", {"a": {"glob": "x?y*z", "ignore_case": True}}),
        (r"{a: 'x\*y'}", {"a": {"equals": "x*y", "ignore_case": True}}),
        (r"{a: 'x\*y*z'}", {"a": {"matches": r"(?is)^x\*y.*z$"}}),
        (r"{a: 'C:\Temp\\*'}", {"a": {"starts_with": "C:\\Temp\\", "ignore_case": True}}),
        ("{a|contains: [x, y]}", {"a": {"contains": ["x", "y"], "ignore_case": True}}),
        ("{a|contains|all: [x, y]}", {"all": [{"a": {"contains": v, "ignore_case": True}} for v in "xy"]}),
        ("{a|startswith|cased: Foo}", {"a": {"starts_with": "Foo"}}),
        ("{a|re: '^x+$'}", {"a": {"matches": "^x+$"}}),
        ("{a|re|i|s: x.y}", {"a": {"matches": "(?is)x.y"}}),
        ("{a|cidr: [10.0.0.0/8, '2001:db8::/32']}", {"a": {"cidr": ["10.0.0.0/8", "2001:db8::/32"]}}),
        ("{a|gte: 5}", {"a": {"gte": 5}}),
        ("{a|exists: yes}", {"a": {"exists": True}}),
        ("{a|fieldref: b}", {"a": {"same_as": "b", "ignore_case": True}}),
        ("{a|neq: '1'}", {"not": {"a": "1"}}),
        ("{a|base64: x}", {"a": {"equals": "eA==", "ignore_case": True}}),
        ("{a|wide|base64|contains: x}", {"a": {"contains": "eAA=", "ignore_case": True}}),
        (
            "{a|windash|contains: ' -f'}",
            {"a": {"contains": [" -f", " /f", " –f", " —f", " ―f"], "ignore_case": True}},  # noqa: RUF001 - the dashes of Windows
        ),
        ("{eventName: X}", {"event_type": {"equals": "X", "ignore_case": True}}),
        ("{id: '1', userIdentity.type: '2'}", {'"id"': "1", "userIdentity.type": "2"}),
        ("[{a: '1'}, {b: '2'}]", {"any": [{"a": "1"}, {"b": "2"}]}),
        ("{a|startswith: x, a|endswith: y}", {"a": {"starts_with": "x", "ends_with": "y", "ignore_case": True}}),
        (
            "{a|contains: x, a|contains|cased: Y}",
            {"all": [{"a": {"contains": "x", "ignore_case": True}}, {"a": {"contains": "Y"}}]},
        ),
    ],
)
def test_a_search(detection, match):
    """Each row is a search and the match it becomes; texts are compared without case unless there is none."""
    assert _match(detection) == match


@pytest.mark.parametrize(
    ("detection", "reason"),
    [
        ("[word]", "looks for texts anywhere in the event"),
        ("{a|re: '(?=x)'}", "is none for `matches`"),
        ("{a|re|m: x}", "over several lines"),
        ("{a|expand: '%x%'}", 'the modifier "expand"'),
        ("{a|contains|startswith: x}", "more than one of"),
        ("{a|cidr: banana}", "is none for `cidr`"),
        ("{a|gt: x}", "which is no number"),
        ("{a|wide: x}", "compared with the bytes"),
        ("{a|base64: 'x*'}", "a wildcard in base64"),
        ("{a: []}", "has no values"),
        ("{a: {b: c}}", "a list or a mapping"),
        ("{'a[0]': x}", "no path can spell"),
        ("{'|contains': x}", "searches the whole event"),
        ("{}", "is empty"),
    ],
)
def test_what_cannot_be_said_is_refused(detection, reason):
    """Nothing is approximated: the document is left out, with the reason in words."""
    (refused,) = _import(f"{HEAD}detection:\n  s: {detection}\n  condition: s\n").refused
    assert reason in refused.reason
    assert (refused.file, refused.line, refused.title) == ("set.yml", 1, "A change")


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("s and", "ends where a search should stand"),
        ("(s", "not closed"),
        ("s s", 'has "s" where it should end'),
        ("other", 'names "other"'),
        ("2 of s*", '"2 of" has no counterpart'),
        ("1 of x*", 'no search has a name like "x*"'),
        ("s | count() > 5", "aggregates with `|`"),
        ("not " * 60 + "s", "nested deeper"),
    ],
)
def test_a_condition_that_is_none(condition, reason):
    """The reason says where it goes wrong."""
    (found,) = _reasons(f"{HEAD}detection:\n  s: {{a: '1'}}\n  condition: {condition}\n")
    assert reason in found


def _when(correlation, *rules):
    imported = _import(*(rules or (RULE, FAIL)), f"title: Many\ncorrelation: {correlation}\n")
    assert not imported.refused, imported.refused
    rule = next(rule for rule in imported.rules if rule.title == "Many")
    loaded = load_texts({f"{rule.id}.yaml": rule.text})
    assert not loaded.problems, loaded.problems
    return loaded.documents[rule.id].value


@pytest.mark.parametrize(
    ("correlation", "when"),
    [
        (
            "{type: event_count, rules: [change], group-by: [x], timespan: 10m, condition: {gte: 5}}",
            {"count": {"at_least": 5, "within": "10m", "by": "x"}},
        ),
        (
            "{type: event_count, rules: [change], group-by: [x, eventName], timespan: 1h, condition: {gt: 5}}",
            {"count": {"at_least": 6, "within": "1h", "by": ["x", "event_type"]}},
        ),
        (
            "{type: value_count, rules: [change], group-by: [x], timespan: 1d, condition: {gte: 3, field: y}}",
            {"distinct": {"of": "y", "at_least": 3, "within": "1d", "by": "x"}},
        ),
        (
            "{type: value_sum, rules: [change], group-by: [x], timespan: 1d, condition: {gt: 3, field: y}}",
            {"metric": {"function": "sum", "of": "y", "above": 3, "within": "1d", "by": "x"}},
        ),
        (
            "{type: value_percentile, rules: [change], group-by: x, timespan: 1d, condition: {lt: 3, field: y, percentile: 95}}",  # noqa: E501 - one line as people write it
            {"metric": {"function": "p95", "of": "y", "below": 3, "within": "1d", "by": "x"}},
        ),
    ],
)
def test_a_correlation(correlation, when):
    """Each row is a correlation and the condition it becomes; the alert's title names the key."""
    value = _when(correlation)
    assert value["when"] == when
    assert value["title"].startswith("Many: {{ key[")


@pytest.mark.parametrize(("kind", "ordered"), [("temporal", {"ordered": False}), ("temporal_ordered", {})])
def test_a_temporal_correlation_is_a_sequence(kind, ordered):
    """Its rules are the steps; the match is what any of them matches."""
    value = _when(f"{{type: {kind}, rules: [fail, change], group-by: [x], timespan: 5m}}")
    fail = {"errorCode": {"equals": "Denied", "ignore_case": True}}
    change = {"event_type": {"equals": "StopLogging", "ignore_case": True}}
    steps = [{"name": "fail", "match": fail}, {"name": "change", "match": change}]
    assert value["match"] == {"any": [fail, change]}
    assert value["when"] == {"sequence": {"steps": steps, **ordered, "within": "5m", "by": "x"}}


@pytest.mark.parametrize(
    ("correlation", "reason"),
    [
        ("{type: event_count, rules: [change], timespan: 10m, condition: {lt: 5}}", "fires on few events"),
        ("{type: event_count, rules: [change], timespan: 1M, condition: {gte: 5}}", "the timespan '1M'"),
        ("{type: event_count, rules: [gone], timespan: 1m, condition: {gte: 5}}", "not among the files"),
        ("{type: event_count, rules: [change], timespan: 1m, condition: {gte: 5, lt: 9}}", "not one bound"),
        (
            "{type: event_count, rules: [change], timespan: 1m, condition: {gte: 5}, aliases: {a: {change: b}}}",
            "aliases",
        ),
        ("{type: value_count, rules: [change], timespan: 1m, condition: {gte: 5}}", "names no field"),
        ("{type: value_sum, rules: [change], timespan: 1m, condition: {gte: 5, field: x}}", "`gte` a bound"),
        (
            "{type: value_percentile, rules: [change], timespan: 1m, condition: {gt: 5, field: x, percentile: 7}}",
            "percentile 7",
        ),
        ("{type: temporal, rules: [change], timespan: 1m}", "no sequence"),
        ("{type: temporal, rules: [change, fail], timespan: 1m, condition: {gte: 1}}", "only some of its rules"),
        ("{type: outlier, rules: [change], timespan: 1m}", '"outlier" has no counterpart'),
    ],
)
def test_a_correlation_that_cannot_be_said(correlation, reason):
    """It is refused by name; the rules it is about stand by themselves or not at all, as it says."""
    reasons = _reasons(RULE, FAIL, f"title: Many\ncorrelation: {correlation}\n")
    assert [found for found in reasons if reason in found], reasons


def test_a_rule_that_is_only_correlated_tells_nothing_by_itself():
    """Unless the correlation says that it generates alerts, too."""
    correlation = (
        "title: Many\ncorrelation: {{type: event_count, rules: [change], timespan: 1m, condition: {{gte: 5}}{}}}\n"
    )
    silent = _import(RULE, FAIL, correlation.format(""))
    assert [rule.title for rule in silent.rules] == ["A failure", "Many"]
    assert silent.referred == ("A change",)
    loud = _import(RULE, correlation.format(", generate: true"))
    assert [rule.title for rule in loud.rules] == ["A change", "Many"]


def test_a_filter_is_worked_into_the_rules_it_names():
    """By id or name, or any rule of its logsource; one that filters nothing is said."""
    said = "{rules: [change], adm: {user: admin}, condition: not adm}"
    own = f"title: Not the admin\nlogsource: {{product: aws}}\nfilter: {said}\n"
    imported = _import(RULE, FAIL, own)
    change, fail = (load_texts({"r.yaml": rule.text}).documents[rule.id].value["match"] for rule in imported.rules)
    assert change == {
        "all": [
            {"event_type": {"equals": "StopLogging", "ignore_case": True}},
            {"not": {"user": {"equals": "admin", "ignore_case": True}}},
        ]
    }
    assert "all" not in fail
    assert imported.filters == 1
    assert _reasons(RULE, own.replace("[change]", "[gone]")) == ["it filters none of the imported rules"]
    assert _import(RULE, FAIL, own.replace("[change]", "any")).filters == 1


def test_what_is_said_of_a_rule_is_kept():
    """Title, level, status, tags, references, author, dates, known false alarms; a title is no template."""
    text = (
        "title: 'Odd {{ name }} {% if %}'\nid: 0d894093-71bc-43c3-8c4d-ecfc28dcf5d9\n"
        "status: experimental\nlevel: informational\n"
        "author: Ann, Bob\ndate: 2024-01-02\ndescription: What it is.\nreferences: [https://example.com/a]\n"
        "tags: [attack.t1078]\nfalsepositives: [A test]\nfields: [userName]\nlicense: DRL-1.1\n"
        "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {a: b}, condition: s}\n"
    )
    (rule,) = _import(text).rules
    value = load_texts({"r.yaml": rule.text}).documents[rule.id].value
    assert rule.id == "odd-name-if"
    assert value["title"] == "Odd {{ '{{' }} name }} {{ '{%' }} if %}"
    assert (value["severity"], value["status"]) == ("info", "experimental")
    assert (value["references"], value["tags"]) == (["https://example.com/a"], ["attack.t1078"])
    assert value["alert"] == {"fields": ["userName"]}
    for words in ("What it is.", "0d894093", "Ann, Bob", "2024-01-02", "DRL-1.1", "- A test"):
        assert words in value["description"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (RULE.replace("service: cloudtrail", "service: guardduty"), "about product aws and service guardduty"),
        (RULE.replace("logsource: {product: aws, service: cloudtrail}", ""), "about no logsource"),
        (RULE + "status: deprecated\n", "its status is deprecated"),
        (RULE + "level: huge\n", "its level 'huge'"),
        (RULE.replace("title: A change", "title:"), "it has no title"),
        ("title: x\n", "it is no rule, correlation or filter"),
        ("action: global\n", "before collections"),
        ("a: [", "no sound YAML"),
        (f"{HEAD}detection: {{s: {{a: b}}, timeframe: 5m, condition: s}}\n", "`timeframe`"),
        (f"{HEAD}detection: {{s: {{a: b}}}}\n", "no condition"),
    ],
)
def test_documents_that_are_left_out(text, reason):
    """Of another source, deprecated, or no rule at all: each is named with the reason."""
    (refused,) = _import(text).refused
    assert reason in refused.reason


def test_titles_that_are_alike_get_ids_of_their_own():
    """Ids are made of titles, numbered where they would be the same."""
    assert [rule.id for rule in _import(RULE, RULE).rules] == ["a-change", "a-change-2"]


def test_texts_that_yaml_takes_for_something_else_stay_texts():
    """What is a text in Sigma's document is one in ours: a version, a time, an exponent."""
    assert _match("{a: ['1e3', 'no', '0o17', '12:30', 'null', '~', '1_000']}")["a"]["in"] == [
        *("1e3", "no", "0o17", "12:30", "null", "~", "1_000")
    ]
