"""How a route tells: what goes together, how long it waits, when it repeats, when it is quiet, and who is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from trailbell_engine.alert import SEVERITIES, Severity
from trailbell_engine.durations import MAXIMUM_US, parse_duration
from trailbell_engine.timestamps import DAY_US, MINUTE_US

Place: TypeAlias = tuple[str | int, ...]

EVERY_LABEL: Final = "..."
"""Alertmanager's word for grouping by all labels: every alert by itself."""
GROUP_INTERVAL_US: Final = 5 * MINUTE_US
"""Alertmanager's default (its configuration reference, ``group_interval``)."""
CLOSE_AFTER_US: Final = DAY_US

_DURATION: Final = {
    "type": "string",
    "pattern": r"^(?=.)(\d{1,9}w)?(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s)?(\d{1,9}ms)?$",
    "patternErrorMessage": "a duration is written `30s`, `5m`, `1h30m` or `1d`",
}
_NAMES: Final = {"type": "array", "items": {"type": "string", "minLength": 1}}
_ESCALATION: Final = {
    "type": "object",
    "properties": {
        "after": _DURATION | {"description": "So long after it was told, if nobody has acknowledged it."},
        "firings": {"type": "integer", "minimum": 2, "description": "When it has fired so often."},
        "to": {"type": ["string", "array"], "items": {"type": "string"}, "description": "Who is told then."},
        "severity": {"enum": list(SEVERITIES), "description": "It is told again, as one of this severity."},
        "unless": {
            "enum": ["acknowledged", "resolved"],
            "default": "acknowledged",
            "description": "What keeps it from growing: `resolved` goes on even if somebody looks after it.",
        },
    },
    "additionalProperties": False,
}
KEYS: Final[dict[str, Any]] = {
    "group_by": _NAMES
    | {"description": "Labels: alerts that share them are told together. Left out, each is told by itself; `[]` is one "
       "group of all, `['...']` each by itself again."},
    "group_wait": _DURATION | {"description": "How long the first message waits for more. 0s by default: at once."},
    "group_interval": _DURATION | {"description": "The least time between two messages of a group. 5m by default."},
    "repeat_interval": _DURATION
    | {"description": "A reminder this often while alerts are open and nobody has acknowledged them. None by default."},
    "close_after": _DURATION
    | {"description": "An alert without an end of its own leaves its group so long after its last firing; 1d."},
    "mute_time_intervals": _NAMES | {"description": "Names from `time_intervals`: what comes is told afterwards."},
    "active_time_intervals": _NAMES | {"description": "Names from `time_intervals`: nothing is told outside them."},
    "escalate": {
        "type": ["object", "array"],
        "if": {"type": "array"},
        "then": {"items": _ESCALATION},
        "else": _ESCALATION,
        "description": "What happens to an alert that grows, or that nobody looks after.",
    },
}  # fmt: skip
"""JSON Schema of the keys of a route that this file reads, by name."""


class PlanError(ValueError):
    """A route's plan cannot be read.

    Attributes:
        place: of the fault, as keys and indexes from the route.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, place: Place, help_: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


class Escalation(NamedTuple):
    """One step further.

    Attributes:
        after_us: so long after it was told; None if time does not count.
        firings: so many firings; None if they do not count. What comes first counts.
        to: receivers.
        severity: the alert's from then on, and its routes are asked anew; None leaves it.
        unless: ``acknowledged`` or ``resolved``.
    """

    after_us: int | None
    firings: int | None
    to: tuple[str, ...]
    severity: Severity | None
    unless: Literal["acknowledged", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The timing of a route's messages. Times in microseconds of event time.

    Attributes:
        group_by: labels; None keeps every alert by itself.
        group_wait_us: before the first message.
        group_interval_us: between two messages of a group, reminders apart.
        repeat_us: between reminders; None for none.
        close_after_us: after its last firing an alert without an end of its own leaves its group.
        mute: names of intervals in which nothing is told.
        active: names of intervals outside of which nothing is told; none is always.
        escalate: in order.
    """

    group_by: tuple[str, ...] | None = None
    group_wait_us: int = 0
    group_interval_us: int = 0
    repeat_us: int | None = None
    close_after_us: int = CLOSE_AFTER_US
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    escalate: tuple[Escalation, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What differs from the default, as plain JSON."""
        return {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}

    @property
    def follows(self) -> bool:
        """Whether it has something to do with an alert that was told and has no end of its own."""
        return self.group_by is not None or self.repeat_us is not None or bool(self.escalate)


AT_ONCE: Final = Plan()
"""Every alert at once, by itself, and once."""
_DURATIONS: Final = {
    "group_wait": ("group_wait_us", 0),
    "group_interval": ("group_interval_us", 0),
    "repeat_interval": ("repeat_us", MINUTE_US),
    "close_after": ("close_after_us", MINUTE_US),
}
"""Key -> the field of ``Plan`` and the shortest time it may be."""
_DEFAULTS: Final = {item.name: getattr(AT_ONCE, item.name) for item in fields(Plan)}


def plan_of_json(record: Mapping[str, Any]) -> Plan:
    """The plan that ``Plan.to_json`` wrote."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    if "escalate" in values:
        values["escalate"] = tuple(
            Escalation(after_us, firings, tuple(to), severity, unless)
            for after_us, firings, to, severity, unless in values["escalate"]
        )
    return Plan(**values)


def read_plan(config: Mapping[str, Any], inherited: Plan, receivers: Sequence[str], intervals: Sequence[str]) -> Plan:
    """The plan of a route that is valid against its schema.

    Args:
        config: the route.
        inherited: its parent's plan.
        receivers: the names that exist.
        intervals: the names of ``time_intervals`` that exist.

    Raises:
        PlanError: with the place of the fault.
    """
    plan = replace(inherited, mute=(), active=())  # children do not inherit these, as in Alertmanager
    if "group_by" in config:
        labels = tuple(config["group_by"])
        alone = EVERY_LABEL in labels
        if alone and len(labels) > 1:
            raise PlanError("`'...'` stands for all labels, so it stands alone", ("group_by",), "write `['...']`")
        interval_us = 0 if alone else plan.group_interval_us or GROUP_INTERVAL_US
        plan = replace(plan, group_by=None if alone else labels, group_interval_us=interval_us)
    changes: dict[str, Any] = {}
    for name, (field_, shortest_us) in _DURATIONS.items():
        if name in config:
            changes[field_] = _duration_us(config[name], (name,), shortest_us)
    for name, field_ in (("mute_time_intervals", "mute"), ("active_time_intervals", "active")):
        _check_names(config.get(name, ()), intervals, "time interval", (name,))
        changes[field_] = tuple(config.get(name, ()))
    plan = replace(plan, **changes)
    if "escalate" in config:
        plan = replace(plan, escalate=tuple(_escalations(config["escalate"], receivers)))
    return plan


def _escalations(value: Any, receivers: Sequence[str]) -> list[Escalation]:
    entries = value if isinstance(value, list) else [value]
    place = [("escalate", position) if isinstance(value, list) else ("escalate",) for position in range(len(entries))]
    return [_escalation(entry, place[position], receivers) for position, entry in enumerate(entries)]


def _escalation(entry: Mapping[str, Any], place: Place, receivers: Sequence[str]) -> Escalation:
    if "after" not in entry and "firings" not in entry:
        raise PlanError("an escalation says when: `after` or `firings`", place, "write `{after: 30m, to: pager}`")
    if not entry.get("to") and "severity" not in entry:
        raise PlanError("an escalation says what then: `to` or `severity`", place, "write `{after: 30m, to: pager}`")
    to = entry.get("to", [])
    names = (to,) if isinstance(to, str) else tuple(to)
    _check_names(names, receivers, "receiver", (*place, "to"))
    after_us = _duration_us(entry["after"], (*place, "after")) if "after" in entry else None
    return Escalation(after_us, entry.get("firings"), names, entry.get("severity"), entry.get("unless", "acknowledged"))


def _check_names(names: Sequence[str], known: Sequence[str], what: str, place: Place) -> None:
    for name in names:
        if name not in known:
            raise PlanError(f"there is no {what} `{name}`", place, f"one of: {', '.join(known) or 'none is defined'}")


def _duration_us(text: str, place: Place, shortest_us: int = 0) -> int:
    duration_us = 0 if text == "0s" else parse_duration(text)
    if duration_us is None or duration_us < shortest_us or duration_us > MAXIMUM_US:
        least = "1m" if shortest_us else "0s"
        raise PlanError(
            f"`{place[-1]}` is from {least} to ten years, and not {text}", place, "write it as `30s` or `4h`"
        )
    return duration_us
