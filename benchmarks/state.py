"""What rules remember: bytes a key, and the cost of a match through its window as a multiple of matching it.

    python benchmarks/state.py [--keys 1000000]

Memory is the growth of the whole process, divided by the keys; events have UUIDs for ids, keys are names of 12 letters.
Each figure is taken in a process of its own. Time is CPU time, in chunks: matching alone, and the whole pipeline over
the same events, in turn; what the pipeline takes beyond matching its one rule is the window. Before the table stands
what matching many rules takes. *busy* has 1,000 keys; *spread* draws from a tenth of ``--keys``, by default 100,000,
which a dry-run still has at hand; *packed* draws from all of them, so that nearly each one comes from the packed table.
"""

import argparse
import gc
import multiprocessing
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import orjson
from mixed_rules import Maker
from vonage_events import events as vonage_events
from world import World

from trailbell_engine.conditions import CONDITIONS, Condition
from trailbell_engine.conditions.sequence import SequenceStep
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import AllOf, Test
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import HOUR_US

CHUNK = 1_000
BUSY_KEYS = 1_000
START_US = 1_780_000_000_000_000
COUNTRIES = ("GB", "DE", "US", "FR", "JP", "BR", "IN", "KE")

OF = parse_path("value")
STEPS = (
    SequenceStep("first", Test(OF, "equals", -1)),  # never: so windows fill and nothing fires
    SequenceStep("second", Test(parse_path("event_type"), "equals", "LOGIN")),
)
PARAMETERS = {
    "each": {},
    "count": {"at_least": 1_000, "within": HOUR_US},
    "distinct": {"of": (OF,), "at_least": 1_000, "within": HOUR_US},
    "metric": {"function": "sum", "of": OF, "above": 10**9, "within": HOUR_US},
    "ratio": {"of": Test(OF, "gt", 10**9), "above": 0.5, "within": HOUR_US},
    "spike": {"factor": 1_000, "within": HOUR_US},
    "absent": {"for": HOUR_US},
    "first_seen": {"of": (parse_path("country"),), "within": HOUR_US, "learn": HOUR_US},
    "changed": {"of": parse_path("city")},
    "sequence": {"steps": STEPS, "within": HOUR_US},
    "impossible_travel": {"location": parse_path("city"), "faster_than": 1e9},
}


def rules(name: str) -> RuleSet:
    """One rule with that condition by user, which matches every event and never fires (but for ``each``)."""
    match = AllOf(
        (Test(parse_path("event_type"), "equals", "LOGIN"), Test(parse_path("status"), "in", ("ok", "failed")))
    )
    condition: Condition = CONDITIONS[name].build(by=(parse_path("user"),), **PARAMETERS[name])
    return RuleSet([Rule("r", "low", match, condition, Words("t"))])


def events(number: int, keys: int, seed: int = 1, *, each_once: bool = False) -> Iterator[Event]:
    """So many events of so many users; with ``each_once`` the users come in turn."""
    rng = Random(seed)
    for position in range(number):
        user = position if each_once else rng.randrange(keys)
        record = {
            "event_type": "LOGIN",
            "status": rng.choice(("ok", "failed")),
            "user": f"user-{user:07d}",
            "value": rng.randrange(1000),
            "country": COUNTRIES[user % 3 + rng.randrange(2)],
            "city": COUNTRIES[user % 8],
        }
        event_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        yield Event("audit", event_id, "LOGIN", START_US + position * 200, record)


def chunks(items: Iterator[Event]) -> Iterator[list[Event]]:
    """In lists of ``CHUNK``."""
    while chunk := [event for event, _ in zip(items, range(CHUNK), strict=False)]:
        yield chunk


def cpu_us(work: Callable[[Event], object], chunk: list[Event]) -> float:
    """CPU microseconds of the work on every event."""
    before = time.process_time_ns()
    for event in chunk:
        work(event)
    return (time.process_time_ns() - before) / 1_000 / len(chunk)


def cost(name: str, keys: int, number: int) -> tuple[float, float]:
    """Median CPU microseconds an event of matching alone, and of the whole pipeline."""
    ruled = rules(name)
    matcher, pipeline, state = Matcher(ruled), Pipeline(ruled), MemoryState()
    for event in events(keys, keys, each_once=True):
        pipeline.take(event, state)
    gc.collect()
    gc.freeze()
    figures = [
        (cpu_us(matcher.matches, chunk), cpu_us(lambda event: pipeline.take(event, state), chunk))
        for chunk in chunks(events(number, keys, seed=2))
    ]
    matching, whole = zip(*figures, strict=True)
    return statistics.median(matching), statistics.median(whole)


def yardstick(number: int = 1_000) -> tuple[float, float]:
    """Median CPU microseconds of matching an event against so many mixed rules: never seen before, and seen."""
    matcher, decoder = Matcher(Maker(World(), 7_000_003 + number).mixed(number)), Decoder("audit", PRESETS["vonage"])
    items = [decoder.decode(orjson.dumps(event), "")[0] for event in vonage_events(World(), 60_000, 5)]
    for event in items[:40_000]:
        matcher.matches(event)
    gc.freeze()
    figures = [
        (cpu_us(matcher.matches, chunk), cpu_us(matcher.matches, chunk)) for chunk in chunks(iter(items[40_000:]))
    ]
    fresh, hot = zip(*figures, strict=True)
    return statistics.median(fresh), statistics.median(hot)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def memory(name: str, keys: int, events_a_key: int) -> float:
    """Bytes a key, after so many events of each."""
    pipeline, state = Pipeline(rules(name)), MemoryState()
    first = next(events(1, 1, seed=3))
    pipeline.take(first, state)
    gc.collect()
    before = resident()
    for seed in range(events_a_key):
        for position, event in enumerate(events(keys, keys, seed, each_once=True)):
            pipeline.take(event._replace(time_us=START_US + (seed * keys + position) * 200), state)
    gc.collect()
    return (resident() - before) / keys


def apart(work: Callable[..., object], *arguments: object) -> object:
    """The result of the work in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--only", choices=tuple(PARAMETERS), action="append")
    options = parser.parse_args()
    names = options.only or PARAMETERS
    fresh, hot = apart(yardstick)
    print(f"matching an event against 1,000 mixed rules: {fresh:.2f} us fresh, {hot:.2f} us hot\n")
    print(f"| {'condition':18} | match us | busy: window us | spread: window us | packed: window us |")
    print("|---|---|---|---|---|")
    for name in names:
        figures = [apart(cost, name, keys, 100_000) for keys in (BUSY_KEYS, options.keys // 10, options.keys)]
        windows = " | ".join(f"{whole - matching:17.2f}" for matching, whole in figures)
        print(f"| {name:18} | {figures[0][0]:8.2f} | {windows} |", flush=True)
    print(f"\n| condition, {options.keys:,} keys | bytes a key, 1 event each | 3 events each |")
    print("|---|---|---|")
    for name in names:
        if name != "each":
            one, three = (apart(memory, name, options.keys, number) for number in (1, 3))
            print(f"| {name:18} | {one:25.0f} | {three:13.0f} |", flush=True)


if __name__ == "__main__":
    main()
