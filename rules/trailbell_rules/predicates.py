"""From the ``match`` of a document to the engine's predicate tree."""

from __future__ import annotations

from typing import Final, Protocol

from trailbell_engine.operators import NEGATIVES, OPERATORS, Names, OperandError, Operator
from trailbell_engine.path import Path
from trailbell_engine.predicate import ALWAYS, AllOf, AnyOf, Not, Operand, Predicate, Test
from trailbell_engine.values import Json

from .document import Place
from .report import Report, kind
from .schedules import read_schedule
from .suggest import did_you_mean

IGNORE_CASE: Final = "ignore_case"
OPERATOR_NAMES: Final = (*OPERATORS, *NEGATIVES, "not")
_VALUE: Final = Path(())
"""What the test of ``length`` is about: the length itself."""
_OF_A_LENGTH: Final = frozenset({"equals", "not_equals", "in", "not_in", "gt", "gte", "lt", "lte", "not"})

_SYNONYMS: Final = {
    "eq": "equals",
    "is": "equals",
    "==": "equals",
    "ne": "not_equals",
    "neq": "not_equals",
    "!=": "not_equals",
    "nin": "not_in",
    "one_of": "in",
    "any_of": "in",
    "re": "matches",
    "regex": "matches",
    "regexp": "matches",
    "like": "glob",
    "wildcard": "glob",
    "ip": "cidr",
    "network": "cidr",
    "present": "exists",
    "len": "length",
    "size": "length",
    "prefix": "starts_with",
    "suffix": "ends_with",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
}
"""What other languages call our operators; too far from our words to be found by likeness."""


class Scope(Protocol):
    """The definitions that a predicate may name."""

    @property
    def names(self) -> Names:
        """Schedules and lists."""

    def use(self, name: str, place: Place, report: Report, *, in_element: bool) -> Predicate:
        """The named predicate, read as if it were written here; a problem in the report if there is none."""

    def check_lookups(self, report: Report) -> None:
        """Report the lookups that a document's paths and templates name and nobody defines; note which are in use."""


class PredicateReader:
    """Reads the predicates of one document. After a problem it goes on with a placeholder, to find the others."""

    def __init__(self, report: Report, scope: Scope) -> None:
        self._report = report
        self._scope = scope

    def predicate(self, value: Json, place: Place, *, in_element: bool = False) -> Predicate:
        """A mapping of field path -> test, ``all``, ``any``, ``not`` and ``use``."""
        if not isinstance(value, dict):
            help_ = "write `event_type: USER_LOGIN`, one test a line"
            summary = f"expected a mapping of field path to test, found {kind(value)}"
            self._report.value("wrong-type", summary, place, help_)
            return ALWAYS
        if not value and len(place) > 1:  # `match: {}` of a rule says what it means: every event
            self._report.value("bad-value", "an empty predicate would always hold", place, "say what must hold")
            return ALWAYS
        parts = tuple(self._entry(name, entry, (*place, name), in_element) for name, entry in value.items())
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _entry(self, name: str, value: Json, place: Place, in_element: bool) -> Predicate:
        if name == "all":
            return AllOf(self._each(value, place, in_element))
        if name == "any":
            return AnyOf(self._each(value, place, in_element))
        if name == "not":
            return Not(self.predicate(value, place, in_element=in_element))
        if name == "use":
            return self._use(value, place, in_element)
        if name in OPERATOR_NAMES or name == IGNORE_CASE:
            self._report.warning(
                "operator-as-field",
                f'"{name}" stands where a field stands',
                place,
                f"write `field: {{{name}: …}}`; a field that is called so is written '\"{name}\"'",
            )
        path = self._report.path(name, place, key=True, in_element=in_element)
        return self._test(path, value, place, in_element, fold=False)

    def _each(self, value: Json, place: Place, in_element: bool) -> tuple[Predicate, ...]:
        if not isinstance(value, list) or not value:
            found = "an empty list" if value == [] else kind(value)
            help_ = "begin each predicate with `- `"
            self._report.value("wrong-type", f'"{place[-1]}" takes a list of predicates, not {found}', place, help_)
            return ()
        return tuple(
            self.predicate(entry, (*place, position), in_element=in_element) for position, entry in enumerate(value)
        )

    def _use(self, value: Json, place: Place, in_element: bool) -> Predicate:
        if not isinstance(value, str):
            help_ = "for several write `all: [{use: one}, {use: other}]`"
            summary = f'"use" takes the name of a predicate, not {kind(value)}'
            self._report.value("wrong-type", summary, place, help_)
            return ALWAYS
        return self._scope.use(value, place, self._report, in_element=in_element)

    def _test(self, path: Path, value: Json, place: Place, in_element: bool, *, fold: bool) -> Predicate:
        if isinstance(value, dict):
            return self._operators(path, value, place, in_element, fold)
        operator = OPERATORS["in" if isinstance(value, list) else "equals"]
        return self._positive(operator, path, value, place, in_element, fold)

    def _operators(self, path: Path, value: dict[str, Json], place: Place, in_element: bool, fold: bool) -> Predicate:
        fold = self._ignore_case(value, place) or fold
        parts = tuple(
            self._operator(name, path, operand, (*place, name), in_element, fold)
            for name, operand in value.items()
            if name != IGNORE_CASE
        )
        if not parts:
            self._report.value(
                "no-operator", "a test without an operator", place, "write `equals: …` or `exists: true`"
            )
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _ignore_case(self, value: dict[str, Json], place: Place) -> bool:
        chosen = value.get(IGNORE_CASE, False)
        if not isinstance(chosen, bool):
            summary = f'"{IGNORE_CASE}" must be true or false, not {kind(chosen)}'
            self._report.value("wrong-type", summary, (*place, IGNORE_CASE))
        return chosen is True

    def _operator(self, name: str, path: Path, operand: Json, place: Place, in_element: bool, fold: bool) -> Predicate:
        if name == "not":
            return Not(self._test(path, operand, place, in_element, fold=fold))
        if name in NEGATIVES:
            return Not(self._positive(OPERATORS[NEGATIVES[name]], path, operand, place, in_element, fold))
        if name in OPERATORS:
            return self._positive(OPERATORS[name], path, operand, place, in_element, fold)
        self._unknown(name, place)
        return ALWAYS

    def _unknown(self, name: str, place: Place) -> None:
        if self._report.full:
            return
        label = did_you_mean(_SYNONYMS.get(name.lower(), name), (*OPERATOR_NAMES, IGNORE_CASE))
        member = ".".join(str(step) for step in place[-2:])
        help_ = "" if label else f"a field inside a field is written as one path: `{member}: …`"
        if name in ("all", "any", "use"):
            help_, label = "`all`, `any` and `use` stand where fields stand, and hold whole predicates", ""
        self._report.key("unknown-operator", f'unknown operator "{name}"', place, help_, label)

    def _positive(
        self, operator: Operator, path: Path, operand: Json, place: Place, in_element: bool, fold: bool
    ) -> Predicate:
        prepared = self._operand(operator, operand, place, in_element)
        if operator.name == "exists" and prepared is False:
            return Not(Test(path, "exists", True))
        return Test(path, operator.name, prepared, fold and operator.folds)

    def _length(self, operand: Json, place: Place, in_element: bool) -> Predicate:
        for name in operand if isinstance(operand, dict) else ():
            if name in OPERATOR_NAMES and name not in _OF_A_LENGTH:
                self._report.key("bad-operand", f'a length is a number, which "{name}" cannot test', (*place, name))
        return self._test(_VALUE, operand, place, in_element, fold=False)

    def _operand(self, operator: Operator, operand: Json, place: Place, in_element: bool) -> Operand:
        match operator.operand:
            case "path":
                return self._report.path(operand, place, in_element=in_element)
            case "predicate":
                return self.predicate(operand, place, in_element=True)
            case "test":
                return self._length(operand, place, in_element)
        if operator.schema.get("$ref") == "#/$defs/scheduleOrName" and isinstance(operand, dict):
            operand = read_schedule(operand, place, self._report)
        try:
            return operator.prepare(operand, self._scope.names)
        except OperandError as error:
            known = (*self._scope.names.lists, *self._scope.names.schedules) if error.code == "undefined-name" else ()
            self._report.value(
                error.code, f"{operator.name}: {error}", (*place, *error.at), error.help, did_you_mean(operand, known)
            )
            return None
