"""The whole way of a dry-run, from a file to alerts: how fast against reading alone, and is memory flat.

    python benchmarks/dry_run.py [--events 1000000] [--large 10000000] [rules store pack alerts]

Each figure is taken in a process of its own, so that peak memory is the run's. The floor of NDJSON decodes the same
file with ``orjson.loads``, line by line, and keeps nothing; that of Parquet reads every column with pyarrow, and keeps
nothing; that of the store reads every row and decodes it with ``orjson.loads``. Rules are made before the clock starts.
CPU is that of all processes of a run together, memory that of the one that everything comes together in.
"""

import argparse
import multiprocessing
import os
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from mixed_rules import Maker
from vonage_events import events as provider_events
from world import World

import trailbell
from trailbell.dryrun.alert_log import AlertLog
from trailbell.replay import dry_run_source, dry_run_store, open_files
from trailbell.store.database import open_database
from trailbell.store.ledger import StoreLedger
from trailbell.testing.synthetic import events as account_events
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.matching import event_types
from trailbell_engine.rule import RuleSet

SIZES = (1, 100, 1_000)
SUBJECTS = ("rules", "store", "pack", "alerts")
ROW_GROUP = 100_000


class Figures(NamedTuple):
    """What a run took: seconds of all processors and of the wall, MiB at most; and how many events and alerts."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    events: int
    alerts: int


def write_lines(file: Path, records: Iterator[dict[str, Any]]) -> None:
    """One event a line."""
    with file.open("wb") as handle:
        handle.writelines(orjson.dumps(record) + b"\n" for record in records)


def write_table(lines: Path, file: Path) -> None:
    """The same events as Parquet: a column for each field at the top, nested ones as JSON text, zstd."""
    names = sorted({name for record in _records(lines, 20_000) for name in record})
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for record in _records(lines):
            rows.append({name: _cell(value) for name, value in record.items()})
            if len(rows) == ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _records(lines: Path, number: int | None = None) -> Iterator[dict[str, Any]]:
    with lines.open("rb") as handle:
        for position, line in enumerate(handle):
            if position == number:
                return
            yield orjson.loads(line)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def write_store(lines: Path, folder: Path) -> None:
    """The same events as a live run records them."""
    decoder = Decoder("audit", PRESETS["vonage"])
    with closing(open_database(folder)) as database, lines.open("rb") as handle:
        ledger = StoreLedger(database)
        while batch := list(islice(handle, 1_000)):
            with ledger.transaction():
                ledger.record([item for line in batch for item in decoder.decode(line, "")])
                ledger.complete("audit", {}, None)


Work: TypeAlias = Callable[[], tuple[int, int]]
"""What is measured; it returns how many events it saw and how many alerts it made."""


def lines_floor(file: Path) -> Work:
    """Decode every line."""

    def work() -> tuple[int, int]:
        with file.open("rb") as handle:
            return sum(1 for line in handle if orjson.loads(line)), 0

    return work


def table_floor(file: Path) -> Work:
    """Read every column."""

    def work() -> tuple[int, int]:
        with pq.ParquetFile(file) as table:
            return sum(batch.num_rows for batch in table.iter_batches()), 0

    return work


def store_floor(folder: Path) -> Work:
    """Read every row and decode it, fifty at a time as a dry-run does."""

    def work() -> tuple[int, int]:
        number = 0
        with closing(open_database(folder, write=False)) as database:
            while rows := database.rows("SELECT seq, data FROM input WHERE seq > ? ORDER BY seq LIMIT 50", (number,)):
                number = rows[-1][0]
                for _, data in rows:
                    orjson.loads(data)
        return number, 0

    return work


def dry_run_of_store(folder: Path, rules: RuleSet) -> Work:
    """Dry-run rules over what the store holds."""

    def work() -> tuple[int, int]:
        with closing(open_database(folder, write=False)) as database:
            report = dry_run_store(rules, database)
            return report.tally.read, len(report.alerts)

    return work


def dry_run(file: Path, rules: int | None, jobs: int) -> Work:
    """Dry-run so many mixed rules, or (None) the pack."""
    rule_set = trailbell.load_rules("pack:vonage") if rules is None else Maker(World(), 7).mixed(rules)

    def work() -> tuple[int, int]:
        with open_files(rule_set, [file], processes=jobs) as source:
            report = dry_run_source(rule_set, source)
        return report.tally.read, len(report.alerts)

    return work


def alerts(file: Path, at_hand: int) -> Work:
    """Put 60,000 alerts into a log, and read them all."""
    some = list(trailbell.dry_run(trailbell.load_rules("pack:vonage"), file).alerts)

    def work() -> tuple[int, int]:
        log = AlertLog(at_hand)
        for turn in range(60_000 // len(some)):
            for stored in some:
                log.open(stored._replace(alert=replace(stored.alert, id=f"{turn}-{stored.alert.id}")))
        return sum(1 for _ in log), len(log)

    return work


def _measured(prepare: Callable[[], Work], results: Any) -> None:
    """In a child process: what the work took and returned."""
    work = prepare()
    before, started = _cpu_s(), time.perf_counter()
    events, found = work()
    wall_s, cpu_s = time.perf_counter() - started, _cpu_s() - before
    results.put(Figures(cpu_s, wall_s, _peak_mib(), events, found))


def _peak_mib() -> float:
    """Of this program alone: where Linux says it, for there the usual counter begins with the parent's peak."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        return int(found[1]) / 1024 if found else 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def run(prepare: Callable[[], Work]) -> Figures:
    """The measurement of one piece of work."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_measured, args=(prepare, results))
    process.start()
    figures: Figures = results.get()
    process.join()
    return figures


def table(name: str, rows: dict[str, Callable[[], Work]]) -> None:
    """Print the rows of one subject; the first is the floor of the others."""
    heads = f"{'events':>11} {'events/CPU s':>13} {'events/s':>10} {'x floor':>8} {'peak MiB':>9} {'alerts':>8}"
    print(f"\n{name}\n{'':34} {heads}")
    floor = 0.0
    for label, prepare in rows.items():
        taken = run(prepare)
        each = taken.cpu_s / taken.events
        floor = floor or each
        rates = f"{1 / each:>13,.0f} {taken.events / taken.wall_s:>10,.0f} {each / floor:>8.1f}"
        print(f"{label:34} {taken.events:>11,} {rates} {taken.peak_mib:>9.0f} {taken.alerts:>8,}", flush=True)


def _sets_of_store() -> Iterator[tuple[str, RuleSet]]:
    """One rule of one event type, as nearly all are that people try, and rules that together are about all types."""
    rules = Maker(World(), 7).mixed(max(SIZES))
    yield "1 rule, 1 event type", rules.only([next(rule for rule in rules if len(event_types(rule.match) or ()) == 1)])
    for size in SIZES[1:]:
        yield f"{size:,} rules", Maker(World(), 7).mixed(size)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", choices=[*SUBJECTS, []], default=[])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument(
        "--large", type=int, default=0, help="once more with so many events, the pack alone, in several processes"
    )
    asked = parser.parse_args()
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="trailbell-bench-") as folder:
        file = Path(folder) / "events.ndjson"
        if "rules" in (asked.subjects or SUBJECTS):
            write_lines(file, provider_events(World(), asked.events, 3))
            runs = {f"dry-run, {size:,} rules": partial(dry_run, file, size, 1) for size in SIZES}
            runs |= {f"dry-run, {size:,} rules, {jobs} processes": partial(dry_run, file, size, jobs) for size in SIZES}
            table("NDJSON, mixed rules", {"floor: orjson.loads": partial(lines_floor, file), **runs})
            columns = Path(folder) / "events.parquet"
            write_table(file, columns)
            runs = {f"dry-run, {size:,} rules": partial(dry_run, columns, size, 1) for size in SIZES}
            table("Parquet, mixed rules", {"floor: every column": partial(table_floor, columns), **runs})
        if "store" in (asked.subjects or SUBJECTS):
            write_lines(file, provider_events(World(), asked.events, 3))
            state = Path(folder) / "state"
            write_store(file, state)
            runs = {f"dry-run, {name}": partial(dry_run_of_store, state, rules) for name, rules in _sets_of_store()}
            table("Store, mixed rules", {"floor: orjson.loads": partial(store_floor, state), **runs})
        for number in (asked.events, asked.large) if "pack" in (asked.subjects or SUBJECTS) else ():
            if number:
                write_lines(file, account_events(number))
                counts = (jobs,) if number == asked.large else (1, jobs)
                runs = {f"dry-run, {count} processes": partial(dry_run, file, None, count) for count in counts}
                table("NDJSON, pack:vonage", {"floor: orjson.loads": partial(lines_floor, file), **runs})
        if "alerts" in (asked.subjects or SUBJECTS):
            write_lines(file, account_events(20_000))
            table(
                "Alerts kept", {"all as they are": partial(alerts, file, 10**9), "packed": partial(alerts, file, 2_048)}
            )


if __name__ == "__main__":
    main()
