"""``trailbell test``: the tests inside rules. Failures come last and alone; what passed is a number."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from xml.sax.saxutils import escape, quoteattr

import click
from rich.console import Console
from rich.text import Text

from trailbell.configuration.policy import policy_of
from trailbell.rule_coverage import Coverage
from trailbell.rule_testing import Outcome, coverage, run_tests
from trailbell_engine.counted import counted
from trailbell_notifiers.policy.routing import Route
from trailbell_rules.load import Loaded

from .configuration import config_or_fail
from .consoles import out
from .coverage_lines import print_coverage
from .exits import Exit, Failure, say
from .loading import load_or_fail, own_tests
from .printable import printable
from .watching import watch


@click.command(name="test")
@click.argument("paths", nargs=-1, type=str)
@click.option("--format", "format_", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("-k", "wanted", metavar="TEXT", default="", help="Only tests whose rule id or name contains TEXT.")
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that passed, too.")
@click.option("--min-tests", type=click.IntRange(min=0), default=0, help="Fail rules with fewer tests than this.")
@click.option("--coverage", "covered", is_flag=True, help="Name what of each rule no test exercises.")
@click.option("--watch", "watched", is_flag=True, help="Run again whenever a file changes, until ^C.")
@click.option(
    "--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where routes are, for tests with `told:`."
)
def command(
    paths: Sequence[str],
    format_: str,
    wanted: str,
    min_tests: int,
    config_file: Path | None,
    *,
    verbose: bool,
    covered: bool,
    watched: bool,
) -> int:
    """Run the tests inside rules through the real engine.

    PATHS are rule files, folders or packs such as pack:vonage; without any, the `rules:` of trailbell.yaml.
    The tests of a pack run where only packs are named.
    """
    config = config_or_fail(config_file, secrets=False)
    paths = paths or config.rules
    route = policy_of(config).route
    if watched:
        if format_ != "text":
            raise Failure(
                Exit.USAGE, f"--watch is for people, --format {format_} for programs", "leave out one of them"
            )
        _watch(paths, lambda: _run(paths, route, wanted, min_tests, covered=covered), verbose=verbose)
    run = _run(paths, route, wanted, min_tests, covered=covered)
    if format_ == "json":
        click.echo(json.dumps(_document(run), ensure_ascii=False, indent=2))
    elif format_ == "junit":
        click.echo(_junit(run.outcomes))
    else:
        _print(out(), run, verbose=verbose)
    return Exit.FINDINGS if run.short or run.failed else Exit.OK


@dataclass(frozen=True, slots=True)
class _Run:
    """What running the tests once gave.

    Attributes:
        loaded: the rules.
        outcomes: in the order of the tests.
        short: rules with too few tests, with how many they have.
        minimum: how many were wanted.
        coverage: of each rule whose tests ran; empty if it was not asked for.
    """

    loaded: Loaded
    outcomes: Sequence[Outcome]
    short: Mapping[str, int]
    minimum: int
    coverage: Sequence[Coverage]

    @property
    def failed(self) -> list[Outcome]:
        """The tests that failed."""
        return [outcome for outcome in self.outcomes if not outcome.passed]


def _run(paths: Sequence[str], route: Route | None, wanted: str, minimum: int, *, covered: bool) -> _Run:
    loaded = load_or_fail(paths)
    own = own_tests(paths, loaded)
    tests = [test for test in own if wanted in test.rule_id or wanted in test.name]
    if wanted and not tests:
        there = f"these rules have {counted(len(own), 'test')}"
        raise Failure(Exit.USAGE, f"no test's rule id or name contains {wanted!r}", there)
    outcomes = run_tests(loaded.rules, tests, route)
    counts = Counter(test.rule_id for test in loaded.tests)
    short = {rule.id: counts[rule.id] for rule in loaded.rules if counts[rule.id] < minimum}
    chosen = {test.rule_id for test in tests} if wanted else {rule.id for rule in loaded.rules}
    found = coverage(loaded, outcomes) if covered else []
    return _Run(loaded, outcomes, short, minimum, [entry for entry in found if entry.rule.id in chosen])


def _watch(paths: Sequence[str], run: Callable[[], _Run], *, verbose: bool) -> NoReturn:
    def act() -> Sequence[Path]:
        try:
            done = run()
        except Failure as failure:  # what cannot be loaded now may be mended in a moment
            say(failure)
            return ()
        _print(out(), done, verbose=verbose)
        return done.loaded.files

    watch(paths, act, time.sleep)


def _document(run: _Run) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema": 1,
        "tests": [outcome.to_json() for outcome in run.outcomes],
        "passed": len(run.outcomes) - len(run.failed),
        "failed": len(run.failed),
    }
    return document | ({"coverage": [entry.to_json() for entry in run.coverage]} if run.coverage else {})


def _print(console: Console, run: _Run, *, verbose: bool) -> None:
    outcomes = run.outcomes
    if verbose:
        for outcome in outcomes:
            if outcome.passed:
                console.print(
                    Text("✔ ", "green").append(f"{outcome.test.rule_id} · {printable(outcome.test.name)}", "default")
                )
    if run.coverage:
        print_coverage(console, run.coverage)
    failed = run.failed
    for outcome in failed:
        _print_failure(console, outcome)
    for rule_id, count in run.short.items():
        words = f"{rule_id}: {counted(count, 'test')}, {run.minimum} wanted"
        console.print(Text("✘ ", "bold red").append(words, "default"))
    rules = len({outcome.test.rule_id for outcome in outcomes})
    summary = Text(f"{len(outcomes) - len(failed)} passed", "bold green" if outcomes and not failed else "bold")
    summary.append(f", {len(failed)} failed", "bold red" if failed else "default")
    console.print(summary.append(f" · {counted(rules, 'rule')}", "not bold default"))


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
