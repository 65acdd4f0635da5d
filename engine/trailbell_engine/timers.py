"""Conditions that fire because nothing came: wake-up calls in event time.

A key asks for its call again and again: each event of an ``absent`` key puts it off. So a call is filed once, under
the grain of time in which it was first due, and when that comes the key's memory says when it is really due, if at all.
Only calls due in the present grain stand in a heap; of all others there is the text of the key.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from .agenda import GRAIN_BITS, NEVER_US, Agenda, Page


class Call(NamedTuple):
    """Who asks: a rule, in one version, and the key's text. It orders the calls of one instant."""

    rule_id: str
    version: str
    key: str


Asks: TypeAlias = Callable[[str, Call], int | None]
"""At which instant by a source's clock a call is due, as its memory says now; None if it asks for none any more."""


class Timers:
    """The pending calls by source, by whose clock they are due.

    Attributes:
        next_us: before it nothing is due, by no clock.
    """

    def __init__(self) -> None:
        self.next_us = NEVER_US
        self._queues: dict[str, _Queue] = {}
        self._rules = _Rules()

    def add(self, source: str, call: Call, at_us: int) -> None:
        """Ask for a call at an instant. One that was asked for an earlier one need not be asked for again."""
        queue = self._queues.get(source)
        if queue is None:
            queue = self._queues[source] = _Queue(source, self._rules)
        queue.add(call, at_us)
        self.next_us = min(self.next_us, queue.next_us)

    def before(self, source: str, time_us: int, asks: Asks) -> Iterator[tuple[int, Call]]:
        """Take out the source's calls before an instant, in order of time and call."""
        queue = self._queues.get(source)
        if queue is not None and queue.next_us < time_us:
            yield from queue.due(time_us, asks)
            self.next_us = min(each.next_us for each in self._queues.values())


class _Queue:
    """The calls of one source.

    Attributes:
        next_us: before it nothing is due.
    """

    def __init__(self, source: str, rules: _Rules) -> None:
        self.next_us = NEVER_US
        self._source = source
        self._near: list[tuple[int, Call]] = []
        self._far: Agenda[Call] = Agenda(lambda: _Calls(rules))
        self._grain: int | None = None

    def add(self, call: Call, at_us: int) -> None:
        grain = at_us >> GRAIN_BITS
        if self._grain is not None and grain <= self._grain:
            heapq.heappush(self._near, (at_us, call))
            self.next_us = min(self.next_us, at_us)
        else:
            self._far.file(grain, call)
            self.next_us = min(self.next_us, grain << GRAIN_BITS)

    def due(self, time_us: int, asks: Asks) -> Iterator[tuple[int, Call]]:
        """While it is walked through, calls may be added."""
        while self.next_us < time_us:
            while self._far.next is not None and self._far.next << GRAIN_BITS < time_us:
                self._open(asks)
            if self._near and self._near[0][0] < time_us:
                at_us, call = heapq.heappop(self._near)
                while self._near and self._near[0] == (at_us, call):
                    heapq.heappop(self._near)  # asked for twice, when a late event brought it forward
                asked_us = asks(self._source, call)
                if asked_us == at_us:
                    yield at_us, call
                elif asked_us is not None and asked_us > at_us:
                    self.add(call, asked_us)
            self._find_next()

    def _open(self, asks: Asks) -> None:
        """Look at what was filed under the next grain."""
        self._grain, page = self._far.take()
        for call in dict.fromkeys(page):
            asked_us = asks(self._source, call)
            if asked_us is not None:
                self.add(call, asked_us)

    def _find_next(self) -> None:
        self.next_us = self._near[0][0] if self._near else NEVER_US
        if self._far.next is not None:
            self.next_us = min(self.next_us, self._far.next << GRAIN_BITS)


class _Rules:
    """Rules in their versions, numbered: a number is shorter than the two."""

    def __init__(self) -> None:
        self.names: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, call: Call) -> int:
        name = call.rule_id, call.version
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


class _Calls(Page[Call]):
    """Calls as text, a line each: a key's JSON has no line breaks."""

    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._text = bytearray()

    def append(self, item: Call, /) -> None:
        self._text += f"{self._rules.number(item)} {item.key}\n".encode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[Call]:
        for line in self._text.decode("utf-8", "surrogatepass").split("\n")[:-1]:
            number, _, key = line.partition(" ")
            yield Call(*self._rules.names[int(number)], key)
