"""What a message says, before any channel gives it a form: built once per alert, plain text, cleaned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from trailbell_engine.alert import Alert
from trailbell_engine.event import Event
from trailbell_engine.rule import Words
from trailbell_engine.timestamps import format_time

from .render import VALUE_LIMIT, Presentation, value_text
from .subjects import ACTOR, ADDRESS, COUNTRY, TARGET, first_value, label_of
from .text import fit, one_line, unwrapped

Kind: TypeAlias = Literal["opened", "resolved", "test"]
"""Why a message goes out."""

FIELDS_SHOWN: Final = 8
_EMOJI: Final = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵", "info": "⚪"}
_EVENT_PART_LIMIT: Final = 80
_LABEL_LIMIT: Final = 60
_WHY_LIMIT: Final = 1_000


class Field(NamedTuple):
    """A label and its value, one line each."""

    label: str
    value: str


class EventLine(NamedTuple):
    """One of the newest events: when, who, what, from where. A part that the event does not have is empty."""

    time: str
    actor: str
    action: str
    address: str

    def __str__(self) -> str:
        return "  ".join(part for part in self if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The content of a notification. Colour is never the only sign: severity is a word and an emoji.

    Attributes:
        kind: why it goes out.
        headline: emoji, severity or state in words, title.
        title: the presentation's.
        summary: one sentence.
        fields: at most ``FIELDS_SHOWN``.
        events: the newest ones, oldest first.
        earlier: how many contributing events are not among ``events``; 0 where the alert carries none.
        why: actual against threshold.
        previous: what the alert before it folded, in words; may be empty.
        about: the rule's description, in paragraphs and lists.
        links: (label, URL) of the runbook and the references; ``http`` and ``https`` only.
        problems: what went wrong in making the message; shown, never hidden.
    """

    alert: Alert
    words: Words
    kind: Kind
    headline: str
    title: str
    summary: str
    fields: tuple[Field, ...]
    events: tuple[EventLine, ...]
    earlier: int
    why: str
    previous: str
    about: str
    links: tuple[Field, ...]
    problems: tuple[str, ...]


def compose(alert: Alert, words: Words, presentation: Presentation, kind: Kind = "opened") -> Message:
    """The message about an alert. Pure: the same alert, words and presentation give the same message.

    Args:
        alert: as the engine made it.
        words: of its rule.
        presentation: what ``present(alert, words)`` gave.
        kind: why it goes out.
    """
    return Message(
        alert=alert,
        words=words,
        kind=kind,
        headline=f"{sign(alert, kind)} · {presentation.title}",
        title=presentation.title,
        summary=presentation.summary,
        fields=_fields(alert, presentation),
        events=_event_lines(alert),
        earlier=max(0, alert.event_count - len(alert.events)) if alert.events else 0,
        why=fit(one_line(alert.why), _WHY_LIMIT),
        previous=_previous(alert),
        about=unwrapped(words.description),
        links=tuple(_links(words)),
        problems=presentation.problems,
    )


def sign(alert: Alert, kind: Kind) -> str:
    """``🔴 Critical``, ``✅ Resolved``, ``🧪 Test``: emoji and word."""
    if kind == "test":
        return "🧪 Test"
    if kind == "resolved":
        return "✅ Resolved"
    return f"{_EMOJI[alert.severity]} {alert.severity.capitalize()}"


def readable_time(time_us: int) -> str:
    """``2026-11-22 22:44:49Z``: UTC, to the second."""
    return format_time(time_us - time_us % 1_000_000).replace("T", " ")


def _fields(alert: Alert, presentation: Presentation) -> tuple[Field, ...]:
    chosen: list[Field] = []
    for label, value in _candidates(alert, presentation):
        field = Field(fit(label, _LABEL_LIMIT), fit(value, VALUE_LIMIT))
        known = any(field.value == other.value or field.label == other.label for other in chosen)
        if field.value and not known and len(chosen) < FIELDS_SHOWN:
            chosen.append(field)
    return tuple(chosen)


def _candidates(alert: Alert, presentation: Presentation) -> Iterator[Field]:
    """In order of worth: what the rule asks for, the key, who and from where, how often and when."""
    event = alert.opener
    country = first_value(COUNTRY, event)
    address = first_value(ADDRESS, event)
    for label, value in presentation.fields:
        shown = f"{value} · {country}" if value == address and country else value
        yield Field(label, shown)
    yield from (
        Field(label_of(name), "none" if value is None else value_text(value)) for name, value in alert.key.items()
    )
    yield Field("Actor", first_value(ACTOR, event))
    yield Field("Source IP", " · ".join(part for part in (address, country) if part))
    yield Field("Target", first_value(TARGET, event))
    yield Field("Count", str(alert.event_count) if alert.event_count > 1 else "")
    yield Field("First seen", readable_time(alert.opened_at_us))
    yield Field("Last seen", readable_time(alert.last_at_us))
    yield Field("Rule", alert.rule_id)


def _event_lines(alert: Alert) -> tuple[EventLine, ...]:
    days = {event.time_us // 86_400_000_000 for event in (*alert.events, alert.opener)}
    return tuple(_event_line(event, short=len(days) == 1) for event in alert.events)


def _event_line(event: Event, *, short: bool) -> EventLine:
    time = readable_time(event.time_us)
    parts = (first_value(ACTOR, event), one_line(event.event_type), first_value(ADDRESS, event))
    return EventLine(time[11:] if short else time, *(fit(part, _EVENT_PART_LIMIT) for part in parts))


def _previous(alert: Alert) -> str:
    if alert.previous is None:
        return ""
    times = "one more firing" if alert.previous.firings == 1 else f"{alert.previous.firings} more firings"
    return f"The alert before this one folded {times}, the last at {readable_time(alert.previous.last_at_us)}."


def _links(words: Words) -> Iterator[Field]:
    if is_web_link(words.runbook):
        yield Field("Runbook", words.runbook)
    for reference in words.references:
        if is_web_link(reference):
            yield Field(one_line(urlsplit(reference).hostname or reference), reference)


def is_web_link(text: str) -> bool:
    """Whether it may be offered as a link: http or https, a host, and nothing that could end the markup around it."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not set(text) & set("<>|\"'` \\\n\r\t")
        and text.isprintable()
    )
