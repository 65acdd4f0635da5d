"""What the configuration says about delivery, read into one value: routes, inhibitions, intervals, silences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trailbell_engine.timestamps import EARLIEST_US, LATEST_US, parse_time
from trailbell_notifiers.desk import Policy
from trailbell_notifiers.policy.inhibition import InhibitionError, read_inhibitions
from trailbell_notifiers.policy.intervals import IntervalError, read_intervals
from trailbell_notifiers.policy.matchers import MatcherError
from trailbell_notifiers.policy.routing import RouteError, parse_route
from trailbell_notifiers.policy.silences import Silence, SilenceError, new_silence
from trailbell_rules.schema_parts import TEXT, TIME, described, mapping

if TYPE_CHECKING:
    from .config import Config

SILENCES_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "description": "What is not told for a while; more come with `trailbell silences add`.",
    "items": mapping(
        {
            "matchers": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "starts": described(TIME, "From when on; always has been, if left out."),
            "ends": described(TIME, "Until when."),
            "author": described(TEXT, "Who wished it."),
            "comment": described(TEXT, "Why."),
        },
        required=("matchers", "ends", "comment"),
    ),
}


class PolicyError(ValueError):
    """Something about delivery cannot be read.

    Attributes:
        place: of the fault, as keys and indexes from the top of the configuration.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, place: tuple[str | int, ...], help_: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


def policy_of(config: Config) -> Policy:
    """The policy of a configuration."""
    return read_policy(
        {
            "route": config.route,
            "inhibit": list(config.inhibit),
            "time_intervals": dict(config.time_intervals),
            "silences": list(config.silences),
        },
        list(config.receivers),
    )


def read_policy(values: Mapping[str, Any], receivers: Sequence[str]) -> Policy:
    """The policy of a configuration's values, valid against its schema.

    Args:
        values: the top of the configuration.
        receivers: the names that exist.

    Raises:
        PolicyError: with the place of the first fault.
    """
    try:
        intervals = read_intervals(values.get("time_intervals") or {})
    except IntervalError as error:
        raise PolicyError(str(error), ("time_intervals", *error.place), error.help) from error
    try:
        inhibitions = read_inhibitions(values.get("inhibit") or ())
    except InhibitionError as error:
        raise PolicyError(str(error), ("inhibit", *error.place), error.help) from error
    route = None
    if values.get("route") is not None:
        try:
            route = parse_route(values["route"], receivers, list(intervals))
        except RouteError as error:
            raise PolicyError(str(error), ("route", *error.place), error.help) from error
    silences = tuple(_silence(entry, position) for position, entry in enumerate(values.get("silences") or ()))
    return Policy(route=route, inhibitions=inhibitions, intervals=intervals, silences=silences)


def _silence(entry: Mapping[str, Any], position: int) -> Silence:
    starts_us = parse_time(entry["starts"]) if "starts" in entry else EARLIEST_US
    ends_us = parse_time(entry["ends"])
    try:
        return new_silence(
            entry["matchers"],
            starts_us=EARLIEST_US if starts_us is None else starts_us,
            ends_us=LATEST_US if ends_us is None else ends_us,
            author=entry.get("author", ""),
            comment=entry["comment"],
            origin="config",
        )
    except (MatcherError, SilenceError) as error:
        raise PolicyError(str(error), ("silences", position), error.help) from error
