"""A report as a data frame of pandas or polars, for notebooks."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from trailbell_engine.timestamps import to_datetime
from trailbell_engine.values import Json, canonical

if TYPE_CHECKING:
    from trailbell.report import Report


_ALERTS: Final = (
    "id", "rule_id", "severity", "title", "summary", "key", "opened_at", "last_at", "count", "firings", "state",
)  # fmt: skip
_RULES: Final = ("id", "version", "severity", "matched", "alerts", "per_day", "peak_per_hour", "verdict", "reason")
LIBRARIES: Final = ("pandas", "polars")


def frame(report: Report, of: str, library: str | None = None) -> Any:
    """One row per alert or rule.

    Args:
        report: whose.
        of: ``alerts`` or ``rules``.
        library: one of ``LIBRARIES``; None takes the first that is installed.

    Raises:
        ImportError: if it is not installed.
        ValueError: for any other ``of`` or ``library``.
    """
    if of not in ("alerts", "rules"):
        raise ValueError(f"a frame is of alerts or rules, and not of {of!r}")
    if library not in (None, *LIBRARIES):
        raise ValueError(f"a frame is made with {' or '.join(LIBRARIES)}, and not with {library!r}")
    wanted = LIBRARIES if library is None else (library,)
    found = next((name for name in wanted if find_spec(name) is not None), None)
    if found is None:
        raise ImportError(f"to_frame() needs {' or '.join(wanted)}: pip install {wanted[0]}")
    columns, rows = (_ALERTS, _alerts(report)) if of == "alerts" else (_RULES, _rules(report))
    # By column, so that a report without alerts has the columns of all others.
    return import_module(found).DataFrame({name: [row[name] for row in rows] for name in columns})


def _alerts(report: Report) -> list[dict[str, Any]]:
    rows = []
    for stored in report.alerts:
        alert = stored.alert
        row: dict[str, Any] = {
            "id": alert.id,
            "rule_id": alert.rule_id,
            "severity": alert.severity,
            "title": stored.wording["title"],
            "summary": stored.wording["summary"],
            "key": canonical(dict(alert.key)),
            "opened_at": to_datetime(alert.opened_at_us),
            "last_at": to_datetime(alert.last_at_us),
            "count": alert.event_count,
            "firings": alert.firings,
            "state": alert.state,
        }
        rows.append(row)
    return rows


def _rules(report: Report) -> list[dict[str, Json]]:
    return [entry.to_json() for entry in report.rules]
