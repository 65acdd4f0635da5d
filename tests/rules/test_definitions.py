"""What rules share: lists, schedules and predicates under names."""

from collections.abc import Callable
from pathlib import Path as File

import pytest

from trailbell_engine.path import Path
from trailbell_engine.predicate import AllOf, Not
from trailbell_engine.predicate import Test as Holds
from trailbell_rules.load import load_rules

A = Path(("a",))
HEAD = "id: a\ntitle: t\nseverity: low\n"
TESTED = HEAD + "tests: [{name: y, events: [{}], alerts: [{}]}, {name: n, events: [{}], alerts: []}]\n"


def _codes(loaded) -> list[tuple[str, str, int]]:
    return [(problem.span.file, problem.code, problem.span.line) for problem in loaded.problems]


def test_predicates_use_each_other(rule: Callable) -> None:
    """A named predicate may be made of others, in any order of writing."""
    shared = "predicates:\n  outer: {use: inner, b: 2}\n  inner: {not: {a: 1}}\n"
    tree = rule("match: {use: outer}\n", shared).match
    assert tree == AllOf((Not(Holds(A, "equals", 1)), Holds(Path(("b",)), "equals", 2)))


@pytest.mark.parametrize(
    "predicates",
    [
        "{x: {use: x}}",
        "{x: {use: y}, y: {use: x}}",
        "{x: {any: [{use: y}]}, y: {not: {use: z}}, z: {a: {any_element: {use: x}}}}",
    ],
)
def test_circles_are_one_problem(problems: Callable, predicates: str) -> None:
    """A predicate that uses itself, however far away, is said to do so."""
    found = problems("", f"predicates: {predicates}\n")
    assert [problem.code for problem in found] == ["circular-use"]
    assert "->" in found[0].summary


def test_use_cannot_explode(problems: Callable) -> None:
    """Each predicate uses the one before it twice: twenty lines for a million tests are refused."""
    lines = ["p0: {a: 1}", *(f"p{n}: {{all: [{{use: p{n - 1}}}, {{use: p{n - 1}}}]}}" for n in range(1, 25))]
    found = problems("", "predicates:\n" + "".join(f"  {line}\n" for line in lines))
    assert {problem.code for problem in found} == {"too-large"}


def test_a_long_chain_is_refused(problems: Callable) -> None:
    """A thousand predicates in a row do not exhaust the stack."""
    lines = [*(f"p{n}: {{use: p{n + 1}}}" for n in range(1000)), "p1000: {a: 1}"]
    found = problems("", "predicates:\n" + "".join(f"  {line}\n" for line in lines))
    assert {problem.code for problem in found} == {"circular-use"}


def test_a_predicate_that_makes_no_sense_of_an_element(problems: Callable) -> None:
    """Read inside an element, `$` is the whole event; it is said where the predicate is used."""
    found = problems(HEAD + "match: {b: {any_element: {use: x}}}\n", "predicates: {x: {$: 1}}\n")
    assert [(problem.code, problem.span.line) for problem in found] == [("bad-operand", 4)]


def test_lists_come_from_files(load: Callable) -> None:
    """A file holds one value a line, or CSV with a column; its name is relative to the definitions."""
    loaded = load(
        {
            "rules/_d.yaml": (
                "lists:\n  plain: {file: data/plain.txt}\n"
                "  mails: {file: data/people.csv, column: email}\n  inline: [1, x, null]\n"
            ),
            "rules/data/plain.txt": "# comment\n one \n\ntwo\n",
            "rules/data/people.csv": 'name,email\n"Doe, J",j@example.com\nK,\nL,l@example.com\n',
            "rules/a.yaml": TESTED + "match: {a: {in: plain}, b: {in: mails}, c: {not_in: inline}}\n",
        },
        "rules",
    )
    assert not loaded.problems
    parts = loaded.rules["a"].match.parts
    assert parts[0].operand == ("one", "two")
    assert parts[1].operand == ("j@example.com", "l@example.com")
    assert parts[2].part.operand == (1, "x", None)
    assert {path.name for path in loaded.files} == {"_d.yaml", "a.yaml", "plain.txt", "people.csv"}


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("{file: nope.txt}", "no-such-file", "no file is called nope.txt"),
        ("{file: empty.txt}", "bad-list", "empty.txt has no values"),
        ("{file: people.csv, column: mail}", "bad-list", 'no column is called "mail"'),
        ("{file: broken.csv, column: a}", "bad-list", "the file is no CSV"),
        ("{file: .}", "no-such-file", "no file is called ."),
        ('{file: "a\\0b"}', "no-such-file", ""),
        ("{flie: x}", "unknown-key", 'unknown key "flie"'),
        ("{}", "missing-key", 'the key "file" is missing in "it"'),
        ("x", "wrong-type", '"it" must be a mapping'),
        ("[]", "bad-value", '"it" needs at least 1'),
        ("[[a]]", "wrong-type", 'an entry of "it" must be a string'),
    ],
)
def test_a_bad_list(load: Callable, written: str, code: str, words: str) -> None:
    """A list that cannot be read is one problem in the definitions, and none in the rules that use it."""
    files = {
        "_d.yaml": f"lists: {{it: {written}}}\n",
        "empty.txt": "# nothing\n",
        "people.csv": "name,email\nK,k@example.com\n",
        "broken.csv": 'a\n"x" y\n',
        "a.yaml": TESTED + "match: {a: {in: it}}\n",
    }
    loaded = load(files)
    assert [(problem.span.file, problem.code) for problem in loaded.problems] == [("_d.yaml", code)]
    assert loaded.problems[0].summary.startswith(words)


def test_a_rule_on_broken_definitions_does_not_load(load: Callable) -> None:
    """It would mean something else than what is written; its names are not blamed for the broken file."""
    loaded = load({"_d.yaml": "lists: {vips: [\n", "a.yaml": TESTED + "match: {a: {in: vips}}\n"})
    assert _codes(loaded) == [("_d.yaml", "yaml-syntax", 1)]
    assert len(loaded.rules) == 0


def test_unused_definitions_are_named(load: Callable) -> None:
    """A definition that nothing uses is a warning; one used by another definition is used."""
    definitions = (
        "schedules:\n  s: {days: sat}\n  t: {days: sat}\nlists:\n  l: [a]\n  m: [a]\n"
        "predicates:\n  p: {use: q}\n  q: {a: {in: l}, time: {during: s}}\n  r: {a: 1}\n"
    )
    loaded = load({"_d.yaml": definitions, "a.yaml": TESTED + "match: {use: p}\n"})
    assert _codes(loaded) == [("_d.yaml", "unused-definition", line) for line in (3, 6, 10)]
    assert not loaded.errors


def test_one_name_has_one_definition(load: Callable) -> None:
    """The same name twice in a set is a problem that shows both places."""
    loaded = load(
        {"_a.yaml": "lists: {x: [1]}\n", "b/_b.yml": "lists: {x: [2]}\n", "a.yaml": TESTED + "match: {a: {in: x}}\n"}
    )
    assert _codes(loaded) == [("b/_b.yml", "duplicate-name", 1)]
    assert "_a.yaml:1" in loaded.problems[0].help


def test_definitions_and_rules_keep_apart(load: Callable) -> None:
    """A rule among definitions and definitions among rules are told where they belong, once."""
    loaded = load({"_d.yaml": HEAD + "match: {}\n", "d.yaml": "lists: {x: [1]}\n"})
    assert _codes(loaded) == [("_d.yaml", "misplaced", 1), ("d.yaml", "misplaced", 1)]


def test_names_are_plain(problems: Callable) -> None:
    """A name is a word, so that it can be told from a network, a path or a sentence."""
    found = problems("", "lists: {'a b': [x]}\n")
    assert [(problem.code, problem.span.column) for problem in found] == [("bad-value", 9)]


def test_a_definition_for_a_shipped_pack_is_not_unused(tmp_path: File) -> None:
    """One's own `office-hours` are for the pack that is loaded beside these rules elsewhere; other names are told."""
    lists = "lists: {expected-countries: [GB], expected-countrys: [GB]}\n"
    (tmp_path / "_d.yaml").write_text(f"{lists}schedules: {{expected-countries: {{days: mon-fri}}}}\n")
    (tmp_path / "r.yaml").write_text(f"{HEAD}match: {{a: b}}\n")
    found = [problem.summary for problem in load_rules([tmp_path], checks=()).problems]
    assert found == ['no rule uses the list "expected-countrys"', 'no rule uses the schedule "expected-countries"']
