"""Other engines that Python programs can use, on the rules that they can say: microseconds an event, and x ours.

    python benchmarks/peers.py [--seconds 3] [10 100 1000]

The rules are ``mixed_rules.mixed`` without networks, hours and presence, which hardly another engine has, and without
lists of tags. The events are Vonage-like, half of them such as match. Verdicts are compared on every event that an
engine is measured on; the first difference ends the run. Decoding JSON, and taking from the record the fields that
rules read, count for nobody. Slow engines get as many events as fit into the seconds, at least three.
"""

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import islice

from mixed_rules import Maker
from peer_languages import PEERS, Flat, Peer, flat
from vonage_events import events as vonage_events
from world import World

from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.predicate import tests
from trailbell_engine.rule import Rule, RuleSet

ALONE = ("cidr", "exists", "outside")
EARLIER, NUMBER = 3_000, 3_000
AT_LEAST = 3


def portable(world: World, number: int) -> list[Rule]:
    """So many mixed rules that others can say, too."""
    made = Maker(world, 7 * 1_000_003 + number).mixed(2 * number)
    return [
        rule
        for rule in made
        if not any(test.operator in ALONE or "tags" in str(test.path) for test in tests(rule.match))
    ][:number]


def chosen(matcher: Matcher, events: list[Event]) -> list[Event]:
    """The same events, first those that match and that do not in turn, as far as there are any."""
    hits = [event for event in events if matcher.matches(event)]
    others = [event for event in events if not matcher.matches(event)]
    mixed = [event for pair in zip(hits, others, strict=False) for event in pair]
    return [*mixed, *hits[len(others) :], *others[len(hits) :]]


def measure(
    peer: Peer, rules: Sequence[Rule], events: list[Event], earlier: list[Event], seconds: float
) -> tuple[float, float, int]:
    """Microseconds an event of the peer and of ours, warm from earlier events, and how many events were compared."""
    paths = sorted({str(test.path) for rule in rules for test in tests(rule.match)})
    records: list[Flat] = [flat(event.data, paths) for event in events]
    evaluate = peer.compile(rules)
    evaluate(records[0])
    verdicts, spent_ns = [], 0
    for record in records:
        before = time.process_time_ns()
        verdicts.append(evaluate(record))
        spent_ns += time.process_time_ns() - before
        if spent_ns > seconds * 1e9 and len(verdicts) >= AT_LEAST:
            break
    matcher = Matcher(RuleSet(rules))
    for event in earlier:
        matcher.matches(event)
    before = time.process_time_ns()
    ours = [matcher.matches(event) for event in islice(events, len(verdicts))]
    our_ns = time.process_time_ns() - before
    for event, given, hits in zip(events, verdicts, ours, strict=False):
        differing = {rule.id for rule, holds in zip(rules, given, strict=True) if holds} ^ {hit.rule.id for hit in hits}
        if differing:
            sys.exit(f"{peer.name} and trailbell differ about {sorted(differing)} on {event.data}")
    return spent_ns / 1_000 / len(verdicts), our_ns / 1_000 / len(verdicts), len(verdicts)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=(10, 100, 1_000))
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    world = World()
    events = [
        Event("vonage", data["id"], data["event_type"], position, data)
        for position, data in enumerate(vonage_events(world, EARLIER + NUMBER, seed=1))
    ]
    print(f"Python {platform.python_version()}\n")
    print("| engine | version | rules | it can say | events compared | us/event | ours, the same rules | x ours |")
    print("|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        rules = portable(world, size)
        picked = chosen(Matcher(RuleSet(rules)), events[EARLIER:])
        for peer in PEERS:
            try:
                installed = version(peer.distribution)
            except PackageNotFoundError:
                print(f"| {peer.name} | not installed | {size:,} | | | | | |")
                continue
            said = [rule for rule in rules if peer.can_say(rule)]
            us, our_us, compared = measure(peer, said, picked, events[:EARLIER], options.seconds)
            print(
                f"| {peer.name} | {installed} | {size:,} | {len(said):,} | {compared:,} "
                f"| {us:,.1f} | {our_us:.1f} | {us / our_us:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
