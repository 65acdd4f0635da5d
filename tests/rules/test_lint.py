"""What loads and may still not be what was meant. Each row: a rule, and the problems it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from trailbell_rules.lint import CHECKS, untested
from trailbell_rules.load import Loaded, load_texts
from trailbell_rules.problem import Problem

MOST = [check for check in CHECKS if check is not untested.CHECK]
HEAD = "id: a\ntitle: '{{ x }}'\nseverity: low\n"
NETWORKS = "lists: {nets: [203.0.113.0/24]}\n"
SHARED = "lists: {ours: [GB, IE]}\npredicates: {abroad: {country: {exists: true, not_in: ours}}}\n"


def _loaded(text: str, shared: str = "") -> Loaded:
    return load_texts({"a.yaml": text, **({"_d.yaml": shared} if shared else {})}, checks=MOST)


def _found(text: str, shared: str = "") -> list[Problem]:
    return [problem for problem in _loaded(text, shared).problems if problem.code != "unused-definition"]


def _codes(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in problems]


@pytest.mark.parametrize(
    ("match", "severity"),
    [
        ("{a: {exists: false, equals: x}}", "error"),
        ("{a: {exists: false}, a.b: x}", "error"),
        ("{a: {equals: x, not_equals: x}}", "error"),
        ("{a: {in: [x, y], not_in: [x, y, z]}}", "error"),
        ("{a: {starts_with: x, not: {starts_with: x}}}", "error"),
        ("{a: x, not: {a: [x, y]}}", "error"),
        ("{a: x, not: {a: {exists: true}}}", "error"),
        ("{all: [{a: x}, {not: {any: [{a: x}, {b: y}]}}]}", "error"),
        ("{event_type: {equals: A, in: [B, C]}}", "error"),
        ("{event_type: {starts_with: USER_, ends_with: X}, all: [{event_type: APP_X}]}", "error"),
        ("{event_type: {exists: false}}", "error"),
        ("{a: {length: {gt: 5, lt: 3}}}", "error"),
        ("{a: {length: {lt: 0}}}", "error"),
        ("{a: {equals: x, ignore_case: true, not: {equals: X, ignore_case: true}}}", "error"),
        ("{a: {gt: 5, lt: 3}}", "warning"),
        ("{a: {gt: 5, lt: 5}}", "warning"),
        ("{a: {gte: 6, lte: 5}}", "warning"),
        ("{a: {gt: '2026-11-02T00:00:00Z', lt: '2026-11-01T00:00:00Z'}}", "warning"),
        ("{a: {equals: x, in: [y, z]}}", "warning"),
        ("{a: {equals: 5, gt: 7}}", "warning"),
        ("{a: {starts_with: x, equals: yx}}", "warning"),
        ("{a: {any_element: {b: {equals: 1, not_equals: 1}}}}", "error"),
    ],
)
def test_predicates_that_never_hold(match: str, severity: str) -> None:
    """Tests that exclude each other: an error where no event can match, a warning where an array still could."""
    assert _codes(_found(f"{HEAD}match: {match}\n")) == [("never-true", severity)]


@pytest.mark.parametrize(
    "match",
    [
        "{}",
        "{a: {gt: 3, lt: 5}}",
        "{a: {gte: 5, lte: 5}}",
        "{a: {starts_with: x, not: {ends_with: x}}}",
        "{a: {in: [x, y], not_in: [x]}}",
        "{a: {exists: false}, ab: x}",
        "{a.b: {exists: false}, a: {exists: true}}",
        "{a: {not_equals: x}, b: x}",
        "{a: {equals: x, not: {equals: X}}}",
        "{all: [{a: {equals: x, ignore_case: true}}, {a: {not_equals: X}}]}",
        "{a: {contains: x, not: {contains: y}}}",
        "{a: {every_element: {b: 1}, no_element: {b: 2}}}",
        "{any: [{a: x}, {a: y}]}",
        "{a: {starts_with: ab}, all: [{a: {starts_with: abc}}]}",
        "{a: null, b: {exists: true}}",
        "{a: {not_in: [x], exists: true}}",
        "{a: {length: {gte: 0}}}",
    ],
)
def test_predicates_that_can_hold(match: str) -> None:
    """Narrow is not empty."""
    assert _found(f"{HEAD}match: {match}\n") == []


def test_a_dead_alternative_is_a_warning_at_its_place() -> None:
    """The rest of the rule can fire, so only the alternative is doubtful."""
    text = f"{HEAD}match:\n  event_type: A\n  any:\n    - {{b: 1}}\n    - {{event_type: B}}\n"
    (problem,) = _found(text)
    assert (problem.code, problem.severity, problem.span.line) == ("never-true", "warning", 8)
    assert problem.summary.startswith("this alternative never holds")


def test_tests_about_parts_are_said_in_words() -> None:
    """A length and an element have tests of their own, which nobody wrote as JSON."""
    (problem,) = _found(f"{HEAD}match: {{a: {{length: {{lt: 0}}}}}}\n")
    assert problem.summary == "the match never holds: nothing meets `a has a length that < 0`"


def test_what_a_definition_makes_impossible_is_a_warning() -> None:
    """Somebody else may change the list; as it is now, the rule is silent."""
    (problem,) = _found(f"{HEAD}match: {{use: abroad, all: [{{country: {{exists: false}}}}]}}\n", SHARED)
    assert _codes([problem]) == [("never-true", "warning")]
    assert "as things are defined" in problem.summary


@pytest.mark.parametrize(
    ("match", "line"),
    [
        ("any: [{a: {not_equals: x}}, {a: {not_equals: y}}]", 5),
        ("any: [{not: {a: x}}, {not: {a: y}}]", 5),
        ("any: [{a: x}, {a: {not_equals: x}}]", 5),
        ("any: [{a: x}, {not: {a: x}}]", 5),
        ("not: {a: x, all: [{a: {not_equals: x}}]}", 5),
        ("any: [{a: {exists: true}}, {a: {exists: false}}]", 5),
        ("event_type: {exists: true}", 5),
        ("a: {no_element: {b: {equals: 1, not_equals: 1}}}", 5),
    ],
)
def test_predicates_that_always_hold(match: str, line: int) -> None:
    """A choice one side of which always holds selects nothing."""
    (problem,) = _found(f"{HEAD}match:\n  {match}\n  b: 1\n")
    assert (*_codes([problem])[0], problem.span.line) == ("always-true", "warning", line)


@pytest.mark.parametrize(
    "match", ["any: [{a: x}, {a: y}]", "any: [{a: {not_equals: x}}, {b: {not_equals: x}}]", "a: {exists: true}"]
)
def test_predicates_that_choose(match: str) -> None:
    """Two positives, or negatives of two fields, do select."""
    assert _found(f"{HEAD}match:\n  {match}\n") == []


@pytest.mark.parametrize(
    ("pattern", "code", "help_"),
    [
        (".*ngrok[.]io", "costly-pattern", "write `ngrok[.]io`"),
        ("^.*ngrok[.](io|app)", "costly-pattern", "write `ngrok[.](io|app)`"),
        ("ngrok[.](io|app).*$", "costly-pattern", "write `ngrok[.](io|app)`"),
        ("a{5000}", "bad-pattern", ""),
        ("ngrok", "literal-pattern", "`contains: 'ngrok'`"),
        ("^ngrok", "literal-pattern", "`starts_with: 'ngrok'`"),
        (r"ngrok\.io$", "literal-pattern", "`ends_with: 'ngrok.io'`"),
        (r"^ngrok\.io$", "literal-pattern", "`equals: 'ngrok.io'`"),
        ("(?i)ngrok", "literal-pattern", "`contains: 'ngrok', ignore_case: true`"),
        ("(^|[.])ngrok.io$", "loose-pattern", r"(^|[.])ngrok\.io$"),
        (r"(^|[.])ngrok\.io$", "", ""),
        ("^[A-Z]{2}$", "", ""),
        (r"^\d+$", "", ""),
        ("^(a|b)$", "", ""),
        ("a.*b", "", ""),
    ],
)
def test_patterns(pattern: str, code: str, help_: str) -> None:
    """A pattern that begins with anything, one that is a plain text, and a dot that was meant as a dot."""
    found = _found(f"{HEAD}match:\n  a:\n    matches: ['x[12]y', '{pattern}']\n")
    assert [problem.code for problem in found] == ([code] if code else [])
    if code and help_:
        assert help_ in found[0].help
        assert found[0].span[1:3] == (6, 25)


@pytest.mark.parametrize(
    ("match", "when", "codes"),
    [
        ("{a: 1}", "{count: {at_least: 2, within: 1m}}", ["mixed-subjects"]),
        ("{a: 1}", "{changed: {of: b}}", ["mixed-subjects"]),
        ("{a: 1}", "{count: {at_least: 2, within: 1m, by: user_email}}", []),
        ("{user_email: ana@example.com}", "{count: {at_least: 2, within: 1m}}", []),
        ("{user_email: [ana@example.com, b]}", "{count: {at_least: 2, within: 1m}}", ["mixed-subjects"]),
        ("{a: 1}", "each", []),
        ("{a: 1}", "{changed: {of: b, by: source_ip}}", ["unbounded-key"]),
        ("{a: 1}", "{changed: {of: b, by: [account_id, context.session_id]}}", ["unbounded-key"]),
        ("{a: 1}", "{changed: {of: b, by: id}}", ["unbounded-key"]),
        ("{a: 1}", "{changed: {of: b, by: source_ip, within: 1d}}", []),
        ("{a: 1}", "{changed: {of: b, by: context.msisdn}}", []),
        ("{a: 1}", "{count: {at_least: 2, within: 1m, by: source_ip}}", []),
    ],
)
def test_keys_of_conditions(match: str, when: str, codes: list[str]) -> None:
    """Without `by` the events of everybody are one sequence; by what never comes back memory grows for ever."""
    assert [problem.code for problem in _found(f"{HEAD}match: {match}\nwhen: {when}\n")] == codes


def _two(first: str, second: str) -> list[tuple[str, str]]:
    rules = (f"id: {name}\ntitle: '{{{{ x }}}}'\nseverity: low\n{body}" for name, body in (("a", first), ("b", second)))
    return [(problem.code, problem.rule_id) for problem in _found("---\n".join(rules))]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("match: {a: 1, b: 2}\n", "match: {a: 1, b: 2}\n", [("duplicate-rule", "b")]),
        ("match: {a: 1}\n", "match: {a: 1}\nwhen: {each: {by: x}}\n", []),
        ("match: {a: 1}\n", "match: {a: 2}\n", []),
        ("match: {a: [1, 2]}\n", "match: {a: 1}\n", [("shadowed-rule", "b")]),
        ("match: {a: 1, b: 2}\n", "match: {a: 1}\n", [("shadowed-rule", "a")]),
        ("match: {a: {gt: 5}}\n", "match: {a: {gt: 3}}\n", [("shadowed-rule", "a")]),
        ("match: {a: {exists: true}}\n", "match: {a: {starts_with: x}}\n", [("shadowed-rule", "b")]),
        ("match: {a: {not_in: [x]}, b: 1}\n", "match: {a: {not_in: [x, y]}, b: 1}\n", [("shadowed-rule", "b")]),
        ("match: {a: [1, 2]}\nnotify: [x]\n", "match: {a: 1}\n", []),
        ("match: {a: [1, 2]}\nalert: {severity: high}\n", "match: {a: 1}\n", []),
        ("match: {a: [1, 2], any: [{b: 1}, {b: 2}]}\n", "match: {a: 1}\n", []),
        ("match: {a: {contains: x}}\n", "match: {a: xy}\n", []),
        ("match: {a: {not_equals: x}}\n", "match: {a: y}\n", []),
    ],
)
def test_rules_that_overlap(first: str, second: str, found: list[tuple[str, str]]) -> None:
    """Told are the same rule twice, and a rule that says nothing that a wider one does not say."""
    assert _two(first, second) == found


@pytest.mark.parametrize(
    ("cases", "columns"),
    [
        ("[{if: {b: [1, 2]}, then: high}, {if: {b: 1}, then: info}]", [50]),
        ("[{if: {b: 1}, then: high}, {if: {b: [1, 2]}, then: info}]", []),
        ("[{if: {a: {not_equals: 1}}, then: high}]", [19]),
        ("[{if: {a: 1}, then: high}, {if: {c: 1}, then: info}]", [45]),
        ("high", []),
    ],
)
def test_severities_that_never_decide(cases: str, columns: list[int]) -> None:
    """An earlier case took it, or the match excludes it; the caret is at the case."""
    found = _found(f"{HEAD}match: {{a: 1}}\nalert: {{severity: {cases}}}\n")
    assert [problem.code for problem in found] == ["unreachable-severity"] * len(columns)
    assert [problem.span.column for problem in found] == [column + 2 for column in columns]


@pytest.mark.parametrize(
    ("by", "found"),
    [("x", 0), ("[x]", 0), ("[x, a]", 1), ("[x, b]", 0), ("a", 1), ("b", 0)],
)
def test_keys_of_suppress_that_change_nothing(by: str, found: int) -> None:
    """A field that the match holds at one value; the condition's own key, which is the default, may be said aloud."""
    problems = _found(f"{HEAD}match: {{a: 1}}\nwhen: {{each: {{by: x}}}}\nsuppress: {{for: 1h, by: {by}}}\n")
    assert [problem.code for problem in problems] == ["idle-suppress-key"] * found


@pytest.mark.parametrize(
    ("by", "test", "hidden"),
    [
        ("user_email", "{result: denied}", "`result`"),
        ("user_email", "{any: [{result: denied}, {not: {zone: home}}]}", "`result` and `zone`"),
        ("[user_email, result]", "{result: denied}", None),
        ("user_email", "{user_email: {ends_with: '@example.com'}}", None),  # it keeps alerts apart itself
        ("user_email", "{a: {gte: 1}}", None),  # the match holds it at one value
        ("user_email", "{time: {outside: {hours: '09:00-18:00'}}}", None),  # not what a firing differs in
        ("source_ip", "{source_country: GB}", None),  # an address is in one country
        ("userIdentity.arn", "{userIdentity.type: Root}", None),
        ("userIdentity.arn", "{requestParameters.type: Root}", "`requestParameters.type`"),
    ],
)
def test_severities_that_may_be_hidden(by: str, test: str, hidden: str | None) -> None:
    """A graver firing folds into a lesser alert when what its severity depends on does not keep alerts apart."""
    alert = f"alert: {{severity: [{{if: {test}, then: high}}]}}\n"
    found = _found(f"{HEAD}match: {{a: 1}}\n{alert}suppress: {{for: 1h, by: {by}}}\n")
    assert [problem.code for problem in found] == ["hidden-severity"] * (hidden is not None)
    assert all(f"that differ in {hidden} share one" in problem.summary for problem in found)


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("", 0),  # each alert stands for itself
        ("suppress: {for: 0}\n", 0),
        ("suppress: {for: 1h}\n", 1),
        ("when: {count: {at_least: 2, within: 1h, by: user_email}}\n", 1),  # which folds for that hour by itself
        ("when: {count: {at_least: 2, within: 1h, by: [user_email, result]}}\n", 0),
        ("when: {count: {at_least: 2, within: 1h, by: user_email}}\nsuppress: {for: 0}\n", 0),
    ],
)
def test_severities_are_hidden_only_where_firings_fold(rest: str, found: int) -> None:
    """By the condition's own key and span where `suppress` does not say otherwise."""
    alert = "alert: {severity: [{if: {result: denied}, then: high}]}\n"
    problems = _found(f"{HEAD}match: {{a: 1}}\n{alert}{rest}")
    assert [problem.code for problem in problems if problem.code == "hidden-severity"] == ["hidden-severity"] * found


def test_titles_that_name_nobody() -> None:
    """Per key, the title must tell one alert from the next; without a key there is nothing to tell."""
    keyed = "id: a\ntitle: t\nseverity: low\nmatch: {a: 1}\nwhen: {each: {by: x}}\n"
    assert [problem.code for problem in _found(keyed)] == ["constant-title"]
    assert _found("id: a\ntitle: t\nseverity: low\nmatch: {a: 1}\n") == []


def test_receivers_named_twice() -> None:
    """The second name is pointed at."""
    (problem,) = _found(f"{HEAD}match: {{a: 1}}\nnotify: [x, y, x]\n")
    assert (problem.code, problem.span[1:3]) == ("repeated-receiver", (5, 16))


def test_packs_are_not_the_users_to_mend(load: Callable[..., Loaded]) -> None:
    """Definitions may make a rule of a pack impossible; its file cannot be edited, so nothing is said of it."""
    loaded = load(
        {"_own.yaml": "lists: {expected-countries: [GB]}\n", "a.yaml": f"{HEAD}match: {{a: 1}}\n"}, ".", "pack:vonage"
    )
    assert {problem.span.file for problem in loaded.problems} == {"a.yaml"}


@pytest.mark.parametrize(
    ("match", "help_"),
    [
        ("{source_ip: 10.0.0.0/8}", "write `cidr: …`"),
        ("{source_ip: [192.0.2.1, 10.0.0.1/8]}", "write `cidr: …`"),
        ("{client.ipAddress: {in: ['2001:db8::/32']}}", "write `cidr: …`"),
        ("{any: [{x: y}, {sourceIPAddress: {not_in: [10.0.0.0/8]}}]}", "write `not_cidr: …`"),
        ("{x: y, not: {source_ip: {in: nets}}}", "write `not_cidr: …`"),
        ("{user_email: '*@example.com'}", 'write `ends_with: "@example.com"`'),
        ("{user_email: {not_in: ['*@example.com']}}", 'write `not: {ends_with: "@example.com"}`'),
    ],
)
def test_a_mask_is_no_value(match, help_):
    """A network or a wildcard where values are compared as they stand."""
    assert [(one.code, one.help) for one in _found(f"{HEAD}match: {match}\n", NETWORKS)] == [("mask-as-value", help_)]


@pytest.mark.parametrize(
    "match",
    [
        "{source_ip: {cidr: 10.0.0.0/8}}",
        "{source_ip: {in: [10.0.0.1, '2001:db8::1', a/b]}}",
        "{context.ip: 192.0.2.0/24}",  # what somebody put on an allow list
        "{items.cidrIp: 0.0.0.0/0}",
        "{requestParameters.principal: '*'}",
        "{action: 's3:*', user_email: {ends_with: '@example.com'}, x: {glob: '*@example.com'}}",
    ],
)
def test_what_may_be_a_value_is_none_of_a_mask(match):
    """Fields that hold networks, and operators that read patterns."""
    assert _found(f"{HEAD}match: {match}\n") == []
