"""The rules of the benchmarks in the languages of other engines, and each engine used as well as we know how.

Every engine gets flat records with just the fields that rules read, missing ones null: it converts no more than it
needs. Where an engine can evaluate all rules in one call, it does, so that it converts a record once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trailbell_engine.predicate import AllOf, Test, tests
from trailbell_engine.rule import Rule

Flat = Mapping[str, Any]
Evaluate = Callable[[Flat], list[bool]]
"""From a record to the verdict of each rule."""


def name_of(path: str) -> str:
    """A field's name as an identifier: ``context.voice-type`` is ``context_voice_type``."""
    return path.replace(".", "_").replace("-", "_")


def flat(data: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """The record as engines get it."""
    record = {}
    for path in paths:
        value: Any = data
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        record[name_of(path)] = value
    return record


@dataclass(frozen=True)
class Peer:
    """Another engine.

    Attributes:
        name: with how it is used.
        distribution: that it is installed as.
        says: the operators that its language has.
        compile: makes of rules a function of a record.
    """

    name: str
    distribution: str
    says: frozenset[str]
    compile: Callable[[Sequence[Rule]], Evaluate]

    def can_say(self, rule: Rule) -> bool:
        """Whether the rule is one conjunction of tests that the language has."""
        return isinstance(rule.match, AllOf) and all(test.operator in self.says for test in tests(rule.match))


_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_COMPARED = frozenset({"equals", "in", "starts_with", "ends_with", "contains", *_COMPARISONS})
_EVERYTHING = _COMPARED | {"matches"}


def _text(value: Any) -> str:
    return json.dumps(value)


def _listed(operand: Sequence[Any]) -> str:
    return f"[{', '.join(map(_text, operand))}]"


def _conjunction(rule: Rule, say: Callable[[str, Test], str], joint: str) -> str:
    return joint.join(say(name_of(str(test.path)), test) for test in rule.match.parts)


def _all_at_once(rules: Sequence[Rule], say: Callable[[str, Test], str], joint: str) -> str:
    return f"[{', '.join(f'({_conjunction(rule, say, joint)})' for rule in rules)}]"


def _cel(name: str, test: Test) -> str:
    match test.operator:
        case "equals":
            return f"{name} == {_text(test.operand)}"
        case "in":
            return f"{name} in {_listed(test.operand)}"
        case "starts_with" | "ends_with" | "contains" | "matches" as operator:
            method = {"starts_with": "startsWith", "ends_with": "endsWith"}.get(operator, operator)
            return f"{name} != null && {name}.{method}({_text(test.operand[0])})"
        case operator:
            return f"{name} != null && double({name}) {_COMPARISONS[operator]} {float(test.operand)}"


def _common_expression_language(rules: Sequence[Rule]) -> Evaluate:
    import cel

    program = cel.compile(_all_at_once(rules, _cel, " && "))
    return lambda record: program.execute(cel.Context(variables=record))


def _celpy(name: str, test: Test) -> str:
    """The same for celpy, which cannot compare a number with null."""
    return _cel(name, test).replace(f"{name} != null", f"type({name}) != type(null)")


def _cel_python(rules: Sequence[Rule]) -> Evaluate:
    import celpy

    environment = celpy.Environment()
    programs = [environment.program(environment.compile(_conjunction(rule, _celpy, " && "))) for rule in rules]

    def evaluate(record: Flat) -> list[bool]:
        activation = {name: celpy.json_to_cel(value) for name, value in record.items()}
        return [bool(program.evaluate(activation)) for program in programs]

    return evaluate


def _zen(name: str, test: Test) -> str:
    match test.operator:
        case "equals":
            return f"{name} == {_text(test.operand)}"
        case "in":
            return f"{name} in {_listed(test.operand)}"
        case "starts_with" | "ends_with" | "contains" | "matches" as operator:
            function = {"starts_with": "startsWith", "ends_with": "endsWith"}.get(operator, operator)
            return f"{name} != null and {function}({name}, {_unescaped(test.operand[0])})"
        case operator:
            return f"{name} != null and {name} {_COMPARISONS[operator]} {float(test.operand)}"


def _unescaped(text: str) -> str:
    """Zen's texts know no backslash; none of ours has a quote."""
    return f'"{text}"'


def _zen_engine(rules: Sequence[Rule]) -> Evaluate:
    import zen

    expression = zen.compile_expression(_all_at_once(rules, _zen, " and "))
    evaluate: Evaluate = expression.evaluate
    return evaluate


def _rule_engine_text(name: str, test: Test) -> str:
    match test.operator:
        case "equals":
            return f"{name} == {_word(test.operand)}"
        case "in":
            return f"{name} in [{', '.join(map(_word, test.operand))}]"
        case "starts_with" | "ends_with" as method:
            return f"({name} != null and {name}.{method}({_text(test.operand[0])}))"
        case "contains":
            return f"({name} != null and {_text(test.operand[0])} in {name})"
        case "matches":
            return f"({name} != null and {name} =~~ {_text(test.operand[0])})"
        case operator:
            return f"({name} != null and {name} {_COMPARISONS[operator]} {test.operand})"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _text(value)


def _rule_engine(rules: Sequence[Rule]) -> Evaluate:
    import rule_engine

    compiled = [rule_engine.Rule(_conjunction(rule, _rule_engine_text, " and ")) for rule in rules]
    return lambda record: [rule.matches(record) for rule in compiled]


def _json_logic(rule: Rule) -> dict[str, Any]:
    return {"and": [part for test in rule.match.parts for part in _json_logic_test(test)]}


def _json_logic_test(test: Test) -> list[dict[str, Any]]:
    value = {"var": name_of(str(test.path))}
    present = {"!==": [value, None]}
    match test.operator:
        case "equals":
            return [{"===": [value, test.operand]}]
        case "in":
            return [{"in": [value, list(test.operand)]}]
        case "contains":
            return [present, {"in": [test.operand[0], value]}]
        case "starts_with":
            (text,) = test.operand
            return [present, {"===": [{"substr": [value, 0, len(text)]}, text]}]
        case "ends_with":
            (text,) = test.operand
            return [present, {"===": [{"substr": [value, -len(text)]}, text]}]
        case operator:
            return [present, {_COMPARISONS[operator]: [value, test.operand]}]


def _json_logic_qubit(rules: Sequence[Rule]) -> Evaluate:
    from json_logic import jsonLogic as evaluate  # noqa: N813 - its name

    texts = [_json_logic(rule) for rule in rules]
    return lambda record: [bool(evaluate(text, record)) for text in texts]


def _jsonlogic_rs(rules: Sequence[Rule]) -> Evaluate:
    import jsonlogic_rs

    merged = json.dumps({"merge": [_json_logic(rule) for rule in rules]})

    def evaluate(record: Flat) -> list[bool]:
        verdicts: list[bool] = jsonlogic_rs.apply_serialized(merged, json.dumps(record), json.loads)
        return verdicts

    return evaluate


PEERS = (
    Peer("rule-engine", "rule-engine", _EVERYTHING, _rule_engine),
    Peer("zen-engine, all rules in one list", "zen-engine", _EVERYTHING, _zen_engine),
    Peer(
        "common-expression-language, all rules in one list",
        "common-expression-language",
        _EVERYTHING,
        _common_expression_language,
    ),
    Peer("cel-python", "cel-python", _EVERYTHING, _cel_python),
    Peer("json-logic-qubit", "json-logic-qubit", _COMPARED, _json_logic_qubit),
    Peer("jsonlogic-rs, all rules in one `merge`", "jsonlogic-rs", _COMPARED, _jsonlogic_rs),
)
