"""Imported detections match exactly what pySigma's reading of the same rule matches, on random rules and events."""

import re
from ipaddress import ip_address

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_rules.importers.sigma import MAPS, import_texts
from trailbell_rules.load import load_texts

sigma_rule = pytest.importorskip("sigma.rule")
types = pytest.importorskip("sigma.types")
MULTI, SINGLE = types.SpecialChars.WILDCARD_MULTI, types.SpecialChars.WILDCARD_SINGLE

FIELDS = ("a", "b", "user.name")
TEXTS = (
    "",
    "Foo",
    "foo",
    "a*b",
    "a?b",
    "axb",
    "AXXB",
    "a\\b",
    "C:\\Temp\\x",
    "-x",
    " -x y",
    " /x",
    "Rm9v",
    "xRm9vx",
    "12",
)
WRITTEN = (
    *TEXTS,
    "fo*",
    "*oo",
    "*o*",
    "f?o",
    "*",
    "a\\*b",
    "a\\?b",
    "a\\\\b",
    "C:\\\\Temp\\\\*",
    "a\\\\*b",
    "\\*",
    "f*o\\*",
)
VALUES = st.one_of(st.sampled_from(TEXTS), st.sampled_from((1, 12, 1.5, True, None, "10.1.2.3", "192.0.2.1", "::1")))
EVENTS = st.fixed_dictionaries(
    {}, optional={"a": VALUES, "b": VALUES, "user": st.fixed_dictionaries({}, optional={"name": VALUES})}
)
PLAIN = st.one_of(st.sampled_from(WRITTEN), st.sampled_from((1, 12, 1.5, True, None)))


def _many(values):
    return st.one_of(values, st.lists(values, min_size=1, max_size=3, unique_by=repr))


STRINGS = st.sampled_from(WRITTEN)
MODIFIED = st.one_of(
    st.tuples(st.just(""), _many(PLAIN)),
    st.tuples(
        st.sampled_from(
            ("contains", "startswith", "endswith", "cased", "contains|cased", "windash|contains", "cased|endswith")
        ),
        _many(STRINGS),
    ),
    st.tuples(st.sampled_from(("contains|all", "startswith|all")), st.lists(STRINGS, min_size=2, max_size=3)),
    st.tuples(
        st.sampled_from(("base64", "base64|contains", "base64offset|contains")), _many(st.sampled_from(("Foo", "x")))
    ),
    st.tuples(st.sampled_from(("re", "re|i", "re|s")), st.sampled_from(("^f.*o$", "a.b", "F", "\\d+"))),
    st.tuples(st.just("cidr"), st.sampled_from(("10.0.0.0/8", "192.0.2.0/24", "::/0"))),
    st.tuples(st.sampled_from(("lt", "lte", "gt", "gte")), st.sampled_from((1, 2, 12))),
    st.tuples(st.just("exists"), st.booleans()),
)
ITEMS = st.tuples(st.sampled_from(FIELDS), MODIFIED).map(
    lambda item: (f"{item[0]}|{item[1][0]}" if item[1][0] else item[0], item[1][1])
)
SEARCHES = st.one_of(
    st.lists(ITEMS, min_size=1, max_size=3).map(dict),
    st.lists(st.lists(ITEMS, min_size=1, max_size=2).map(dict), min_size=1, max_size=2),
)
CONDITIONS = st.sampled_from(
    (
        "s1 and s2",
        "s1 or s2 and f1",
        "(s1 or s2) and f1",
        "not s1",
        "s1 and not (s2 or f1)",
        "1 of s*",
        "all of s*",
        "all of them",
        "any of them and not f1",
        "s1 and not 1 of f*",
    )
)


def _expected(node, event):
    """The tree of pySigma on an event, as the specification words it."""
    name = type(node).__name__
    if name == "ConditionAND":
        return all(_expected(part, event) for part in node.args)
    if name == "ConditionOR":
        return any(_expected(part, event) for part in node.args)
    if name == "ConditionNOT":
        return not _expected(node.args[0], event)
    found, value = True, event
    for segment in node.field.split("."):
        found = found and isinstance(value, dict) and segment in value
        value = value[segment] if found else None
    return _meets(node.value, value, found=found)


def _meets(wanted, value, *, found):  # noqa: C901 - one line for each type that pySigma has
    if isinstance(wanted, types.SigmaExpansion):
        return any(_meets(each, value, found=found) for each in wanted.values)
    if isinstance(wanted, types.SigmaExists):
        return found is wanted.exists
    if isinstance(wanted, types.SigmaNull):
        return value is None
    if value is None:
        return False
    if isinstance(wanted, types.SigmaBool):
        return value is wanted.boolean
    if isinstance(wanted, types.SigmaNumber):
        return not isinstance(value, bool | str) and value == wanted.number
    if isinstance(wanted, types.SigmaCompareExpression):
        return _compares(wanted, value)
    if isinstance(wanted, types.SigmaString) and wanted.s and set(wanted.s) == {MULTI}:
        return True
    if not isinstance(value, str):
        return False
    if isinstance(wanted, types.SigmaCIDRExpression):
        try:
            return ip_address(value) in wanted.network
        except ValueError:
            return False
    if isinstance(wanted, types.SigmaRegularExpression):
        flags = {"I": re.IGNORECASE, "S": re.DOTALL}
        chosen = sum(flags.get(flag.name[0], 0) for flag in wanted.flags if flag.name[0] in flags)
        return re.search(str(wanted.regexp.original), value, chosen | re.ASCII) is not None
    spelled = {MULTI: ".*", SINGLE: "."}
    pattern = "".join(spelled[part] if part in spelled else re.escape(part) for part in wanted.s)
    cased = isinstance(wanted, types.SigmaCasedString)
    return re.fullmatch(pattern, value, re.DOTALL | (0 if cased else re.IGNORECASE)) is not None


def _compares(wanted, value):
    try:
        number = float(value)
    except ValueError:
        return False
    if isinstance(value, bool):
        return False
    bound = wanted.number.number
    return {"LT": number < bound, "LTE": number <= bound, "GT": number > bound, "GTE": number >= bound}[wanted.op.name]


@settings(max_examples=150, deadline=None)
@given(s1=SEARCHES, s2=SEARCHES, f1=SEARCHES, condition=CONDITIONS, events=st.lists(EVENTS, min_size=4, max_size=8))
def test_what_matches_is_what_pysigma_says(s1, s2, f1, condition, events):
    """Modifiers, wildcards, escapes, lists, conditions: the same events match."""
    text = yaml.safe_dump(
        {
            "title": "t",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {"s1": s1, "s2": s2, "f1": f1, "condition": condition},
        }
    )
    oracle = sigma_rule.SigmaRule.from_yaml(text).detection.parsed_condition[0].parsed
    imported = import_texts({"t.yml": text.encode()}, MAPS["cloudtrail"])
    assert not imported.refused
    loaded = load_texts({"t.yaml": imported.rules[0].text}, checks=())
    assert not loaded.problems, imported.rules[0].text
    (rule,) = loaded.rules
    for data in events:
        event = Event("cloudtrail", "e", "E", 0, data)
        assert holds(rule.match, event) is _expected(oracle, data), (data, imported.rules[0].text)
