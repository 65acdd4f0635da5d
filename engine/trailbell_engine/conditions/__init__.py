"""The conditions of ``when``: one file each, and one table of their declarations."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .absent import ABSENT
from .base import BY, Condition, ConditionSpec, Firing, Flaw, Parameter, Step
from .changed import CHANGED
from .count import COUNT
from .distinct import DISTINCT
from .each import EACH
from .first_seen import FIRST_SEEN
from .impossible_travel import IMPOSSIBLE_TRAVEL
from .metric import METRIC
from .ongoing import ONGOING
from .ratio import RATIO
from .sequence import SEQUENCE, SequenceStep
from .spike import SPIKE

_IN_ORDER: Final = (
    *(EACH, COUNT, DISTINCT, METRIC, RATIO, SPIKE),
    *(ABSENT, ONGOING, FIRST_SEEN, CHANGED, SEQUENCE, IMPOSSIBLE_TRAVEL),
)

CONDITIONS: Final[Mapping[str, ConditionSpec]] = MappingProxyType({spec.name: spec for spec in _IN_ORDER})
"""Every condition by name, in the order of the reference."""


def spec_of(condition: Condition) -> ConditionSpec:
    """The declaration of a condition."""
    return CONDITIONS[next(iter(condition.to_json()))]


__all__ = [
    "BY",
    "CONDITIONS",
    "Condition",
    "ConditionSpec",
    "Firing",
    "Flaw",
    "Parameter",
    "SequenceStep",
    "Step",
    "spec_of",
]
