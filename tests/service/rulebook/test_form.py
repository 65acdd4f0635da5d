"""Rules as plain JSON and back: nothing is lost, and nothing else can be made of it."""

from __future__ import annotations

import dataclasses

import orjson
import pytest

from trailbell.loading import load
from trailbell.rulebook.form import Formless, Reader, Writer
from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.conditions.each import Each
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import Test as One
from trailbell_engine.rule import Rule, Words
from trailbell_rules.finding import shipped_packs

ALL = "\n---\n".join(
    f"{{id: {name.replace('_', '-')}, title: t, severity: low, match: {match}, when: {when}}}"
    for name, match, when in [
        ("each", "{a: {in: vips}, b: {in: [1, 2.5, null, true]}}", "{each: {by: [a, 'c[0].\"d.e\"']}}"),
        (
            "count",
            "{any: [{a: {starts_with: [x, y]}}, {not: {b: {matches: 'a+'}}}]}",
            "{count: {at_least: 3, within: 5m}}",
        ),
        ("distinct", "{source_ip: {cidr: [10.0.0.0/8]}}", "{distinct: {of: n, at_least: 3, within: 5m, by: user}}"),
        ("metric", "{a: {equals: 5}}", "{metric: {function: sum, of: n, above: 4, within: 5m}}"),
        (
            "ratio",
            "{items: {any_element: {x: 1, $.y: 2}}, n: {same_as: m}}",
            "{ratio: {of: {n: {in: vips}}, above: 50%, within: 5m}}",
        ),
        ("spike", "{time: {outside: office}}", "{spike: {factor: 2, within: 2m, baseline: 4m}}"),
        ("absent", "{time: {during: {timezone: Europe/London, hours: ['08:00-19:00']}}}", "{absent: {for: 4m}}"),
        ("ongoing", "{n: {exists: true}}", "{ongoing: {until: {n: {in: vips}}, by: user}}"),
        ("first_seen", "{n: {length: {gt: 3}}, lookup.people.team: ops}", "{first_seen: {of: n, within: 10m}}"),
        ("changed", "{a: {equals: A, ignore_case: true}, b: {exists: false}}", "{changed: {of: n, by: user}}"),
        (
            "sequence",
            "{'items[*].a': 1}",
            "{sequence: {within: 5m, steps: [{match: {a: 1}}, {match: {b: {in: vips}}, absent: true}]}}",
        ),
        ("impossible_travel", "{}", "{impossible_travel: {location: source_country, faster_than: 900 km/h, by: user}}"),
    ]
)
DEFINITIONS = """
lists: {vips: {file: vips.txt}}
schedules: {office: {timezone: Europe/London, days: mon-fri, hours: ["08:00-19:00"], holidays: GB}}
lookups: {people: {file: people.csv, key: user, on: email}}
"""
FULL = """
---
id: full
title: "{{ user_email }}"
severity: low
match: {a: 1}
alert: {summary: "{{ a }}", fields: [a.b, c], severity: [{if: {a: 2}, then: high}]}
suppress: {for: 2h, by: [a, b]}
description: d
references: [https://example.com]
runbook: r
tags: [x]
owner: o
notify: [siem]
status: experimental
budget: {alerts_per_day: 2}
"""


@pytest.fixture
def rules(folder):
    """One rule of each condition, with every kind of operand, and one with everything else."""
    (folder / "rules.yaml").write_text(ALL + FULL)
    (folder / "_definitions.yaml").write_text(DEFINITIONS)
    (folder / "vips.txt").write_text("a\nb\n")
    (folder / "people.csv").write_text("email,team\nada,ops\n")
    loaded = load([str(folder)])
    assert [problem.summary for problem in loaded.errors] == []
    return loaded.rules


def _again(rules, lists):
    reader, writer = Reader(lists), Writer()
    return [reader.rule(orjson.loads(orjson.dumps(writer.form(rule))), rule.origin.file) for rule in rules]


def test_every_kind_of_rule_comes_back_as_it_was(rules):
    """Equal in every attribute, with the version that it had, and the origin."""
    lists = {"vips": rules["each"].match.parts[0].operand}
    again = _again(rules, lists)
    assert len(again) == len(CONDITIONS) + 1
    for before, after in zip(rules, again, strict=True):
        assert after == before
        assert after.version == before.version == dataclasses.replace(after).version


def test_every_shipped_rule_comes_back_as_it_was():
    """Packs have what people write."""
    rules = load([f"pack:{name}" for name in shipped_packs()]).rules
    assert list(_again(rules, {})) == list(rules)


def test_a_list_in_a_file_is_named_and_given_anew(rules):
    """Its content is not in the form; what stands for the name now is read."""
    writer = Writer()
    form = writer.form(rules["each"])
    assert (writer.lists, b'"b"' in orjson.dumps(form)) == ({"vips"}, True)
    assert Reader({"vips": ("c",)}).rule(form, "f").match.parts[0].operand == ("c",)
    with pytest.raises(LookupError):
        Reader({}).rule(form, "f")


def test_what_is_not_known_has_no_form():
    """Such a rule is read from its text every time."""
    rule = Rule("r", "low", One(parse_path("a"), "equals", 1), Each(), Words("t"))
    object.__setattr__(rule.match, "operand", object())
    with pytest.raises(Formless):
        Writer().form(rule)


@pytest.mark.parametrize("form", [None, [], [None, 1, "v"], [None, 1, "v", "id", "low", [99]], {"a": 1}, "rule"])
def test_what_is_no_form_makes_no_rule(form):
    """It ends with an error that whoever reads it expects."""
    with pytest.raises((ValueError, TypeError, LookupError)):
        Reader({}).rule(form, "f")
