"""The tests inside rules: events, the alerts they must give, and a comparison that people can read.

Nothing runs here: whoever has an engine runs the events, and compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json, canonical, json_equal

from .document import Document, Place
from .problem import Span

RENDERED_KEYS: Final = ("slack", "email", "told")
"""What an expectation may name that is not in an alert's JSON: texts that the message must hold, and the receivers that
are told."""

_MESSAGES: Final = frozenset({"slack", "email"})
_LONG: Final = 40
"""From so many characters on, two texts are shown where they first differ."""
_BEFORE: Final = 24
_AFTER: Final = 56

_TIMES: Final = frozenset({"opened_at", "last_at"})


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test of one rule.

    Attributes:
        name: what it shows.
        rule_id: the rule it belongs to.
        events: records as the source gives them (by default the Audit API); ``id`` and ``created_at`` may be missing.
            Among them ``{"tick": TIME}``: the clock, see ``is_tick``.
        alerts: for each alert in order, what must be true of it; empty if there must be none.
        span: where the test is written.
    """

    name: str
    rule_id: str
    events: tuple[dict[str, Json], ...]
    alerts: tuple[Mapping[str, Json], ...]
    span: Span


def is_tick(record: Mapping[str, Json]) -> bool:
    """Whether an entry of ``events`` is no record but the clock, which has come so far."""
    return record.keys() == {"tick"}


class Difference(NamedTuple):
    """One thing that is not as expected.

    Attributes:
        where: such as ``alerts[0].title``; ``alerts`` for their number.
        expected: the value of the test; None where an alert came that nobody expected.
        actual: the value of the alert; None where there is none.
    """

    where: str
    expected: Json
    actual: Json

    def __str__(self) -> str:
        """Where, then expected over actual, so that the eye can compare them; below long texts where they part."""
        if _are_long(self.expected, self.actual):
            return _parted(self.where, self.expected, self.actual)
        return f"{self.where}\n  - expected: {_shown(self.expected)}\n  + actual:   {_shown(self.actual)}"


def _are_long(expected: Json, actual: Json) -> bool:
    return isinstance(expected, str) and isinstance(actual, str) and min(len(expected), len(actual)) >= _LONG


def _parted(where: str, expected: str, actual: str) -> str:
    """Both texts around the first character that differs, and a caret below it."""
    pairs = enumerate(zip(expected, actual, strict=False))
    at = next((place for place, (wanted, found) in pairs if wanted != found), min(len(expected), len(actual)))
    start = max(0, at - _BEFORE)
    shown = [_shown(text[start : at + _AFTER]) for text in (expected, actual)]
    before = ["…" if start else "", "…" if start else ""]
    after = ["…" if len(text) > at + _AFTER else "" for text in (expected, actual)]
    # The caret counts the characters as they are shown: a line feed is two.
    indent = len(before[0]) + len(_shown(expected[start:at])) - 1
    return (
        f"{where}\n  - expected: {before[0]}{shown[0]}{after[0]}\n  + actual:   {before[1]}{shown[1]}{after[1]}\n"
        f"              {' ' * indent}^ character {at + 1}"
    )


def _shown(value: Json) -> str:
    return "nothing" if value is None else canonical(value)


def read_tests(document: Document) -> tuple[RuleTest, ...]:
    """The tests of a rule whose outline is valid."""
    return tuple(_read(document, ("tests", position)) for position in range(len(document.value.get("tests", ()))))


def _read(document: Document, place: Place) -> RuleTest:
    test = document.at(place)
    span = document.span_of_value((*place, "name"))
    return RuleTest(test["name"], document.value["id"], tuple(test["events"]), tuple(test["alerts"]), span)


def compare(expected: Sequence[Mapping[str, Json]], actual: Sequence[Mapping[str, Json]]) -> list[Difference]:
    """How alerts, as JSON, differ from what a test expects; an empty list if they do not.

    Their number must be equal; of each alert only the keys that the expectation names are compared. Times are compared
    as instants, numbers by value. ``slack`` and ``email`` name texts that the message must contain.
    """
    differences = []
    if len(expected) != len(actual):
        titles = [str(alert.get("title") or alert.get("rule_id", "")) for alert in actual]
        differences.append(
            Difference(
                "alerts", _count(len(expected)), f"{_count(len(actual))}{': ' if titles else ''}{'; '.join(titles)}"
            )
        )
    for position, (wanted, alert) in enumerate(zip(expected, actual, strict=False)):
        for name, value in wanted.items():
            differences += _compare(f"alerts[{position}].{name}", name, value, alert.get(name))
    return differences


def _count(number: int) -> str:
    return f"{number} alert{'' if number == 1 else 's'}"


def _compare(where: str, name: str, wanted: Json, found: Json) -> Iterator[Difference]:
    if name in _MESSAGES:
        for text in wanted if isinstance(wanted, list) else [wanted]:
            if text not in (found or ""):
                yield Difference(f"{where} contains", text, found)
    elif name in _TIMES and isinstance(wanted, str) and isinstance(found, str):
        instant = parse_time(wanted)
        if instant is None or instant != parse_time(found):
            yield Difference(where, wanted, found)
    elif isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for member in sorted(wanted.keys() | found.keys()):
            if not _same(member, wanted, found):
                yield Difference(f"{where}.{member}", wanted.get(member), found.get(member))
    elif not json_equal(wanted, found):
        yield Difference(where, wanted, found)


def _same(member: Any, wanted: Mapping[str, Json], found: Mapping[str, Json]) -> bool:
    return member in wanted and member in found and json_equal(wanted[member], found[member])
