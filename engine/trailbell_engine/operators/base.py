"""What an operator declares: schema, validation, interpreter, compiler and documentation read this one declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from trailbell_engine.schedule import Schedule
from trailbell_engine.values import Json

OperandKind: TypeAlias = Literal["value", "path", "predicate", "test"]
"""The grammar of an operand: a value that ``prepare`` checks, a field path, a predicate over an element, or a test."""

Check: TypeAlias = Callable[[Json], bool]


class OperandError(ValueError):
    """An operand that the operator cannot use.

    Attributes:
        at: where inside the operand, such as ``(2,)`` for the third entry of a list.
        help: what to write instead.
        code: the problem's code.
    """

    def __init__(
        self, message: str, help_: str = "", at: tuple[str | int, ...] = (), code: str = "bad-operand"
    ) -> None:
        super().__init__(message)
        self.help = help_
        self.at = at
        self.code = code


@dataclass(frozen=True, slots=True)
class Names:
    """The definitions an operand may name: schedules, and lists with their values."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    lists: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operator:
    """One positive operator.

    Attributes:
        name: as rules write it.
        summary: when it holds, one sentence for the reference.
        schema: JSON Schema of the operand, for editors; ``#/$defs/...`` may be referred to.
        holds: (value, prepared operand, fold) -> bool, for one value that is present. Slow and plain: the oracle.
        compile: (prepared operand, fold) -> a fast function of one value, equal to ``holds`` everywhere.
        prepare: checks a raw operand and returns it in its frozen form; raises ``OperandError``.
        operand: the operand's grammar.
        whole: looks at an array as a whole; otherwise an array means any of its elements.
        folds: ``ignore_case`` reaches it.
        costly: a check takes longer than remembering its answer for a text; what is no text does not pass it.
        negative: the operator that is its negation, if it has one.
        example: an operand for documentation and tests.
    """

    name: str
    summary: str
    schema: Mapping[str, Any]
    holds: Callable[[Json, Any, bool], bool]
    compile: Callable[[Any, bool], Check]
    prepare: Callable[[Json, Names], Any] = lambda operand, _names: operand
    operand: OperandKind = "value"
    whole: bool = False
    folds: bool = False
    costly: bool = False
    negative: str | None = None
    example: Json = None
