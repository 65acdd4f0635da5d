"""Who works on a synthetic account: people with offices, hours and habits, machines, and strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from trailbell_engine.values import Json


@dataclass(frozen=True, slots=True)
class Actor:
    """From whom and where a change comes, as the Audit API tells it; machines have no user.

    Attributes:
        source: ``CD`` for the customer dashboard, ``DEVAPI`` for the developer API.
    """

    ip: str
    country: str
    email: str = ""
    user_id: int = 0
    source: str = "CD"

    def fields(self) -> dict[str, Json]:
        """The actor's part of an event."""
        user = {"user_email": self.email, "user_id": self.user_id} if self.email else {}
        described = "Customer Dashboard" if self.source == "CD" else "Developer API"
        return {
            **user,
            "source": self.source,
            "source_ip": self.ip,
            "source_description": described,
            "source_country": self.country,
        }

    def elsewhere(self, ip: str, country: str) -> Actor:
        """The same user's account, used from another place."""
        return replace(self, ip=ip, country=country)


@dataclass(frozen=True, slots=True)
class Office:
    """Where people sit. The address is one for the whole office; the home addresses begin behind it."""

    zone: str
    country: str
    ip: str
    homes: str


OFFICES: Final = (
    Office("Europe/London", "GB", "198.51.100.10", "198.51.100.{}"),
    Office("Europe/Dublin", "IE", "198.51.100.130", "198.51.100.{}"),
)

MACHINES: Final = (
    Actor("192.0.2.10", "GB", source="DEVAPI"),
    Actor("192.0.2.11", "GB", source="DEVAPI"),
    Actor("192.0.2.40", "IE", source="DEVAPI"),
)
"""Deployments and provisioning: ``192.0.2.0/24`` (TEST-NET-1 of RFC 5737)."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What a role does in a session: actions with weights, and how many of them on average."""

    actions: Mapping[str, float]
    per_session: float
    sessions_per_day: float


HABITS: Final = {
    "engineer": Habit(
        {
            "search": 30,
            "update_number": 30,
            "link_number": 6,
            "update_app": 20,
            "create_app": 1.5,
            "assign_number": 4,
            "cancel_number": 0.7,
            "unlink_number": 0.8,
        },
        5.0,
        2.2,
    ),
    "support": Habit({"search": 70, "update_number": 12, "assign_number": 3, "update_user": 2}, 7.0, 2.6),
    "finance": Habit({"search": 10, "update_billing": 1.5, "update_auto_reload": 0.6}, 2.0, 0.8),
    "admin": Habit(
        {
            "search": 20,
            "update_user": 10,
            "create_user": 0.5,
            "change_status": 0.6,
            "update_settings": 1.2,
            "allow_ip": 0.6,
        },
        3.0,
        1.2,
    ),
    "oncall": Habit({"search": 10, "update_number": 4, "update_app": 3}, 2.5, 1.0),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the dashboard.

    Attributes:
        starts_hour: when they usually begin, in the hours of their office's day.
        at_home: the share of sessions from home.
    """

    actor: Actor
    role: str
    office: Office
    starts_hour: float
    at_home: float
    home_ip: str

    def place(self, rng: Random) -> Actor:
        """The person at the office or at home."""
        return self.actor.elsewhere(self.home_ip, self.office.country) if rng.random() < self.at_home else self.actor


_NAMES: Final = (
    "ada",
    "ben",
    "chloe",
    "dev",
    "ella",
    "finn",
    "grace",
    "hugo",
    "iris",
    "jack",
    "kate",
    "liam",
    "maya",
    "noah",
)
_ROLES: Final = ("engineer", "support", "engineer", "admin", "support", "finance", "engineer", "support", "oncall")


def people(rng: Random, count: int) -> list[Person]:
    """So many people, at least one of each role from nine on; the same for the same ``rng``."""
    return [_person(rng, number) for number in range(count)]


def _person(rng: Random, number: int) -> Person:
    role = _ROLES[number % len(_ROLES)]
    office = OFFICES[number % 3 == 2]
    name = _NAMES[number % len(_NAMES)] + (str(number // len(_NAMES) + 1) if number >= len(_NAMES) else "")
    email = "oncall@example.com" if role == "oncall" and number < len(_ROLES) else f"{name}@example.com"
    home = rng.randint(20, 120) if office.country == "GB" else rng.randint(140, 240)
    return Person(
        Actor(office.ip, office.country, email, 1_200_000 + 37 * number),
        role,
        office,
        starts_hour=rng.uniform(8.6, 9.8),
        at_home=rng.choice((0.1, 0.3, 0.6)),
        home_ip=office.homes.format(home),
    )
