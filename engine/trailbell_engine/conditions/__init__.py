"""The conditions of ``when``: one file each, and one table of their declarations."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .base import BY, Condition, ConditionSpec, Firing, Parameter, Step
from .changed import CHANGED
from .count import COUNT
from .each import EACH

CONDITIONS: Final[Mapping[str, ConditionSpec]] = MappingProxyType({spec.name: spec for spec in (EACH, COUNT, CHANGED)})
"""Every condition by name, in the order of the reference."""

__all__ = ["BY", "CONDITIONS", "Condition", "ConditionSpec", "Firing", "Parameter", "Step"]
