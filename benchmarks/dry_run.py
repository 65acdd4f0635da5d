"""A dry-run of the shipped pack over many Vonage-like events: how fast against decoding alone, and is memory flat.

    python benchmarks/dry_run.py [--events 1000000]

Each figure is taken in a process of its own, so that peak memory is the run's. The floor decodes the same file with
``orjson.loads``, line by line, and keeps nothing.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import orjson

import trailbell
from trailbell.testing.synthetic import events


def write(file: Path, number: int) -> None:
    """Write so many events, the same for every run."""
    with file.open("wb") as handle:
        for event in events(number):
            handle.write(orjson.dumps(event) + b"\n")


def floor(file: Path) -> tuple[int, int]:
    """Decode every line; events read, alerts (none)."""
    with file.open("rb") as handle:
        return sum(1 for line in handle if orjson.loads(line)), 0


def dry_run(file: Path) -> tuple[int, int]:
    """Dry-run the pack; events read, alerts."""
    report = trailbell.dry_run(trailbell.load_rules("pack:vonage"), file)
    return report.tally.read, len(report.alerts)


def measure(work, file: Path, results) -> None:
    """In a child process: CPU seconds, peak memory in MiB, and what the work returned."""
    before = time.process_time()
    read, alerts = work(file)
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    results.put((time.process_time() - before, peak, read, alerts))


def run(work, file: Path) -> tuple[float, float, int, int]:
    """The measurement of one piece of work."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=measure, args=(work, file, results))
    process.start()
    outcome = results.get()
    process.join()
    return outcome


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    number = parser.parse_args().events
    print(f"{'':24} {'events':>10} {'events/CPU s':>13} {'x floor':>8} {'peak MiB':>9} {'alerts':>8}")
    with tempfile.TemporaryDirectory(prefix="trailbell-bench-") as folder:
        for count in (number // 10, number):
            file = Path(folder) / f"{count}.ndjson"
            write(file, count)
            base = 0.0
            for name, work in (("floor: orjson.loads", floor), ("dry-run pack:vonage", dry_run)):
                cpu_s, peak, read, alerts = run(work, file)
                base = base or cpu_s
                print(f"{name:24} {read:>10,} {read / cpu_s:>13,.0f} {cpu_s / base:>8.1f} {peak:>9.0f} {alerts:>8,}")


if __name__ == "__main__":
    main()
