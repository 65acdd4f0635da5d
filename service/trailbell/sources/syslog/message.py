"""One syslog message: RFC 5424 with its structured data, and the many forms of RFC 3164.

RFC 5424 is a grammar, and what breaks it is refused. RFC 3164 describes what was seen: after the priority everything is
allowed, and what is not understood is text.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from trailbell_engine.timestamps import from_datetime, parse_time, to_datetime
from trailbell_engine.values import Json

FACILITIES: Final = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)
"""By their numbers; names as in RFC 5427."""
SEVERITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By their numbers, the worst first; names as in RFC 5427."""

_PRIORITY: Final = re.compile(r"<(0|[1-9]\d{0,2})>")
_FIELD: Final = re.compile(r"([!-~]+) ")
_FIELDS: Final = ("TIMESTAMP", "HOSTNAME", "APP-NAME", "PROCID", "MSGID")
_NAME: Final = r'[^ =\]"\x00-\x20\x7f]{1,64}'
_ELEMENT: Final = re.compile(rf'\[({_NAME})((?: +{_NAME}="(?:[^"\\]|\\.)*")*) *\]', re.DOTALL)
_PARAMETER: Final = re.compile(rf' +({_NAME})="((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\\]])')
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BSD_TIME: Final = re.compile(
    rf"(?P<month>{'|'.join(_MONTHS)}) {{1,2}}(?P<day>\d{{1,2}}) (?:(?P<year>\d{{4}}) )?"
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6})\d*)?:? "
)
_ISO_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\S{5,40}) ")
_TAG: Final = re.compile(r"([^\s:\[\]]{1,128})(?:\[([^\s\[\]]{0,128})\])?:(?: |$)")
_HOST: Final = re.compile(r"(\S{1,255}) ")
_NIL: Final = "-"
_BOM: Final = "\ufeff"


class NotSyslogError(ValueError):
    """Bytes that are no syslog message, with the reason in words."""


class Message(NamedTuple):
    """A message as it was sent; what it did not say is empty.

    Attributes:
        facility, severity: their numbers.
        timestamp: as written.
        time_us: what that means, microseconds since the epoch, UTC; None if it means nothing.
        host, app, pid, msgid: where it comes from.
        structured: the structured data: id -> parameter -> value, or values if it stands there more than once.
        text: the rest.
    """

    facility: int
    severity: int
    timestamp: str = ""
    time_us: int | None = None
    host: str = ""
    app: str = ""
    pid: str = ""
    msgid: str = ""
    structured: dict[str, Json] = {}  # noqa: RUF012 - never changed
    text: str = ""


def read_message(raw: bytes, zone: tzinfo, now_us: int) -> Message:
    """A message in either form.

    Args:
        raw: one message, without its frame. What is not UTF-8 is read as Latin-1, in which every byte is a letter.
        zone: of times that name none.
        now_us: the clock, for times without a year: the year is the one that brings them nearest to it.

    Raises:
        NotSyslogError: if it is none.
    """
    text = _decoded(raw)
    priority = _PRIORITY.match(text)
    if priority is None or int(priority[1]) > 191:
        raise NotSyslogError("no priority: a syslog message begins with `<0>` to `<191>`" if text else "empty")
    facility, severity = divmod(int(priority[1]), 8)
    rest = text[priority.end() :]
    if rest.startswith("1 "):
        return _structured(Message(facility, severity), rest[2:])
    return _traditional(Message(facility, severity), rest, zone, now_us)


def _decoded(raw: bytes) -> str:
    stripped = raw.rstrip(b"\r\n\0")
    try:
        return stripped.decode()
    except UnicodeDecodeError:
        return stripped.decode("latin-1")


def _structured(message: Message, rest: str) -> Message:
    """The rest of a message of RFC 5424, after its version."""
    values = []
    for name in _FIELDS:
        field = _FIELD.match(rest)
        if field is None:
            raise NotSyslogError(f"not RFC 5424: {name} is missing")
        values.append("" if field[1] == _NIL else field[1])
        rest = rest[field.end() :]
    timestamp, host, app, pid, msgid = values
    time_us = parse_time(timestamp) if timestamp else None
    if timestamp and time_us is None:
        raise NotSyslogError(f"not RFC 5424: the TIMESTAMP {timestamp[:64]!r} is none")
    structured, text = _data_and_text(rest)
    return message._replace(
        timestamp=timestamp, time_us=time_us, host=host, app=app, pid=pid, msgid=msgid, structured=structured, text=text
    )


def _data_and_text(rest: str) -> tuple[dict[str, Json], str]:
    structured: dict[str, Json] = {}
    at = 1 if rest.startswith(_NIL) else 0
    while not rest.startswith(_NIL) and (element := _ELEMENT.match(rest, at)) is not None:
        found = structured.setdefault(element[1], {})
        assert isinstance(found, dict)
        for name, value in _PARAMETER.findall(element[2]):
            _add(found, name, _ESCAPED.sub(r"\1", value))
        at = element.end()
    if not at or rest[at : at + 1] not in ("", " "):
        raise NotSyslogError('not RFC 5424: STRUCTURED-DATA is neither `-` nor `[id name="value"]`')
    return structured, rest[at + 1 :].removeprefix(_BOM)


def _add(found: dict[str, Json], name: str, value: str) -> None:
    before = found.get(name)
    if before is None:
        found[name] = value
    elif isinstance(before, list):
        before.append(value)  # in place: a message may hold thousands
    else:
        found[name] = [before, value]


def _traditional(message: Message, rest: str, zone: tzinfo, now_us: int) -> Message:
    """The rest of a message of RFC 3164, after its priority."""
    timestamp, time_us, host = "", None, ""
    if (bsd := _BSD_TIME.match(rest)) is not None:
        timestamp, time_us, rest = bsd[0].rstrip(" :"), _nearest(bsd, zone, now_us), rest[bsd.end() :]
    elif (iso := _ISO_TIME.match(rest)) is not None and (time_us := parse_time(iso[1])) is not None:
        timestamp, rest = iso[1], rest[iso.end() :]
    tag = _TAG.match(rest)
    if timestamp and tag is None and (named := _HOST.match(rest)) is not None:
        host, rest = named[1], rest[named.end() :]
        tag = _TAG.match(rest)
    app, pid = (tag[1], tag[2] or "") if tag is not None else ("", "")
    text = rest[tag.end() :] if tag is not None else rest
    return message._replace(
        timestamp=timestamp, time_us=time_us, host=host, app=app, pid=pid, text=text.removeprefix(_BOM)
    )


def _nearest(found: re.Match[str], zone: tzinfo, now_us: int) -> int | None:
    """The instant nearest to now that has this month, day and time; None if there is none in this year or beside it."""
    year = to_datetime(now_us).year
    years = (int(found["year"]),) if found["year"] else (year - 1, year, year + 1)
    instants = []
    for candidate in years:
        try:
            moment = datetime(
                candidate,
                _MONTHS.index(found["month"]) + 1,
                int(found["day"]),
                int(found["hour"]),
                int(found["minute"]),
                min(int(found["second"]), 59),  # a leap second
                int((found["fraction"] or "0").ljust(6, "0")),
                tzinfo=zone,
            )
            instants.append(from_datetime(moment))
        except (ValueError, OverflowError):
            continue  # no such day in that year
    return min(instants, key=lambda instant_us: abs(instant_us - now_us), default=None)
