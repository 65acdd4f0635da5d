"""The events that rules matched, kept in a temporary file, so that a changed rule can be tried without the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Final, Self

from trailbell_engine.alert import Matched, Output
from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_engine.event import Event, Input

PER_RULE: Final = 10_000
"""Matches kept of one rule, the first ones; more tell little that is new."""
IN_ALL: Final = 500_000
"""Matches kept of all rules: a bound on disk and on time (about 2 us each)."""
_IN_MEMORY_BYTES: Final = 16 * 1024 * 1024


class MatchSpool:
    """A sink that keeps matches, and gives them back in the order in which the rules saw them."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__
        self._kept: Counter[str] = Counter()
        self._total = 0
        self._last_us: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def take(self, item: Input, outputs: Sequence[Output]) -> None:  # noqa: ARG002 - the protocol's signature
        """Keep the matches among the outputs."""
        for output in outputs:
            if output.__class__ is Matched:
                self._keep(output.rule_id, output.event)

    def committed(self) -> None:
        """Nobody waits for the spool."""

    def complete(self, rule_id: str, matched: int) -> bool:
        """Whether all of a rule's matches are kept."""
        return self._kept[rule_id] == matched

    def until_us(self, rule_id: str) -> int:
        """The time of the newest match that is kept of a rule."""
        return self._last_us.get(rule_id, 0)

    def matches(self, rule_ids: frozenset[str]) -> Iterator[tuple[str, Event]]:
        """The kept matches of these rules."""
        self._file.seek(0)
        for line in self._file:
            rule_id, _, rest = line.partition(b"\t")
            name = rule_id.decode()
            if name in rule_ids:
                source, event_id, event_type, time_us, untimed, data = read_json(rest)
                yield name, Event(source, event_id, event_type, time_us, data, untimed)

    def _keep(self, rule_id: str, event: Event) -> None:
        if self._kept[rule_id] >= PER_RULE or self._total >= IN_ALL:
            return
        self._kept[rule_id] += 1
        self._total += 1
        self._last_us[rule_id] = max(event.time_us, self._last_us.get(rule_id, 0))
        record = [event.source, event.id, event.event_type, event.time_us, event.untimed, event.data]
        self._file.write(rule_id.encode() + b"\t" + write_json(record) + b"\n")
