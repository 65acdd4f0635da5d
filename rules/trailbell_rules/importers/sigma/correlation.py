"""Sigma's correlations as conditions: how many, how many different, how much, and what follows what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trailbell_engine.values import Json

from .condition import any_of
from .fields import FieldMap
from .unsayable import Unsayable
from .values import Predicate

_TIMESPAN: Final = re.compile(r"^([1-9][0-9]*)([smhd])$")
_BOUNDS: Final = ("gte", "gt", "lte", "lt", "eq", "neq")
_PERCENTILES: Final = {50: "p50", 95: "p95", 99: "p99"}


class Referred(NamedTuple):
    """A rule that a correlation is about."""

    name: str
    predicate: Predicate


class Correlated(NamedTuple):
    """The ``match`` and the ``when`` of a correlation."""

    match: Predicate
    when: dict[str, Any]


def correlated(correlation: Mapping[str, Json], referred: Sequence[Referred], fields: FieldMap) -> Correlated:
    """The condition of a correlation over these rules.

    Windows slide, as the specification wants them; a firing consumes its window.

    Raises:
        Unsayable: with the reason.
    """
    kind = correlation.get("type")
    if correlation.get("aliases"):
        raise Unsayable("`aliases` group by a different field of each rule, and our key is one field")
    rest: dict[str, Any] = {"within": _within(correlation.get("timespan"))}
    by = _group_by(correlation.get("group-by"), fields)
    if by:
        rest["by"] = by
    match = any_of([rule.predicate for rule in referred])
    match kind:
        case "event_count":
            return Correlated(match, {"count": {"at_least": _at_least(correlation), **rest}})
        case "value_count":
            of = _fields_of(correlation, fields)
            return Correlated(match, {"distinct": {"of": of, "at_least": _at_least(correlation), **rest}})
        case "value_sum" | "value_avg" | "value_median" | "value_percentile":
            return Correlated(match, {"metric": {**_metric(str(kind), correlation, fields), **rest}})
        case "temporal" | "temporal_ordered":
            return Correlated(match, {"sequence": _sequence(str(kind), correlation, referred, rest)})
        case _:
            raise Unsayable(f'the correlation type "{kind}" has no counterpart')


def _within(timespan: Json) -> str:
    if not isinstance(timespan, str) or not _TIMESPAN.match(timespan):
        raise Unsayable(f"the timespan {timespan!r} is none of ours: seconds, minutes, hours or days, such as `5m`")
    return timespan


def _group_by(group_by: Json, fields: FieldMap) -> str | list[str]:
    names = group_by if isinstance(group_by, list) else [] if group_by is None else [group_by]
    paths = [fields.path(str(name)) for name in names]
    return paths[0] if len(paths) == 1 else paths


def _bound(correlation: Mapping[str, Json]) -> tuple[str, Json]:
    """The one bound of the condition."""
    condition = correlation.get("condition")
    found = [name for name in _BOUNDS if name in condition] if isinstance(condition, dict) else []
    if len(found) != 1 or not isinstance(condition, dict):
        raise Unsayable("its condition is not one bound, which is what our conditions take")
    return found[0], condition[found[0]]


def _at_least(correlation: Mapping[str, Json]) -> int:
    name, number = _bound(correlation)
    if name not in ("gte", "gt"):
        raise Unsayable(f"`{name}` fires on few events; ours fire when a number is reached")
    if isinstance(number, bool) or not isinstance(number, int):
        raise Unsayable(f"{number!r} is no number of events")
    at_least = number + (name == "gt")
    if at_least < 1:
        raise Unsayable("it fires on no events at all")
    return at_least


def _fields_of(correlation: Mapping[str, Json], fields: FieldMap) -> str | list[str]:
    condition = correlation.get("condition")
    named = condition.get("field") if isinstance(condition, dict) else None
    given = named if isinstance(named, list) else [named]
    names = [name for name in given if isinstance(name, str) and name]
    if not names or len(names) < len(given):
        raise Unsayable("its condition names no field whose values are counted")
    paths = [fields.path(name) for name in names]
    return paths[0] if len(paths) == 1 else paths


def _metric(kind: str, correlation: Mapping[str, Json], fields: FieldMap) -> dict[str, Any]:
    condition = correlation.get("condition")
    assert isinstance(condition, dict) or condition is None
    function = {"value_sum": "sum", "value_avg": "avg", "value_median": "p50"}.get(kind)
    if kind == "value_percentile":
        share = (condition or {}).get("percentile")
        function = _PERCENTILES.get(share) if isinstance(share, int) else None
        if function is None:
            raise Unsayable(f"the percentile {share!r} is none of {', '.join(map(str, _PERCENTILES))}")
    name, number = _bound(correlation)
    if name not in ("gt", "lt"):
        raise Unsayable(f"a metric that is `{name}` a bound has no counterpart: ours are above or below it")
    of = _fields_of(correlation, fields)
    if isinstance(of, list):
        raise Unsayable("a metric is about one field")
    return {"function": function, "of": of, "above" if name == "gt" else "below": number}


def _sequence(
    kind: str, correlation: Mapping[str, Json], referred: Sequence[Referred], rest: Mapping[str, Any]
) -> dict[str, Any]:
    if len(referred) < 2:
        raise Unsayable("a temporal correlation of one rule is no sequence")
    if "condition" in correlation:
        name, number = _bound(correlation)
        if (name, number) not in (("gte", len(referred)), ("eq", len(referred)), ("gt", len(referred) - 1)):
            raise Unsayable("it fires when only some of its rules have occurred; our sequences want each step")
    steps = [{"name": rule.name, "match": rule.predicate} for rule in referred]
    return {"steps": steps, **({} if kind == "temporal_ordered" else {"ordered": False}), **rest}
