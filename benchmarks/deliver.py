"""From events to messages in the outbox, and from the outbox to a receiver: both with full durability.

    python benchmarks/deliver.py [--events 20000] [--messages 2000]

The first table is `ingest.py` with a receiver and a route, so that each alert is rendered and put into the outbox in
the transaction of its events; the floor is the same bare insert, in turn with it. The second is what a run does with an
outbox that is full: claim, send, record, each durable before the next, one thread a receiver. The receiver is a server
on loopback in a process of its own. Its floor is the same requests with `requests`, one after the other, and nothing
stored.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import requests
from ingest import PIECES, Bare, batches, elapsed_us, fdatasync_ms, lines_of, remembering

from trailbell.clock import now_us
from trailbell.dispatcher import Dispatcher
from trailbell.drive import Given, commit
from trailbell.outgoing import Outgoing
from trailbell.sources.base import Batch
from trailbell.store.database import Database, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.conditions.each import Each
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import Test
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.timestamps import HOUR_US
from trailbell_notifiers.channel import Channel, build_channel
from trailbell_notifiers.desk import Policy
from trailbell_notifiers.policy.routing import parse_route

BATCH = 100
EVERY_EVENT = Rule(
    "every-event",
    "high",
    Test(parse_path("event_type"), "exists", operand=True),
    Each(),
    Words("{{ user_email }} did {{ event_type }}"),
)
RECEIVER = """
import sys
from trailbell.testing.loopback import Answer, LoopbackServer
with LoopbackServer(lambda _: Answer()) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


class Told:
    """A live run's engine thread, with receivers: what `ingest.Whole` does, and the outbox."""

    def __init__(self, database: Database, rules: RuleSet, channels: dict[str, Channel]) -> None:
        self._ledger = StoreLedger(database)
        self._pipeline = Pipeline(rules)
        self._decoder = Decoder("audit", PRESETS["vonage"])
        policy = Policy(route=parse_route({"receiver": list(channels)}, list(channels), []))
        self._sink = Outgoing(rules, database, channels, policy, now_us=now_us, told=lambda _: None)

    def take(self, batch: list[bytes]) -> None:
        """Decode, decide, render and commit a batch as one transaction."""
        inputs = [item for line in batch for item in self._decoder.decode(line, "")]
        commit([Given("audit", Batch(inputs))], self._pipeline, self._ledger, self._sink)


class Ingested(NamedTuple):
    """Microseconds an event, and messages an event."""

    bare_us: float
    told_us: float
    messages: float


def ingest(lines: list[bytes], rules: RuleSet, folder: Path) -> Ingested:
    """Events into store and outbox, and the bare insert, piece by piece in turn."""
    channels = hooks(9, 1)
    bare, database = Bare(folder, lines), open_database(folder / "state")
    told = Told(database, rules, channels)
    pieces = [
        (elapsed_us(bare.take, piece, BATCH), elapsed_us(told.take, piece, BATCH))
        for piece in batches(lines, len(lines) // PIECES)
    ]
    messages = sum(StoreOutbox(database).counts().values())
    database.close()
    bare_us = statistics.median(bare_us for bare_us, _ in pieces)
    ratio = statistics.median(told_us / bare_us for bare_us, told_us in pieces)
    return Ingested(bare_us, ratio * bare_us, messages / len(lines))


class Sent(NamedTuple):
    """Messages a second: posted by themselves, and out of an outbox."""

    bare: float
    delivered: float


def deliver(number: int, receivers: int, folder: Path) -> Sent:
    """So many messages for each receiver, out of the outbox and as bare requests."""
    with receiver() as port:
        channels = hooks(port, receivers)
        database = open_database(folder / f"state-{receivers}")
        told = Told(database, RuleSet([EVERY_EVENT]), channels)
        for batch in batches(lines_of(number), BATCH):
            told.take(batch)
        outbox = StoreOutbox(database)
        waiting = sum(outbox.counts().values())
        dispatcher = Dispatcher(outbox, channels, now_us=now_us, attempted=lambda _: None)
        started_s = time.perf_counter()
        dispatcher.wake()
        whole = dispatcher.drain(HOUR_US)
        took_s = time.perf_counter() - started_s
        dispatcher.stop()
        if not whole or outbox.counts() != {"sent": waiting}:
            raise SystemExit(f"not everything arrived: {outbox.counts()}")
        (body,) = database.one("SELECT body FROM outbox LIMIT 1") or (b"",)
        database.close()
        return Sent(posted(port, bytes(body), number), waiting / took_s)


def posted(port: int, body: bytes, number: int) -> float:
    """Bare requests a second."""
    with requests.Session() as session:
        started_s = time.perf_counter()
        for _ in range(number):
            session.post(f"http://127.0.0.1:{port}/", data=body, timeout=10).close()
        return number / (time.perf_counter() - started_s)


def hooks(port: int, number: int) -> dict[str, Channel]:
    """So many receivers behind a port."""
    settings = {"url": f"http://127.0.0.1:{port}/", "allow_cidrs": ["127.0.0.0/8"]}
    return {f"siem{n}": build_channel({"name": f"siem{n}", "webhook": settings}) for n in range(number)}


@contextmanager
def receiver() -> Iterator[int]:
    """A server that takes everything; its port."""
    command = [sys.executable, "-c", RECEIVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--messages", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trailbell-bench-", dir=".") as name:
        folder = Path(name)
        print(f"Python {platform.python_version()}, fdatasync {fdatasync_ms(folder):.2f} ms, batches of {BATCH}\n")
        found = ingest(lines_of(options.events), remembering(100), folder)
        print("| rules | messages/event | bare insert us | events/s | into the outbox us | events/s | x bare |")
        print("|---|---|---|---|---|---|---|")
        print(
            f"| remembering, 100 | {found.messages:.3f} | {found.bare_us:.1f} | {1e6 / found.bare_us:,.0f} "
            f"| {found.told_us:.1f} | {1e6 / found.told_us:,.0f} | {found.told_us / found.bare_us:.2f} |\n",
            flush=True,
        )
        print("| receivers | messages | posted bare, a second | delivered, a second |")
        print("|---|---|---|---|")
        for receivers in (1, 4):
            sent = deliver(options.messages, receivers, folder)
            total = options.messages * receivers
            print(f"| {receivers} | {total:,} | {sent.bare:,.0f} | {sent.delivered:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
