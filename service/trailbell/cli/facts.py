"""Parts of an explanation on the terminal that ``explain`` and ``why-not`` share: labelled lines, events, memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from trailbell_engine.event import Event
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json, canonical
from trailbell_notifiers.policy.routing import Decision
from trailbell_notifiers.words.subjects import ACTOR, ADDRESS, first_value

from .printable import printable

if TYPE_CHECKING:
    from trailbell.explaining import Memory

_LABEL_CELLS: Final = 10
_EVENTS_SHOWN: Final = 10


def fact(name: str, value: str | Text, style: str = "") -> Text:
    """A dim label, and beside it what it labels."""
    text = Text(f"{name:<{_LABEL_CELLS}}", "dim")
    return text.append_text(value if isinstance(value, Text) else Text(value, style or "not dim"))


def print_lines(console: Console, heading: Text | None, lines: Iterator[Text] | Sequence[Text]) -> None:
    """An empty line, a heading, and lines indented below it."""
    console.print()
    if heading is not None:
        console.print(heading, soft_wrap=True)
    for line in lines:
        console.print(Text("  ").append_text(line), soft_wrap=True)


def event_line(event: Event) -> str:
    """``USER_LOGIN  2026-11-02T10:00:00Z  ada@example.com  203.0.113.9``: type, time, who, from where."""
    parts = (event.event_type, format_time(event.time_us), first_value(ACTOR, event), first_value(ADDRESS, event))
    return printable("  ".join(part for part in parts if part))


def event_rows(ids: Sequence[str], events: Mapping[str, Event], count: int) -> Iterator[Text]:
    """The contributing events in columns, oldest first; those that the store does not have any more by id only."""
    rows = [(event_id, _cells(events.get(event_id))) for event_id in ids[:_EVENTS_SHOWN]]
    widths = [max((len(cells[column]) for _, cells in rows), default=0) for column in range(4)]
    for event_id, cells in rows:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)
        yield Text(padded).append(f"  {printable(event_id)}", "dim")
    if count > _EVENTS_SHOWN:
        yield Text(f"… and {count - min(len(rows), _EVENTS_SHOWN):,} more", "dim")


def _cells(event: Event | None) -> tuple[str, str, str, str]:
    if event is None:
        return "not in the store", "", "", ""
    actor, address = first_value(ACTOR, event), first_value(ADDRESS, event)
    return format_time(event.time_us), printable(event.event_type), printable(actor), printable(address)


def key_text(key: Mapping[str, Json]) -> str:
    """``user_email "ada@example.com", country null``."""
    return printable(", ".join(f"{name} {canonical(value)}" for name, value in key.items()))


def memory_lines(memory: Memory) -> Iterator[Text]:
    """What a rule remembers of a key now, and whether firings would fold."""
    if memory.key:
        yield fact("key", key_text(memory.key))
    if memory.state != "":
        yield fact("now", "nothing is remembered of this key" if memory.state is None else printable(memory.state))
    if memory.folding is not None:
        open_ = memory.folding
        words = f"alert {open_.alert_id[:12]} is open: firings before {format_time(open_.until_us)} fold into it"
        yield fact("folding", f"{words} ({open_.firings} so far)" if open_.firings > 1 else words)


def told_lines(told: Sequence[Decision], *, experimental: bool) -> Iterator[Text]:
    """Who would be told, and why."""
    if experimental:
        yield Text("nobody: the rule is experimental", "yellow")
    elif not told:
        yield Text("nobody: no route is configured and the rule names no receiver", "yellow")
    width = max((len(decision.receiver) for decision in told), default=0)
    for decision in told:
        yield Text(decision.receiver.ljust(width)).append(f"   {printable(decision.reason)}", "dim")
