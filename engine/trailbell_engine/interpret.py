"""The meaning of the predicate tree, as plainly as it can be said. The compiler must agree with it on every event."""

from __future__ import annotations

from .event import Event
from .operators import OPERATORS
from .operators.schedules import inside
from .operators.structure import size
from .path import elements, resolve
from .predicate import AllOf, AnyOf, Not, Predicate, Test
from .schedule import Schedule
from .values import Json


def holds(node: Predicate, event: Event) -> bool:
    """Whether the predicate holds for the event."""
    return _holds(node, event.data, event)


def _holds(node: Predicate, here: Json, event: Event) -> bool:
    match node:
        case AllOf(parts):
            return all(_holds(part, here, event) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, here, event) for part in parts)
        case Not(part):
            return not _holds(part, here, event)
        case Test():
            return test_holds(node, resolve(node.path, here, event), here, event)


def test_holds(test: Test, found: list[Json], here: Json, event: Event) -> bool:
    """Whether the test holds for the values its path found; every positive test is false where nothing was found."""
    operand = test.operand
    scalars = [scalar for value in found for scalar in elements(value)]
    match test.operator:
        case "exists":
            return bool(found) is operand
        case "length":
            sizes = [length for value in found if (length := size(value)) is not None]
            return any(_holds(operand, length, event) for length in sizes)
        case "any_element":
            return any(
                _holds(operand, element, event) for value in found if isinstance(value, list) for element in value
            )
        case "every_element":
            return any(
                all(_holds(operand, element, event) for element in value) for value in found if isinstance(value, list)
            )
        case "same_as":
            others = [scalar for value in resolve(operand, here, event) for scalar in elements(value)]
            equal = OPERATORS["equals"].holds
            return any(equal(value, other, test.fold) for value in scalars for other in others)
        case "during" | "outside":
            zone = subjects_zone(operand, event)
            return any(inside(value, operand, zone) is (test.operator == "during") for value in scalars)
        case _:
            operator = OPERATORS[test.operator]
            return any(operator.holds(value, operand, test.fold) for value in (found if operator.whole else scalars))


def subjects_zone(schedule: Schedule, event: Event) -> str | None:
    """The zone that the event names for its subject, where the schedule asks for it and the event has it as text."""
    if schedule.zone_from is None:
        return None
    return next((zone for zone in resolve(schedule.zone_from, event.data, event) if isinstance(zone, str)), None)
