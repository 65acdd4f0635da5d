"""The incidents of a synthetic month: what an attacker or an accident does, and the truth about it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_engine.values import Json

from .synthetic_account import STRANGE_HOST
from .synthetic_people import Actor, Person


@dataclass(slots=True)
class Incident:
    """The truth about one incident.

    Attributes:
        name: a short name, such as ``voice-route-hijacked``.
        summary: what happened, in one sentence.
        started_us: time of its first event, microseconds, UTC; 0 if it came too late for the period.
        event_ids: its events, in order.
    """

    name: str
    summary: str
    started_us: int = 0
    event_ids: list[str] = field(default_factory=list)


class Step(NamedTuple):
    """Something that will be done at an instant.

    Attributes:
        action: the name of a method of ``Account``.
        arguments: for that method.
    """

    time_us: int
    actor: Actor
    action: str
    arguments: Mapping[str, Json] = {}
    incident: Incident | None = None


class Move(NamedTuple):
    """A step of a plan.

    Attributes:
        after_us: distance from the incident's day, 00:00 UTC, in microseconds.
        action: the name of a method of ``Account``.
        arguments: for that method.
    """

    after_us: int
    actor: Actor
    action: str
    arguments: Mapping[str, Json] = {}


class Cast(NamedTuple):
    """Whose accounts are abused."""

    engineer: Actor
    support: Actor
    admin: Actor
    finance: Actor


def _hijack(rng: Random, cast: Cast) -> list[Move]:
    thief = cast.engineer.elsewhere("203.0.113.66", "VN")
    start = 3 * HOUR_US + rng.randrange(50) * MINUTE_US
    moves = [Move(start + (2 + 3 * number) * MINUTE_US, thief, "hijack_number") for number in range(3)]
    return [Move(start, thief, "login"), *moves]


def _new_country(rng: Random, cast: Cast) -> list[Move]:
    stranger = cast.support.elsewhere("203.0.113.141", "KZ")
    start = 2 * HOUR_US + rng.randrange(120) * MINUTE_US
    searches = [Move(start + (1 + number) * 40 * SECOND_US, stranger, "search") for number in range(6)]
    return [Move(start, stranger, "login"), *searches]


def _login_burst(rng: Random, cast: Cast) -> list[Move]:
    start = 13 * HOUR_US + rng.randrange(60) * MINUTE_US
    return [
        Move(start + number * 19 * SECOND_US, cast.support.elsewhere(f"203.0.113.{20 + number % 3}", "GB"), "login")
        for number in range(12)
    ]


def _stolen_secret(rng: Random, cast: Cast) -> list[Move]:
    thief = cast.admin.elsewhere("203.0.113.200", "NL")
    robot = Actor("203.0.113.201", "NL", source="DEVAPI")
    start = 21 * HOUR_US + rng.randrange(30) * MINUTE_US
    uses = [Move(start + (5 + 4 * number) * MINUTE_US, robot, "divert_messages") for number in range(4)]
    last = Move(start + 40 * MINUTE_US, thief, "delete_secret", {"newest": True})
    return [Move(start - MINUTE_US, thief, "login"), Move(start, thief, "create_secret"), *uses, last]


def _app_deleted(rng: Random, cast: Cast) -> list[Move]:
    return [Move(16 * HOUR_US + rng.randrange(90) * MINUTE_US, cast.engineer, "delete_busiest_app")]


def _allow_list(rng: Random, cast: Cast) -> list[Move]:
    start = 11 * HOUR_US + rng.randrange(90) * MINUTE_US
    return [Move(start + number * 25 * SECOND_US, cast.admin, "remove_allowed_ip") for number in range(3)]


def _auto_reload(rng: Random, cast: Cast) -> list[Move]:
    start = 19 * HOUR_US + rng.randrange(100) * MINUTE_US
    return [Move(start, cast.finance, "login"), Move(start + 3 * MINUTE_US, cast.finance, "disable_auto_reload")]


def _settings_by_api(rng: Random, _cast: Cast) -> list[Move]:
    robot = Actor("203.0.113.77", "US", source="DEVAPI")
    start = 5 * HOUR_US + rng.randrange(90) * MINUTE_US
    return [Move(start, robot, "update_settings_by_api"), Move(start + MINUTE_US, robot, "update_settings_by_api")]


def _outsider(rng: Random, cast: Cast) -> list[Move]:
    stranger = cast.admin.elsewhere("203.0.113.18", "BR")
    start = 1 * HOUR_US + rng.randrange(120) * MINUTE_US
    return [
        Move(start, stranger, "login"),
        Move(start + 2 * MINUTE_US, stranger, "create_user", {"host": STRANGE_HOST}),
        Move(start + 4 * MINUTE_US, stranger, "update_api_keys"),
    ]


_INCIDENTS: Final[tuple[tuple[str, str, Callable[[Random, Cast], list[Move]]], ...]] = (
    ("login-burst", "A support user signed in twelve times in four minutes from three addresses.", _login_burst),
    ("voice-route-hijacked", "At night an engineer's account moved three numbers to a stranger's SIP host.", _hijack),
    ("allow-list-removed", "An administrator removed three entries of the IP allow-list.", _allow_list),
    ("login-from-new-country", "A support user signed in at night from a country never seen before.", _new_country),
    ("secret-stolen", "A secret was made, used from outside to divert messages, and deleted.", _stolen_secret),
    ("application-deleted", "The application with the most numbers was deleted.", _app_deleted),
    ("settings-by-api", "Somebody outside changed account settings through the API.", _settings_by_api),
    ("auto-reload-off", "Auto-reload was switched off in the evening.", _auto_reload),
    ("outsider-created", "From abroad, a user with a strange address was made and given API keys.", _outsider),
)


def plan_incidents(rng: Random, staff: list[Person], start_us: int, days: int) -> tuple[list[Incident], list[Step]]:
    """The incidents, spread over the days, and their steps in order of time.

    Args:
        rng: decides the minute.
        staff: whose accounts are abused.
        start_us: midnight UTC of the first day.
        days: how many there are.
    """
    cast = Cast(*(_of(staff, role) for role in ("engineer", "support", "admin", "finance")))
    incidents: list[Incident] = []
    steps: list[Step] = []
    for number, (name, summary, plan) in enumerate(_INCIDENTS):
        incident = Incident(name, summary)
        incidents.append(incident)
        midnight_us = start_us + int((number + 0.6) * days / len(_INCIDENTS)) * DAY_US
        steps += [
            Step(midnight_us + move.after_us, move.actor, move.action, move.arguments, incident)
            for move in plan(rng, cast)
        ]
    return incidents, sorted(steps, key=lambda step: step.time_us)


def _of(staff: list[Person], role: str) -> Actor:
    return next((person.actor for person in staff if person.role == role), staff[0].actor)
