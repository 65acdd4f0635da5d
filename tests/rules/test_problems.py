"""What is wrong with a text, and where: one row a mistake. Each text has exactly that one problem."""

from collections.abc import Callable

import pytest

from trailbell_rules.codes import CODES

HEAD = "id: a\ntitle: t\nseverity: low\n"
"""Three lines in front of each body, so a body begins on line 4."""

SYNTAX = [
    ("match: {a: [\n", "yaml-syntax", 4, 12, "a value is missing here"),
    ("match: {a: ]\n", "yaml-syntax", 4, 12, "a `]` where a value must stand"),
    ("match: {a: 'b' c}\n", "yaml-syntax", 4, 8, "the `{` opened here is never closed, or a comma"),
    ("match:\n  a: 'b' c\n", "yaml-syntax", 5, 10, "`c` stands after the end of the value"),
    ("match:\n  a: b\n c: d\n", "yaml-syntax", 6, 2, "this line does not continue"),
    ("match: {a: [1, 2}\n", "yaml-syntax", 4, 12, "the `[` opened here is never closed"),
    ("match: {a: 1\n", "yaml-syntax", 4, 8, "the `{` opened here is never closed"),
    ("match: {a: 'x}\n", "yaml-syntax", 4, 12, "the quotation mark opened here is never closed"),
    ("match: a: b\n", "yaml-syntax", 4, 9, "a `:` where no key can stand"),
    ("match:\n\ta: b\n", "tab", 5, 1, "a tab cannot indent YAML"),
    ("match: {a: @b}\n", "yaml-syntax", 4, 12, "no value begins with `@`"),
    ('match: {a: "\\d"}\n', "yaml-syntax", 4, 13, "no such escape in double quotes"),
    ("match: {a: *.example.com}\n", "yaml-syntax", 4, 13, "begin an alias or an anchor"),
    ("match: {a: *b}\n", "alias", 4, 12, "no anchor &b stands before *b"),
    ("match: &m {a: {not: *m}}\n", "alias", 4, 21, "*m stands inside what it repeats"),
    ("match: {a: !!str 1}\n", "yaml-tag", 4, 12, "is not used here"),
    ("match: {a: \x07}\n", "control-character", 4, 12, "U+0007"),
]

VALUES = [
    ("match: {a: 1}\ntitle: u\n", "duplicate-key", 5, 1, 'the key "title" stands twice'),
    ("match: {404: 1}\n", "bad-key", 4, 9, "404 is no text"),
    ("match: {true: 1}\n", "bad-key", 4, 9, "true is no text"),
    ("match: {[a]: 1}\n", "bad-key", 4, 9, "a list or a mapping cannot be a key"),
    ("match: {<<: {a: 1}}\n", "merge-key", 4, 9, "the merge key << is not used here"),
    ("match: {a: .nan}\n", "bad-number", 4, 12, ".nan is no finite number"),
    ("match: {a: 1e999}\n", "bad-number", 4, 12, "1e999 is no finite number"),
    ("match: {a: 99999999999999999999}\n", "bad-number", 4, 12, "does not fit into 64 bits"),
    ("match: {msisdn: 0447700900000}\n", "leading-zero", 4, 17, "reads as the number 447700900000"),
]

OUTLINE = [
    ("match: {a: 1}\nrunbok: x\n", "unknown-key", 5, 1, 'unknown key "runbok"', 'did you mean "runbook"?'),
    ("match: {a: 1}\nflavour: x\n", "unknown-key", 5, 1, 'unknown key "flavour"', "known here: id, title"),
    ("when: each\n", "missing-key", 1, 1, 'the key "match" is missing', "`match: {event_type: USER_LOGIN}`"),
    ("macth: {a: 1}\n", "unknown-key", 4, 1, 'unknown key "macth"', 'did you mean "match"?'),
    ("match: {a: 1}\nowner: 5\n", "wrong-type", 5, 8, '"owner" must be a string, not a number', 'quote it: "5"'),
    ("match: {a: 1}\nowner: ''\n", "bad-value", 5, 8, '"owner" must not be empty'),
    ("match: {a: 1}\ntags: [a, true]\n", "wrong-type", 5, 11, 'an entry of "tags" must be a string, not true'),
    ("match: {a: 1}\nnotify: slack\n", "wrong-type", 5, 9, '"notify" must be a list, not a string', "`[slack]`"),
    ("match: {a: 1}\nsuppress: 1h\n", "wrong-type", 5, 11, '"suppress" must be a mapping', "a mapping of for and by"),
    ("match: {a: 1}\nstatus: stabel\n", "bad-value", 5, 9, "stable or experimental", 'did you mean "stable"?'),
    ("match: {a: 1}\nalert: {sumary: x}\n", "unknown-key", 5, 9, 'unknown key "sumary"', 'did you mean "summary"?'),
    ("match: {a: 1}\nalert: {severity: hgh}\n", "bad-value", 5, 19, '"severity" must be info, low', '"high"'),
    ("match: {a: 1}\nalert: {severity: [{if: {a: 1}}]}\n", "missing-key", 5, 20, 'the key "then" is missing'),
    ("match: {a: 1}\nalert: {fields: [a..b]}\n", "bad-path", 5, 20, "is no path segment"),
    ("match: {a: 1}\nsuppress: {for: 1 hour}\n", "bad-value", 5, 17, '"for" is not well-formed', "`90s`"),
    ("match: {a: 1}\nsuppress: {for: 999w}\n", "bad-duration", 5, 17, 'expected a duration, found "999w"', "ten years"),
    ("match: {a: 1}\nsuppress: {by: [a, b.]}\n", "bad-path", 5, 21, ""),
    ("match: {a: 1}\ntests: [{name: x, events: [{}]}]\n", "missing-key", 5, 9, 'the key "alerts" is missing'),
    ("match: {a: 1}\ntests: [{name: x, events: [], alerts: []}]\n", "bad-value", 5, 27, '"events" needs at least 1'),
    ("match: {a: 1}\ntests: [{name: x, events: [{}], alerts: [{last_at: noon}]}]\n", "bad-value", 5, 52, '"last_at"'),
    ("match: {a: 1}\ntests: [{name: x, events: [{}], alerts: [{sevrity: low}]}]\n", "unknown-key", 5, 43, "sevrity"),
]

PREDICATES = [
    ("match: [a]\n", "wrong-type", 4, 8, "expected a mapping of field path to test, found a list"),
    ("match:\n", "wrong-type", 4, 1, "expected a mapping of field path to test, found nothing"),
    ("match: {a: {starts_wiht: x}}\n", "unknown-operator", 4, 13, '"starts_wiht"', 'did you mean "starts_with"?'),
    ("match: {a: {eq: x}}\n", "unknown-operator", 4, 13, '"eq"', 'did you mean "equals"?'),
    ("match: {context: {msisdn: x}}\n", "unknown-operator", 4, 19, '"msisdn"', "`context.msisdn: …`"),
    ("match: {a: {any: [{b: 1}]}}\n", "unknown-operator", 4, 13, '"any"', "stand where fields stand"),
    ("match: {equals: x}\n", "operator-as-field", 4, 9, '"equals" stands where a field stands', "`field: {equals: …}`"),
    ("match: {a: {}}\n", "no-operator", 4, 12, "a test without an operator"),
    ("match: {a: {ignore_case: true}}\n", "no-operator", 4, 12, "a test without an operator"),
    ("match: {a: {ignore_case: 1, equals: x}}\n", "wrong-type", 4, 26, "must be true or false, not a number"),
    ("match: {any: {a: 1}}\n", "wrong-type", 4, 14, '"any" takes a list of predicates, not a mapping'),
    ("match: {not: {}}\n", "bad-value", 4, 14, "an empty predicate would always hold"),
    ("match: {any: [{a: 1}, {}]}\n", "bad-value", 4, 23, "an empty predicate would always hold"),
    ("match: {all: []}\n", "wrong-type", 4, 14, '"all" takes a list of predicates, not an empty list'),
    ("match: {not: a}\n", "wrong-type", 4, 14, "expected a mapping of field path to test, found a string"),
    ("match: {use: [a, b]}\n", "wrong-type", 4, 14, '"use" takes the name of a predicate', "all: [{use: one}"),
    ("match: {use: offic}\n", "undefined-name", 4, 14, 'no predicate is called "offic"', 'did you mean "office"?'),
    ("match: {a..b: 1}\n", "bad-path", 4, 11, "is no path segment"),
    ("match: {'a[': 1}\n", "bad-path", 4, 11, "is no path segment"),
    ("match: {a: []}\n", "bad-operand", 4, 12, "an empty list"),
    ("match: {a: {in: [x, {b: 1}]}}\n", "bad-operand", 4, 21, "expected a single value in the list"),
    ("match: {a: {in: vip}}\n", "undefined-name", 4, 17, "no list is called 'vip'", 'did you mean "vips"?'),
    ("match: {a: {during: ofice}}\n", "undefined-name", 4, 21, "no schedule is called", 'did you mean "office"?'),
    ("match: {a: {starts_with: [x, 5]}}\n", "bad-operand", 4, 30, "expected a string, found a number"),
    ("match: {a: {matches: ['a', 'b(']}}\n", "bad-pattern", 4, 28, "invalid pattern"),
    ("match: {a: {cidr: 10.0.0.1/8}}\n", "bad-network", 4, 19, "bits set beyond its mask", "write 10.0.0.0/8"),
    ("match: {a: {exists: yes}}\n", "bad-operand", 4, 21, "expected true or false, found a string"),
    ("match: {a: {gt: soon}}\n", "bad-operand", 4, 17, "neither a number nor a time"),
    ("match: {a: {same_as: b.}}\n", "bad-path", 4, 23, ""),
    ("match: {a: {same_as: 5}}\n", "wrong-type", 4, 22, "expected a field path, found a number"),
    (
        "match: {a: {length: {contains: x}}}\n",
        "bad-operand",
        4,
        22,
        'a length is a number, which "contains" cannot test',
    ),
    ("match: {a: {any_element: {b: {lenght: 1}}}}\n", "unknown-operator", 4, 31, '"lenght"', '"length"'),
    ("match: {a: {any_element: {$: 1}}}\n", "bad-path", 4, 27, "`$` alone is the whole event"),
]

SCHEDULES = [
    ("{timezone: Europe/Londn}", 31, '"Europe/Londn" is no time zone', 'did you mean "Europe/London"?'),
    ("{timezone: Berlin}", 31, '"Berlin" is no time zone', 'did you mean "Europe/Berlin"?'),
    ("{timezone: {from: a..b, default: UTC}}", 40, "is no path segment", ""),
    ("{days: mon-fry}", 27, 'expected weekdays, found "mon-fry"', ""),
    ("{days: [mon, 5]}", 33, "expected weekdays, found a number", ""),
    ("{hours: 8-18}", 28, 'expected hours, found "8-18"', "over midnight"),
    ("{hours: 08:00-25:00}", 28, 'expected hours, found "08:00-25:00"', ""),
    ("{hours: 08:00-08:00}", 28, "begins where it ends", "the whole day"),
    ("{holidays: GRB}", 31, 'no holidays are known for "GRB"', ""),
    ("{holidays: GB-EN}", 31, "GB has no subdivision EN", ""),
    ("{tz: UTC}", 21, 'unknown key "tz"', "timezone, days, hours and holidays"),
    ("{}", 20, "an empty schedule is always", ""),
]

CONDITIONS = [
    ("chnged", "unknown-condition", 7, '"chnged"', 'did you mean "changed"?'),
    ("count", "missing-key", 1, '"at_least" and "within" are missing in "count"', "how many matches fire"),
    ("[each]", "wrong-type", 7, '"when" takes one condition, not a list', "known: each, count"),
    ("{}", "wrong-type", 7, '"when" takes one condition, not an empty mapping', ""),
    ("{cuont: {at_least: 5, within: 1m}}", "unknown-condition", 8, '"cuont"', 'did you mean "count"?'),
    ("{count: 5}", "wrong-type", 15, '"count" takes a mapping, not a number', "at_least: …"),
    ("{count: {at_lest: 5, within: 1m}}", "unknown-key", 16, '"at_lest"', 'did you mean "at_least"?'),
    ("{count: {at_least: 0, within: 1m}}", "bad-value", 26, "a whole number of at least 1, not 0", ""),
    ("{count: {at_least: 2.5, within: 1m}}", "bad-value", 26, "not 2.5", ""),
    ("{count: {at_least: 5, within: 10 minutes}}", "bad-duration", 37, 'found "10 minutes"', "`10m`"),
    ("{count: {at_least: 5, within: 1m, by: [a, b.]}}", "bad-path", 50, "", ""),
    ("{changed: {of: a, track_null: 1}}", "bad-value", 37, '"track_null" must be true or false', ""),
    ("{frequency: {at_least: 5, within: 1m}}", "unknown-condition", 8, '"frequency"', 'did you mean "count"?'),
    ("{count: {num_events: 5, within: 1m}}", "unknown-key", 16, '"num_events"', 'did you mean "at_least"?'),
    ("{distinct: {at_least: 5, within: 1m}}", "missing-key", 8, '"of" is missing', "told apart"),
    ("{distinct: {of: a, at_least: 20000, within: 1m}}", "bad-condition", 26, "keeps at most 10,000", ""),
    ("{metric: {function: average, of: a, within: 1m, above: 5}}", "bad-value", 27, "sum, avg", 'mean "avg"?'),
    ("{metric: {function: [sum], of: a, within: 1m, above: 5}}", "bad-value", 27, "not a list", ""),
    ("{metric: {function: sum, of: a, within: 1m}}", "bad-condition", 8, '"above" or "below" is missing', "too much"),
    (
        "{metric: {function: sum, of: a, within: 1m, above: 5, below: 7}}",
        *("bad-condition", 61, "every value is above 5 or below 7", "lower end"),
    ),
    ("{ratio: {of: {b: 1}, within: 1m, above: 20}}", "bad-value", 47, "a share from 0 to 1", "20 per cent is `20%`"),
    ("{ratio: {of: {b: 1}, within: 1m, above: 120%}}", "bad-value", 47, 'not "120%"', "`0.2` or `20%`"),
    ("{ratio: {of: {b: 1}, within: 1m, above: 1}}", "bad-condition", 40, "no share is above 1", "0.99"),
    ("{ratio: {of: {b: 1}, within: 1m, below: 0%}}", "bad-condition", 40, "no share is below 0", "0.01"),
    ("{ratio: {of: {b: {gtt: 1}}, within: 1m, above: 0.2}}", "unknown-operator", 25, '"gtt"', 'did you mean "gt"?'),
    ("{spike: {factor: 0.5, within: 1m}}", "bad-condition", 16, "more than 1, not 0.5", "direction: down"),
    ("{spike: {factor: 3, within: 1m, direction: upp}}", "bad-value", 50, "up, down or both", 'did you mean "up"?'),
    ("{absent: {fro: 1h}}", "unknown-key", 17, '"fro"', 'did you mean "for"?'),
    ("{absent: {for: 1h, fewer_than: 0}}", "bad-value", 38, "at least 1, not 0", ""),
    ("{absent: {for: 1h, fewer_than: 20000}}", "bad-condition", 26, "keeps at most 10,000", ""),
    ("{first_seen: {of: a, learn: 7}}", "bad-duration", 35, "found 7", ""),
    ("{impossible_travel: {location: a, faster_than: 900}}", "bad-value", 54, "found 900", "write `900 km/h`"),
    ("{impossible_travel: {location: a, faster_than: fast}}", "bad-value", 54, 'found "fast"', "mph"),
    ("{sequence: {steps: {a: 1}, within: 1h}}", "wrong-type", 26, "a list of steps, not a mapping", "- match"),
    ("{sequence: {steps: [{match: {a: 1}}, b], within: 1h}}", "wrong-type", 44, "expected a step", "name: …"),
    ("{sequence: {steps: [{match: {a: 1}}], within: 1h}}", "bad-condition", 19, "at least two steps", "`each` and"),
    ("{sequence: {steps: [{match: {a: 1}}, {name: x}], within: 1h}}", "missing-key", 44, '"match" is missing', ""),
    ("{sequence: {steps: [{match: {a: 1}}, {mach: {}}], within: 1h}}", "unknown-key", 45, '"mach"', 'mean "match"?'),
    (
        "{sequence: {steps: [{name: x, match: {a: 1}}, {name: x, match: {b: 1}}], within: 1h}}",
        *("bad-condition", 60, 'two steps are called "x"', ""),
    ),
    (
        "{sequence: {steps: [{match: {a: 1}, absent: true}, {match: {b: 1}, absent: true}], within: 1h}}",
        *("bad-condition", 19, "every step is absent", "`absent`"),
    ),
    (
        "{sequence: {steps: [{match: {a: 1}}, {match: {b: 1}, absent: true, at_least: 2}], within: 1h}}",
        *("bad-condition", 84, '"step 2" is absent', ""),
    ),
    (
        "{sequence: {steps: [{match: {a: 1}}, {match: {b: 1}, absent: maybe}], within: 1h}}",
        *("bad-value", 68, '"absent" must be true or false', ""),
    ),
    (
        "{sequence: {steps: [{match: {a: 1}, at_least: 999}, {match: {b: 1}, at_least: 2}], within: 1h}}",
        *("bad-condition", 19, "more than 1,000 events", ""),
    ),
    ("{each: {}, count: {at_least: 5, within: 1m}}", "several-conditions", 18, "exactly one condition", "two rules"),
]

DEFINITIONS = "schedules: {office: {days: mon-fri}}\nlists: {vips: [a]}\npredicates: {office: {a: 1}}\n"


def _rows() -> list[tuple[str, str, int, int, str, str]]:
    rows = [(HEAD + row[0], *row[1:], *([""] * (6 - len(row)))) for row in [*SYNTAX, *VALUES, *OUTLINE, *PREDICATES]]
    rows += [
        (f"{HEAD}match: {{a: {{during: {text}}}}}\n", "", 4, column + 1, words, way_out)
        for text, column, words, way_out in SCHEDULES
    ]
    rows += [
        (f"{HEAD}match: {{a: 1}}\nwhen: {text}\n", code, 5, column, words, way_out)
        for text, code, column, words, way_out in CONDITIONS
    ]
    return rows


@pytest.mark.parametrize(("text", "code", "line", "column", "words", "way_out"), _rows())
def test_each_mistake_is_one_problem_at_its_place(
    problems: Callable, text: str, code: str, line: int, column: int, words: str, way_out: str
) -> None:
    """One mistake gives one problem, at its line and column, in words that name it and the way out."""
    found = problems(text, DEFINITIONS)
    assert [(problem.span.line, problem.span.column) for problem in found] == [(line, column)], found
    assert found[0].code == code or not code
    assert words in found[0].summary
    assert way_out in f"{found[0].label} {found[0].help}"
    assert found[0].code in CODES


def test_a_template_without_quotes_is_told_so(problems: Callable) -> None:
    """YAML takes its braces for mappings; the way out is quotes, and not a word about keys."""
    ways_out = [problem.help for problem in problems(f"{HEAD}match: {{a: 1}}\nowner: {{{{ user_email }}}}\n")]
    assert "a template begins like a mapping: put the whole text in quotes" in ways_out


def test_all_mistakes_of_a_file_come_at_once(problems: Callable) -> None:
    """Mistakes of every layer, in every document, are reported in one run and in the order of the text."""
    text = (
        "id: A\ntitle: 5\nseverity: low\nmatch: {a..b: 1, c: {eqals: 1}}\nwhen: {count: {at_least: x, within: y}}\n"
        "---\nid: [\n---\nid: c\nid: d\ntitle: t\nseverity: low\nmatch: {use: nothing}\n"
    )
    assert [(problem.span.line, problem.code) for problem in problems(text)] == [
        (1, "bad-value"),
        (2, "wrong-type"),
        (4, "bad-path"),
        (4, "unknown-operator"),
        (5, "bad-value"),
        (5, "bad-duration"),
        (7, "yaml-syntax"),
        (10, "duplicate-key"),
        (13, "undefined-name"),
    ]


def test_a_document_with_any_error_gives_no_rule(build: Callable) -> None:
    """A rule with a mistake anywhere never runs in part."""
    assert build(HEAD + "match: {a: {eqals: 1}}\n").rule is None
    assert build(HEAD + "match: {a: 1}\n").rule is not None


def test_a_problem_names_its_rule(problems: Callable) -> None:
    """Problems carry the id of their rule, from every layer."""
    found = problems(HEAD + "match: {a: {eqals: 1}}\nowner: 5\n")
    assert [problem.rule_id for problem in found] == ["a", "a"]


def test_every_code_has_words() -> None:
    """A page for a code says more than its name, and codes are kebab-case."""
    for name, code in CODES.items():
        assert name == code.name == name.lower().replace("_", "-")
        assert code.summary.endswith(".")
        assert code.why.endswith(".")
