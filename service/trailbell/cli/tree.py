"""The verdict on a predicate as a tree on the terminal: ✔ and ✘, and what was read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.text import Text

from trailbell_engine.values import Json

from .printable import printable

_WORDS: Final = {"all": "all of", "any": "any of", "not": "not"}
_OPERATORS: Final = {
    "equals": "is",
    "in": "is one of",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches",
    "glob": "fits",
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "cidr": "is inside",
    "during": "is during",
    "outside": "is outside",
    "exists": "exists",
    "same_as": "is the same as",
}
_META: Final = frozenset({"holds", "path", "values", "ignore_case"})
_WIDTH: Final = 60


def verdict_lines(verdict: Mapping[str, Json], depth: int = 0) -> Iterator[Text]:
    """The lines of a verdict, as ``Verdict.to_json`` wrote it."""
    kind = next((name for name in _WORDS if isinstance(verdict.get(name), list)), None)
    if kind == "all" and depth == 0:
        for part in verdict["all"]:
            yield from verdict_lines(part, depth)
        return
    line = Text("  " * depth).append("✔ " if verdict["holds"] else "✘ ", "green" if verdict["holds"] else "red")
    if kind is not None:
        yield line.append(_WORDS[kind])
        for part in verdict[kind]:
            yield from verdict_lines(part, depth + 1)
        return
    yield line.append_text(_test(verdict))


def _test(verdict: Mapping[str, Json]) -> Text:
    operator = next(name for name in verdict if name not in _META)
    operand = "" if operator == "exists" else f" {_shown(verdict[operator])}"
    text = Text(printable(str(verdict["path"])), "bold").append(
        f" {_OPERATORS.get(operator, operator)}{operand}", "not bold"
    )
    if verdict.get("ignore_case"):
        text.append(" (ignoring case)", "dim not bold")
    values = verdict["values"]
    if not values:
        return text.append("   (there is no such field)", "yellow not bold")
    if operator == "exists" or (operator == "equals" and verdict["holds"]):
        return text
    return text.append(
        f"   (was {', '.join(map(_shown, values[:3]))}{', …' if len(values) > 3 else ''})", "cyan not bold"
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"path"}:
        return printable(str(value["path"]))
    if isinstance(value, dict) and "timezone" in value:
        return _schedule(value)
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _schedule(value: Mapping[str, Any]) -> str:
    zone = value["timezone"]
    days, hours = ",".join(value["days"]), ", ".join(value["hours"]) or "all day"
    holidays = f", without holidays of {value['holidays']}" if value["holidays"] else ""
    return printable(f"{days} {hours} {zone if isinstance(zone, str) else zone['default']}{holidays}")
