"""The Audit API over a large store: how long each kind of question takes over HTTP, one after the other.

python benchmarks/audit_api.py            a million events, a year
python benchmarks/audit_api.py 10000000   the long form: some 15 GB of disk and an hour
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

import orjson
import requests

from trailbell.http.serving import serving_store
from trailbell.http.settings import AuditPair, HttpSettings
from trailbell.store.database import open_database
from trailbell.store.reading import open_reader
from trailbell.store.search_index import SearchIndex
from trailbell.testing.vonage_types import EVENT_TYPES
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_notifiers.secret import Secret

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
QUESTIONS = 200
START_US = 1_760_000_000 * SECOND_US
YEAR_US = 365 * 86_400 * SECOND_US
ALL, ONE = ("all", "s"), ("acc00007", "s")
TYPES = sorted(EVENT_TYPES)
WEIGHTS = [1 / (rank + 1) for rank in range(len(TYPES))]


def records(number: int) -> Iterator[tuple[str, str, int, bytes]]:
    """Events in order of time: id, type, time, JSON of some 420 bytes; 50 accounts, 20,000 users."""
    rng = Random(1)
    for position in range(number):
        time_us = START_US + position * YEAR_US // number // SECOND_US * SECOND_US
        event_id = str(uuid.UUID(int=rng.getrandbits(128)))
        (event_type,) = rng.choices(TYPES, WEIGHTS)
        record = {
            "id": event_id,
            "event_type": event_type,
            "event_type_description": EVENT_TYPES[event_type],
            "created_at": format_time(time_us)[:19],
            "account_id": f"acc{int(rng.paretovariate(1)) % 50:05}",
            "user_email": f"user{rng.randrange(20_000)}@example.com",
            "user_id": rng.randrange(1_000_000, 1_020_000),
            "source": "CD",
            "source_ip": f"203.0.{rng.randrange(256)}.{rng.randrange(256)}",
            "source_description": "Customer Dashboard",
            "source_country": rng.choice(["GB", "US", "DE", "NO"]),
            "context": {"country": "GB", "msisdn": f"4477009{rng.randrange(100_000):05}", "voice-type": "app"},
        }
        yield event_id, event_type, time_us, orjson.dumps(record)


def fill(folder: Path) -> None:
    """A store with the events, as the engine would have recorded them."""
    database = open_database(folder)
    database.execute("PRAGMA synchronous = OFF")
    with database.transaction():
        database.execute("INSERT INTO source (name) VALUES ('vonage')")
        database.executemany(
            "INSERT INTO input (source, kind, id, event_type, time_us, data) VALUES ('vonage', 0, ?, ?, ?, ?)",
            records(EVENTS),
        )
    database.close()


def questions(rng: Random) -> Iterator[tuple[str, tuple[str, str], dict[str, object]]]:
    """Kinds of questions, each with parameters that differ from one asking to the next."""

    def day() -> dict[str, object]:
        from_us = START_US + rng.randrange(YEAR_US)
        return {"date_from": format_time(from_us)[:19], "date_to": format_time(from_us + 86_400 * SECOND_US)[:19]}

    pages = EVENTS // 100
    person = f"user{rng.randrange(20_000)}@example.com"
    yield "first page", ALL, {}
    yield "first page of an account", ONE, {}
    yield "any page of 100", ALL, {"page": rng.randrange(1, pages), "size": 100}
    yield "last page of 100", ALL, {"page": pages, "size": 100}
    yield "one type, any page", ALL, {"event_type": TYPES[0], "page": rng.randrange(1, pages // 10), "size": 100}
    yield "a rare and a common type", ALL, {"event_type": f"{TYPES[-1]},{TYPES[0]}", "size": 100}
    yield "a day", ALL, {**day(), "size": 100}
    yield "a user's address", ALL, {"search_text": person}
    yield "a user's address, one day", ALL, {"search_text": person, **day()}
    yield "an IP address", ALL, {"search_text": f"203.0.{rng.randrange(256)}.{rng.randrange(256)}"}
    yield "a text in every event", ALL, {"search_text": "example.com"}
    yield "a text in none", ALL, {"search_text": f"nobody{rng.randrange(1000)}@example.com"}
    yield "two letters", ALL, {"search_text": rng.choice(["GB", "7a", "zq"])}
    yield "a user id", ALL, {"user_id": rng.randrange(1_000_000, 1_020_000)}


def main() -> None:
    """Record, index, ask."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began_s = time.perf_counter()
        fill(folder)
        print(f"{EVENTS:,} events recorded in {time.perf_counter() - began_s:.0f} s")
        began_s = time.perf_counter()
        reader = open_reader(folder)
        with SearchIndex(folder, reader) as index:
            index.catch_up()
        reader.close()
        took_s = time.perf_counter() - began_s
        sizes = {file.name: file.stat().st_size / EVENTS for file in folder.glob("*.db")}
        print(f"indexed in {took_s:.0f} s, {EVENTS / took_s:,.0f} a second; bytes an event: ", end="")
        print(", ".join(f"{file} {size:.0f}" for file, size in sorted(sizes.items())))
        ask(folder)


def ask(folder: Path) -> None:
    """Put each kind of question so many times, and print what it took."""
    settings = HttpSettings(port=0, audit=(AuditPair("all", Secret("s"), None), AuditPair(*_pair(ONE), ONE[0])))
    took_ms: dict[str, list[float]] = {}
    rng = Random(2)
    with serving_store(settings, folder, RuleSet) as server, requests.Session() as session:
        for _ in range(QUESTIONS):
            for kind, pair, parameters in questions(rng):
                began_s = time.perf_counter()
                reply = session.get(f"{server.url}/beta/audit/events", params=parameters, auth=pair, timeout=60)
                took_ms.setdefault(kind, []).append((time.perf_counter() - began_s) * 1_000)
                assert reply.status_code == 200, reply.text
    print("| question | median | p95 |\n|---|---:|---:|")
    for kind, times in took_ms.items():
        print(f"| {kind} | {statistics.median(times):.1f} ms | {statistics.quantiles(times, n=20)[-1]:.1f} ms |")


def _pair(pair: tuple[str, str]) -> tuple[str, Secret]:
    return pair[0], Secret(pair[1])


if __name__ == "__main__":
    main()
