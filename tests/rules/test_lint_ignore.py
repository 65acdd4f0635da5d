"""A rule can say that something is meant as it is, with a reason."""

from __future__ import annotations

import pytest

from trailbell_rules.load import load_texts

RULE = "id: a\ntitle: t\nseverity: low\nmatch: {a: {gt: 5, lt: 3}}"
TESTS = "\ntests: [{name: y, events: [{}], alerts: [{}]}, {name: n, events: [{}], alerts: []}]\n"


def _codes(text: str) -> list[str]:
    return [problem.code for problem in load_texts({"a.yaml": text}).problems]


def test_what_is_not_ignored() -> None:
    """The rule of these tests has one problem."""
    assert _codes(RULE + TESTS) == ["never-true"]


@pytest.mark.parametrize(
    "text",
    [
        RULE + "  # trailbell: ignore[never-true] an array of limits" + TESTS,
        RULE.replace("match", "# trailbell: ignore[never-true] an array of limits\nmatch") + TESTS,
        RULE.replace("match", "# trailbell: ignore[never-true] an array of limits\n# and more\n\nmatch") + TESTS,
        RULE.replace("match", "#trailbell:ignore[ never-true ] an array\nmatch") + TESTS,
        "# trailbell: ignore[untested] only counts\n" + RULE + "  # trailbell: ignore[never-true] an array\n",
    ],
)
def test_on_the_line_or_above_it(text: str) -> None:
    """A comment at the end of the line, or alone above it, with a reason."""
    assert _codes(text) == []


@pytest.mark.parametrize(
    ("comment", "summary", "label"),
    [
        ("ignore[never-true]", "an ignored problem needs a reason", ""),
        ("ignore because", "the comment does not say what to ignore", ""),
        ("ignore[] because", "the comment does not say what to ignore", ""),
        ("ignore[nevertrue] because", 'no problem has the code "nevertrue"', 'did you mean "never-true"?'),
        ("ignore[unknown-key] because", '"unknown-key" cannot be ignored', ""),
    ],
)
def test_comments_that_do_not_count(comment: str, summary: str, label: str) -> None:
    """The problem stays, and so is told why the comment does not help."""
    problems = load_texts({"a.yaml": f"{RULE}  # trailbell: {comment}{TESTS}"}).problems
    assert sorted(problem.code for problem in problems) == ["bad-ignore", "never-true"]
    (bad,) = (problem for problem in problems if problem.code == "bad-ignore")
    assert (bad.summary, bad.label, bad.span.line) == (summary, label, 4)


def test_an_ignore_that_nothing_needs_is_told() -> None:
    """It would hide the problem on the day it comes back."""
    text = RULE.replace("lt: 3", "lt: 9") + "  # trailbell: ignore[never-true] an array" + TESTS
    assert _codes(text) == ["unused-ignore"]


def test_only_what_was_looked_for_can_be_unused() -> None:
    """Without the checks nobody knows whether the comment is needed."""
    text = RULE + "  # trailbell: ignore[never-true] an array" + TESTS
    assert load_texts({"a.yaml": text}, checks=()).problems == ()


def test_texts_are_no_comments() -> None:
    """A `#` inside quotes and block texts begins none."""
    text = RULE + TESTS + "description: |\n  # trailbell: ignore[nope] x\nowner: 'a # trailbell: ignore[nope] x'\n"
    assert _codes(text) == ["never-true"]


def test_a_comment_is_about_one_line() -> None:
    """The same problem elsewhere in the file is told."""
    rules = (
        RULE + "  # trailbell: ignore[never-true] an array" + TESTS + "---\n" + RULE.replace("id: a", "id: b") + TESTS
    )
    problems = load_texts({"a.yaml": rules}).problems
    assert [(problem.code, problem.rule_id) for problem in problems if problem.code == "never-true"] == [
        ("never-true", "b")
    ]
