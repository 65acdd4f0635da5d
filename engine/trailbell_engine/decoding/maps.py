"""Maps: where a record keeps its id, its type and its time, and whether it is a wrapping around many records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trailbell_engine.path import Path, PathError, Root, parse_path
from trailbell_engine.values import Json


@dataclass(frozen=True, slots=True)
class EventMap:
    """Where the envelope of an event lies. Of several paths the first that finds a usable value counts.

    Attributes:
        name: also the source name of events that are read from files, so that pulled and polled events agree.
        id: paths to the source's own id.
        event_type: paths to the kind of event.
        time: paths to when it happened.
        unwrap: a path to an array of records inside a wrapping, such as ``Records``; None where none is known.
    """

    name: str
    id: tuple[Path, ...] = ()
    event_type: tuple[Path, ...] = ()
    time: tuple[Path, ...] = ()
    unwrap: Path | None = None


class MapError(ValueError):
    """A description of a map that is none.

    Attributes:
        help: what to write instead.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


def record_path(text: str) -> Path:
    """A path into the record itself: in a map, ``id`` means the record's field of that name, not the envelope's.

    Raises:
        PathError: if it is no path.
    """
    path = parse_path(text)
    return Path(path.segments) if path.root is Root.ENVELOPE else path


def _map(name: str, event_id: str, event_type: str, time: str, unwrap: str = "") -> EventMap:
    id_paths, type_paths, time_paths = (
        tuple(map(record_path, texts.split())) for texts in (event_id, event_type, time)
    )
    return EventMap(name, id_paths, type_paths, time_paths, record_path(unwrap) if unwrap else None)


PRESETS: Final[Mapping[str, EventMap]] = {
    preset.name: preset
    for preset in (
        # https://developer.vonage.com/en/api/audit: pages are HAL
        _map("vonage", "id", "event_type", "created_at", "_embedded.events"),
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
        _map("cloudtrail", "eventID", "eventName", "eventTime", "Records"),
        # https://docs.github.com/en/rest/orgs/orgs: the audit log; times are epoch milliseconds
        _map("github", "_document_id", "action", "@timestamp created_at"),
        # https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
        _map("okta", "uuid", "eventType", "published"),
        # https://auth0.com/docs/api/management/v2/logs/get-logs; log streams wrap the record in `data`
        _map("auth0", "log_id _id", "type data.type", "date data.date"),
        # https://developers.google.com/admin-sdk/reports/reference/rest/v1/activities
        _map("gworkspace", "id.uniqueQualifier", "events[0].name name", "id.time", "items"),
        # https://docs.slack.dev/admins/audit-logs-api: times are epoch seconds
        _map("slack", "id", "action", "date_create", "entries"),
        # https://developers.cloudflare.com/fundamentals/account/account-security/audit-logs: version 2
        _map("cloudflare", "id", "action.type", "action.time", "result"),
        # https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
        _map("cloudevents", "id", "type", "time"),
        # https://schema.ocsf.io: times are epoch milliseconds
        _map("ocsf", "metadata.uid", "type_name class_name type_uid", "time"),
    )
}
"""Maps that come along, by name."""

GENERIC: Final = _map(
    "generic",
    "id event_id eventId uuid _id",
    "event_type eventType event_name event type action",
    "time timestamp @timestamp created_at createdAt event_time eventTime published date",
)
"""What to try on a record that no preset knows."""

_SIGNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("cloudtrail", ("eventName", "eventTime")),
    ("cloudevents", ("specversion", "type", "source")),
    ("vonage", ("event_type", "created_at", "account_id")),
    ("vonage", ("event_type", "created_at", "source_ip")),
    ("vonage", ("event_type", "created_at", "id")),
    ("okta", ("eventType", "published")),
    ("ocsf", ("class_uid", "time")),
    ("auth0", ("log_id", "date")),
    ("auth0", ("log_id", "data")),
    ("github", ("_document_id", "action")),
    ("github", ("@timestamp", "action")),
    ("slack", ("date_create", "action", "entity")),
    ("cloudflare", ("account", "action", "resource", "actor")),
)
"""Keys that together give a preset away; the first line that fits wins."""


def detect(record: Json) -> EventMap | None:
    """The preset whose signs the record (or the first record in its wrapping) shows; None if it shows none."""
    if not isinstance(record, dict):
        return None
    for name, keys in _SIGNS:
        if all(key in record for key in keys):
            return PRESETS[name]
    own_id = record.get("id")
    if isinstance(own_id, dict) and "uniqueQualifier" in own_id:
        return PRESETS["gworkspace"]
    for preset in PRESETS.values():
        inner = unwrapped(preset, record)
        if detect(inner[0]) is preset if inner else inner == [] and _is_only_wrapping(preset, record):
            return preset
    return None


_UNLIKE_FIELDS: Final = ("vonage", "cloudtrail")
"""Presets whose wrapping gives them away; ``items``, ``entries`` and ``result`` may be anybody's fields."""


def _is_only_wrapping(preset: EventMap, record: dict[str, Json]) -> bool:
    """Whether a record with an empty array of records has nothing of an event itself."""
    envelope = {path.segments[0] for paths in (GENERIC.id, GENERIC.event_type, GENERIC.time) for path in paths}
    return preset.name in _UNLIKE_FIELDS and envelope.isdisjoint(record)


def unwrapped(event_map: EventMap, record: dict[str, Json]) -> list[Json] | None:
    """The records inside the wrapping; None if the record is no wrapping.

    The path is followed by name alone: a record is a wrapping only if the array stands exactly there.
    """
    if event_map.unwrap is None:
        return None
    value: Json = record
    for segment in event_map.unwrap.segments:
        value = value.get(segment) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None


_KEYS: Final = ("id", "event_type", "time", "unwrap", "name")


def map_from_json(mapping: Json, name: str = "custom") -> EventMap:
    """The map that ``{id: [paths], event_type: [paths], time: [paths], unwrap: path, name: text}`` describes.

    Every key may be left out; a single path may stand without a list. ``name`` in the mapping wins over the argument.

    Raises:
        MapError: naming the key at fault and what to write.
    """
    if not isinstance(mapping, Mapping):
        raise MapError("a map is a mapping with id, event_type, time and unwrap", "write `id: [path]`, one key a line")
    unknown = [str(key) for key in mapping if key not in _KEYS]
    if unknown:
        raise MapError(f"a map has no key {unknown[0]!r}", f"it may have: {', '.join(_KEYS)}")
    own_name = mapping.get("name", name)
    if not isinstance(own_name, str) or not own_name:
        raise MapError("`name` of a map is a text", "it becomes the source name of the events")
    event_id, event_type, time = (_paths(mapping, key) for key in ("id", "event_type", "time"))
    if not (event_id or event_type or time):
        raise MapError("a map names at least one of id, event_type and time", "write `event_type: [path]`")
    wrapping = _paths(mapping, "unwrap")
    if len(wrapping) > 1 or any(not isinstance(segment, str) for path in wrapping for segment in path.segments):
        raise MapError("`unwrap` is one path of names to an array of records", "for example `unwrap: Records`")
    return EventMap(own_name, event_id, event_type, time, wrapping[0] if wrapping else None)


def _paths(mapping: Mapping[str, Json], key: str) -> tuple[Path, ...]:
    given = mapping.get(key)
    texts = [] if given is None else [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise MapError(f"`{key}` of a map is a path or a list of paths", f"for example `{key}: [meta.{key}]`")
    try:
        return tuple(map(record_path, texts))
    except PathError as error:
        raise MapError(f"`{key}` of the map: {error}", error.help) from error
