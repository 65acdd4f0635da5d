"""How problems are shown."""

import json
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from trailbell_rules.codes import CODES
from trailbell_rules.printers import github, machine, sarif
from trailbell_rules.printers.text import problems_text, summary
from trailbell_rules.printers.visible import visible
from trailbell_rules.problem import Problem, Span
from trailbell_rules.source import Source


def _shown(text: str, problem: Problem) -> str:
    (shown,) = problems_text([problem], {problem.span.file: Source(problem.span.file, text)})
    return shown.plain


def test_the_line_the_caret_and_the_way_out(problems: Callable) -> None:
    """A problem shows its code, sentence, place, line, caret, question and page."""
    text = "id: a\ntitle: t\nseverty: high\nmatch: {a: 1}\n"
    assert _shown(text, problems(text)[0]) == (
        'error[unknown-key]: unknown key "severty"\n'
        "  --> rule.yaml:3:1\n"
        "   |\n"
        " 3 | severty: high\n"
        '   | ^^^^^^^ did you mean "severity"?\n'
        "   = docs: trailbell docs unknown-key\n"
    )


def test_carets_stand_below_wide_characters() -> None:
    """Chinese, Japanese, emoji and tabs take the cells that a terminal gives them."""
    text = "名前: {a: 日本語}\t# 😀 x\n"
    span = Span("f", 1, text.index("日") + 1, 1, text.index("}") + 1)
    lines = _shown(text, Problem("bad-value", "error", "s", span)).splitlines()
    assert lines[3] == " 1 | 名前: {a: 日本語}    # 😀 x"
    assert lines[4] == f"   | {' ' * 10}{'^' * 6}"
    assert cell_len(lines[4]) == cell_len(lines[3][: lines[3].index("}")])
    after = Span("f", 1, text.index("x") + 1, 1, text.index("x") + 2)
    lines = _shown(text, Problem("bad-value", "error", "s", after)).splitlines()
    assert cell_len(lines[4]) == cell_len(lines[3])


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    """Line 1,000 shifts the bars, not the text under them."""
    text = "\n" * 999 + "abc: d\n"
    shown = _shown(text, Problem("bad-value", "warning", "s", Span("f", 1000, 6, 1000, 7), "help me"))
    assert shown == (
        "warning[bad-value]: s\n     --> f:1000:6\n      |\n 1000 | abc: d\n      |      ^\n"
        "      = help: help me\n      = docs: trailbell docs bad-value\n"
    )


def test_a_span_of_several_lines_shows_its_first() -> None:
    """The carets end where the first line does."""
    shown = _shown("a:\n  b: 1\n", Problem("bad-value", "error", "s", Span("f", 1, 1, 2, 7)))
    assert " 1 | a:\n   | ^^\n" in shown


def test_a_long_line_is_cut_around_the_caret() -> None:
    """What is shown of a line of 5,000 characters fits a screen and holds the place."""
    text = "x" * 2500 + "HERE" + "y" * 2500
    lines = _shown(text, Problem("bad-value", "error", "s", Span("f", 1, 2501, 1, 2505))).splitlines()
    assert len(lines[3]) < 140
    assert lines[3][lines[4].index("^") :].startswith("HERE")
    assert (lines[3][5], lines[3][-1], lines[4].count("^")) == ("…", "…", 4)


def test_a_file_without_text_is_named() -> None:
    """A problem with a file as a whole has no line to show, and loses neither label nor help."""
    (shown,) = problems_text([Problem("no-such-file", "error", "s", Span("f", 1, 1, 1, 2), "h", "l")], {})
    assert shown.plain == (
        "error[no-such-file]: s\n  --> f:1:1\n   = help: l\n   = help: h\n   = docs: trailbell docs no-such-file\n"
    )


@pytest.mark.parametrize(
    "mark", ["\x1b[31m", "\x07", "\r", "\x9b31m", "\u202e", "\u2066", "\u200b", "\u2028", "\x7f", "\ud800"]
)
def test_files_do_not_drive_the_terminal(mark: str) -> None:
    """Escapes, direction marks and lone surrogates in a line, a file name or a sentence are shown, not obeyed."""
    text = f"a: {mark}x\n"
    problem = Problem("bad-value", "error", f"s{mark}", Span(f"f{mark}", 1, 1, 1, 2), f"h{mark}", f"l{mark}")
    (shown,) = problems_text([problem], {f"f{mark}": Source(f"f{mark}", text)})
    assert mark[0] not in shown.plain
    shown.plain.encode()


def test_ordinary_text_is_left_alone() -> None:
    """Accents, scripts, emoji with joiners and no-break spaces are text."""
    for text in ("déjà vu", "日本語", "👩\u200d💻", "a\u00a0b", "עברית"):
        assert visible(text) == text


@pytest.mark.parametrize(
    ("severities", "words"),
    [
        ([], "no problems"),
        (["error"], "1 error in 1 file"),
        (["error", "warning", "error"], "2 errors and 1 warning in 3 files"),
        (["warning", "warning"], "2 warnings in 2 files"),
    ],
)
def test_summary(severities: list, words: str) -> None:
    """One line counts what was found, and where."""
    found = [Problem("c", severity, "s", Span(f"f{n}", 1, 1, 1, 2)) for n, severity in enumerate(severities)]
    assert summary(found) == words


PROBLEM = Problem(
    "bad-value", "error", "a, b: 100%\n<x>", Span("d/f g.yaml", 3, 5, 3, 9), "h", 'did you mean "x"?', "r"
)


def test_json() -> None:
    """The JSON document has every field of every problem, and the counts."""
    document = json.loads(machine.as_json([PROBLEM], rules=2, tests=3))
    assert {name: document[name] for name in ("schema", "rules", "tests", "errors", "warnings")} == {
        "schema": 1,
        "rules": 2,
        "tests": 3,
        "errors": 1,
        "warnings": 0,
    }
    assert document["problems"] == [
        {
            "code": "bad-value",
            "severity": "error",
            "summary": "a, b: 100%\n<x>",
            "file": "d/f g.yaml",
            "line": 3,
            "column": 5,
            "end_line": 3,
            "end_column": 9,
            "help": "h",
            "label": 'did you mean "x"?',
            "rule_id": "r",
        }
    ]


def test_github() -> None:
    """An annotation is one line; what would end a property or the line is escaped."""
    assert github.as_github([PROBLEM]) == (
        "::error file=d/f g.yaml,line=3,endLine=3,title=bad-value,col=5,endColumn=8"
        '::a, b: 100%25␊<x>; did you mean "x"?; h'
    )


def test_sarif() -> None:
    """A result points at its region, with an encoded path."""
    run = json.loads(sarif.as_sarif([PROBLEM], CODES, version="1.2"))["runs"][0]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "bad-value"
    assert rule["helpUri"].endswith("/docs/problems/bad-value.md")
    assert run["results"][0]["ruleIndex"] == 0
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "d/f%20g.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}


def test_junit() -> None:
    """Each file is a test case; one with errors failed, warnings are its output, and no character breaks the XML."""
    warning = PROBLEM._replace(severity="warning", span=Span("w", 1, 1, 1, 2), summary="\x00\ud800")
    suite = ET.fromstring(machine.as_junit([PROBLEM, warning], ["d/f g.yaml", "w", "ok"]))  # noqa: S314 - our own output
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["system-out"], []]
    assert "d/f g.yaml:3:5: [bad-value]" in suite[0][0].text


def test_github_shows_the_worst_first() -> None:
    """Ten errors and ten warnings are shown beside the lines, errors first; what is beyond follows as plain lines."""
    warnings = [PROBLEM._replace(severity="warning", summary=f"w{number}") for number in range(12)]
    errors = [PROBLEM._replace(summary=f"e{number}") for number in range(11)]
    lines = github.as_github([*warnings, *errors]).split("\n")
    assert [line[:8] for line in lines[:20]] == ["::error "] * 10 + ["::warnin"] * 10
    assert [line.partition("] ")[2][:3] for line in lines[20:]] == ["e10", "w10", "w11"]


def test_the_table_of_a_step_cannot_be_broken() -> None:
    """Cells hold what strangers wrote: no bar ends one, no HTML, link or mention begins."""
    hostile = PROBLEM._replace(summary="a | <img src=x> [l](http://e) @all `x`\n| b |", span=Span("f|g", 1, 1, 1, 2))
    table = github.as_markdown([hostile], title="t").strip().split("\n")
    assert len(table) == 7
    assert table[-1].count("|") == 5
    assert "<img" not in table[-1]
    assert "@all" not in table[-1]


def test_sarif_names_places_outside_the_folder() -> None:
    """An absolute path is a file URI; a relative one is relative to the root of the sources."""
    outside = PROBLEM._replace(span=Span("/r/a b.yaml", 1, 1, 1, 2))
    results = json.loads(sarif.as_sarif([outside, PROBLEM], CODES, version="1"))["runs"][0]["results"]
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert places == [{"uri": "file:///r/a%20b.yaml"}, {"uri": "d/f%20g.yaml", "uriBaseId": "SRCROOT"}]
    assert results[0]["partialFingerprints"] != results[1]["partialFingerprints"]
