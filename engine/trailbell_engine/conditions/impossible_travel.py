"""``impossible_travel``: two places too far apart for the time between."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.operators.ordering import number
from trailbell_engine.path import Path
from trailbell_engine.readers import Reader, reader
from trailbell_engine.timestamps import HOUR_US, SECOND_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step
from .countries import COUNTRIES

EARTH_RADIUS_KM: Final = 6371.0088
"""The mean radius of the GRS 80 ellipsoid (Moritz, Geodetic Reference System 1980)."""
FARTHEST_KM: Final = math.pi * EARTH_RADIUS_KM
"""From a point to the one opposite."""

_LATITUDES: Final = ("lat", "latitude")
_LONGITUDES: Final = ("lon", "lng", "long", "longitude")
_PAIR: Final = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,20})?)\s*,\s*([+-]?\d{1,3}(?:\.\d{1,20})?)\s*", re.ASCII)


class Location(NamedTuple):
    """A point in degrees, and what the event called it."""

    name: str
    latitude: float
    longitude: float


def read_location(value: Json) -> Location | None:
    """The place that a value names: a country code, ``"lat,lon"``, or an object with both; None if it names none."""
    if isinstance(value, str):
        point = COUNTRIES.get(value.upper()) if len(value) == 2 else None
        if point is not None:
            return Location(value.upper(), *point)
        found = _PAIR.fullmatch(value)
        return _point(found[1], found[2]) if found else None
    if isinstance(value, Mapping):
        return _point(_first(value, _LATITUDES), _first(value, _LONGITUDES))
    return None


def _first(value: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((value[name] for name in names if name in value), None)


def _point(latitude: Json, longitude: Json) -> Location | None:
    north, east = number(latitude), number(longitude)
    if north is None or east is None or not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    return Location(f"{north:g},{east:g}", float(north), float(east))


def distance_km(one: Location, other: Location) -> float:
    """The great-circle distance (haversine), 0 between equal places."""
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    across = math.sin((north - south) / 2) ** 2
    along = math.sin(math.radians(one.longitude - other.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(across + math.cos(north) * math.cos(south) * along)))


@dataclass(frozen=True, slots=True)
class ImpossibleTravel(EventDriven):
    """Configuration of ``impossible_travel``. Its memory is the last sighting: ``[time_us, event id, name, lat, lon]``.

    Each event with a place is compared with the key's last one. Two places at the same instant are infinitely fast. A
    country is one point, so the same country is no distance, wherever in it; see ``countries``. What names no place
    is passed over.
    """

    location: Path
    faster_than: float
    by: tuple[Path, ...] = ()
    _read: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", reader(self.location))

    @property
    def _memory_us(self) -> int:
        """The time in which one gets around half the earth: after it no journey is impossible."""
        return int(FARTHEST_KM / self.faster_than * HOUR_US)

    @property
    def default_suppress_us(self) -> int:
        """Going to and fro while a sighting counts is one story."""
        return self._memory_us

    def begin(self, event: Event) -> list[Any]:  # noqa: ARG002 - the protocol's signature
        """No sighting yet."""
        return []

    def step(self, memory: list[Any], event: Event) -> Step:
        """Compare with the last sighting, and remember this one."""
        here = read_location(self._read(event.data, event))
        if here is None:
            return PASSED_OVER
        if memory and event.time_us < memory[0]:
            return TOO_LATE
        firing = self._firing(memory, here, event) if memory else None
        memory[:] = event.time_us, event.id, *here
        return NOTED if firing is None else Step(firing)

    def _firing(self, memory: list[Any], here: Location, event: Event) -> Firing | None:
        since_us, event_id, *place = memory
        if place[1] == here.latitude and place[2] == here.longitude:
            return None  # nearly always
        there = Location(*place)
        distance = distance_km(there, here)
        elapsed_us = event.time_us - since_us
        if distance <= self.faster_than * elapsed_us / HOUR_US:
            return None
        speed = round(distance * HOUR_US / elapsed_us) if elapsed_us else None
        travel = {
            "from": there.name,
            "to": here.name,
            "distance_km": round(distance),
            "elapsed_s": elapsed_us / SECOND_US,
            "speed_kmh": speed,
            "since": format_time(since_us),
        }
        how_fast = "at the same instant" if speed is None else f"{speed:,} km/h"
        why = (
            f"{there.name} to {here.name}, {travel['distance_km']:,} km in {format_duration(elapsed_us)}: {how_fast}, "
            f"threshold {self.faster_than:g} km/h"
        )
        return Firing((event_id, event.id), {"count": 2, "travel": travel}, why, times_us=(since_us, event.time_us))

    def expires_us(self, memory: list[Any]) -> int:
        """From then on every place can have been reached."""
        return int(memory[0]) + self._memory_us + 1

    def describe_state(self, state: Json) -> str:
        """The place that the next one is compared with."""
        time_us, event_id, name, *_ = state
        return f"last in {name}, {format_time(time_us)}, event {event_id}"

    def to_json(self) -> Json:
        """The configuration, the speed in km/h."""
        return {
            "impossible_travel": {
                "location": str(self.location),
                "faster_than": self.faster_than,
                "by": [str(path) for path in self.by],
            }
        }


IMPOSSIBLE_TRAVEL: Final = ConditionSpec(
    "impossible_travel",
    "two places of one key are too far apart for the time between",
    ImpossibleTravel,
    (
        Parameter("location", "path", "a country code, an object with `lat` and `lon`, or `lat,lon`", required=True),
        Parameter("faster_than", "speed", "what nobody travels faster than, such as `900 km/h`", required=True),
    ),
    facts=("count", "travel"),
)
