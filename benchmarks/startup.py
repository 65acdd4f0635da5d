"""How long it takes until rules run: from their files, from the cache, and when one file changes while events flow.

    python benchmarks/startup.py [--large]

Starts: each in a process of its own, wall time and CPU time in seconds: `import` of what `run` needs, `read` of the
rules (all of it: finding, reading and checking files), `compile`. A cold start has no cache; with the cache nothing has
changed. Reloads: an engine on a store takes one event after another, each handed in when the one before is durable,
while one file is written anew; the longest wait of an event is the pause that people could notice.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import orjson
from rule_files import write_rules
from vonage_events import events as vonage_events
from world import World

from trailbell.live import Live
from trailbell.rulebook.book import RuleBook
from trailbell.running import reloader
from trailbell.sources.base import Batch
from trailbell.store.database import open_database
from trailbell.wiring import Receivers
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event
from trailbell_engine.values import Json

SIZES = (1_000, 10_000)
RELOADED = 10_000
QUIET_S = 3.0
"""For so long events flow before the file is written, to compare with."""
NEW = "id: new-{0}-{1}\ntitle: t\nseverity: low\nmatch: {{event_type: NEVER, n: {0}}}\n---\n"

START = """
import json, sys, time
from pathlib import Path
def now(): return time.perf_counter(), time.process_time()
marks = [now()]
from trailbell.cli import run
from trailbell.garbage import not_collecting
from trailbell.rulebook.book import RuleBook
from trailbell.rulebook.cache import RuleCache
from trailbell_engine.pipeline import Pipeline
marks.append(now())
with not_collecting():
    edition = RuleBook([sys.argv[1]], RuleCache(Path(sys.argv[2]))).edition()
    marks.append(now())
    Pipeline(edition.rules)
marks.append(now())
assert len(edition.rules) == int(sys.argv[3])
print(json.dumps([[b - a for a, b in zip(*pair)] for pair in zip(marks, marks[1:])]))
"""


def start(folder: Path, cache: Path, rules: int) -> list[list[float]]:
    """Import, read and compile in a fresh process: wall and CPU seconds of each."""
    command = [sys.executable, "-c", START, str(folder), str(cache), str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def starts(rules: int, rules_a_file: int, folder: Path) -> Iterator[str]:
    """Rows of the table of starts."""
    cache = folder / "rules.cache"
    for name in ("cold", "cached"):
        imported, read, compiled = start(folder / "rules", cache, rules)
        walls, cpus = zip(imported, read, compiled, strict=True)
        figures = " | ".join(f"{wall:.2f} ({cpu:.2f})" for wall, cpu in (imported, read, compiled))
        yield f"| {rules:,} | {rules_a_file} | {name} | {figures} | {sum(walls):.2f} ({sum(cpus):.2f}) |"


class OneByOne:
    """A source that gives an event when the one before it is durable, and notes how long that took."""

    name, lateness_us, bounded, wall_clock = "vonage", 0, False, False

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._durable: SimpleQueue[bool] = SimpleQueue()
        self._stopping = False
        self.waits_s: list[float] = []

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:  # noqa: ARG002 - the protocol's signature
        """One event after another."""
        for event in self._events:
            if self._stopping:
                return
            began_s = time.perf_counter()
            yield Batch([event], None, lambda: self._durable.put(True))
            self._durable.get()
            self.waits_s.append(time.perf_counter() - began_s)

    def stop(self) -> None:
        """End after the event at hand."""
        self._stopping = True


def endless(lines: list[bytes]) -> Iterator[Event]:
    """Events without end, each with an id of its own."""
    decoder, number = Decoder("vonage", PRESETS["vonage"]), 0
    while True:
        for line in lines:
            for item in decoder.decode(line, ""):
                number += 1
                yield item._replace(id=f"e{number}")  # type: ignore[misc]


def figures(waits_s: list[float]) -> str:
    """Median, 99th percentile and longest, in milliseconds."""
    sorted_ms = sorted(1_000 * wait for wait in waits_s)
    p99 = sorted_ms[int(0.99 * (len(sorted_ms) - 1))]
    return f"{statistics.median(sorted_ms):.2f} / {p99:.2f} / {sorted_ms[-1]:.1f}"


def reload(
    rules: int, rules_a_file: int, folder: Path, files: list[Path], lines: list[bytes], *, all_files: bool
) -> str:
    """A row of the table of reloads."""
    paths = [str(folder / "rules")]
    book = RuleBook(paths)
    edition = book.edition()
    database = open_database(folder / f"state-{all_files}")
    source = OneByOne(endless(lines))
    live = Live(edition.rules, database, Receivers({}, None), told=lambda _: None, attempted=lambda _: None)
    watch = reloader.Reloader(paths, book, edition, live.exchange)
    with live, ThreadPoolExecutor(1) as executor:
        running = executor.submit(live.run, [source])
        watch.start()
        while len(source.waits_s) < 100:
            time.sleep(0.1)
        before = len(source.waits_s)
        time.sleep(QUIET_S)
        quiet = len(source.waits_s)
        written = files if all_files else files[:1]
        for number, file in enumerate(written):
            file.write_text(NEW.format(number, str(all_files).lower()) + file.read_text())
        began_s = time.perf_counter()
        while len(live.rules) < len(edition.rules) + len(written):
            time.sleep(0.05)
        took_s, busy = time.perf_counter() - began_s, len(source.waits_s)
        time.sleep(QUIET_S)
        watch.stop()
        live.stop()
        running.result()
    database.close()
    changed = "all files" if all_files else "one file"
    columns = (
        figures(part) for part in (source.waits_s[before:quiet], source.waits_s[quiet:busy], source.waits_s[busy:])
    )
    return f"| {rules:,} | {rules_a_file} | {changed} | {took_s:.1f} | {' | '.join(columns)} |"


STARTS = """| rules | a file | start | import s (CPU) | read s (CPU) | compile s (CPU) | all s (CPU) |
|---|---|---|---|---|---|---|"""
RELOADS = """
An event's way, from the source's hand to the disk: median / 99th percentile / longest, in milliseconds.

| rules | a file | changed | s until they run | before | while reloading | after |
|---|---|---|---|---|---|---|"""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true", help="also 100,000 rules; takes minutes")
    parser.add_argument("--no-starts", action="store_true", help="only reloads")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}\n\n{STARTS}")
    lines = [orjson.dumps(record) for record in vonage_events(World(), 20_000, 7)]
    reloads: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        for rules in (*SIZES, 100_000) if options.large else SIZES:
            for rules_a_file in (1, 100):
                folder = Path(place) / f"{rules}-{rules_a_file}"
                files = write_rules(folder / "rules", rules, rules_a_file)
                for row in () if options.no_starts else starts(rules, rules_a_file, folder):
                    print(row, flush=True)
                changes = (False, True) if rules == RELOADED else ()
                reloads += [reload(rules, rules_a_file, folder, files, lines, all_files=flag) for flag in changes]
    print(RELOADS, *reloads, sep="\n")


if __name__ == "__main__":
    main()
