"""From the ``when`` of a rule to a condition, by the conditions' own declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trailbell_engine.conditions import BY, CONDITIONS, Condition, ConditionSpec, Parameter
from trailbell_engine.durations import parse_duration
from trailbell_engine.values import Json

from .document import Place
from .predicates import PredicateReader
from .report import Report, kind
from .suggest import did_you_mean, listed, nearest


def read_condition(value: Json, place: Place, report: Report, predicates: PredicateReader) -> Condition:
    """The condition of ``when``: exactly one key, or the bare word ``each``. A placeholder after a problem."""
    fallback = CONDITIONS["each"].build()
    if isinstance(value, str):
        if value in CONDITIONS:
            return _build(CONDITIONS[value], {}, place, report, predicates) or fallback
        report.value(
            "unknown-condition", f'unknown condition "{value}"', place, _KNOWN, did_you_mean(value, CONDITIONS)
        )
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
                did_you_mean(name, CONDITIONS),
            )
    for name in names[1:]:
        help_ = f'it also says "{names[0]}"; make two rules of it'
        report.key("several-conditions", '"when" takes exactly one condition', (*place, name), help_)
    built = [_build(CONDITIONS[name], value[name], (*place, name), report, predicates) for name in names]
    return built[0] or fallback if built else fallback


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
        meant.add(nearest(name, absent))
        help_ = f'"{spec.name}" takes {listed(parameters, "and")}'
        report.key("unknown-key", f'unknown key "{name}"', (*place, name), help_, did_you_mean(name, absent))
    missing = [name for name in absent if parameters[name].required and name not in meant]
    if missing:
        names = listed((f'"{name}"' for name in missing), "and")
        summary = f'{names} {"is" if len(missing) == 1 else "are"} missing in "{spec.name}"'
        help_ = "; ".join(f"{name}: {parameters[name].summary}" for name in missing)
        report.key("missing-key", summary, place, help_)


def _checked(spec: ConditionSpec, arguments: dict[str, Any], place: Place, report: Report) -> Condition | None:
    problem = spec.check(arguments)
    if problem is not None:
        report.key("bad-condition", problem, place)
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


def _shown(value: Json) -> str:
    return str(value) if _is_number(value) else kind(value)


def read_duration(value: Json, place: Place, report: Report) -> int:
    """Microseconds of a duration as written."""
    found = parse_duration(value) if isinstance(value, str) else None
    if found is None:
        shown = f'"{value}"' if isinstance(value, str) else _shown(value)
        help_ = "write `90s`, `10m`, `1h30m`, `2d` or `1w`; more than nothing, at most ten years"
        report.value("bad-duration", f"expected a duration, found {shown}", place, help_)
    return found or 0
