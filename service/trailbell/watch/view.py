"""What was read and what was not, by source and by rule: the ledger, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from trailbell.store.coverage import (
    Episode,
    Rows,
    Stretch,
    Watched,
    read_covered,
    read_episodes,
    read_quarantined,
    read_reached,
    read_stretches,
    read_watched,
)
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .limits import LAG_AFTER_US
from .spans import Span, total_us, union, within, without

_ALWAYS: Final = 2**62


class Gap(NamedTuple):
    """A time that was not read, and why."""

    span: Span
    why: str

    def to_json(self) -> dict[str, Json]:
        """With times as text."""
        return {**_span_json(self.span), "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One source in a window of time.

    Attributes:
        name: of the source.
        watched: what is known of it; None if it has not said anything.
        state: ``well``, ``failing``, ``lagging``, ``quiet``, or ``stopped`` where nobody reads it now.
        reason: of the state, in words.
        window: what was looked at; it begins with what was read first at the earliest.
        read: what was read, late or not.
        late: of it what was read long after it happened.
        gaps: what was not.
        troubles: what was wrong in the window.
        quarantined: its records that are no events, as long as they are kept.
    """

    name: str
    watched: Watched | None
    state: str
    reason: str
    window: Span
    read: Sequence[Span]
    late: Sequence[Span]
    gaps: Sequence[Gap]
    troubles: Sequence[Episode]
    quarantined: int

    @property
    def read_until_us(self) -> int | None:
        """Until when all has been read, gaps before it left aside."""
        return self.read[-1].until_us if self.read else None

    def to_json(self) -> dict[str, Json]:
        """As documents have it."""
        until_us, watched = self.read_until_us, self.watched
        return {
            "name": self.name,
            "kind": "" if watched is None else watched.kind,
            "state": self.state,
            "reason": self.reason,
            "read_until": _text(until_us),
            "behind_s": None if until_us is None else (self.window.until_us - until_us) // SECOND_US,
            "last_read": None if watched is None else _text(watched.seen_us),
            "last_heard": None if watched is None else _text(watched.heard_us),
            "newest_event": None if watched is None else _text(watched.newest_us),
            "share": _share(self.read, self.window),
            "read": [_span_json(span) for span in self.read],
            "read_late": [_span_json(span) for span in self.late],
            "gaps": [gap.to_json() for gap in self.gaps],
            "troubles": [
                {
                    "trouble": one.trouble,
                    "from": _text(one.since_us),
                    "until": _text(one.until_us),
                    "reason": one.reason,
                }
                for one in self.troubles
            ],
            "quarantined": self.quarantined,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule in a window of time.

    Attributes:
        id: of the rule.
        version: that runs, or ran last.
        seen: by source, what was read while the rule ran.
        missed: by source, what was read, and not by the rule: it did not run.
    """

    id: str
    version: str
    seen: Mapping[str, Sequence[Span]]
    missed: Mapping[str, Sequence[Span]]

    def to_json(self) -> dict[str, Json]:
        """As documents have it."""
        return {
            "id": self.id,
            "version": self.version,
            "not_seen": [
                {"source": source, **_span_json(span)} for source, spans in self.missed.items() for span in spans
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """Sources and rules in a window; what no source has read, no rule has seen."""

    window: Span
    now_us: int
    sources: Sequence[SourceView]
    rules: Sequence[RuleView]

    def to_json(self) -> dict[str, Json]:
        """The whole document."""
        return {
            "schema": 1,
            **_span_json(self.window),
            "sources": [source.to_json() for source in self.sources],
            "rules": [rule.to_json() for rule in self.rules],
        }


def coverage_view(rows: Rows, now_us: int, since_us: int | None = None, until_us: int | None = None) -> CoverageView:
    """The ledger of a store.

    Args:
        rows: the store, or a reader of it.
        now_us: the clock, microseconds since the epoch, UTC.
        since_us: where to begin; by default with what was read first.
        until_us: where to end; by default now.
    """
    covered = read_covered(rows)
    window = _window(covered, now_us, since_us, until_us)
    watched, episodes, quarantined = read_watched(rows), read_episodes(rows), read_quarantined(rows)
    names = sorted({*covered, *watched})
    sources = [
        _source(name, watched.get(name), covered.get(name, []), window, now_us, episodes, quarantined.get(name, 0))
        for name in names
    ]
    reached = read_reached(rows)
    read = {source.name: source.read for source in sources}
    rules = [_rule(rule_id, stretches, read, reached) for rule_id, stretches in read_stretches(rows).items()]
    return CoverageView(window=window, now_us=now_us, sources=sources, rules=rules)


def _window(
    covered: Mapping[str, Sequence[tuple[Span, bool]]], now_us: int, since_us: int | None, until_us: int | None
) -> Span:
    until_us = now_us if until_us is None else min(until_us, now_us)
    if since_us is None:
        since_us = min((spans[0][0].from_us for spans in covered.values()), default=until_us)
    return Span(min(since_us, until_us), until_us)


def _source(
    name: str,
    watched: Watched | None,
    covered: Sequence[tuple[Span, bool]],
    window: Span,
    now_us: int,
    episodes: Sequence[Episode],
    quarantined: int,
) -> SourceView:
    read = within([span for span, _ in covered], [window])
    late = within([span for span, was_late in covered if was_late], [window])
    own = [one for one in episodes if one.source == name]
    first_us = min((span.from_us for span, _ in covered), default=window.from_us)
    asked = Span(max(first_us, window.from_us), window.until_us)
    gaps = [_gap(span, own) for span in without([asked], read) if not _is_usual(span, now_us)]
    state, reason = _state(watched, own, now_us)
    return SourceView(
        name=name,
        watched=watched,
        state=state,
        reason=reason,
        window=asked,
        read=read,
        late=late,
        gaps=gaps,
        troubles=[one for one in own if one.since_us < window.until_us and (one.until_us or now_us) > window.from_us],
        quarantined=quarantined,
    )


def _is_usual(span: Span, now_us: int) -> bool:
    """What happened just now is read soon."""
    return span.until_us >= now_us and span.us <= LAG_AFTER_US


def _gap(span: Span, episodes: Sequence[Episode]) -> Gap:
    for trouble in ("stopped", "failing", "lagging"):
        for one in episodes:
            ends_us = _ALWAYS if one.until_us is None else one.until_us
            if one.trouble == trouble and one.since_us < span.until_us and span.from_us < ends_us:
                return Gap(span, one.reason if trouble != "failing" else f"it could not be read: {one.reason}")
    return Gap(span, "not read yet")


def _state(watched: Watched | None, episodes: Sequence[Episode], now_us: int) -> tuple[str, str]:
    if watched is None:
        return "stopped", "never read"
    if now_us - watched.ran_us > LAG_AFTER_US:
        return "stopped", "nobody runs"
    for one in reversed(episodes):
        if one.until_us is None and one.told:
            return one.trouble, one.reason
    return "well", ""


def _rule(
    rule_id: str,
    stretches: Sequence[Stretch],
    read: Mapping[str, Sequence[Span]],
    reached: Mapping[int, Mapping[str, int]],
) -> RuleView:
    seen, missed = {}, {}
    for source, spans in read.items():
        ran = union(_ran(stretches, source, reached))
        seen[source] = within(spans, ran)
        left = without(spans, ran)
        if left:
            missed[source] = left
    return RuleView(id=rule_id, version=stretches[-1].version, seen=seen, missed=missed)


def _ran(stretches: Sequence[Stretch], source: str, reached: Mapping[int, Mapping[str, int]]) -> Iterator[Span]:
    """The time of a source that was read while the rule ran."""
    for stretch in stretches:
        from_us = reached.get(stretch.after_seq, {}).get(source, -_ALWAYS)
        until_us = _ALWAYS
        if stretch.until_seq is not None:
            until_us = reached.get(stretch.until_seq, {}).get(source, -_ALWAYS)
        yield Span(from_us, until_us)


def _share(spans: Sequence[Span], window: Span) -> float:
    return round(total_us(spans) / window.us, 6) if window.us > 0 else 0.0


def _span_json(span: Span) -> dict[str, Json]:
    return {"from": format_time(span.from_us), "until": format_time(span.until_us)}


def _text(time_us: int | None) -> str | None:
    return None if time_us is None else format_time(time_us)
