"""How the cost of an event grows with the number of rules, as a multiple of decoding the event with orjson.

    python benchmarks/scale.py [--large] [--chunks 20] [mixed equality tenants hot]

Events go through one at a time, in chunks. Each chunk is decoded with ``orjson.loads`` (the floor), decoded to events,
decoded and matched, and matched again, in turn, and before and after it the floor is measured: only figures of one run
can be compared. ``fresh`` is the first pass over events never seen, after a warm-up with others; ``hot`` is the
same chunk again. Both are matching alone; the columns after them are everything, decoding included.
"""

import argparse
import gc
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import NamedTuple

import orjson
from cloudtrail_events import detections
from cloudtrail_events import events as cloudtrail_events
from mixed_rules import Maker
from vonage_events import events as vonage_events
from world import World

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.rule import RuleSet

CHUNK = 1_000
WARM_UP = 80
SIZES = (1, 10, 100, 1_000, 10_000)
KINDS = ("mixed", "equality", "tenants", "hot")


class Figures(NamedTuple):
    """Of one chunk: microseconds of the floor, and multiples of it."""

    floor_us: float
    decode: float
    fresh: float
    hot: float
    whole: float


def cpu_us(work: Callable[[], object]) -> float:
    """CPU microseconds of the work in this process."""
    before = time.process_time_ns()
    work()
    return (time.process_time_ns() - before) / 1_000


def drop(lines: list[bytes], decode: Callable[[bytes], object]) -> None:
    """Decode one at a time and keep none, as a stream does."""
    for line in lines:
        decode(line)


def match(lines: list[bytes], decode: Callable[[bytes], Event], matcher: Matcher) -> None:
    """Decode and match one at a time."""
    for line in lines:
        matcher.matches(decode(line))


def measure(lines: list[bytes], map_name: str, matcher: Matcher, chunks: int) -> Iterator[Figures]:
    """The figures of each chunk, after a warm-up with the lines before."""
    decoder = Decoder(map_name, PRESETS[map_name])

    def decode(line: bytes) -> Event:
        return decoder.decode(line, "")[0]

    match(lines[: -chunks * CHUNK], decode, matcher)
    for start in range(len(lines) - chunks * CHUNK, len(lines), CHUNK):
        chunk = lines[start : start + CHUNK]
        before = cpu_us(lambda chunk=chunk: drop(chunk, orjson.loads))
        drop(chunk, decode)  # as warm as it will be in the passes that are measured
        fresh = cpu_us(lambda chunk=chunk: match(chunk, decode, matcher))
        hot = cpu_us(lambda chunk=chunk: match(chunk, decode, matcher))
        decoded = cpu_us(lambda chunk=chunk: drop(chunk, decode))
        floor = (before + cpu_us(lambda chunk=chunk: drop(chunk, orjson.loads))) / 2
        yield Figures(floor / CHUNK, decoded / floor, (fresh - decoded) / floor, (hot - decoded) / floor, fresh / floor)


def one_by_one(lines: list[bytes], map_name: str, matcher: Matcher) -> tuple[float, float]:
    """Matches an event, and how many times the median the slowest event in a thousand takes, decoding included."""
    decoder = Decoder(map_name, PRESETS[map_name])
    matched, spent_ns = 0, []
    for line in lines:
        before = time.thread_time_ns()
        for event in decoder.decode(line, ""):
            matched += len(matcher.matches(event))
        spent_ns.append(time.thread_time_ns() - before)
    spent_ns.sort()
    return matched / len(lines), spent_ns[len(lines) * 999 // 1000] / statistics.median(spent_ns)


def row(name: str, rules: RuleSet, lines: list[bytes], map_name: str, chunks: int) -> None:
    """Build, measure and print."""
    before = time.process_time()
    matcher = Matcher(rules)
    build_s = time.process_time() - before
    gc.collect()
    gc.freeze()
    figures = list(measure(lines, map_name, matcher, chunks))
    floor_us, _, fresh, hot, whole = (statistics.median(column) for column in zip(*figures, strict=True))
    matched, tail = one_by_one(lines[-chunks * CHUNK :], map_name, matcher)
    print(
        f"| {name} | {len(rules):,} | {build_s:.2f} | {matched:.3f} | {fresh * floor_us:.1f} | {fresh:.2f} | {hot:.2f} "
        f"| {whole:.2f} | {1e6 / (whole * floor_us):,.0f} | {tail:.0f} |",
        flush=True,
    )
    gc.unfreeze()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=KINDS)
    parser.add_argument("--chunks", type=int, default=20, help=f"of {CHUNK} events")
    parser.add_argument("--large", action="store_true", help="100,000 rules, too")
    options = parser.parse_args()
    sizes = (*SIZES, 100_000) if options.large else SIZES
    world = World()
    number = (WARM_UP + options.chunks) * CHUNK
    lines = [orjson.dumps(event) for event in vonage_events(world, number, seed=1)]
    print(
        f"Python {platform.python_version()}, orjson {version('orjson')}, google-re2 {version('google-re2')};", end=" "
    )
    print(f"{options.chunks} chunks of {CHUNK} events of {sum(map(len, lines)) // len(lines)} bytes, medians\n")
    columns = ("rules", "number", "build s", "matches/event", "us fresh", "x fresh", "x hot", "x with decoding")
    print("|", " | ".join((*columns, "events/CPU s", "p99.9/p50")), "|")
    print("|" + "---|" * (len(columns) + 2))
    for kind in options.kinds:
        for size in sizes:
            row(kind, getattr(Maker(world, 7 * 1_000_003 + size), kind)(size), lines, "vonage", options.chunks)
    lines = [orjson.dumps(event) for event in cloudtrail_events(world, number, seed=1)]
    for size in (57, 740):
        row("cloudtrail", detections(size), lines, "cloudtrail", options.chunks)


if __name__ == "__main__":
    main()
