"""Silences: what is not told for a while, by whose wish and why. The alerts themselves are stored and counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json, canonical

from .matchers import Labels, Matcher, parse_matcher

Phase: TypeAlias = Literal["pending", "active", "expired"]


LONGEST_US: Final = 90 * DAY_US
"""A silence that somebody wished is looked at again after so long."""
_UNHEARD_OF: Final = "\ue000 no label's value \ue001"


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
    matchers: Sequence[str],
    *,
    starts_us: int,
    ends_us: int,
    author: str,
    comment: str,
    origin: str = "cli",
    sweeping: bool = False,
) -> Silence:
    """A silence of these matchers, with its id.

    Args:
        matchers: all must hold.
        starts_us: from when on, of event time.
        ends_us: until when.
        author: who wishes it.
        comment: why.
        origin: what made it. One of the configuration may last longer than others and be sweeping: it was reviewed.
        sweeping: it may hold on every value of its labels.

    Raises:
        MatcherError: if one of them is no matcher.
        SilenceError: if it would hide everything, or nothing ever, or lasts too long, or nobody says why. As in
            Alertmanager one matcher at least must not hold on the empty text.
    """
    parsed = tuple(sorted(map(parse_matcher, matchers)))
    if all(matcher.holds({}) for matcher in parsed):
        raise SilenceError(
            "it would hide alerts that nobody thought of: every matcher holds where the label is missing",
            'name what it is about: `rule="…"`, `user_email="…"`',
        )
    if ends_us <= starts_us:
        raise SilenceError("it ends before it begins", "give it an end after its start")
    if origin != "config":
        _check_wish(parsed, ends_us - starts_us, comment, sweeping=sweeping)
    text = canonical([[str(matcher) for matcher in parsed], starts_us, ends_us, author, comment, origin])
    id_ = f"sil_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return Silence(id_, parsed, starts_us, ends_us, author, comment, origin)


def _check_wish(matchers: Sequence[Matcher], lasts_us: int, comment: str, *, sweeping: bool) -> None:
    """What somebody wishes in a hurry is held to more than what stands in a configuration."""
    if not comment.strip():
        raise SilenceError("nobody says why", "give it a comment: people read it beside what is hidden")
    if lasts_us > LONGEST_US:
        raise SilenceError(
            f"it would last {-(-lasts_us // DAY_US)} days, and {LONGEST_US // DAY_US} are the most",
            "what is to be quiet for longer belongs into the configuration: `silences:` there, or a route",
        )
    if not sweeping and all(matcher.holds({matcher.label: (_UNHEARD_OF,)}) for matcher in matchers):
        names = " and ".join(sorted({matcher.label for matcher in matchers}))
        raise SilenceError(
            f"it would hide every alert that has a {names}, whatever it is",
            "name values; or say `--force` to `trailbell silences add` if all of them is what you mean",
        )


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
