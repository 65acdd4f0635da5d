"""Messages of trailbell about itself: somebody tries a receiver, a receiver fails, works again, or refuses messages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trailbell_engine.alert import Alert, Severity
from trailbell_engine.event import Event
from trailbell_engine.rule import Words
from trailbell_engine.values import canonical
from trailbell_notifiers.message import Kind, Message, Place, compose
from trailbell_notifiers.words.render import Presentation

RULE_ID: Final = "trailbell-delivery"
"""Stands where other messages have the id of a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What to say.

    Attributes:
        kind: ``test`` or ``meta``.
        subject: what it is about: the same for all notices about one thing.
        episode: tells the occasions of one subject apart.
        number: of the notice in its thread.
        title: one line.
        summary: one sentence.
        fields: (label, value).
        at_us: when it is said (microseconds, UTC).
    """

    kind: Kind
    subject: str
    episode: str
    title: str
    summary: str
    at_us: int
    fields: Sequence[tuple[str, str]] = ()
    number: int = 0
    severity: Severity = "high"


def notice_id(*parts: str) -> str:
    """32 hex digits that stand for these words."""
    return hashlib.sha256(canonical(["notice", *parts]).encode()).hexdigest()[:32]


def notice_message(notice: Notice, thread: str) -> Message:
    """The message of a notice, for any channel; ``thread`` is the same for all notices of one occasion."""
    event = Event(
        "trailbell",
        notice_id(notice.subject, notice.episode, str(notice.number)),
        f"TRAILBELL_{notice.kind.upper()}",
        notice.at_us,
        {"title": notice.title},
    )
    alert = Alert(
        id=notice_id(notice.subject),
        rule_id=RULE_ID,
        rule_version="",
        severity=notice.severity,
        key={},
        opened_at_us=notice.at_us,
        last_at_us=notice.at_us,
        event_count=1,
        event_ids=(),
        events=(),
        opener=event,
    )
    presentation = Presentation(notice.title, notice.summary, tuple(notice.fields), ())
    return compose(alert, Words(notice.title), presentation, notice.kind, Place(number=notice.number, thread=thread))
