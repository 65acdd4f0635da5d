"""What of a match was met, in one line with the values read: ``event_type LOGIN · country KP not in GB``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .event import Event
from .explain import Verdict, explain
from .phrases import phrase, value_text
from .predicate import Predicate
from .values import Json

LIMIT: Final = 200
"""Characters of a description."""
_JOINT: Final = " · "
_VALUES_SAID: Final = 2


def describe_match(node: Predicate, event: Event) -> str:
    """Why the predicate holds for the event: of alternatives the first that is met; each field once.

    At most ``LIMIT`` characters; what does not fit is counted at the end.
    """
    by_path: dict[str, list[Verdict]] = {}
    for test in _met(explain(node, event)):
        by_path.setdefault(test.path, []).append(test)
    parts = [_field(path, tests) for path, tests in by_path.items()]
    return _fitted(parts) if parts else "every event matches"


def _met(verdict: Verdict) -> Iterator[Verdict]:
    """The tests by which it is settled, one alternative where several would do."""
    if verdict.kind == "test":
        yield verdict
        return
    parts = [part for part in verdict.parts if verdict.kind == "not" or part.holds == verdict.holds]
    one_is_enough = verdict.holds == (verdict.kind == "any") and verdict.kind != "not"
    for part in parts[:1] if one_is_enough else parts:
        yield from _met(part)


def _field(path: str, tests: list[Verdict]) -> str:
    values = tests[0].values
    read = _values(values) if values else "missing"
    said = [
        phrase(test.operator, test.operand, negated=not test.holds, fold=test.fold) for test in tests if _tells(test)
    ]
    return " ".join(filter(None, (path, f"{read}," if said and not values else read, ", ".join(said))))


def _tells(test: Verdict) -> bool:
    """Where the value says it all, the operator is left out."""
    return test.operator != "exists" and not (test.holds and test.operator in ("equals", "in"))


def _values(values: tuple[Json, ...]) -> str:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    said = ", ".join(value_text(value) for value in flat[:_VALUES_SAID])
    return (said if len(flat) <= _VALUES_SAID else f"{said}, …") or "[]"


def _fitted(parts: list[str]) -> str:
    text = _JOINT.join(parts)
    if len(text) <= LIMIT:
        return text
    for kept in range(len(parts) - 1, 0, -1):
        text = f"{_JOINT.join(parts[:kept])}{_JOINT}{len(parts) - kept} more"
        if len(text) <= LIMIT:
            return text
    return parts[0][: LIMIT - 1] + "…"
