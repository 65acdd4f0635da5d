"""Is a rule worth having: the verdict on what it would have done, and the reason for it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from trailbell.tally import RuleTally

from .culprits import Culprit

Verdict: TypeAlias = Literal["quiet", "noisy", "flood", "never-fired"]

VERDICTS: Final[tuple[Verdict, ...]] = ("flood", "noisy", "quiet", "never-fired")
"""The worst first."""
NOISY_PER_DAY: Final = 1.0
"""More alerts a day than this and people start to skip them."""
FLOOD_PER_DAY: Final = 24.0
"""More than one an hour, all day: Elastic's rule preview warned of noise from there on (elastic/kibana#78985)."""


def judge(tally: RuleTally, per_day: float, culprit: Culprit | None) -> tuple[Verdict, str]:
    """The verdict and its reason; a quiet rule needs none.

    Args:
        tally: of the rule.
        per_day: its alerts a day.
        culprit: who causes most of them, if one value does.
    """
    if not tally.alerts:
        matched = tally.matched
        return "never-fired", f"{matched:,} matched, none met the condition" if matched else "no event matched"
    cause = f"{culprit.alerts / tally.alerts:.0%} from {culprit.text}" if culprit else ""
    if per_day > FLOOD_PER_DAY:
        return "flood", cause or "more than one an hour"
    if per_day > NOISY_PER_DAY:
        return "noisy", cause or "more than one a day"
    return "quiet", ""
