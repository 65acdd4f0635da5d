"""CloudTrail events through decoding and matching, and through the whole pipeline: events per CPU second.


The rules are ``cloudtrail_events.detections``, as many as public rule sets for AWS have. In the whole pipeline seven in
ten fire on each match, the others count, look for distinct or for new values per identity; alerts are opened and
folded, with their state in memory. Events are made up, or read from the files named; then the rules ask for the rarer
half of the calls that are in them. What is compared goes in turn,
chunk by chunk, and ``orjson.loads`` with it; medians.
"""

import argparse
import gc
import lzma
import platform
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import orjson
from cloudtrail_events import Call, detections
from cloudtrail_events import events as cloudtrail_events
from world import World

from trailbell_engine.alert import Matched, Opened
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.matching import Matcher
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import HOUR_US, MINUTE_US

CHUNK = 1_000
WARM_UP = 5
SIZES = (57, 740)
WHO = (parse_path("userIdentity.arn"),)
ADDRESS = (parse_path("sourceIPAddress"),)
CONDITIONS = {
    7: Count(at_least=5, within=10 * MINUTE_US, by=WHO),
    8: Distinct(of=ADDRESS, at_least=3, within=HOUR_US, by=WHO),
    9: FirstSeen(of=ADDRESS, by=WHO),
}


def rules(number: int, calls: Sequence[Call]) -> RuleSet:
    """So many detections, three in ten with a condition that remembers."""
    made = detections(number, calls=calls)
    return RuleSet([_with_condition(rule, position % 10) for position, rule in enumerate(made)])


def calls_in(lines: list[bytes]) -> list[Call]:
    """The calls of the events, the most common first."""
    records = map(orjson.loads, lines)
    counted = Counter((record.get("eventSource", ""), record.get("eventName", "")) for record in records)
    return [call for call, _ in counted.most_common()]


def _with_condition(rule: Rule, kind: int) -> Rule:
    return replace(rule, condition=CONDITIONS[kind]) if kind in CONDITIONS else rule


def lines_of(files: list[Path]) -> list[bytes]:
    """The events of the files, one a line; without files, made-up ones."""
    if not files:
        return [orjson.dumps(event) for event in cloudtrail_events(World(), (WARM_UP + 20) * CHUNK, seed=1)]
    texts = [lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes() for file in files]
    found = [line for text in texts for line in text.splitlines() if line.strip()]
    times = -(-(WARM_UP + 20) * CHUNK // len(found))  # a few thousand events are too few: they go round
    return found * times


def cpu_us(work: Callable[[list[bytes]], object], chunk: list[bytes]) -> float:
    """CPU microseconds an event."""
    before = time.process_time_ns()
    work(chunk)
    return (time.process_time_ns() - before) / 1_000 / len(chunk)


def floor(chunk: list[bytes]) -> None:
    """What any program over these lines pays."""
    for line in chunk:
        orjson.loads(line)


def matching(rule_set: RuleSet) -> Callable[[list[bytes]], None]:
    """Decode and match."""
    decoder, matcher = Decoder("cloudtrail", PRESETS["cloudtrail"]), Matcher(rule_set)

    def work(chunk: list[bytes]) -> None:
        for line in chunk:
            for event in decoder.decode(line, ""):
                matcher.matches(event)

    return work


def whole(rule_set: RuleSet, counts: dict[type, int]) -> Callable[[list[bytes]], None]:
    """Decode, match, conditions, alerts."""
    decoder, pipeline, state = Decoder("cloudtrail", PRESETS["cloudtrail"]), Pipeline(rule_set), MemoryState()

    def work(chunk: list[bytes]) -> None:
        for line in chunk:
            for event in decoder.decode(line, ""):
                for output in pipeline.take(event, state):
                    counts[output.__class__] = counts.get(output.__class__, 0) + 1

    return work


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="events, one JSON a line, perhaps compressed with xz")
    options = parser.parse_args()
    lines = lines_of(options.files)
    chunks = [lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK)]
    print(f"{len(lines):,} events of {sum(map(len, lines)) // len(lines):,} bytes;", end=" ")
    print(f"Python {platform.python_version()}, orjson {version('orjson')}, google-re2 {version('google-re2')}\n")
    print("| rules | work | matches/event | alerts/event | us/event | x orjson.loads | events/CPU s |")
    print("|---|---|---|---|---|---|---|")
    calls = calls_in(lines) if options.files else []
    for size in SIZES:
        counts: dict[type, int] = {}
        works = {"orjson.loads": floor, "decode": matching(RuleSet()), "decode + match": matching(rules(size, calls))}
        works["whole pipeline"] = whole(rules(size, calls), counts)
        for chunk in chunks[:WARM_UP]:
            for work in works.values():
                work(chunk)
        counts.clear()
        gc.collect()
        gc.freeze()
        spent = {name: [] for name in works}
        for chunk in chunks[WARM_UP:]:
            for name, work in works.items():
                spent[name].append(cpu_us(work, chunk))
        number = sum(map(len, chunks[WARM_UP:]))
        for name, all_us in spent.items():
            us, ratio = (
                statistics.median(all_us),
                statistics.median(map(float.__truediv__, all_us, spent["orjson.loads"])),
            )
            told = (
                " | "
                if name != "whole pipeline"
                else f"{counts.get(Matched, 0) / number:.3f} | {counts.get(Opened, 0) / number:.3f}"
            )
            print(f"| {size} | {name} | {told} | {us:.2f} | {ratio:.2f} | {1e6 / us:,.0f} |", flush=True)
        gc.unfreeze()


if __name__ == "__main__":
    main()
