"""Rule sets from files, folders and packs."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trailbell_rules.load import PACKS, load_rules, shipped_packs


def _rule(name: str, match: str = "") -> str:
    match = match or f"{{a: {name}}}"  # rules of one match would be told as duplicates
    tests = "tests: [{name: y, events: [{}], alerts: [{}]}, {name: n, events: [{}], alerts: []}]"
    return f"id: {name}\ntitle: t\nseverity: low\nmatch: {match}\n{tests}\n"


def test_a_folder_is_read_in_path_order(load: Callable) -> None:
    """Every *.yaml and *.yml below a folder is read, hidden ones and the configuration are not."""
    files = {
        "b.yaml": _rule("b") + "---\n" + _rule("b2"),
        "a/z.yml": _rule("z"),
        "a/.hidden.yaml": "{",
        ".git/x.yaml": "{",
        "trailbell.yaml": "sources: []",
        "notes.txt": "{",
    }
    loaded = load(files)
    assert [rule.id for rule in loaded.rules] == ["z", "b", "b2"]
    assert [rule.origin for rule in loaded.rules] == [("a/z.yml", 1), ("b.yaml", 1), ("b.yaml", 7)]
    assert not loaded.problems
    assert len(loaded.tests) == 6


def test_a_broken_rule_hides_no_other(load: Callable) -> None:
    """The problems of all files come in one run, and sound rules load."""
    loaded = load({"a.yaml": "id: [", "b.yaml": _rule("b", "{a: {eqals: 1}}"), "c.yaml": _rule("c")})
    assert [(problem.span.file, problem.code) for problem in loaded.errors] == [
        ("a.yaml", "yaml-syntax"),
        ("b.yaml", "unknown-operator"),
    ]
    assert [rule.id for rule in loaded.rules] == ["c"]


def test_ids_are_unique_over_the_set(load: Callable) -> None:
    """The second rule of an id is the problem, and it names the place of the first."""
    loaded = load({"a.yaml": _rule("x"), "b.yaml": _rule("y") + "---\n" + _rule("x")})
    assert [(problem.code, problem.span[:3]) for problem in loaded.problems] == [("duplicate-id", ("b.yaml", 7, 5))]
    assert "a.yaml:1" in loaded.problems[0].help
    assert [rule.id for rule in loaded.rules] == ["x", "y"]


def test_a_file_sees_the_definitions_around_it(load: Callable) -> None:
    """A file named alone is read with the definitions of the folders above it, which are not judged."""
    files = {
        "rules/_d.yaml": "predicates: {p: {a: 1}, unused: {b: 1}}\n",
        "rules/sub/a.yaml": _rule("a", "{use: p}"),
    }
    loaded = load(files, "rules/sub/a.yaml")
    assert not loaded.problems
    assert [rule.id for rule in loaded.rules] == ["a"]
    assert [problem.code for problem in load(files, "rules").problems] == ["unused-definition"]


def test_an_absolute_file_sees_its_own_folder(load: Callable, tmp_path: Path) -> None:
    """Of an absolute path the folders above may be anybody's."""
    files = {
        "_d.yaml": "predicates: {p: {a: 1}}\n",
        "a.yaml": _rule("a", "{use: p}"),
        "sub/b.yaml": _rule("b", "{use: p}"),
    }
    assert not load(files, str(tmp_path / "a.yaml")).problems
    assert [problem.code for problem in load(files, str(tmp_path / "sub/b.yaml")).problems] == ["undefined-name"]


def test_a_file_named_twice_is_read_once(load: Callable) -> None:
    """Overlapping paths are no duplicates."""
    assert not load({"rules/a.yaml": _rule("a")}, "rules", "rules/a.yaml", "./rules").problems


@pytest.mark.parametrize(
    ("path", "code"),
    [("nope", "no-such-file"), ("pack:nope", "no-such-pack"), ("empty", "no-rules"), ("\0", "no-such-file")],
)
def test_a_path_that_gives_nothing(load: Callable, tmp_path: Path, path: str, code: str) -> None:
    """A path that is not there, and one that holds no rules, is a problem and no exception."""
    (tmp_path / "empty").mkdir()
    loaded = load({}, path)
    assert [(problem.code, problem.span.file) for problem in loaded.problems] == [(code, path)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(load: Callable, tmp_path: Path) -> None:
    """A file without permission is a problem with its name."""
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "a.yaml").chmod(0)
    assert [problem.code for problem in load({}).problems] == ["no-such-file"]


def test_untested_rules_are_warned_of(load: Callable) -> None:
    """A rule needs a test that fires and one that does not."""
    head = "title: t\nseverity: low\n"
    fires, silent = "{name: y, events: [{}], alerts: [{}]}", "{name: n, events: [{}], alerts: []}"
    loaded = load(
        {
            "a.yaml": f"id: a\nmatch: {{a: a}}\n{head}",
            "b.yaml": f"id: b\nmatch: {{a: b}}\n{head}tests: [{fires}]\n",
            "c.yaml": f"id: c\nmatch: {{a: c}}\n{head}tests: [{silent}]\n",
            "d.yaml": f"id: d\nmatch: {{a: d}}\n{head}tests: [{silent}, {fires}]\n",
        }
    )
    assert [(problem.rule_id, problem.summary) for problem in loaded.problems] == [
        ("a", "a has no tests"),
        ("b", "no test of b expects silence"),
        ("c", "no test of c expects an alert"),
    ]
    assert not loaded.errors
    assert len(loaded.rules) == 4


@pytest.mark.parametrize("pack", shipped_packs())
def test_shipped_packs_are_without_problems(pack: str) -> None:
    """Every rule that comes with the package loads, is tested, and uses what it defines."""
    loaded = load_rules([PACKS / pack])
    assert not loaded.problems
    assert len(loaded.rules) > 0


def test_own_definitions_replace_those_of_a_pack(load: Callable) -> None:
    """A pack is fitted to an account by defining its names again, not by copying it."""
    plain = load({}, "pack:vonage")
    fitted = load({"_own.yaml": "lists: {expected-countries: [FR]}\n", "own.yaml": _rule("own")}, ".", "pack:vonage")
    assert not fitted.errors
    changed = {rule.id for rule in plain.rules if fitted.rules[rule.id].version != rule.version}
    assert changed
    assert all("country" in f"{plain.rules[name].match} {plain.rules[name].condition}" for name in changed)


def test_a_thousand_rules_load_in_a_few_seconds(tmp_path: Path) -> None:
    """Loading grows with the rules and has no slow part; the bound is generous for a busy machine."""
    text = _rule(
        "x{n}", "{event_type: A, source_ip: {cidr: 10.0.0.0/8}, any: [{a: {matches: '^x{n}'}}, {b: {in: [1, 2]}}]}"
    )
    for part in range(10):
        rules = "---\n".join(text.replace("{n}", f"{part}-{number}") for number in range(100))
        (tmp_path / f"{part}.yaml").write_text(rules)
    started = time.process_time()
    loaded = load_rules([tmp_path])
    assert time.process_time() - started < 10
    assert len(loaded.rules) == 1000
