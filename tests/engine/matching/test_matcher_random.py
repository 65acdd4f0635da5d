"""Many random rule sets of up to 60 rules, and events made of the very operands of the rules, or of nearly these.

What Hypothesis does with care (``test_matcher_property``) this does in bulk: with TRAILBELL_LONG, millions of pairs.
"""

import os
from random import Random

import pytest

from trailbell_engine.conditions.each import Each
from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_engine.matching import Matcher
from trailbell_engine.operators.memo import Memory
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf, AnyOf, Not
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.value_list import ValueList

SEEDS = 20_000 if os.environ.get("TRAILBELL_LONG") else 150

PATHS = ("user", "source_ip", "context.cost", "context.tags", "context.items.name", "id", "time", "context.items[*].n")
TEXTS = (
    "alice@example.com",
    "Alice@Example.COM",
    "straße",
    "STRASSE",
    "\N{LATIN SMALL LETTER LONG S}ip:x",
    "\N{KELVIN SIGN}9",
    "k9",
    "curl/7.1",
    "1",
    "01",
    "",
)
ADDRESSES = ("10.1.2.3", "10.1.2.255", "::ffff:10.1.2.3", "2001:db8::1", "10.1.2.03", "192.0.2.1", "8.8.8.8", "10.1.2")
NUMBERS = (0, 1, 1.0, 2, 2.5, -1, 2**63, 2**63 + 1, 9.223372036854776e18, 10**25)
NETWORKS = ("10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32", "2001:db8::/32", "private", "public", "0.0.0.0/0", "::/0")
PATTERNS = (
    *("^alice", "(?i)EXAMPLE", r"@(example|test)\.com$", "stra(ss|ß)e", "k9", r"[a-z]+/\d", "(curl|wget)/7", "x?"),
    *(r"a{2,3}lice", r"\bexample\b", "(?:ali)+ce", "s.p:", r"(?P<who>alice)@", "alice|1", r"\x61lice", r"\pL{5}", "^$"),
)
GLOBS = ("alice*", "*@example.com", "a?ice@*", "*", "str*e", "K?", "*example*", "curl/[7]*", "")


def an_operand(rng, operator):
    """An operand in the form that rules' loaders give it."""
    match operator:
        case "equals":
            return rng.choice((*TEXTS, *NUMBERS, *ADDRESSES, True, False, None))
        case "in":
            values = rng.choices((*TEXTS, *NUMBERS, *ADDRESSES, True, False, None), k=rng.randint(1, 5))
            return ValueList(values, "many", "0") if rng.random() < 0.2 else tuple(values)
        case "contains":
            return tuple(rng.choices([item for item in (*TEXTS, "example", "ss", 1, True, None) if item != ""], k=2))
        case "starts_with" | "ends_with":
            text = rng.choice([text for text in TEXTS if text])
            cut = rng.randint(1, len(text))
            return (text[:cut] if operator == "starts_with" else text[-cut:],)
        case "matches":
            return tuple(rng.choices(PATTERNS, k=rng.choice((1, 1, 2))))
        case "glob":
            return tuple(rng.choices(GLOBS, k=rng.choice((1, 1, 2))))
        case "cidr":
            return tuple(rng.choices(NETWORKS, k=rng.choice((1, 1, 2))))
        case "exists":
            return True
        case _:
            return rng.choice((*NUMBERS, "2", "1.5", "2026-11-22T10:00:00Z"))


OPERATORS = (
    *("equals", "in", "contains", "starts_with", "ends_with", "matches", "glob", "cidr", "exists"),
    *("gt", "gte", "lt", "lte"),
)
FOLDS = frozenset({"equals", "in", "contains", "starts_with", "ends_with", "matches", "glob"})


def a_test(rng):
    operator = rng.choice(OPERATORS)
    fold = operator in FOLDS and rng.random() < 0.4
    return One(parse_path(rng.choice(PATHS)), operator, an_operand(rng, operator), fold)


def a_predicate(rng, depth=2):
    """A conjunction as rules are, with an event type more often than not, sometimes with `any` and `not` inside."""
    parts = []
    if depth == 2 and rng.random() < 0.6:
        names = tuple(rng.choices(("LOGIN", "LOGOUT", "UPDATE"), k=rng.randint(1, 2)))
        parts.append(One(parse_path("event_type"), "in", names, rng.random() < 0.1))
    for _ in range(rng.randint(depth == 0, 3)):
        chance = rng.random()
        if depth and chance < 0.15:
            parts.append(AnyOf(tuple(a_predicate(rng, depth - 1) for _ in range(rng.randint(1, 3)))))
        elif depth and chance < 0.25:
            parts.append(Not(a_predicate(rng, depth - 1)))
        elif chance < 0.35:
            path = parse_path(rng.choice(PATHS))
            parts += [One(path, rng.choice(("gt", "gte")), 1), One(path, rng.choice(("lt", "lte")), rng.choice((2, 0)))]
        else:
            parts.append(a_test(rng))
    return AllOf(tuple(parts))


def a_value(rng, depth=2):
    if depth and rng.random() < 0.2:
        return [a_value(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    chance = rng.random()
    if chance < 0.4:
        text = rng.choice(TEXTS)
        return rng.choice((text, text, text.swapcase(), text + "x", text.casefold(), f"x{text}"))
    if chance < 0.55:
        return rng.choice(ADDRESSES)
    if chance < 0.8:
        return rng.choice((*NUMBERS, *map(str, NUMBERS)))
    return rng.choice((None, True, False, {}, {"name": "alice@example.com"}))


def an_event(rng):
    context = {name: a_value(rng) for name in ("cost", "tags") if rng.random() < 0.8}
    if rng.random() < 0.7:
        context["items"] = [{"name": a_value(rng), "n": a_value(rng)} for _ in range(rng.randint(0, 3))]
    data = {name: a_value(rng) for name in ("user", "source_ip") if rng.random() < 0.9}
    data["context"] = context if rng.random() < 0.8 else rng.choice(([context, context], [], None, "text", 1))
    return Event(
        "test", rng.choice(TEXTS[:3]), rng.choice(("LOGIN", "LOGOUT", "OTHER", "")), 1_795_000_000_000_000, data
    )


@pytest.mark.parametrize("part", range(4))
def test_the_index_and_the_interpreter_agree(part):
    """For each rule set and each event: the same rules, in the same order; with ample memory and with nearly none."""
    held = 0
    for seed in range(part, SEEDS, 4):
        rng = Random(seed)
        matches = [a_predicate(rng) for _ in range(rng.randint(1, 60))]
        rules = RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(matches)])
        matcher = Matcher(rules, Memory(rng.choice((1_000, 1 << 20))))
        for event in [an_event(rng) for _ in range(12)] * 2:
            hits = matcher.matches(event)
            expected = [rule.id for rule in rules if holds(rule.match, event)]
            assert [hit.rule.id for hit in hits] == expected, (seed, event)
            assert all(hit.error is None for hit in hits)
            held += len(expected)
    assert held > 100, "events that meet no rule would prove nothing"
