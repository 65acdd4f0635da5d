"""Matching the shipped pack against Vonage-like events, as a multiple of decoding the same events with orjson.

    python benchmarks/match.py [--events 20000] [--rounds 7]

Absolute times move with the machine and with what else runs on it; only figures of one run can be compared. So the
events go through in chunks, each chunk is decoded and matched in turn, the CPU time of both is taken, and the median
over the rounds is told. ``pack x 10`` holds every rule ten times under other ids: it shows what one more rule costs.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version

import orjson

import trailbell
from trailbell.testing.synthetic import events
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.rule import RuleSet

CHUNK = 1_000


def copies(rules: RuleSet, number: int) -> RuleSet:
    """The rules so many times, under other ids."""
    return RuleSet([replace(rule, id=f"{rule.id}-{copy}") for copy in range(number) for rule in rules])


def parse(lines: list[bytes]) -> None:
    """The floor: what any program over these lines pays."""
    for line in lines:
        orjson.loads(line)


def decode(lines: list[bytes]) -> Iterator[Event]:
    """Lines to events: envelope found, size and depth checked."""
    decoder = Decoder("vonage", PRESETS["vonage"])
    for line in lines:
        yield from (event for event in decoder.decode(line, "") if isinstance(event, Event))


def drop(items: Iterable[object]) -> None:
    """Make them one at a time and keep none, as a stream does."""
    for _ in items:
        pass


def match(matcher: Matcher, batch: list[Event]) -> int:
    """How many (rule, event) pairs match."""
    return sum(len(matcher.matches(event)) for event in batch)


def cpu_us(work: Callable[[], object]) -> float:
    """CPU microseconds of the work in this process."""
    before = time.process_time_ns()
    work()
    return (time.process_time_ns() - before) / 1_000


def one_round(lines: list[bytes], matchers: dict[str, Matcher]) -> dict[str, float]:
    """CPU microseconds per event of each piece of work, chunk by chunk in turn."""
    spent = dict.fromkeys(("orjson.loads", "decode", *matchers), 0.0)
    for start in range(0, len(lines), CHUNK):
        chunk = lines[start : start + CHUNK]
        spent["orjson.loads"] += cpu_us(lambda chunk=chunk: parse(chunk))
        spent["decode"] += cpu_us(lambda chunk=chunk: drop(decode(chunk)))
        batch = list(decode(chunk))
        for name, matcher in matchers.items():
            spent[name] += cpu_us(lambda matcher=matcher, batch=batch: match(matcher, batch))
    return {name: us / len(lines) for name, us in spent.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    lines = [orjson.dumps(event) for event in events(options.events)]
    pack = trailbell.load_rules("pack:vonage")
    sets = {"match, pack x 1": pack, "match, pack x 10": copies(pack, 10)}
    matchers = {name: Matcher(rules) for name, rules in sets.items()}
    everything = list(decode(lines))
    one_round(lines, matchers)  # warm caches
    rounds = [one_round(lines, matchers) for _ in range(options.rounds)]
    print(f"{len(lines):,} events of {sum(map(len, lines)) // len(lines)} bytes; {options.rounds} rounds, medians")
    print(f"Python {platform.python_version()}, orjson {version('orjson')}, google-re2 {version('google-re2')}\n")
    print("| work | rules | matches/event | us/event | x orjson.loads |")
    print("|---|---|---|---|---|")
    for name in rounds[0]:
        us = statistics.median(each[name] for each in rounds)
        ratio = statistics.median(each[name] / each["orjson.loads"] for each in rounds)
        rules = f"{len(sets[name])} | {match(matchers[name], everything) / len(lines):.3f}" if name in sets else "| "
        print(f"| {name} | {rules} | {us:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
