"""How many alerts a day a rule may cost, and whether it keeps to that."""

from __future__ import annotations

from typing import NamedTuple

from trailbell_engine.rule import Rule
from trailbell_engine.values import Json

from .numbers import rate_text


class Budget(NamedTuple):
    """What a rule may cost, and what it cost.

    Attributes:
        max_per_day: alerts a day.
        per_day: what it was.
        said_by: ``the rule``, or the option that set it.
    """

    max_per_day: float
    per_day: float
    said_by: str

    @property
    def passed(self) -> bool:
        """Whether it cost more."""
        return self.per_day > self.max_per_day

    def __str__(self) -> str:
        relation = "over" if self.passed else "within"
        return f"{rate_text(self.per_day)} alerts a day, {relation} the budget of {self.max_per_day:g} ({self.said_by})"

    def to_json(self) -> dict[str, Json]:
        """``budget`` of a rule's entry."""
        return {"max_per_day": self.max_per_day, "passed": self.passed}


def budget_of(rule: Rule, per_day: float, max_per_day: float | None) -> Budget | None:
    """The budget of a rule: its own, else the one for all; None if neither says anything.

    Args:
        rule: its ``budget`` wins.
        per_day: its alerts a day.
        max_per_day: for rules without a budget of their own.
    """
    if rule.budget is not None:
        return Budget(rule.budget.max_per_day, per_day, "the rule's")
    return None if max_per_day is None else Budget(max_per_day, per_day, "--max-per-day")
