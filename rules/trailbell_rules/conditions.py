"""From the ``when`` of a rule to a condition, by the conditions' own declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from trailbell_engine.conditions import BY, CONDITIONS, Condition, ConditionSpec, Parameter
from trailbell_engine.durations import parse_duration
from trailbell_engine.speeds import parse_speed
from trailbell_engine.values import Json

from .document import Place
from .predicates import PredicateReader
from .report import Report, kind
from .steps import read_steps
from .suggest import did_you_mean, listed, nearest


def read_condition(value: Json, place: Place, report: Report, predicates: PredicateReader) -> Condition:
    """The condition of ``when``: exactly one key, or the bare word ``each``. A placeholder after a problem."""
    fallback = CONDITIONS["each"].build()
    if isinstance(value, str):
        if value in CONDITIONS:
            return _build(CONDITIONS[value], {}, place, report, predicates) or fallback
        report.value("unknown-condition", f'unknown condition "{value}"', place, _KNOWN, _meant(value, CONDITIONS))
        return fallback
    if not isinstance(value, dict) or not value:
        found = "an empty mapping" if value == {} else kind(value)
        report.value("wrong-type", f'"when" takes one condition, not {found}', place, _KNOWN)
        return fallback
    names = [name for name in value if name in CONDITIONS]
    for name in value:
        if name not in CONDITIONS:
            report.key(
                "unknown-condition",
                f'unknown condition "{name}"',
                (*place, name),
                _KNOWN,
                _meant(name, CONDITIONS),
            )
    for name in names[1:]:
        help_ = f'it also says "{names[0]}"; make two rules of it'
        report.key("several-conditions", '"when" takes exactly one condition', (*place, name), help_)
    built = [_build(CONDITIONS[name], value[name], (*place, name), report, predicates) for name in names]
    return built[0] or fallback if built else fallback


def _meant(word: str, known: Collection[str]) -> str:
    """Did you mean: what the word is a slip of, or what other languages call so."""
    translated = _SYNONYMS.get(word.lower())
    return did_you_mean(translated if translated in known else word, known)


_SYNONYMS: Final = {
    # conditions
    **dict.fromkeys(("any", "always", "every"), "each"),
    **dict.fromkeys(("frequency", "threshold", "event_count", "burst"), "count"),
    **dict.fromkeys(("cardinality", "value_count", "unique", "count_distinct"), "distinct"),
    **dict.fromkeys(("metric_aggregation", "aggregation", "value_sum", "value_avg"), "metric"),
    **dict.fromkeys(("percentage_match", "percentage", "share"), "ratio"),
    **dict.fromkeys(("spike_aggregation", "anomaly"), "spike"),
    **dict.fromkeys(("flatline", "absence", "missing", "silence", "heartbeat"), "absent"),
    **dict.fromkeys(("new_term", "new_terms", "new_value"), "first_seen"),
    **dict.fromkeys(("temporal", "temporal_ordered", "correlation", "steps"), "sequence"),
    # parameters and their values
    **dict.fromkeys(("num_events", "minimum", "gte", "min_count", "threshold_cur"), "at_least"),
    **dict.fromkeys(("timeframe", "timespan", "window", "time_window", "period", "in"), "within"),
    **dict.fromkeys(("query_key", "group_by", "group-by", "key", "per"), "by"),
    **dict.fromkeys(("field", "fields", "compare_key", "cardinality_field", "metric_agg_key"), "of"),
    **dict.fromkeys(("metric_agg_type", "type"), "function"),
    **dict.fromkeys(("max_threshold", "max_percentage", "gt", "over"), "above"),
    **dict.fromkeys(("min_threshold", "min_percentage", "lt", "under"), "below"),
    **dict.fromkeys(("min_doc_count", "min_denominator"), "min_events"),
    "spike_height": "factor",
    "spike_type": "direction",
    "match_bucket_filter": "of",
    "speed": "faster_than",
    **dict.fromkeys(("average", "mean"), "avg"),
    "median": "p50",
    "total": "sum",
}
"""What ElastAlert, Sigma, Panther and other tongues say; too far from our words to be found by likeness."""

_KNOWN: Final = f"known: {listed(CONDITIONS, 'and')}"


def _build(
    spec: ConditionSpec, value: Json, place: Place, report: Report, predicates: PredicateReader
) -> Condition | None:
    if value is None:
        value = {}
    if not isinstance(value, dict):
        example = ", ".join(f"{parameter.name}: …" for parameter in spec.parameters if parameter.required)
        report.value("wrong-type", f'"{spec.name}" takes a mapping, not {kind(value)}', place, f"write `{{{example}}}`")
        return None
    parameters = {parameter.name: parameter for parameter in (*spec.parameters, BY)}
    before = len(report.problems)
    _check_names(spec, parameters, value, place, report)
    arguments = {
        name: _argument(parameters[name], entry, (*place, name), report, predicates)
        for name, entry in value.items()
        if name in parameters
    }
    if len(report.problems) > before:
        return None
    defaults = {name: parameter.default for name, parameter in parameters.items() if parameter.default is not None}
    return _checked(spec, defaults | arguments, place, report)


def _check_names(
    spec: ConditionSpec, parameters: dict[str, Parameter], value: dict[str, Json], place: Place, report: Report
) -> None:
    """Unknown and missing parameters; one that is unknown and resembles a missing one is one mistake."""
    absent = [name for name in parameters if name not in value]
    meant = set()
    for name in value.keys() - parameters.keys():
        meant.add(nearest(_SYNONYMS.get(name, name), absent))
        help_ = f'"{spec.name}" takes {listed(parameters, "and")}'
        report.key("unknown-key", f'unknown key "{name}"', (*place, name), help_, _meant(name, absent))
    missing = [name for name in absent if parameters[name].required and name not in meant]
    if missing:
        names = listed((f'"{name}"' for name in missing), "and")
        summary = f'{names} {"is" if len(missing) == 1 else "are"} missing in "{spec.name}"'
        help_ = "; ".join(f"{name}: {parameters[name].summary}" for name in missing)
        report.key("missing-key", summary, place, help_)


def _checked(spec: ConditionSpec, arguments: dict[str, Any], place: Place, report: Report) -> Condition | None:
    flaw = spec.check(arguments)
    if flaw is not None:
        report_at = report.value if len(flaw.at) > 1 else report.key
        report_at("bad-condition", flaw.summary, (*place, *flaw.at), flaw.help)
        return None
    return spec.build(**arguments)


def _argument(parameter: Parameter, value: Json, place: Place, report: Report, predicates: PredicateReader) -> Any:
    match parameter.kind:
        case "path":
            return report.path(value, place)
        case "paths":
            return report.paths(value, place)
        case "duration":
            return read_duration(value, place, report)
        case "predicate":
            return predicates.predicate(value, place)
        case "steps":
            return read_steps(value, place, report, predicates)
        case "share":
            return _share(parameter, value, place, report)
        case "speed":
            return _speed(value, place, report)
        case "choice":
            return _choice(parameter, value, place, report)
    words, fits = _PLAIN[parameter.kind]
    if not fits(value):
        report.value("bad-value", f'"{parameter.name}" must be {words}, not {_shown(value)}', place)
    return value


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PLAIN: Final[Mapping[str, tuple[str, Callable[[Json], bool]]]] = {
    "count": (
        "a whole number of at least 1",
        lambda value: _is_number(value) and isinstance(value, int) and value >= 1,
    ),
    "number": ("a number", _is_number),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
}


def _share(parameter: Parameter, value: Json, place: Place, report: Report) -> float:
    """A share of 1, from a number or a percentage."""
    share = value if _is_number(value) else None
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        share = float(value.rstrip("% ")) / 100
    if share is None or not 0 <= share <= 1:
        help_ = f"{value} per cent is `{value}%`" if _is_number(value) and 1 < value <= 100 else "write `0.2` or `20%`"
        summary = f'"{parameter.name}" must be a share from 0 to 1, or a percentage, not {_shown(value)}'
        report.value("bad-value", summary, place, help_)
        return 0.0
    return float(share)


_PERCENT: Final = re.compile(r"\d{1,3}(\.\d{1,9})? ?%", re.ASCII)


def _speed(value: Json, place: Place, report: Report) -> float:
    """Kilometres per hour of a speed as written."""
    found = parse_speed(value) if isinstance(value, str) else None
    if found is None:
        help_ = f"write `{value} km/h`" if _is_number(value) else "write `900 km/h`, `560 mph` or `250 m/s`"
        report.value("bad-value", f"expected a speed, found {_shown(value)}", place, help_)
    return found or 0.0


def _choice(parameter: Parameter, value: Json, place: Place, report: Report) -> Json:
    if value not in parameter.choices:
        summary = f'"{parameter.name}" must be {listed(parameter.choices)}, not {_shown(value)}'
        label = _meant(value, parameter.choices) if isinstance(value, str) else ""
        report.value("bad-value", summary, place, label=label)
    return value


def _shown(value: Json) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value) if _is_number(value) else kind(value)


def read_duration(value: Json, place: Place, report: Report) -> int:
    """Microseconds of a duration as written."""
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        help_ = "write `90s`, `10m`, `1h30m`, `2d` or `1w`; more than nothing, at most ten years"
        report.value("bad-duration", f"expected a duration, found {_shown(value)}", place, help_)
    return found or 0
