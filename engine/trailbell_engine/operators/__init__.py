"""The operators of ``match``, grouped by what they compare, and one table of their declarations."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .base import Check, Names, OperandError, Operator
from .equality import EQUALS, IN
from .network import CIDR
from .ordering import GT, GTE, LT, LTE
from .schedules import DURING, OUTSIDE
from .strings import CONTAINS, ENDS_WITH, GLOB, MATCHES, STARTS_WITH
from .structure import STRUCTURAL

OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(
    {
        operator.name: operator
        for operator in (
            *(EQUALS, IN, CONTAINS, STARTS_WITH, ENDS_WITH, MATCHES, GLOB),
            *(GT, GTE, LT, LTE, CIDR, DURING, OUTSIDE, *STRUCTURAL),
        )
    }
)
"""Every positive operator by name, in the order of the reference."""

NEGATIVES: Final[Mapping[str, str]] = MappingProxyType(
    {operator.negative: operator.name for operator in OPERATORS.values() if operator.negative}
)
"""The operators that are plain negations, with the positive they negate."""

__all__ = ["NEGATIVES", "OPERATORS", "Check", "Names", "OperandError", "Operator"]
