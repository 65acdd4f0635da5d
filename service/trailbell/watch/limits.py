"""``watch:`` of a source: what is to be called quiet, lagging and failing, and how bad that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trailbell_engine.durations import parse_duration
from trailbell_engine.schedule import Schedule
from trailbell_engine.timestamps import MINUTE_US
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place, read_documents
from trailbell_rules.problem import Problem
from trailbell_rules.report import Report
from trailbell_rules.schedules import read_schedule
from trailbell_rules.schema_parts import DURATION, SCHEDULE, described, mapping

NEVER: Final = "never"
FAILING_AFTER_US: Final = 5 * MINUTE_US
"""Most errors of a server pass within minutes, and nobody need get up for them."""
LAG_AFTER_US: Final = 15 * MINUTE_US
POLLS_TO_LAG: Final = 3
"""A source that is asked seldom lags only when it has missed so many of its polls."""

_SPAN: Final = {"type": "string", "anyOf": [{"const": NEVER}, DURATION], "patternErrorMessage": "write `2h` or `never`"}
SCHEMA: Final = described(
    mapping(
        {
            "quiet_after": described(_SPAN, "Tell when no new event has come for so long; `never` by default.", "2h"),
            "quiet_during": described(
                SCHEDULE, "Only time in this schedule counts as quiet.", "{days: mon-fri, hours: 08:00-18:00}"
            ),
            "lag_after": described(
                _SPAN, "Tell when reading is so far behind the clock; 15m, and at least three polls.", "15m"
            ),
            "failing_after": described(_SPAN, "Tell when it could not be read for so long; 5m by default.", "5m"),
            "severity": described(
                {"enum": ["info", "low", "medium", "high", "critical"]},
                "Of the alerts about this source; by default `high` if it fails, else `medium`.",
                "critical",
            ),
        }
    ),
    "What is wrong with this source: when it is told, and how bad it is.",
)


class Limits(NamedTuple):
    """Of one source; None where nothing is told.

    Attributes:
        kind: of the source, for people.
        quiet_after_us: without a new event.
        quiet_during: in which something is expected; None is always.
        lag_after_us: behind the clock.
        failing_after_us: of errors in a row.
        severity: of its alerts; empty for that of the rules.
    """

    kind: str = ""
    quiet_after_us: int | None = None
    quiet_during: Schedule | None = None
    lag_after_us: int | None = LAG_AFTER_US
    failing_after_us: int | None = FAILING_AFTER_US
    severity: str = ""

    @property
    def late_us(self) -> int:
        """What is read so long after it happened was not watched while it happened."""
        return LAG_AFTER_US if self.lag_after_us is None else self.lag_after_us


NO_WISHES: Final = Limits()
"""Of a source of which nothing is said."""


def limits_of(kind: str, watch: Mapping[str, Json], settings: Mapping[str, Json]) -> Limits:
    """The limits of a source.

    Args:
        kind: of the source.
        watch: valid against ``SCHEMA``.
        settings: its other settings.
    """
    poll_us = parse_duration(str(settings.get("poll_every", ""))) or 0
    lag_us = max(LAG_AFTER_US, POLLS_TO_LAG * poll_us)
    return Limits(
        kind,
        _span(watch, "quiet_after", None),
        _schedule(watch["quiet_during"]) if "quiet_during" in watch else None,
        _span(watch, "lag_after", lag_us),
        _span(watch, "failing_after", FAILING_AFTER_US),
        str(watch.get("severity", "")),
    )


def without_watch(settings: Mapping[str, Any]) -> dict[str, Json]:
    """A source's own settings."""
    return {name: value for name, value in settings.items() if name != "watch"}


def watch_problems(document: Document, place: Place) -> list[Problem]:
    """What a schema cannot say of the ``watch`` at a place: schedules that are none, spans of more than ten years."""
    watch, report = document.at(place), Report(document)
    if not isinstance(watch, dict):
        return []
    for name in ("quiet_after", "lag_after", "failing_after"):
        given = watch.get(name, NEVER)
        if given != NEVER and parse_duration(str(given)) is None:
            report.value(
                "bad-duration", f"`{name}` is at most ten years, and not {given}", (*place, name), "write `2h`"
            )
    if "quiet_during" in watch:
        read_schedule(watch["quiet_during"], (*place, "quiet_during"), report)
    return report.problems


def _schedule(value: Json) -> Schedule:
    """A schedule in which ``watch_problems`` found nothing."""
    (document,) = read_documents("watch", json.dumps(value).encode()).documents
    return read_schedule(value, (), Report(document))


def _span(watch: Mapping[str, Json], name: str, default_us: int | None) -> int | None:
    given = watch.get(name)
    if given is None:
        return default_us
    return None if given == NEVER else parse_duration(str(given))
