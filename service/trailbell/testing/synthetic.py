"""A realistic month of a Vonage account's audit events, made up. Also ``python -m trailbell.testing.synthetic``.

Everything follows from (seed, start, days, users, scale). Addresses are of the documentation networks (RFC 5737), hosts
below example.com and example.net (RFC 2606), numbers are Ofcom's for drama. Nobody's data is in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, from_datetime
from trailbell_engine.values import Json

from .synthetic_account import Account, Change
from .synthetic_incidents import Incident, Step, plan_incidents
from .synthetic_people import HABITS, MACHINES, Person, people
from .vonage_types import EVENT_TYPES

ACCOUNT: Final = "abcd1234"
START: Final = date(2026, 10, 1)
_HREF: Final = "https://api.nexmo.com/beta/audit/events/"


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a synthetic month, and the truth about it.

    Attributes:
        events: as the Audit API gives them, in order of time.
        incidents: which of them belong to something that somebody should hear of.
    """

    events: list[dict[str, Json]]
    incidents: list[Incident]

    def __iter__(self) -> Iterator[dict[str, Json]]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


def month(*, seed: int = 1, start: date = START, days: int = 30, users: int = 12, scale: float = 1.0) -> Month:
    """Make a month, or however many days.

    Args:
        seed: another seed, another month.
        start: the first day, from midnight UTC.
        days: how many.
        users: people of the dashboard.
        scale: how much more than usual everybody does.
    """
    life = _Life(seed, start, users, scale)
    incidents, steps = plan_incidents(life.rng, life.staff, life.start_us, days)
    events = list(life.events(steps, days))
    return Month(events, [incident for incident in incidents if incident.event_ids])


def events(number: int, seed: int = 1, start: date = START) -> Iterator[dict[str, Json]]:
    """So many events of a large and busy account, for benchmarks; in order of time, without incidents."""
    return islice(_Life(seed, start, users=200, scale=10.0).events([], None), number)


class _Life:
    """Plans days, and does what was planned, in order."""

    def __init__(self, seed: int, start: date, users: int, scale: float) -> None:
        self.rng = Random(seed)  # noqa: S311 - made up, not secret
        self.start = start
        self.start_us = from_datetime(datetime.combine(start, time(), UTC))
        self.staff = people(self.rng, users)
        self.account = Account(ACCOUNT, self.rng)
        self._scale = scale
        self._order = count()

    def events(self, incidents: list[Step], days: int | None) -> Iterator[dict[str, Json]]:
        """The events of so many days, or of all days to come."""
        agenda: list[tuple[int, int, Step]] = [(step.time_us, next(self._order), step) for step in incidents]
        heapq.heapify(agenda)
        for day in count():
            if day == days:
                break
            for step in self._day(self.start + timedelta(days=day)):
                heapq.heappush(agenda, (step.time_us, next(self._order), step))
            # A local day begins up to 14 hours before the UTC one: what is older than this midnight is complete.
            yield from self._until(self.start_us + day * DAY_US, agenda)
        if days is not None:
            yield from self._until(self.start_us + days * DAY_US, agenda)

    def _until(self, end_us: int, agenda: list[tuple[int, int, Step]]) -> Iterator[dict[str, Json]]:
        while agenda and agenda[0][0] < end_us:
            step = heapq.heappop(agenda)[2]
            change = self._do(step)
            if change is not None and step.time_us >= self.start_us:
                yield self._event(step, change)

    def _do(self, step: Step) -> Change | None:
        if step.action == "delete_busiest_app":
            linked = [number.app_id for number in self.account.numbers.values() if number.app_id]
            return self.account.delete_app(max(sorted(set(linked)), key=linked.count)) if linked else None
        change: Change | None = getattr(self.account, step.action)(**step.arguments)
        return change

    def _event(self, step: Step, change: Change) -> dict[str, Json]:
        event_id = self.account.uuid()
        if step.incident is not None:
            step.incident.event_ids.append(event_id)
            step.incident.started_us = step.incident.started_us or step.time_us
        return {
            "id": event_id,
            "event_type": change.event_type,
            "event_type_description": EVENT_TYPES[change.event_type],
            "created_at": format_time(step.time_us - step.time_us % SECOND_US)[:-1],
            "account_id": ACCOUNT,
            **step.actor.fields(),
            "context": change.context,
            "_links": {"self": {"href": _HREF + event_id}},
        }

    def _day(self, day: date) -> Iterator[Step]:
        for person in self.staff:
            yield from self._persons_day(person, day)
        yield from self._machines_day(day)

    def _persons_day(self, person: Person, day: date) -> Iterator[Step]:
        rng, habit = self.rng, HABITS[person.role]
        at_work = day.weekday() < 5 and rng.random() > 0.06
        if person.role == "oncall":
            at_work = rng.random() < 0.5
        if not at_work:
            return
        midnight_us = from_datetime(datetime.combine(day, time(), ZoneInfo(person.office.zone)))
        for number in range(max(1, round(rng.gauss(habit.sessions_per_day, 0.7)))):
            hour = (
                rng.uniform(0, 24)
                if person.role == "oncall"
                else min(person.starts_hour + number * 2.6 + rng.random(), 16.5)
            )
            yield from self._session(person, midnight_us + int(hour * HOUR_US))

    def _session(self, person: Person, at_us: int) -> Iterator[Step]:
        rng, habit, actor = self.rng, HABITS[person.role], person.place(self.rng)
        yield Step(at_us, actor, "login")
        amount = int(rng.expovariate(1 / (habit.per_session * self._scale))) + 1
        pause_us = min(4 * MINUTE_US, 2 * HOUR_US // amount)
        for action in rng.choices(list(habit.actions), list(habit.actions.values()), k=amount):
            at_us += int(rng.expovariate(1) * pause_us) + SECOND_US
            yield Step(at_us, actor, action)
        if rng.random() < 0.6:
            yield Step(at_us + int(rng.random() * 20 * MINUTE_US) + SECOND_US, actor, "logout")

    def _machines_day(self, day: date) -> Iterator[Step]:
        rng = self.rng
        midnight_us = from_datetime(datetime.combine(day, time(), UTC))
        deployments = rng.randint(2, 5) if day.weekday() < 5 else rng.randint(0, 1)
        for _ in range(deployments):
            actor, at_us = rng.choice(MACHINES), midnight_us + int(rng.triangular(8, 18, 13) * HOUR_US)
            for action in rng.choices(
                ("update_number", "update_app", "link_number"), (6, 3, 1), k=rng.randint(3, int(14 * self._scale) + 3)
            ):
                at_us += int(rng.expovariate(1) * 3 * SECOND_US) + 200_000
                yield Step(at_us, actor, action)
        if day.day in (3, 17):  # secrets are rotated: the new one in the morning, the old one goes a day later
            at_us = midnight_us + 10 * HOUR_US + rng.randrange(1800) * SECOND_US
            yield Step(at_us, MACHINES[0], "create_secret")
            yield Step(at_us + DAY_US, MACHINES[0], "delete_secret")


def main() -> None:
    """Write synthetic events as NDJSON."""
    import sys
    from contextlib import nullcontext
    from pathlib import Path

    import click
    import orjson

    @click.command(help="Write made-up Audit API events as NDJSON: a month with incidents, or so many for benchmarks.")
    @click.option("--events", "number", type=click.IntRange(1), help="So many, of a large account, without incidents.")
    @click.option("--seed", default=1, show_default=True)
    @click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default=str(START), show_default=True)
    @click.option("--days", type=click.IntRange(1), default=30, show_default=True)
    @click.option(
        "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output."
    )
    def write(number: int | None, seed: int, start: datetime, days: int, output: Path | None) -> None:
        made = events(number, seed, start.date()) if number else month(seed=seed, start=start.date(), days=days)
        with output.open("wb") if output else nullcontext(sys.stdout.buffer) as stream:
            stream.writelines(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in made)

    write()


if __name__ == "__main__":
    main()
