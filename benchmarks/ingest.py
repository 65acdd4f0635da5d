"""From bytes to durable: decoding, matching, state, alerts and outbox, against the bare insert of the same events.

    python benchmarks/ingest.py [--events 20000] [--batch 100]

The floor is what SQLite takes to insert the same lines, with id and time, into a table with a unique index on source
and id and one on the time: with the same pragmas (WAL, synchronous=FULL), as many rows a transaction, and the same
library. Both go in turn, one piece of the events each; each side has a file of its own that grows. Wall time counts,
since the disk is a part of it; `fdatasync` is measured beside it. Processor time says what is left when the disk is
not looked at.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import NamedTuple

import apsw
import orjson
from mixed_rules import Maker
from vonage_events import events as vonage_events
from world import World

from trailbell.clock import now_us
from trailbell.drive import Given, commit
from trailbell.garbage import collecting_seldom
from trailbell.outgoing import Outgoing
from trailbell.sources.base import Batch
from trailbell.store.database import open_database
from trailbell.store.ledger import StoreLedger
from trailbell_engine.conditions import Condition
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import Test
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.timestamps import DAY_US, HOUR_US
from trailbell_notifiers.desk import Policy

PIECES = 10
BARE = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, time TEXT NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX event_identity ON event (source, id);
CREATE INDEX event_time ON event (source, time);
"""


class Bare:
    """The floor: the events' bytes into a table, and nothing else."""

    def __init__(self, folder: Path, lines: Iterable[bytes]) -> None:
        self._connection = apsw.Connection(str(folder / "bare.db"))
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000", "cache_size = -65536"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(BARE)
        records = map(orjson.loads, lines)  # beforehand: what it takes to find id and time is no part of the floor
        self._names = [(record["id"], record["created_at"]) for record in records]
        self._at = 0

    def take(self, batch: list[bytes]) -> None:
        """Insert a batch as one transaction."""
        names = self._names[self._at : self._at + len(batch)]
        self._at += len(batch)
        rows = [("audit", *name, line) for name, line in zip(names, batch, strict=True)]
        with self._connection:
            self._connection.executemany(
                "INSERT INTO event (source, id, time, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )


class Whole:
    """What a live run does with a batch of lines, on its engine's thread."""

    def __init__(self, folder: Path, rules: RuleSet) -> None:
        database = open_database(folder)
        self._ledger = StoreLedger(database)
        self._pipeline = Pipeline(rules)
        self._decoder = Decoder("audit", PRESETS["vonage"])
        self.sink = Outgoing(rules, database, {}, Policy(), now_us=now_us, told=lambda _: None)

    def take(self, batch: list[bytes]) -> None:
        """Decode, decide and commit a batch as one transaction."""
        inputs = [item for line in batch for item in self._decoder.decode(line, "")]
        commit([Given("audit", Batch(inputs))], self._pipeline, self._ledger, self.sink)


def remembering(number: int) -> RuleSet:
    """A rule with memory for every type of event: each event moves one window. The rest are about one account each."""
    who, account = (parse_path("user_email"),), (parse_path("account_id"),)
    makers: tuple[Callable[[], Condition], ...] = (
        lambda: Count(at_least=5, within=HOUR_US, by=account),
        lambda: Distinct(of=(parse_path("source_ip"),), at_least=5, within=HOUR_US, by=who),
        lambda: FirstSeen(of=(parse_path("source_country"),), learn=DAY_US, by=who),
    )
    types = sorted({event["event_type"] for event in vonage_events(World(), 2_000, 5)})
    matches = [Test(parse_path("event_type"), "equals", name) for name in types]
    rules = [
        Rule(f"r{n}", "low", match, makers[n % len(makers)](), Words("t"), Suppress(HOUR_US))
        for n, match in enumerate(matches)
    ]
    others = Maker(World(), 7_000_103).tenants(number - len(rules))
    return RuleSet([*rules, *(replace(rule, id=f"t{n}") for n, rule in enumerate(others))])


def lines_of(number: int) -> list[bytes]:
    """So many events as lines."""
    return [orjson.dumps(event) for event in vonage_events(World(), number, 5)]


class Spent(NamedTuple):
    """Microseconds an event."""

    wall_us: float
    cpu_us: float


class Figures(NamedTuple):
    """What an event took, and the medians of how often the bare insert fits into that."""

    bare: Spent
    whole: Spent
    times: Spent


def batches(lines: list[bytes], size: int) -> Iterator[list[bytes]]:
    """The lines in batches."""
    return (lines[at : at + size] for at in range(0, len(lines), size))


def spent(work: Callable[[list[bytes]], object], lines: list[bytes], size: int) -> Spent:
    """What the work on these lines took."""
    started_s, cpu_s = time.perf_counter(), time.process_time()
    for batch in batches(lines, size):
        work(batch)
    wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_s
    return Spent(wall_s * 1e6 / len(lines), cpu_s * 1e6 / len(lines))


def medians(found: Iterable[Spent]) -> Spent:
    """The median of each."""
    return Spent(*map(statistics.median, zip(*found, strict=True)))


def measure(lines: list[bytes], rules: RuleSet, size: int) -> tuple[Figures, Whole]:
    """Medians over the pieces, the two in turn."""
    with tempfile.TemporaryDirectory(prefix="trailbell-bench-", dir=".") as folder, collecting_seldom():
        bare, whole = Bare(Path(folder), lines), Whole(Path(folder) / "state", rules)
        found = [
            (spent(bare.take, piece, size), spent(whole.take, piece, size))
            for piece in batches(lines, len(lines) // PIECES)
        ]
    times = (Spent(theirs.wall_us / ours.wall_us, theirs.cpu_us / ours.cpu_us) for ours, theirs in found)
    bares, wholes = zip(*found, strict=True)
    return Figures(medians(bares), medians(wholes), medians(times)), whole


def fdatasync_ms(folder: Path, times: int = 50) -> float:
    """The median of a durable write of 4 KiB."""
    spent = []
    with (folder / "sync").open("wb") as handle:
        for _ in range(times):
            handle.write(Random(1).randbytes(4096))
            handle.flush()
            started = time.perf_counter()
            os.fdatasync(handle.fileno())
            spent.append((time.perf_counter() - started) * 1e3)
    return statistics.median(spent)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, action="append")
    options = parser.parse_args()
    lines = lines_of(options.events)
    sets = {"mixed, 100": Maker(World(), 7_000_103).mixed(100), "remembering, 100": remembering(100)}
    with tempfile.TemporaryDirectory(prefix="trailbell-bench-", dir=".") as folder:
        sync_ms = fdatasync_ms(Path(folder))
    size_bytes = sum(map(len, lines)) // len(lines)
    print(
        f"Python {platform.python_version()}, apsw {version('apsw')}, {len(lines):,} events of {size_bytes} bytes, ",
        end="",
    )
    print(f"fdatasync {sync_ms:.2f} ms\n")
    print(
        "| rules | a batch | matches/event | alerts/event | bare us (CPU) | whole us (CPU) | events/s | times (CPU) |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, rules in sets.items():
        for size in options.batch or (100, 1_000):
            figures, whole = measure(lines, rules, size)
            tally = whole.sink.tally
            matched, opened = (
                sum(getattr(rule, name) for rule in tally.rules.values()) for name in ("matched", "alerts")
            )
            shares = f"{matched / len(lines):.2f} | {opened / len(lines):.3f}"
            bare, took, times = (f"{part.wall_us:.1f} ({part.cpu_us:.1f})" for part in figures)
            rate = f"{1e6 / figures.whole.wall_us:,.0f}"
            print(f"| {name} | {size:,} | {shares} | {bare} | {took} | {rate} | {times} |", flush=True)


if __name__ == "__main__":
    main()
