"""Which time of each source has been read, and when something was wrong with it: the tables of the watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from trailbell.watch.spans import Span, union, without

from .database import Database


class Watched(NamedTuple):
    """What is known of a source, by the wall clock (microseconds since the epoch, UTC).

    Attributes:
        source: its name.
        kind: of it.
        ran_us: when somebody ran last who would have read it, had it let him.
        seen_us: when it was read last, whether or not it had anything to say; None if it never was.
        heard_us: when it last gave something new.
        newest_us: when its newest event happened.
    """

    source: str
    kind: str
    ran_us: int
    seen_us: int | None = None
    heard_us: int | None = None
    newest_us: int | None = None


class Episode(NamedTuple):
    """A time in which something was wrong with a source, by the wall clock.

    Attributes:
        source: its name.
        trouble: ``failing``, ``lagging``, ``quiet``, or ``stopped`` where nobody ran.
        since_us: when it began.
        until_us: when it was over; None while it goes on.
        told: it is recorded as an event.
        reason: in words.
    """

    source: str
    trouble: str
    since_us: int
    until_us: int | None
    told: bool
    reason: str


class Rows(Protocol):
    """What can be asked: a store that is open for writing, or one of its readers."""

    def rows(self, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""


class Coverage:
    """Writes what the watch finds out, inside the transaction of the inputs that it follows from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, span: Span, live_us: int) -> None:
        """Note that everything of a stretch of time has been read.

        What has been read before stays as it was noted then. So the table has a row for each stretch between two gaps,
        and not one for each poll.

        Args:
            source: whose time it is.
            span: what has been read, in event time.
            live_us: what happened before was read late.
        """
        around = self._database.rows(
            "SELECT from_us, until_us, late FROM covered WHERE source = ? AND until_us >= ? AND from_us <= ?",
            (source, span.from_us, span.until_us),
        )
        fresh = without([span], [Span(from_us, until_us) for from_us, until_us, _ in around])
        if not fresh:
            return
        before = Span(min(span.from_us, live_us), live_us)
        parts = {1: [part for one in fresh for part in _both(one, before)], 0: without(fresh, [before])}
        for late, new in parts.items():
            old = {Span(from_us, until_us) for from_us, until_us, was_late in around if was_late == late}
            now = set(union([*old, *new]))
            self._database.executemany(
                "DELETE FROM covered WHERE source = ? AND from_us = ?", [(source, gone.from_us) for gone in old - now]
            )
            self._database.executemany(
                "INSERT INTO covered (source, from_us, until_us, late) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (source, from_us) DO UPDATE SET until_us = excluded.until_us, late = excluded.late",
                [(source, come.from_us, come.until_us, late) for come in sorted(now - old)],
            )

    def note(self, watched: Watched) -> None:
        """Note what is known of a source."""
        self._database.execute(
            "INSERT INTO watched (source, kind, ran_us, seen_us, heard_us, newest_us) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (source) DO UPDATE SET kind = excluded.kind, ran_us = excluded.ran_us, "
            "seen_us = excluded.seen_us, heard_us = excluded.heard_us, newest_us = excluded.newest_us",
            tuple(watched),
        )

    def begun(self, episode: Episode) -> None:
        """Something is wrong, or is known to have been; or what is known already is told now."""
        self._database.execute(
            "INSERT INTO trouble (source, trouble, since_us, until_us, told, reason) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (source, trouble, since_us) DO UPDATE SET told = excluded.told, reason = excluded.reason",
            (*episode[:4], int(episode.told), episode.reason),
        )

    def ended(self, source: str, trouble: str, until_us: int) -> None:
        """It is over. What nobody was told of had no weight, and is forgotten."""
        values = (source, trouble)
        self._database.execute(
            "DELETE FROM trouble WHERE source = ? AND trouble = ? AND until_us IS NULL AND told = 0", values
        )
        self._database.execute(
            "UPDATE trouble SET until_us = ? WHERE source = ? AND trouble = ? AND until_us IS NULL", (until_us, *values)
        )


def _both(span: Span, other: Span) -> Iterator[Span]:
    first, after = max(span.from_us, other.from_us), min(span.until_us, other.until_us)
    if first < after:
        yield Span(first, after)


def read_watched(rows: Rows) -> dict[str, Watched]:
    """Every source that was ever watched."""
    found = rows.rows("SELECT source, kind, ran_us, seen_us, heard_us, newest_us FROM watched ORDER BY source")
    return {row[0]: Watched(*row) for row in found}


def read_covered(rows: Rows) -> dict[str, list[tuple[Span, bool]]]:
    """Per source the stretches that have been read, in order, and whether each was read late."""
    spans: dict[str, list[tuple[Span, bool]]] = {}
    for source, from_us, until_us, late in rows.rows(
        "SELECT source, from_us, until_us, late FROM covered ORDER BY source, from_us"
    ):
        spans.setdefault(source, []).append((Span(from_us, until_us), bool(late)))
    return spans


def read_episodes(rows: Rows) -> list[Episode]:
    """Everything that was ever wrong, in order."""
    found = rows.rows(
        "SELECT source, trouble, since_us, until_us, told, reason FROM trouble ORDER BY source, since_us, trouble"
    )
    return [
        Episode(source, trouble, since_us, until_us, bool(told), reason)
        for source, trouble, since_us, until_us, told, reason in found
    ]


def read_quarantined(rows: Rows) -> dict[str, int]:
    """Per source how many of its records are no events; when they happened nobody knows."""
    return dict(rows.rows("SELECT source, count(*) FROM quarantine GROUP BY source ORDER BY source"))


class Stretch(NamedTuple):
    """A version of a rule, and the numbers of the inputs after and up to which it ran; None while it runs."""

    version: str
    after_seq: int
    until_seq: int | None


def read_stretches(rows: Rows) -> dict[str, list[Stretch]]:
    """Per rule when which version of it ran."""
    stretches: dict[str, list[Stretch]] = {}
    for rule_id, *stretch in rows.rows(
        "SELECT rule_id, version, after_seq, until_seq FROM rule_version ORDER BY rule_id, after_seq, version"
    ):
        stretches.setdefault(rule_id, []).append(Stretch(*stretch))
    return stretches


def read_reached(rows: Rows) -> dict[int, dict[str, int]]:
    """By the number of an input after which rules were exchanged: until when each source had been read."""
    reached: dict[int, dict[str, int]] = {}
    for after_seq, source, until_us in rows.rows("SELECT after_seq, source, until_us FROM reached"):
        reached.setdefault(after_seq, {})[source] = until_us
    return reached


def last_stretch(spans: Iterable[tuple[Span, bool]]) -> Span | None:
    """The last time that was read without a break, whether late or not."""
    merged = union(span for span, _ in spans)
    return merged[-1] if merged else None
