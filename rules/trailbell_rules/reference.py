"""The generated parts of the reference: ``python -m trailbell_rules.reference docs/reference/rule-language.md``.

What the tables say is not written down but asked of the interpreter and of the declarations, so it cannot be wrong.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from trailbell_engine.conditions import BY, CONDITIONS, ConditionSpec, Parameter
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_engine.operators import NEGATIVES, OPERATORS, Operator
from trailbell_engine.predicate import Predicate
from trailbell_engine.values import Json

from .definitions import Definitions
from .document import read_documents
from .predicates import PredicateReader
from .report import Report

_FIELD: Final = "field"
_OTHERS: Final[dict[str, Json]] = {"user_email": "ada@example.com"}
"""The rest of the event, for operators that look at another field."""

_VALUES: Final[tuple[Json, ...]] = (
    *("sip", "example", "447700900000", "ada@example.com", "sip:ada@pbx.example.com", "203.0.113.7"),
    *("2026-11-23T10:00:00Z", "2026-11-22T10:00:00Z", "tel", "x"),
    *(11, 5, True, {"role": "admin", "active": True}, {"role": "ops"}),
)
"""Among these every operator's example finds a value that meets it and one that does not: a Monday, a Sunday, …"""
_TYPES: Final[tuple[Json, ...]] = ("x", 7, True, {"a": 1})
"""One value of each type; null and arrays have columns of their own."""

_YES: Final = "holds"
_NO: Final = "-"


def operator_table() -> str:
    """Operator by what the field is: does the test hold."""
    header = (
        *("operator", "MISSING", "null", "another type"),
        *("`[x, y]`, `x` meets it", "`[y]`", "`[]`", "`[[x]]`"),
    )
    rows = []
    for name, operator in OPERATORS.items():
        rows.append(_operator_row(name, operator))
        rows += [_operator_row(negative, operator) for negative, positive in NEGATIVES.items() if positive == name]
        rows += [_operator_row(name, operator, operand=False)] if operator.example is True else []
    return _table(header, rows)


def _operator_row(name: str, operator: Operator, operand: Json = None) -> tuple[str, ...]:
    asks = _asking(name, operator.example if operand is None else operand)
    positive = _asking(operator.name, operator.example)
    # What a single value is to most operators, an element is to those that look at arrays.
    meets = positive if not _is_about_elements(operator) else lambda value: positive([value])
    good = next(value for value in _VALUES if meets(value))
    bad = next((value for value in _VALUES if not meets(value)), "x")
    others = [value for value in _TYPES if not _type_can_meet(positive, value)] or list(_TYPES)
    return (
        f"`{name}`" if operand is None else f"`{name}: {json.dumps(operand)}`",
        _cell(asks, [_MISSING]),
        _cell(asks, [None]),
        _cell(asks, others),
        _cell(asks, [[good, bad], [bad, good, bad, bad]]),
        _cell(asks, [[bad], [bad] * 4]),
        _cell(asks, [[]]),
        _cell(asks, [[[good]], [[good]] * 4]),
    )


_MISSING: Final = object()


def _asking(name: str, operand: Json) -> Callable[[object], bool]:
    predicate = _predicate({_FIELD: {name: operand}})

    def asks(value: object) -> bool:
        record = _OTHERS if value is _MISSING else {**_OTHERS, _FIELD: value}
        return holds(predicate, Event("reference", "1", "", 0, dict(record)))

    return asks


def _predicate(value: Json) -> Predicate:
    (document,) = read_documents("reference", json.dumps(value).encode()).documents
    report = Report(document)
    predicate = PredicateReader(report, Definitions()).predicate(document.value, ())
    assert not report.failed, report.problems
    return predicate


def _is_about_elements(operator: Operator) -> bool:
    return operator.operand == "predicate"


def _type_can_meet(asks: Callable[[object], bool], value: Json) -> bool:
    """Whether any value of that type meets the test."""
    same = (other for other in _VALUES if other.__class__ is value.__class__)
    return any(map(asks, (value, *same)))


def _cell(asks: Callable[[object], bool], values: Sequence[object]) -> str:
    answers = {asks(value) for value in values}
    return "by its length" if len(answers) > 1 else _YES if answers == {True} else _NO


def condition_table() -> str:
    """Condition by parameter."""
    rows: list[tuple[str, ...]] = []
    for spec in CONDITIONS.values():
        rows += _condition_rows(spec)
    rows.append(("all", "`by`", "MAY", _kind(BY), "", BY.summary))
    return _table(("condition", "parameter", "", "is", "default", "what it is"), rows)


def _condition_rows(spec: ConditionSpec) -> Iterable[tuple[str, ...]]:
    name = f"`{spec.name}`"
    for position, parameter in enumerate(spec.parameters):
        default = "" if parameter.default is None else f"`{_default(parameter)}`"
        yield (
            "" if position else name,
            f"`{parameter.name}`",
            "MUST" if parameter.required else "MAY",
            _kind(parameter),
            default,
            parameter.summary,
        )
    if not spec.parameters:
        yield (name, "", "", "", "", "")


_KINDS: Final[Mapping[str, str]] = {
    "path": "a path",
    "paths": "a path or a list of paths",
    "duration": "a [duration](#durations)",
    "count": "a whole number, at least 1",
    "number": "a number",
    "share": "a number from 0 to 1, or `20%`",
    "speed": "a speed, such as `900 km/h`",
    "boolean": "`true` or `false`",
    "predicate": "a [predicate](#predicates)",
    "steps": "a list of steps",
}


def _kind(parameter: Parameter) -> str:
    if parameter.kind == "choice":
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    return _KINDS[parameter.kind]


def _default(parameter: Parameter) -> str:
    value = parameter.default
    return format_duration(value) if parameter.kind == "duration" else json.dumps(value).strip('"')


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "operator table": operator_table,
    "condition table": condition_table,
}
"""What ``<!-- generated: NAME -->`` … ``<!-- end -->`` is filled with."""

_PLACE: Final = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """The page with every marked place filled anew.

    Raises:
        KeyError: if a place names no table.
    """
    return _PLACE.sub(lambda place: f"{place[1]}\n{TABLES[place['name']]()}\n\n{place[3]}", page)


def main() -> None:
    """Fill the marked places of the pages named on the command line."""
    for name in sys.argv[1:]:
        page = pathlib.Path(name)
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
