"""Sample messages for trying channels out: an ordinary alert, a group, and ones whose every text is hostile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from trailbell_engine.alert import SEVERITIES, Alert, Folded
from trailbell_engine.event import Event
from trailbell_engine.path import parse_path
from trailbell_engine.rule import Words
from trailbell_notifiers.message import Kind, Member, Message, Place, compose
from trailbell_notifiers.words.render import present

OPENED_US: Final = 1_793_617_200_000_000
"""2026-11-02T11:00:00Z."""
SAMPLE_WORDS: Final = Words(
    title="Voice route of {{ context.msisdn }} changed from {{ change.old }} to {{ change.new }}",
    summary="{{ user_email or 'The API' }} moved {{ context.msisdn }} to {{ context['voice-value'] }}",
    fields=tuple(map(parse_path, ("user_email", "source_ip", "context.voice-value"))),
    description="Calls to the number now go somewhere else.",
    references=("https://developer.vonage.com/en/audit/overview",),
    runbook="https://wiki.example.com/runbooks/voice-route",
    tags=("vonage", "attack.t1565"),
    owner="telecom-platform",
)


def sample_event(number: int = 0, **fields: object) -> Event:
    """A change of a number's voice route, ``number`` minutes after the first, with fields replaced."""
    data = {
        "id": f"e{number}",
        "event_type": "NUMBER_UPDATED",
        "created_at": f"2026-11-02T11:0{number}:00",
        "user_email": "ada@example.com",
        "source_ip": "203.0.113.9",
        "source_country": "FR",
        "context": {"msisdn": "447700900000", "voice-type": "app", "voice-value": "a1b2c3d4"},
        **fields,
    }
    return Event("vonage", str(data["id"]), str(data["event_type"]), OPENED_US + number * 60_000_000, data)


def sample_alert() -> Alert:
    """Three changes of a number's voice route; the last one opened the alert."""
    events = tuple(map(sample_event, range(3)))
    return Alert(
        id="0123456789abcdef0123456789abcdef",
        rule_id="vonage-number-voice-type-changed",
        rule_version="a1b2c3d4e5f6",
        severity="high",
        key={"context.msisdn": "447700900000"},
        opened_at_us=events[0].time_us,
        last_at_us=events[-1].time_us,
        event_count=41,
        event_ids=tuple(f"e{number}" for number in range(41)),
        events=events,
        opener=events[-1],
        facts={"change": {"old": "sip", "new": "app"}, "count": 41},
        why="41 changes in 2m, threshold 3 in 10m",
        previous=Folded("fedcba9876543210fedcba9876543210", 12, OPENED_US - 3_600_000_000),
    )


def sample_message(kind: Kind = "opened") -> Message:
    """The message of that alert."""
    alert = sample_alert()
    if kind == "resolved":
        alert = replace(alert, state="resolved", last_at_us=alert.last_at_us + 600_000_000)
    return compose(alert, SAMPLE_WORDS, present(alert, SAMPLE_WORDS), kind)


def sample_group(size: int = 7, kind: Kind = "updated") -> Message:
    """A message about several alerts of different severities, one of them over, one looked after."""
    return _grouped([_numbered(number) for number in range(size)], kind)


@lru_cache(maxsize=4_096)
def hostile_message(text: str, kind: Kind = "opened", *, size: int = 1) -> Message:
    """A message whose every text, but for what the rule's author wrote, is ``text``.

    Args:
        text: one of ``hostile.hostile_texts()``.
        kind: why it goes out.
        size: how many alerts it tells of.
    """
    return _grouped([_hostile(text, number) for number in range(size)], kind, {"actor": text, text: "x"})


def _numbered(number: int) -> Alert:
    return replace(
        sample_alert(),
        id=f"{number:032x}",
        severity=SEVERITIES[::-1][number % len(SEVERITIES)],
        key={"context.msisdn": f"44770090000{number}"},
        opener=sample_event(2, context={"msisdn": f"44770090000{number}", "voice-value": "a1b2c3d4"}),
        state="resolved" if number % 5 == 3 else "open",
    )


def _hostile(text: str, number: int) -> Alert:
    data = {
        "user_email": text,
        "source_ip": text,
        "source_country": text,
        "context": {"msisdn": text, "voice-value": text, "list": [text, text], text: text},
        text: text,
    }
    event = Event("vonage", text, text, OPENED_US, data)
    return replace(
        sample_alert(),
        id=f"{number:032x}",
        events=(event,) * 5,
        opener=event,
        event_ids=(text,) * 5,
        event_count=9,
        key={"context.msisdn": text, "user_email": text},
        facts={"change": {"old": text, "new": text}},
        why=f"changed from {text} to {text}",
    )


def _grouped(alerts: list[Alert], kind: Kind, group: dict[str, str] | None = None) -> Message:
    members = tuple(_members(alerts))
    lead = members[0]
    if len(members) == 1:
        place = Place(group=group or {})
    else:
        shared = group or {"rule": lead.alert.rule_id}
        place = Place(
            members=members,
            alert_count=len(members) + 3,
            group=shared,
            number=1,
            thread="grp_0123456789abcdef",
            change="2 more alerts since 11:05:00Z",
        )
    return compose(lead.alert, SAMPLE_WORDS, lead.presentation, kind, place)


def _members(alerts: list[Alert]) -> Iterator[Member]:
    for number, alert in enumerate(alerts):
        yield Member(
            alert, SAMPLE_WORDS, present(alert, SAMPLE_WORDS), new=number % 3 == 0, acknowledged=number % 5 == 2
        )
