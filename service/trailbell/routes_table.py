"""Routes asked about labels: the way through the tree, and tables of cases with the receivers that are expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trailbell_notifiers.desk import Policy
from trailbell_notifiers.policy.intervals import inside
from trailbell_notifiers.policy.matchers import Labels
from trailbell_notifiers.policy.routing import Decision, Route, decide, places
from trailbell_notifiers.policy.silences import covering
from trailbell_rules.schema_parts import TIME, described, mapping

_TEXT_OR_TEXTS: dict[str, Any] = {"type": ["string", "array", "number", "boolean"], "items": {"type": "string"}}
CASES_SCHEMA: dict[str, Any] = mapping(
    {
        "cases": {
            "type": "array",
            "items": mapping(
                {
                    "name": described({"type": "string"}, "What the case is about."),
                    "labels": described(
                        {"type": "object", "additionalProperties": _TEXT_OR_TEXTS}, "Of the alert: rule, severity, …"
                    ),
                    "notify": described({"type": "array", "items": {"type": "string"}}, "What the rule itself names."),
                    "at": described(TIME, "When, for mute intervals and silences."),
                    "expect": described(
                        {"type": "array", "items": {"type": "string"}}, "The receivers that are told, in order."
                    ),
                },
                required=("labels", "expect"),
            ),
        }
    },
    required=("cases",),
)


class Answer(NamedTuple):
    """What becomes of an alert with such labels.

    Attributes:
        decisions: who is to hear of it.
        held: per receiver, what keeps it from being told at that time.
        places: of the routes that take it, more than ``decisions`` name where two have one receiver; none where
            the rule itself names who is told.
    """

    decisions: Sequence[Decision]
    held: Mapping[str, str]
    places: frozenset[tuple[int, ...]]

    @property
    def told(self) -> list[str]:
        """The receivers that are told at once, or after their wait."""
        return [decision.receiver for decision in self.decisions if decision.receiver not in self.held]


def answer(policy: Policy, labels: Labels, notify: Sequence[str] = (), time_us: int | None = None) -> Answer:
    """Ask the policy. Without a time no mute interval and no silence holds."""
    decisions = decide(policy.route, labels, notify)
    held: dict[str, str] = {}
    if time_us is not None:
        silence = covering(policy.silences, labels, time_us)
        for decision in decisions:
            reason = _muted(policy, decision, time_us)
            if silence is not None:
                reason = f"silenced: {silence.comment}"
            if reason:
                held[decision.receiver] = reason
    taking = frozenset() if notify or policy.route is None else places(policy.route, labels)
    return Answer(decisions, held, taking)


def _muted(policy: Policy, decision: Decision, time_us: int) -> str:
    plan = decision.plan
    if plan.active and not any(inside(policy.intervals[name], time_us) for name in plan.active):
        return f"outside of {' and '.join(plan.active)}"
    return next((f"muted by {name}" for name in plan.mute if inside(policy.intervals[name], time_us)), "")


def labels_of_mapping(values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Labels as people write them; a list is several values."""
    return {
        name: tuple(map(str, value)) if isinstance(value, list) else (str(value),) for name, value in values.items()
    }


class Branch(NamedTuple):
    """A route in the tree, for drawing: how deep, which number, in words, and whether the alert came by."""

    depth: int
    number: str
    route: Route
    taken: bool
    ends_here: bool


def branches(route: Route, taking: frozenset[tuple[int, ...]], place: tuple[int, ...] = ()) -> Iterator[Branch]:
    """The whole tree below a place, depth first, with the ways to the routes that take the alert marked."""
    taken = any(other[: len(place)] == place for other in taking)
    yield Branch(len(place), ".".join(map(str, place)), route, taken, place in taking)
    for position, child in enumerate(route.routes, start=1):
        yield from branches(child, taking, (*place, position))
