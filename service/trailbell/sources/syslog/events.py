"""From a syslog message to an event. JSON in its text becomes fields, as from any other source."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import tzinfo
from typing import Final, NamedTuple

from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES, Decoder
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import MINUTE_US
from trailbell_engine.values import Json

from .message import FACILITIES, SEVERITIES, Message, NotSyslogError, read_message

AHEAD_US: Final = 10 * MINUTE_US
"""A device whose clock is further ahead of ours is not believed: its events would make all others late."""
_COOKIE: Final = "@cee:"
"""Before JSON, in the Common Event Expression's syslog transport; many programs leave it out."""


class Heard(NamedTuple):
    """A message as it came.

    Attributes:
        raw: without its frame.
        peer: the address it came from.
        place: which one it is, for people.
    """

    raw: bytes
    peer: str
    place: str


class EventReader:
    """Makes events of one source.

    No message has an id, and a line that comes twice was written twice. So each gets an id of its own when it comes,
    unless its JSON has one.
    """

    def __init__(self, source: str, event_map: EventMap, zone: tzinfo, clock_us: Callable[[], int]) -> None:
        """Prepare.

        Args:
            source: the source of its events.
            event_map: where the envelope lies in messages that are JSON.
            zone: of times that name none.
            clock_us: the clock; microseconds since the epoch.
        """
        self._source = source
        self._zone = zone
        self._clock_us = clock_us
        self._decoder = Decoder(source, event_map)
        self._ids = map(f"{clock_us():x}-{{:x}}".format, itertools.count(1))

    def read(self, heard: Heard) -> list[Event | Malformed]:
        """The event of a message, several if it is a wrapping around many, or why it is none."""
        now_us = self._clock_us()
        try:
            message = read_message(heard.raw, self._zone, now_us)
        except NotSyslogError as error:
            return [self.malformed(heard, str(error))]
        header = _header(message, heard.peer)
        time_us = message.time_us
        if time_us is not None and time_us > now_us + AHEAD_US:
            time_us = None
        kind = message.msgid or message.app
        fields = _json(message.text)
        if fields is None:
            data: dict[str, Json] = {"message": message.text, "syslog": header}
            when_us = now_us if time_us is None else time_us
            return [Event(self._source, next(self._ids), kind, when_us, data, untimed=time_us is None)]
        found = self._decoder.decode_value(fields, heard.place)
        return [self._with_header(item, header, kind, time_us, now_us) for item in found]

    def malformed(self, heard: Heard, reason: str) -> Malformed:
        """What is no message, or not a whole one."""
        return Malformed(self._source, heard.place, reason, heard.raw[:RAW_KEPT_BYTES])

    def _with_header(
        self, item: Event | Malformed, header: dict[str, Json], kind: str, time_us: int | None, now_us: int
    ) -> Event | Malformed:
        """What JSON says of itself counts before what the header says."""
        if isinstance(item, Malformed):
            return item
        own_time_us = None if item.untimed or item.time_us > now_us + AHEAD_US else item.time_us
        known_us = time_us if own_time_us is None else own_time_us
        has_id = item.id != content_id(item.data)
        return item._replace(
            id=item.id if has_id else next(self._ids),
            event_type=item.event_type or kind,
            time_us=now_us if known_us is None else known_us,
            untimed=known_us is None,
            data=_beside(item.data, header),
        )


def _header(message: Message, peer: str) -> dict[str, Json]:
    """What rules see below ``syslog``; what was not said is missing."""
    said: dict[str, Json] = {
        "time": message.timestamp,
        "host": message.host,
        "app": message.app,
        "pid": message.pid,
        "msgid": message.msgid,
        "structured": message.structured,
        "peer": peer,
    }
    return {
        "facility": FACILITIES[message.facility],
        "severity": SEVERITIES[message.severity],
        "severity_number": message.severity,
        **{name: value for name, value in said.items() if value},
    }


def _beside(fields: dict[str, Json], header: dict[str, Json]) -> dict[str, Json]:
    """The fields with the header. A field that is itself called ``syslog`` moves into it, so that nothing is lost."""
    if "syslog" in fields:
        header = {**header, "json": fields["syslog"]}
    return {**fields, "syslog": header}


def _json(text: str) -> dict[str, Json] | None:
    """The object that a text is, with or without the cookie; None if it is just text."""
    stripped = text.strip().removeprefix(_COOKIE).lstrip()
    if not stripped.startswith("{"):
        return None
    try:
        value = read_json(stripped.encode())
    except (NotJsonError, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict) else None
