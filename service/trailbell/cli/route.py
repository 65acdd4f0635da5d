"""``trailbell route``: who would be told of an alert, and by which way through the routes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from trailbell_engine.system_errors import system_words

from .configuration import config_or_fail
from .exits import Exit, Failure
from .group import Group
from .instants import instant
from .printable import printable

if TYPE_CHECKING:
    from trailbell.routes_table import Answer
    from trailbell.store.address import Address
    from trailbell_notifiers.desk import Policy
    from trailbell_notifiers.policy.plan import Plan
    from trailbell_notifiers.policy.silences import Silence


@click.group(cls=Group, name="route")
def command() -> None:
    """Who would be told of an alert, and why."""


@command.command()
@click.argument("labels", nargs=-1, metavar="LABEL=VALUE...")
@click.option("--alert", "alert_id", metavar="ID", help="The labels of a stored alert; `last` is the newest.")
@click.option("--cases", "cases", type=click.Path(path_type=Path), metavar="FILE", help="A table of cases, in YAML.")
@click.option(
    "--at",
    "at",
    metavar="WHEN",
    help="When, for mute intervals and silences: 2026-11-01T23:30:00Z; else none of them holds.",
)
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="The configuration.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def test(
    labels: Sequence[str],
    alert_id: str | None,
    cases: Path | None,
    at: str | None,
    config_file: Path | None,
    format_: str,
) -> int:
    """Ask the routes about labels such as `severity=critical rule=lockout`, about a stored alert, or about a table.

    Exits with 1 if a case of the table is not told as it expects.
    """
    from trailbell.configuration.policy import policy_of
    from trailbell.routes_table import answer

    if sum((bool(labels), alert_id is not None, cases is not None)) != 1:
        raise Failure(Exit.USAGE, "name labels, or --alert, or --cases", "`trailbell route test severity=critical`")
    config = config_or_fail(config_file, secrets=False)
    policy = policy_of(config)
    if cases is not None:
        return _table(cases, policy, format_)
    notify: Sequence[str] = ()
    if alert_id is not None:
        wanted, notify = _of_alert(config.store, config.rules, alert_id)
    else:
        wanted = _given(labels)
    at_us = instant("--at", at)
    if at_us is not None:
        policy = replace(policy, silences=(*policy.silences, *_stored_silences(config.store)))
    found = answer(policy, wanted, notify, at_us)
    if format_ == "json":
        click.echo(json.dumps(_json(found), ensure_ascii=False, indent=2))
    else:
        _print(policy, found, at_us)
    return Exit.OK


def _stored_silences(store: Address) -> list[Silence]:
    from trailbell.store.silences import Silences

    from .stores import reading_if_there

    with reading_if_there(store) as database:
        return [] if database is None else Silences(database).all()


def _given(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in labels:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Failure(
                Exit.USAGE, f"{text!r} is no label", "write name=value; a label that comes twice has two values"
            )
        found[name] = (*found.get(name, ()), value.strip('"'))
    return found


def _of_alert(store: Address, paths: Sequence[str], alert_id: str) -> tuple[dict[str, tuple[str, ...]], Sequence[str]]:
    from trailbell.loading import load
    from trailbell.store.alerts import Alerts
    from trailbell_engine.rule import Words
    from trailbell_notifiers.policy.routing import labels_of

    from .stores import find_alert, reading

    with reading(store) as database:
        alert = find_alert(Alerts(database), alert_id).alert
    rules = load(paths).rules
    if alert.rule_id not in rules:
        return labels_of(alert, Words("")), ()
    return labels_of(alert, rules[alert.rule_id].words), rules[alert.rule_id].notify


def _json(found: Answer) -> dict[str, Any]:
    rows = [
        {"receiver": decision.receiver, "reason": decision.reason, "held": found.held.get(decision.receiver)}
        for decision in found.decisions
    ]
    return {"told": found.told, "decisions": rows}


def _print(policy: Policy, found: Answer, at_us: int | None) -> None:
    from trailbell.routes_table import branches

    for branch in branches(policy.route, found.places) if policy.route is not None else ():
        matchers = ", ".join(map(str, branch.route.matchers)) or ("every alert" if branch.depth else "the top route")
        mark = "●" if branch.ends_here else "│" if branch.taken else " "
        told = ", ".join(branch.route.receivers) + ("  (continue)" if branch.route.continue_ else "")
        line = f"{mark} {'  ' * branch.depth}{branch.number or '·'} {matchers} → {told}"
        click.echo(click.style(printable(line), bold=branch.ends_here, dim=not branch.taken))
    if not found.decisions:
        click.echo("nobody is told: there is no route")
    for decision in found.decisions:
        held = found.held.get(decision.receiver)
        words = f"  held back: {held}" if held else _when(decision.plan) if at_us is None else ""
        click.echo(f"{decision.receiver}: {printable(decision.reason)}{words}")


def _when(plan: Plan) -> str:
    """What a time would decide, where none is asked about."""
    parts = [f"inside of {', '.join(plan.active)}"] if plan.active else []
    parts += [f"outside of {', '.join(plan.mute)}"] if plan.mute else []
    return f"  only {' and '.join(parts)}; see --at" if parts else ""


class Row(NamedTuple):
    """A case of the table, and who was told."""

    case: str
    expect: list[str]
    told: list[str]


def _table(file: Path, policy: Policy, format_: str) -> int:
    from trailbell.routes_table import answer, labels_of_mapping
    from trailbell_engine.timestamps import parse_time

    rows = []
    for number, case in enumerate(_cases(file), start=1):
        time_us = parse_time(case["at"]) if "at" in case else None
        told = answer(policy, labels_of_mapping(case["labels"]), case.get("notify", ()), time_us).told
        rows.append(Row(case.get("name") or f"case {number}", case["expect"], told))
    wrong = [row for row in rows if row.expect != row.told]
    if format_ == "json":
        click.echo(
            json.dumps({"cases": [row._asdict() for row in rows], "failed": len(wrong)}, ensure_ascii=False, indent=2)
        )
    else:
        for row in rows:
            good = row.expect == row.told
            said = ", ".join(row.told) or "nobody"
            words = f"told {said}" if good else f"told {said}, expected {', '.join(row.expect) or 'nobody'}"
            click.echo(f"{'✔' if good else '✘'} {printable(row.case)}: {printable(words)}")
        click.echo(f"{len(rows) - len(wrong)} passed, {len(wrong)} failed")
    return Exit.FINDINGS if wrong else Exit.OK


def _cases(file: Path) -> list[dict[str, Any]]:
    from trailbell.routes_table import CASES_SCHEMA
    from trailbell_rules.document import read_documents
    from trailbell_rules.validate import validate_document

    from .problems import print_problems

    try:
        reading = read_documents(str(file), file.read_bytes())
    except OSError as error:
        raise Failure(Exit.USAGE, f"cannot read {file}: {system_words(error)}", "check the path") from error
    problems = list(reading.problems)
    for document in reading.documents[:1]:
        problems.extend(validate_document(document, CASES_SCHEMA))
    if problems or not reading.documents:
        raise Failure(Exit.CONFIGURATION, print_problems(problems, {str(file): reading.source}), "write `cases: [...]`")
    cases: list[dict[str, Any]] = reading.documents[0].value["cases"]
    return cases
