"""The steps of a ``sequence``."""

from __future__ import annotations

from typing import Final

from trailbell_engine.conditions import SequenceStep
from trailbell_engine.values import Json

from .document import Place
from .predicates import PredicateReader
from .report import Report, kind
from .suggest import did_you_mean, listed

_KEYS: Final = ("name", "match", "at_least", "absent")


def read_steps(value: Json, place: Place, report: Report, predicates: PredicateReader) -> tuple[SequenceStep, ...]:
    """The steps in order. A step without a name is called by its number."""
    if not isinstance(value, list):
        help_ = "begin each step with `- match: …`"
        report.value("wrong-type", f'"steps" takes a list of steps, not {kind(value)}', place, help_)
        return ()
    steps = (_step(entry, place, position, report, predicates) for position, entry in enumerate(value))
    return tuple(step for step in steps if step is not None)


def _step(value: Json, steps: Place, position: int, report: Report, predicates: PredicateReader) -> SequenceStep | None:
    place = (*steps, position)
    if not isinstance(value, dict):
        report.value("wrong-type", f"expected a step, found {kind(value)}", place, "write `{name: …, match: {…}}`")
        return None
    for name in value.keys() - set(_KEYS):
        label = did_you_mean(name, [key for key in _KEYS if key not in value])
        help_ = "" if label else f"a step takes {listed(_KEYS, 'and')}"
        report.key("unknown-key", f'unknown key "{name}"', (*place, name), help_, label)
    if "match" not in value:
        if not any(did_you_mean(name, ["match"]) for name in value if name not in _KEYS):
            report.value(
                "missing-key", '"match" is missing in a step', place, "say which of the rule's events it takes"
            )
        return None
    match = predicates.predicate(value["match"], (*place, "match"))
    name = value.get("name", f"step {position + 1}")
    at_least, absent = value.get("at_least", 1), value.get("absent", False)
    if not isinstance(name, str) or not name:
        report.value("bad-value", f'"name" must be a string, not {kind(name)}', (*place, "name"))
    if not isinstance(at_least, int) or isinstance(at_least, bool) or at_least < 1:
        report.value("bad-value", '"at_least" must be a whole number of at least 1', (*place, "at_least"))
    if not isinstance(absent, bool):
        report.value("bad-value", f'"absent" must be true or false, not {kind(absent)}', (*place, "absent"))
    return SequenceStep(str(name), match, at_least, absent)
