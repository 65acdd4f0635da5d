"""What a message says, before any channel gives it a form: built once per alert or group, plain text, cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from trailbell_engine.alert import Alert
from trailbell_engine.event import Event
from trailbell_engine.rule import Words
from trailbell_engine.timestamps import format_time

from .words.render import VALUE_LIMIT, Presentation, value_text
from .words.subjects import ACTOR, ADDRESS, COUNTRY, TARGET, first_value, label_of
from .words.text import fit, one_line, unwrapped

Kind: TypeAlias = Literal["opened", "updated", "reminder", "resolved", "digest", "test", "meta"]
"""Why a message goes out: the first of a group, news of it, nothing new but still open, all of it over, what was held
back while it could not be told, somebody tries the receiver, something is wrong with the delivery of others."""

FIELDS_SHOWN: Final = 8
_EMOJI: Final = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵", "info": "⚪"}
_SIGNS: Final[dict[Kind, str]] = {"resolved": "✅ Resolved", "test": "🧪 Test", "meta": "🔧 Delivery"}
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


class Member(NamedTuple):
    """One alert of a group, with its words.

    Attributes:
        new: no message before this one told of it.
        acknowledged: somebody looks after it.
    """

    alert: Alert
    words: Words
    presentation: Presentation
    new: bool = True
    acknowledged: bool = False

    def __str__(self) -> str:
        """One line: ``🟠 High  2026-11-22 22:44:49Z  Title``, and what has become of it."""
        over = self.alert.state == "resolved"
        state = "resolved" if over else "acknowledged" if self.acknowledged else ""
        parts = (sign(self.alert, "opened"), readable_time(self.alert.opened_at_us), self.presentation.title, state)
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A message's place in the life of its group: what a single alert's first message does not need.

    Attributes:
        members: alerts of the group, newest first, the lead among them; at most ``MEMBERS_KEPT``.
        alert_count: of the whole group; more than ``members`` where some are left out.
        group: the labels that the alerts share, and by which they were grouped.
        number: how many messages of this episode went to the receiver before this one.
        thread: the episode's id, the same for all its messages; empty stands for the alert's id.
        change: what is new since the last message, in words; may be empty.
    """

    members: tuple[Member, ...] = ()
    alert_count: int = 1
    group: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    thread: str = ""
    change: str = ""


ALONE: Final = Place()
MEMBERS_KEPT: Final = 50
"""How many alerts of a group a message carries; ``alert_count`` tells the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The content of a notification. Colour is never the only sign: severity is a word and an emoji.

    Attributes:
        alert: the lead: the most severe of the open ones, of several the newest.
        members: the group's alerts with their words, newest first, the lead among them; at most ``MEMBERS_KEPT``.
        alert_count: how many alerts the group has.
        group: the labels by which they were grouped; empty for an alert by itself.
        kind: why it goes out.
        number: how many messages of this thread went to the receiver before.
        thread: stable id of the group's episode: the alert's own id for an alert by itself.
        change: what is new since the last message, in words; may be empty.
        headline: emoji, severity or state in words, title, and how many more alerts there are.
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
    members: tuple[Member, ...]
    alert_count: int
    group: Mapping[str, str]
    number: int
    thread: str
    change: str

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Those of ``members``: newest first, at least one."""
        return tuple(member.alert for member in self.members)


def compose(
    alert: Alert, words: Words, presentation: Presentation, kind: Kind = "opened", place: Place = ALONE
) -> Message:
    """The message about an alert or a group. Pure: the same arguments give the same message.

    Args:
        alert: the lead, as the engine made it.
        words: of its rule.
        presentation: what ``present(alert, words)`` gave.
        kind: why it goes out.
        place: in its group's life.
    """
    more = f" · and {place.alert_count - 1} more" if place.alert_count > 1 else ""
    return Message(
        alert=alert,
        words=words,
        kind=kind,
        headline=f"{sign(alert, kind)} · {presentation.title}{more}",
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
        members=place.members[:MEMBERS_KEPT] or (Member(alert, words, presentation, new=kind == "opened"),),
        alert_count=max(1, place.alert_count),
        group=dict(place.group),
        number=place.number,
        thread=place.thread or alert.id,
        change=place.change,
    )


def sign(alert: Alert, kind: Kind) -> str:
    """``🔴 Critical``, ``✅ Resolved``, ``🧪 Test``: emoji and word."""
    if kind in _SIGNS:
        return _SIGNS[kind]
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
