"""``trailbell fields``: which fields and values rules can use, from history and from what sources document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit, Failure
from .printable import printable

if TYPE_CHECKING:
    from rich.table import Table

    from trailbell.profile import FieldUse, Names, Profile
    from trailbell_engine.values import Json

_VALUES: Final = 5
_VALUE_CELLS: Final = 32


@click.command(name="fields")
@click.argument("text", required=False, default="")
@click.option("--events", "-e", multiple=True, metavar="PATH", help="Look at files, not at the store; repeatable.")
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option("--type", "-t", "event_type", metavar="TYPE", help="Only events of this kind.")
@click.option(
    "--values", type=click.IntRange(0, 1_000), default=_VALUES, show_default=True, help="Values of each field."
)
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    text: str,
    events: Sequence[str],
    map_name: str | None,
    event_type: str | None,
    values: int,
    config_file: Path | None,
    format_: str,
) -> int:
    """What rules can ask for: each field with its path as rules write it, its types, the share of events that have it,
    and its commonest values; and the fields that the source documents and history does not hold.

    With TEXT, only fields whose path or values contain it, whatever the case.
    """
    profile = _profile(events, map_name, event_type, config_file)
    entries = [entry for entry in _entries(profile, event_type, values) if _about(entry, text.casefold())]
    if format_ == "json":
        click.echo(json.dumps(_document(profile, entries), ensure_ascii=False, indent=2))
    else:
        _print(profile, entries)
    return Exit.OK


def _profile(events: Sequence[str], map_name: str | None, event_type: str | None, config_file: Path | None) -> Profile:
    from trailbell.store.address import place

    from .profiles import profile_of_files, profile_of_store

    if events:
        profile = profile_of_files(events, map_name, event_type)
    else:
        config = config_or_fail(config_file, secrets=False)
        found = profile_of_store(config.store, event_type)
        if found is None:
            raise Failure(
                Exit.CONFIGURATION,
                f"there is no history in {place(config.store)}",
                "name files of events with --events",
            )
        profile = found
    if not profile.events:
        what = f"no event is a {event_type}" if event_type else "there are no events"
        raise Failure(Exit.SOURCE, what, "without --type, `fields` lists the kinds there are" if event_type else "")
    return profile


def _entries(profile: Profile, event_type: str | None, values: int) -> list[dict[str, Any]]:
    """Every field as a JSON object: those of history by their path, then those that are only documented."""
    found = [_envelope(profile, values)]
    found += [_entry(profile, names, use, values) for names, use in sorted(profile.fields.items())]
    if event_type is not None:
        return found
    known = {entry["path"] for entry in found}
    return found + [
        {"path": path, "types": [], "share": 0.0, "values": [], "more_values": False, "documented": True}
        for path in sorted(_documented(profile) - known)
    ]


def _entry(profile: Profile, names: Names, use: FieldUse, values: int) -> dict[str, Any]:
    from trailbell_engine.path import Path as FieldPath

    path = str(FieldPath(names))
    return {
        "path": path,
        "types": sorted(use.types),
        "share": round(profile.share(use), 6),
        "values": _commonest(use.values, values),
        "more_values": use.more or len(use.values) > values,
        "documented": path in _documented(profile),
    }


def _envelope(profile: Profile, values: int) -> dict[str, Any]:
    """The kind of event, which every event has, whatever its source calls it."""
    return {
        "path": "event_type",
        "types": ["string"],
        "share": 1.0,
        "values": _commonest(profile.event_types, values),
        "more_values": len(profile.event_types) > values,
        "documented": True,
    }


def _commonest(values: Mapping[Json, int], limit: int) -> list[dict[str, Any]]:
    ranked = sorted(values.items(), key=lambda item: (-item[1], str(item[0])))
    return [{"value": value, "events": number} for value, number in ranked[:limit]]


def _documented(profile: Profile) -> frozenset[str]:
    """What the sources document whose kinds of events were seen."""
    from trailbell.vocabulary import VOCABULARIES
    from trailbell_engine.event import ENVELOPE

    spoken = (entry for entry in VOCABULARIES if entry.event_types & profile.event_types.keys())
    return frozenset(name for entry in spoken for name in entry.fields | entry.paths) - {*ENVELOPE}


def _about(entry: dict[str, Any], wanted: str) -> bool:
    return wanted in entry["path"].casefold() or any(
        wanted in str(value["value"]).casefold() for value in entry["values"]
    )


def _document(profile: Profile, entries: list[dict[str, Any]]) -> dict[str, Any]:
    from trailbell_engine.timestamps import format_time

    return {
        "schema": 1,
        "events": profile.events,
        "looked_into": profile.read.total(),
        "first": None if profile.first_us is None else format_time(profile.first_us),
        "last": None if profile.last_us is None else format_time(profile.last_us),
        "event_types": [{"event_type": name, "events": number} for name, number in _kinds(profile)],
        "more_fields": profile.more,
        "fields": entries,
    }


def _kinds(profile: Profile) -> list[tuple[str, int]]:
    return sorted(profile.event_types.items(), key=lambda item: (-item[1], item[0]))


def _print(profile: Profile, entries: list[dict[str, Any]]) -> None:
    console = out()
    seen = profile.seen()
    looked = f", of which {profile.read.total():,} were looked into" if profile.read.total() < profile.events else ""
    console.print(f"{seen}{looked}", style="dim", soft_wrap=True)
    kinds = _kinds(profile)
    shown = ", ".join(f"{printable(name) or '(none)'} {number:,}" for name, number in kinds[:_KINDS_SHOWN])
    rest = f", … and {len(kinds) - _KINDS_SHOWN} more" if len(kinds) > _KINDS_SHOWN else ""
    console.print(f"kinds: {shown}{rest}", soft_wrap=True)
    console.print()
    seen_fields = [entry for entry in entries if entry["types"]]
    unseen = [entry["path"] for entry in entries if not entry["types"]]
    if seen_fields:
        console.print(_table(seen_fields))
    if unseen:
        console.print(f"\ndocumented, not seen: {', '.join(unseen)}", style="dim", soft_wrap=True)
    if not entries:
        console.print("no field is like that", style="yellow")
    if profile.more:
        console.print("there are more fields than are kept here: name a --type", style="yellow")


_KINDS_SHOWN: Final = 12


def _table(entries: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("field", overflow="fold")
    table.add_column("type")
    table.add_column("events", justify="right")
    table.add_column("commonest values", overflow="fold", ratio=1)
    for entry in entries:
        share = f"{entry['share']:.0%}" if entry["share"] >= 0.01 else "<1%"
        table.add_row(printable(entry["path"]), " ".join(entry["types"]), share, _values(entry))
    return table


def _values(entry: dict[str, Any]) -> str:
    from trailbell_engine.values import canonical

    shown = [value["value"] for value in entry["values"]]
    texts = [printable(value if isinstance(value, str) and value else canonical(value)) for value in shown]
    cut = [text if len(text) <= _VALUE_CELLS else text[: _VALUE_CELLS - 1] + "…" for text in texts]
    return ", ".join(cut) + (", …" if cut and entry["more_values"] else "")
