"""Silences: what is not told for a while, by whose wish and why. The alerts themselves are stored and counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json, canonical

from .matchers import Labels, Matcher, parse_matcher

Phase: TypeAlias = Literal["pending", "active", "expired"]


class SilenceError(ValueError):
    """A silence that cannot be.

    Attributes:
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


class Silence(NamedTuple):
    """Alerts on which all matchers hold are not told in ``[starts_us, ends_us)`` of event time (microseconds, UTC).

    Attributes:
        id: ``sil_`` and 16 hex digits, a hash of the rest.
        author: who wished it.
        comment: why.
        origin: ``cli``, ``config`` or what else made it.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts_us: int
    ends_us: int
    author: str
    comment: str
    origin: str = "cli"

    def covers(self, labels: Labels) -> bool:
        """Whether it is about such an alert."""
        return all(matcher.holds(labels) for matcher in self.matchers)

    def phase(self, time_us: int) -> Phase:
        """What it is at an instant."""
        return "pending" if time_us < self.starts_us else "active" if time_us < self.ends_us else "expired"

    def __str__(self) -> str:
        return ", ".join(map(str, self.matchers))

    def to_json(self) -> dict[str, Json]:
        """For interfaces and stores; times as RFC 3339."""
        return {
            "id": self.id,
            "matchers": [str(matcher) for matcher in self.matchers],
            "starts_at": format_time(self.starts_us),
            "ends_at": format_time(self.ends_us),
            "author": self.author,
            "comment": self.comment,
            "origin": self.origin,
        }


def new_silence(
    matchers: Sequence[str], *, starts_us: int, ends_us: int, author: str, comment: str, origin: str = "cli"
) -> Silence:
    """A silence of these matchers, with its id.

    Raises:
        MatcherError: if one of them is no matcher.
        SilenceError: if it would hide everything, or nothing ever; as in Alertmanager one matcher at least must not
            hold on the empty text.
    """
    parsed = tuple(sorted(map(parse_matcher, matchers)))
    if all(matcher.holds({}) for matcher in parsed):
        raise SilenceError(
            "it would hide alerts that nobody thought of: every matcher holds where the label is missing",
            'name what it is about: `rule="…"`, `user_email="…"`',
        )
    if ends_us <= starts_us:
        raise SilenceError("it ends before it begins", "give it an end after its start")
    text = canonical([[str(matcher) for matcher in parsed], starts_us, ends_us, author, comment, origin])
    id_ = f"sil_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return Silence(id_, parsed, starts_us, ends_us, author, comment, origin)


def silence_of_json(record: Mapping[str, Any], starts_us: int, ends_us: int) -> Silence:
    """The silence that ``to_json`` wrote; its times come as the store keeps them."""
    matchers = tuple(map(parse_matcher, record["matchers"]))
    return Silence(record["id"], matchers, starts_us, ends_us, record["author"], record["comment"], record["origin"])


def covering(silences: Iterable[Silence], labels: Labels, time_us: int) -> Silence | None:
    """Of the silences that hide such an alert at this instant the one that lasts longest; None if none does."""
    found = [
        silence for silence in silences if silence.starts_us <= time_us < silence.ends_us and silence.covers(labels)
    ]
    return max(found, key=lambda silence: (silence.ends_us, silence.id), default=None)
