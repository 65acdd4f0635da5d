"""Tests in words: what an explanation and an alert's reason say of an operator and its operand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .schedule import DAYS
from .values import Json, canonical

PHRASES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "equals": ("is", "is not"),
        "in": ("in", "not in"),
        "contains": ("contains", "does not contain"),
        "starts_with": ("starts with", "does not start with"),
        "ends_with": ("ends with", "does not end with"),
        "matches": ("matches", "does not match"),
        "glob": ("fits", "does not fit"),
        "gt": (">", "not >"),
        "gte": ("≥", "not ≥"),
        "lt": ("<", "not <"),
        "lte": ("≤", "not ≤"),
        "cidr": ("inside", "not inside"),
        "during": ("during", "not during"),
        "outside": ("outside", "not outside"),
        "exists": ("exists", "is missing"),
        "length": ("has a length that", "has no length that"),
        "same_as": ("is the same as", "differs from"),
        "any_element": ("has an element with", "has no element with"),
        "every_element": ("has only elements with", "has an element without"),
    }
)
"""Every positive operator: how it is said, and how its negation is."""

VALUES_SAID: Final = 5
VALUE_LIMIT: Final = 48
"""Characters of one value; more than that and the sentence is about the value."""
_META: Final = frozenset({"holds", "path", "values", "ignore_case", "remark", "inside"})


def operator_of(test: Mapping[str, Json]) -> str:
    """The operator of a test as JSON."""
    return next(name for name in test if name not in _META)


def phrase(operator: str, operand: Json, *, negated: bool = False, fold: bool = False, quoted: bool = False) -> str:
    """The test without its field: ``not in GB, IE``.

    Args:
        operator: a positive one.
        operand: as ``predicate.to_json`` writes it.
        negated: say that it does not hold.
        fold: case is ignored.
        quoted: texts stand in quotes, as rules have them.
    """
    words = PHRASES[operator][negated]
    if operator != "exists":
        words = f"{words} {_operand(operand, quoted=quoted)}"
    return f"{words} (ignoring case)" if fold else words


def _operand(operand: Json, *, quoted: bool) -> str:
    if isinstance(operand, dict):
        return _structured(operand, quoted=quoted)
    if isinstance(operand, list):
        said = ", ".join(value_text(item, quoted=quoted) for item in operand[:VALUES_SAID])
        return said if len(operand) <= VALUES_SAID else f"{said}, … ({len(operand):,} in all)"
    return value_text(operand, quoted=quoted)


def _structured(operand: dict[str, Any], *, quoted: bool) -> str:
    if set(operand) == {"path"}:
        return str(operand["path"])
    if "timezone" in operand:
        return schedule_text(operand)
    if "list" in operand:
        return f"the list {operand['list']}"
    return predicate_text(operand, quoted=quoted)


def predicate_text(node: Mapping[str, Json], *, quoted: bool = False) -> str:
    """A predicate, as ``predicate.to_json`` writes it, on one line."""
    for name, joint in (("all", " and "), ("any", " or ")):
        if name in node:
            parts = [predicate_text(part, quoted=quoted) for part in node[name]]
            return joint.join(parts if len(parts) < 2 else [f"({part})" if " or " in part else part for part in parts])
    negated = "not" in node
    test = node["not"] if negated else node
    if "path" not in test:
        return f"not ({predicate_text(test, quoted=quoted)})"
    operator = operator_of(test)
    words = phrase(operator, test[operator], negated=negated, fold=bool(test.get("ignore_case")), quoted=quoted)
    return words if test["path"] == "this" else f"{test['path']} {words}"


def value_text(value: Json, *, quoted: bool = False) -> str:
    """One value, short: a text as it is (or in quotes), everything else as JSON."""
    text = value if isinstance(value, str) and value and not quoted else canonical(value)
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


def schedule_text(schedule: Mapping[str, Any]) -> str:
    """A schedule, as it is written to JSON: ``mon-fri 08:00-18:00 Europe/London``."""
    zone = schedule["timezone"]
    days, hours = _days(schedule["days"]), ", ".join(schedule["hours"])
    holidays = f"without holidays of {schedule['holidays']}" if schedule["holidays"] else ""
    return " ".join(filter(None, (days, hours, zone if isinstance(zone, str) else zone["default"], holidays)))


def _days(days: list[str]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    first = DAYS.index(days[0])
    in_a_row = len(days) > 2 and days == [*DAYS[first : first + len(days)]]
    return f"{days[0]}-{days[-1]}" if in_a_row else ",".join(days)
