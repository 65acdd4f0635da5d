"""``trailbell test``: the tests inside rules. Failures come last and alone; what passed is a number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import click
from rich.console import Console
from rich.text import Text

from trailbell.rule_testing import Outcome, run_tests

from .consoles import out
from .exits import Exit, Failure
from .loading import load_or_fail, own_tests, paths_or_configured
from .printable import printable


@click.command(name="test")
@click.argument("paths", nargs=-1, type=str)
@click.option("--format", "format_", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("-k", "wanted", metavar="TEXT", default="", help="Only tests whose rule id or name contains TEXT.")
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that passed, too.")
@click.option("--min-tests", type=click.IntRange(min=0), default=0, help="Fail rules with fewer tests than this.")
def command(paths: Sequence[str], format_: str, wanted: str, min_tests: int, *, verbose: bool) -> int:
    """Run the tests inside rules through the real engine.

    PATHS are rule files, folders or packs such as pack:vonage; without any, the `rules:` of trailbell.yaml.
    The tests of a pack run where only packs are named.
    """
    paths = paths_or_configured(paths)
    loaded = load_or_fail(paths)
    own = own_tests(paths, loaded)
    tests = [test for test in own if wanted in test.rule_id or wanted in test.name]
    if wanted and not tests:
        raise Failure(Exit.USAGE, f"no test's rule id or name contains {wanted!r}", f"there are {len(own)} tests")
    outcomes = run_tests(loaded.rules, tests)
    counts = Counter(test.rule_id for test in loaded.tests)
    short = [rule.id for rule in loaded.rules if counts[rule.id] < min_tests]
    if format_ == "json":
        click.echo(json.dumps(_document(outcomes), ensure_ascii=False, indent=2))
    elif format_ == "junit":
        click.echo(_junit(outcomes))
    else:
        _print(out(), outcomes, short, counts, min_tests, verbose=verbose)
    return Exit.FINDINGS if short or not all(outcome.passed for outcome in outcomes) else Exit.OK


def _document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    passed = sum(outcome.passed for outcome in outcomes)
    return {
        "schema": 1,
        "tests": [outcome.to_json() for outcome in outcomes],
        "passed": passed,
        "failed": len(outcomes) - passed,
    }


def _print(
    console: Console,
    outcomes: Sequence[Outcome],
    short: list[str],
    counts: Mapping[str, int],
    minimum: int,
    *,
    verbose: bool,
) -> None:
    if verbose:
        for outcome in outcomes:
            if outcome.passed:
                console.print(
                    Text("✔ ", "green").append(f"{outcome.test.rule_id} · {printable(outcome.test.name)}", "default")
                )
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        _print_failure(console, outcome)
    for rule_id in short:
        console.print(Text("✘ ", "bold red").append(f"{rule_id}: {counts[rule_id]} tests, {minimum} wanted", "default"))
    rules = len({outcome.test.rule_id for outcome in outcomes})
    summary = Text(f"{len(outcomes) - len(failed)} passed", "bold green" if outcomes and not failed else "bold")
    summary.append(f", {len(failed)} failed", "bold red" if failed else "default")
    console.print(summary.append(f" · {rules} rules", "not bold default"))


def _print_failure(console: Console, outcome: Outcome) -> None:
    test = outcome.test
    console.print(Text("✘ ", "bold red").append(f"{test.rule_id} · {printable(test.name)}", "bold default"))
    console.print(Text(f"  {printable(test.span.file)}:{test.span.line}", "dim"))
    for difference in outcome.differences:
        for line in str(difference).split("\n"):
            mark = line.lstrip()[:1]
            style = "green" if mark == "-" else "red" if mark == "+" else ""
            console.print(Text(f"  {printable(line)}", style), soft_wrap=True)
    for error in outcome.errors:
        console.print(Text(f"  {printable(error)}", "red"), soft_wrap=True)
    console.print()


def _junit(outcomes: Sequence[Outcome]) -> str:
    failures = sum(not outcome.passed for outcome in outcomes)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuite name="trailbell" tests="{len(outcomes)}" failures="{failures}">')
    for outcome in outcomes:
        test = outcome.test
        attributes = {"classname": test.rule_id, "name": test.name, "file": test.span.file}
        head = " ".join(["<testcase", *(f"{name}={quoteattr(value)}" for name, value in attributes.items())])
        if outcome.passed:
            lines.append(f"  {head}/>")
        else:
            words = "\n".join([*map(str, outcome.differences), *outcome.errors])
            lines.append(f"  {head}><failure>{escape(words)}</failure></testcase>")
    return "\n".join([*lines, "</testsuite>"])
