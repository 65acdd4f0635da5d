"""Every code is declared, explained and used; every example shows what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trailbell.problem_pages import found, pages
from trailbell_rules.code import Code, files
from trailbell_rules.codes import CODES
from trailbell_rules.lint import LINT_CODES, untested

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "problems"
DECLARED_IN = ("codes", "lint")
MAKERS = {
    "Problem": 0,
    "TemplateProblem": 0,
    "about": 1,
    "_problem": 0,
    "value": 0,
    "key": 0,
    "warning": 0,
    "_refused": 0,
}
"""Functions that make problems, and which argument is the code."""
SHOWN = [pytest.param(code, id=name) for name, code in CODES.items() if files(code.bad) or code.bad.startswith("$")]


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    rooms = (ROOT / "rules", ROOT / "service", ROOT / "engine", ROOT / "notifiers")
    for file in sorted(file for room in rooms for file in room.rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def _texts(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def _made(tree: ast.Module) -> Iterator[str]:
    """The codes that are written where problems are made."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        position = MAKERS.get(name, len(call.args))
        arguments = [*call.args[position : position + 1], *(word.value for word in call.keywords if word.arg == "code")]
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(value, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", value):
                yield value


def test_the_codes_that_are_used_are_declared() -> None:
    """Wherever a problem is made, its code has a page."""
    used = {(code, file.name) for file, tree in _sources() if "testing" not in file.parts for code in _made(tree)}
    assert len({code for code, _ in used}) > 30
    assert {(code, file) for code, file in used if code not in CODES} == set()


def test_the_codes_that_are_declared_are_used() -> None:
    """No page speaks of a problem that nothing makes. Checks of lint use their declarations themselves."""
    elsewhere = {
        text
        for file, tree in _sources()
        if not set(DECLARED_IN) & set(file.relative_to(ROOT).parts)
        for text in _texts(tree)
    }
    assert set(CODES) - elsewhere - {code.name for code in LINT_CODES} == set()


def test_the_pages_are_those_of_the_declarations() -> None:
    """`python -m trailbell.problem_pages docs/problems` writes them; nobody edits them by hand."""
    written = {file.name: file.read_text(encoding="utf-8") for file in PAGES.glob("*.md")}
    assert sorted(written) == sorted(pages())
    assert [name for name, text in pages().items() if written[name] != text] == []


@pytest.mark.parametrize("code", SHOWN)
def test_the_bad_example_has_that_problem_alone(code: Code) -> None:
    """Exactly one, of that code and severity, with its place in a file of the example."""
    problems, _ = found(code.bad, encoding=code.encoding, with_untested=code is untested.CODE)
    assert [(problem.code, problem.severity) for problem in problems] == [(code.name, code.severity)]
    assert problems[0].span.file in files(code.bad) or code.bad.startswith("$")


@pytest.mark.parametrize("code", [code for code in SHOWN if files(code.values[0].good)])
def test_the_good_example_has_no_problem(code: Code) -> None:
    """What the page says to write is right."""
    assert found(code.good, with_untested=code is untested.CODE)[0] == []


def test_few_codes_have_no_example() -> None:
    """Only what is too large to show is told in words."""
    assert {name for name, code in CODES.items() if not files(code.bad) and not code.bad.startswith("$")} <= {
        "too-large",
        "too-many-problems",
    }
